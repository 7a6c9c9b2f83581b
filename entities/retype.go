package entities

import (
	"fmt"
	"slices"

	"github.com/joinery-graphql/joinery/metadata"
)

// retype gives fields of tables the types that federation.yaml says: other subgraphs call a key ID that is a text, a
// uuid or a number in Postgres, or Float what is numeric, and views don't tell which of their columns are never null.
// An external field that is no column is added.
func (b *builder) retype() {
	if b.md.Federation == nil {
		return
	}
	for _, declared := range b.md.Federation.Types {
		t := b.model.named[declared.Name]
		for _, f := range declared.Fields {
			switch {
			case f.Type == nil || f.Resolver != nil:
			case t != nil && t.Table != nil && t.fields[f.Name] == nil && f.Has("external"):
				b.addField(t, &Field{Name: f.Name, Type: f.Type, Object: b.model.named[f.Type.Named()], External: true}, f.Pos)
			default:
				b.retypeField(t, declared.Name, f)
			}
		}
	}
}

func (b *builder) retypeField(t *Type, typeName string, declared *metadata.FederationField) {
	item := fmt.Sprintf("field %q of type %q", declared.Name, typeName)
	if t == nil || t.Table == nil || t.fields[declared.Name] == nil {
		b.fault(declared.TypePos, item, "a custom type's fields have theirs in actions.graphql", `unexpected "type": the field is none of a table`)
		return
	}
	f, to := t.fields[declared.Name], *declared.Type
	if to.Elem != nil || f.Type.Elem != nil || f.Aggregate || to.Name != f.Type.Name && !b.canBe(f, to.Name) {
		b.fault(declared.TypePos, item, "a column can be a declared scalar, ID (text, uuid, integers), String (text), Float (numbers), Int (int2, int4), or of its own type",
			"the field of type %s can't be of type %s", f.Type, &to)
		return
	}
	f.Type = &to
}

// forms are the types whose JSON is that of a scalar, or can be made it.
var forms = map[string][]string{
	"ID":     {"text", "varchar", "bpchar", "citext", "uuid", "int2", "int4", "int8"},
	"String": {"text", "varchar", "bpchar", "citext", "name"},
	"Float":  {"float4", "float8", "numeric", "int2", "int4", "int8"},
	"Int":    {"int2", "int4"},
}

// canBe reports whether a field's values can be given as a scalar. What a declared scalar's values are is for whoever
// declares it to know.
func (b *builder) canBe(f *Field, scalar string) bool {
	if !f.IsColumn() || f.Enum != nil || isArray(f.Column) {
		return false
	}
	if slices.ContainsFunc(b.md.CustomTypes.Scalars, func(s *metadata.Scalar) bool { return s.Name == scalar }) {
		return true
	}
	base := f.Column.Type.Base
	return (base.Schema == "pg_catalog" || base.Name == "citext") && slices.Contains(forms[scalar], base.Name)
}

// quotes reports whether the field's values are numbers that GraphQL has as strings.
func (f *Field) quotes() bool {
	return f.Type.Name == "ID" && f.Column != nil && isNumber(f.Column.Type)
}
