package entities

import (
	"fmt"
	"slices"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/metadata"
)

// addRoles makes the roles that the metadata knows: those with a permission, and the inherited ones.
func (b *builder) addRoles() {
	b.model.nobody = &Role{}
	b.model.roles = map[string]*Role{AdminRole: {Name: AdminRole, admin: true}}
	for _, a := range b.md.Actions {
		for _, p := range a.Permissions {
			b.role(p.Role).actions[a.Name] = true
		}
	}
	for _, source := range b.md.Sources {
		for _, tracked := range source.Tables {
			if t := b.tables[tableID{source.Name, tracked.Name}]; t != nil {
				for _, p := range tracked.SelectPermissions {
					b.role(p.Role).selects[t.Type] = b.permission(source.Name, t, p)
				}
			}
		}
	}
}

func (b *builder) role(name string) *Role {
	r := b.model.roles[name]
	if r == nil {
		r = &Role{Name: name, actions: map[string]bool{}, selects: map[*Type]*permission{}}
		b.model.roles[name] = r
	}
	return r
}

// permission reads a select permission. With a fault it may let less through than was meant, never more.
func (b *builder) permission(source string, t *tableType, p *metadata.SelectPermission) *permission {
	item := fmt.Sprintf("select permission of role %q on table %q", p.Role, t.tracked.Name)
	out := &permission{columns: map[*catalog.Column]bool{}, aggregations: p.AllowAggregations, roots: p.QueryRootFields}
	for _, c := range t.Table.Columns {
		out.columns[c] = p.AllColumns || slices.Contains(p.Columns, c.Name)
	}
	for _, name := range p.ComputedFields {
		f := t.Field(name)
		if f != nil && f.Column != nil && f.Column.Computed != nil {
			out.columns[f.Column] = true
		} else if !slices.ContainsFunc(t.tracked.ComputedFields, func(c *metadata.ComputedField) bool { return c.Name == name }) {
			b.fault(p.Pos, item, "", "the computed field %q of table %q does not exist", name, t.Table.Name)
		}
	}
	for _, name := range p.Columns {
		if t.Table.Column(name) == nil {
			b.fault(p.Pos, item, metadata.DidYouMean(name, columnNames(t.Table)), "the column %q of table %q does not exist", name, t.Table.Name)
		}
	}
	if p.Limit != nil {
		limit := int64(*p.Limit)
		out.limit = &limit
	}
	for _, key := range p.QueryRootFields {
		if !slices.Contains(queryRootFields, key) {
			b.fault(p.Pos, item, metadata.DidYouMean(key, queryRootFields), "unknown query root field %q", key)
		}
	}
	r := &filterReader{builder: b, source: source, root: t}
	filter, err := r.all(t, p.Filter)
	if err != nil {
		b.fault(p.FilterPos, item, err.hint, "%v", err)
	}
	out.filter = filter
	return out
}

// queryRootFields are Hasura's keys of the fields of Query (hasura-actions.md section 10.2).
var queryRootFields = []string{"select", "select_by_pk", "select_aggregate"}
