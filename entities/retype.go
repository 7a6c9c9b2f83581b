package entities

import (
	"fmt"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/metadata"
)

// retype gives fields of tables the types that federation.yaml says: other subgraphs call a key ID that is a text, a
// uuid or a number in Postgres, and views don't tell which of their columns are never null.
func (b *builder) retype() {
	if b.md.Federation == nil {
		return
	}
	for _, declared := range b.md.Federation.Types {
		for _, f := range declared.Fields {
			if f.Type != nil {
				b.retypeField(b.model.named[declared.Name], declared.Name, f)
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
	named := to.Name == f.Type.Name || to.Name == "ID" && f.IsColumn() && f.Enum == nil && isIdentifier(f.Column.Type)
	if to.Elem != nil || f.Type.Elem != nil || f.Aggregate || !named {
		b.fault(declared.TypePos, item, "it can be its own type, or ID for text, uuid and whole numbers, with ! or without",
			"the field of type %s can't be of type %s", f.Type, &to)
		return
	}
	f.Type = &to
}

var identifiers = map[string]bool{
	"text": true, "varchar": true, "bpchar": true, "uuid": true, "int2": true, "int4": true, "int8": true,
}

func isIdentifier(t catalog.Type) bool {
	return !t.Array && !t.BaseArray && (t.Base.Name == "citext" || t.Base.Schema == "pg_catalog" && identifiers[t.Base.Name])
}

// quotes reports whether the field's values are numbers that GraphQL has as strings.
func (f *Field) quotes() bool {
	return f.Type.Name == "ID" && f.Column != nil && isNumber(f.Column.Type)
}
