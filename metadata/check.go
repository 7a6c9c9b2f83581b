package metadata

import (
	"fmt"
	"slices"
	"strings"
)

// checker judges the vocabulary alone: it knows neither files nor the database. The texts of faults that Hasura has
// too are Hasura's (hasura-actions.md sections 2 and 7.3).
type checker struct {
	*report
	m       *Metadata
	objects map[string]*Object
	inputs  map[string]*InputObject
	enums   map[string]bool
	scalars map[string]bool
	tables  map[tableKey]*Table
	used    map[string]bool // custom types that end up in the schema

	typesComplete, tablesComplete bool // else names may be unknown only because a file could not be read
}

type tableKey struct {
	source string
	name   TableName
}

func (r *reader) check(m *Metadata) {
	c := &checker{
		report: &r.report, m: m, tables: map[tableKey]*Table{}, used: map[string]bool{},
		typesComplete:  r.complete("actions."),
		tablesComplete: r.complete("databases/") && r.complete("tables.yaml"),
	}
	c.objects = index(m.CustomTypes.Objects, func(o *Object) string { return o.Name })
	c.inputs = index(m.CustomTypes.InputObjects, func(i *InputObject) string { return i.Name })
	c.enums = set(m.CustomTypes.Enums, func(e *Enum) string { return e.Name })
	c.scalars = set(m.CustomTypes.Scalars, func(s *Scalar) string { return s.Name })
	c.checkSources()
	c.checkActions()
	c.checkTypes()
	c.checkTypeNames()
	c.checkInheritedRoles()
}

func set[T any](list []T, name func(T) string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, v := range list {
		m[name(v)] = true
	}
	return m
}

// name reports a name that GraphQL cannot have.
func (c *checker) name(pos Pos, item, name string) {
	if message := nameFault(name); message != "" && name != "" {
		c.errorf(pos, item, "%s", message)
	}
}

func (c *checker) isScalar(name string) bool {
	return c.scalars[name] || IsBuiltinScalar(name) || IsPostgresType(name)
}

// isInput says whether name can be the type of an argument.
func (c *checker) isInput(name string) bool {
	return c.isScalar(name) || c.enums[name] || c.inputs[name] != nil
}

// isOutput says whether name can be the type of a field of an object.
func (c *checker) isOutput(name string) bool {
	return c.isScalar(name) || c.enums[name] || c.objects[name] != nil
}

// typeHint says what kind of type name is, or which name is near.
func (c *checker) typeHint(name string, fits func(string) bool) string {
	switch {
	case c.inputs[name] != nil:
		return fmt.Sprintf("%q is an input object", name)
	case c.objects[name] != nil:
		return fmt.Sprintf("%q is an object type; arguments take input objects", name)
	case c.enums[name]:
		return fmt.Sprintf("%q is an enum", name)
	}
	for _, s := range c.m.Sources {
		for _, t := range s.Tables {
			if t.TypeName() == name {
				return fmt.Sprintf("%q is the type of %s, which types of actions reach by a relationship only", name, t.item())
			}
		}
	}
	return c.didYouMean(name, slices.DeleteFunc(c.typeNames(), func(n string) bool { return !fits(n) }))
}

func (c *checker) typeNames() []string {
	names := namesOf(c.m.CustomTypes.Objects, func(o *Object) string { return o.Name })
	names = append(names, namesOf(c.m.CustomTypes.InputObjects, func(i *InputObject) string { return i.Name })...)
	names = append(names, namesOf(c.m.CustomTypes.Enums, func(e *Enum) string { return e.Name })...)
	names = append(names, namesOf(c.m.CustomTypes.Scalars, func(s *Scalar) string { return s.Name })...)
	return append(append(names, builtinScalars...), postgresTypes...)
}

// repeats calls report with the name of each element whose name an earlier one has.
func repeats[T any](list []T, name func(T) string, report func(T, string)) {
	seen := map[string]bool{}
	for _, v := range list {
		n := name(v)
		if seen[n] && n != "" {
			report(v, n)
		}
		seen[n] = true
	}
}

