package metadata

import (
	"fmt"
	"maps"
	"slices"
)

func (c *checker) checkSources() {
	repeats(c.m.Sources, func(s *Source) string { return s.Name }, func(s *Source, name string) {
		c.errorf(s.Pos, "source"+quoted(name), "source with name %q already exists", name)
	})
	for _, s := range c.m.Sources {
		for _, t := range s.Tables {
			key := tableKey{s.Name, t.Name}
			if c.tables[key] != nil {
				c.errorf(t.Pos, t.item(), "duplicate table: it is tracked already")
			}
			c.tables[key] = t
		}
	}
	for _, s := range c.m.Sources {
		for _, t := range s.Tables {
			c.checkTable(s, t)
		}
	}
}

func (c *checker) checkTable(s *Source, t *Table) {
	if message := nameFault(t.TypeName()); message != "" {
		c.add(Fault{Pos: t.Pos, Item: t.item(), Message: message, Hint: "give the table a configuration.custom_name"})
	}
	c.checkTableNames(t)
	for _, rel := range t.Relationships {
		c.checkTableRelationship(s, t, rel)
	}
	for _, rel := range t.RemoteRelationships {
		c.checkRemoteRelationship(t, rel)
	}
	c.checkSelectPermissions(t)
}

// checkTableNames reports names that two fields of the table have. The columns are unknown without the database, but
// for those that are configured.
func (c *checker) checkTableNames(t *Table) {
	taken := map[string]string{}
	claim := func(pos Pos, what, name string) {
		if other := taken[name]; other != "" {
			c.errorf(pos, t.item(), "duplicate field name %q: it is that of %s already", name, other)
		} else if name != "" {
			taken[name] = what
			c.name(pos, t.item(), name)
		}
	}
	for _, column := range slices.Sorted(maps.Keys(t.Columns)) {
		claim(t.Columns[column].Pos, fmt.Sprintf("column %q", column), t.Columns[column].CustomName)
	}
	for _, rel := range t.Relationships {
		claim(rel.Pos, fmt.Sprintf("relationship %q", rel.Name), rel.Name)
	}
	for _, f := range t.ComputedFields {
		claim(f.Pos, fmt.Sprintf("computed field %q", f.Name), f.Name)
	}
	for _, rel := range t.RemoteRelationships {
		claim(rel.Pos, fmt.Sprintf("remote relationship %q", rel.Name), rel.Name)
	}
}

func (c *checker) checkTableRelationship(s *Source, t *Table, rel *TableRelationship) {
	target := rel.Using.Table
	if target == (TableName{}) || c.tables[tableKey{s.Name, target}] != nil || !c.tablesComplete {
		return
	}
	c.add(Fault{
		Pos: rel.Pos, Item: fmt.Sprintf("relationship %q of %s", rel.Name, t.item()),
		Message: fmt.Sprintf("table %q is not tracked in source %q", target.display(), s.Name), Hint: c.tableHint(s, target),
	})
}

// checkRemoteRelationship wants the table of another source to be tracked there.
func (c *checker) checkRemoteRelationship(t *Table, rel *RemoteRelationship) {
	if rel.Source == "" || c.tables[tableKey{rel.Source, rel.Table}] != nil || !c.tablesComplete {
		return
	}
	f := Fault{Pos: rel.Pos, Item: fmt.Sprintf("remote relationship %q of %s", rel.Name, t.item())}
	if s := c.source(rel.Source, f); s != nil {
		if !s.Postgres() {
			f.Severity = Warning
		}
		f.Message, f.Hint = fmt.Sprintf("table %q is not tracked in source %q", rel.Table.display(), s.Name), c.tableHint(s, rel.Table)
		c.add(f)
	}
}

func (c *checker) checkSelectPermissions(t *Table) {
	role := func(p *SelectPermission) string { return p.Role }
	repeats(t.SelectPermissions, role, func(p *SelectPermission, role string) {
		c.errorf(p.Pos, t.item(), "permission for role %q is already defined on table %q", role, t.Name.display())
	})
}