func (c *checker) checkInheritedRoles() {
	name := func(r InheritedRole) string { return r.Role }
	repeats(c.m.InheritedRoles, name, func(r InheritedRole, role string) {
		c.errorf(r.Pos, "inherited role"+quoted(role), "duplicate inherited role")
	})
	for _, r := range c.m.InheritedRoles {
		if len(r.RoleSet) == 0 {
			c.errorf(r.Pos, "inherited role"+quoted(r.Role), "missing roles to inherit from")
		}
	}
}

// checkTypeNames reports GraphQL type names that two things want: custom types, and the types of tables. The types
// that a subgraph must have are taken from the start.
func (c *checker) checkTypeNames() {
	c.reservedTypes()
	byName := map[string]*Table{}
	for _, s := range c.m.Sources {
		for _, t := range s.Tables {
			name := t.TypeName()
			if other := byName[name]; other != nil && other.Name != t.Name {
				c.typeTaken(t.Pos, t.item(), name, other)
			} else if other != nil && !slices.Contains(s.Tables, other) { // else it is a duplicate table
				c.typeTaken(t.Pos, t.item()+" of source"+quoted(s.Name), name, other)
			} else {
				byName[name] = t
			}
		}
	}
	for _, t := range c.customTypes() {
		table := byName[t.name]
		if name, ok := strings.CutSuffix(t.name, "_enum"); table == nil && ok && byName[name] != nil && byName[name].IsEnum {
			table = byName[name]
		}
		if table != nil {
			c.customTypeTaken(t, table)
		}
	}
}

func (c *checker) typeTaken(pos Pos, item, name string, other *Table) {
	c.add(Fault{
		Pos: pos, Item: item, Message: fmt.Sprintf("duplicate type names: %s is the type of %s already", name, other.item()),
		Hint: "give one of the tables a configuration.custom_name",
	})
}

// customTypeTaken reports a clash with a table; of a type that no action uses it is only a warning.
func (c *checker) customTypeTaken(t customType, table *Table) {
	f := Fault{
		Pos: t.pos, Item: t.noun + quoted(t.name),
		Message: fmt.Sprintf("duplicate type names: %s is the type of %s already", t.name, table.item()),
		Hint:    "rename the type, or give the table a configuration.custom_name",
	}
	if !c.used[t.name] {
		f.Severity, f.Message = Warning, f.Message+"; no action uses the custom type"
	}
	c.add(f)
}

// customType is what all kinds of custom types have in common.
type customType struct {
	pos        Pos
	noun, name string
}

func (c *checker) customTypes() []customType {
	var out []customType
	for _, o := range c.m.CustomTypes.Objects {
		out = append(out, customType{o.Pos, "object type", o.Name})
	}
	for _, i := range c.m.CustomTypes.InputObjects {
		out = append(out, customType{i.Pos, "input object", i.Name})
	}
	for _, e := range c.m.CustomTypes.Enums {
		out = append(out, customType{e.Pos, "enum type", e.Name})
	}
	for _, s := range c.m.CustomTypes.Scalars {
		out = append(out, customType{s.Pos, "scalar", s.Name})
	}
	return out
}

// federationNames are the names that a Federation subgraph gives a meaning to
// (https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec).
var federationNames = []string{"_Any", "_Entity", "_Service", "FieldSet", "Query", "Mutation", "Subscription"}

func (c *checker) reservedTypes() {
	for _, t := range c.customTypes() {
		item := t.noun + quoted(t.name)
		c.name(t.pos, item, t.name)
		switch {
		case slices.Contains(federationNames, t.name):
			c.errorf(t.pos, item, "the type name %q is reserved", t.name)
		case t.noun != "scalar" && IsBuiltinScalar(t.name):
			c.errorf(t.pos, item, "the type name %q is that of a built-in scalar", t.name)
		case t.noun != "scalar" && IsPostgresType(t.name):
			c.warnf(t.pos, item, "the type has the name of a Postgres type, so columns of that type cannot be served")
		}
	}
	for _, s := range c.m.Sources {
		for _, t := range s.Tables {
			if slices.Contains(federationNames, t.TypeName()) || IsBuiltinScalar(t.TypeName()) {
				c.errorf(t.Pos, t.item(), "the type name %q is reserved", t.TypeName())
			}
		}
	}
}
