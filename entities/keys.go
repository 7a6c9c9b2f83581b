package entities

import (
	"fmt"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// addDeclaredKeys gives t the keys of federation.yaml, in their order.
func (b *builder) addDeclaredKeys(t *Type, declared *metadata.FederationType) {
	for _, k := range declared.Keys {
		key := b.declaredKey(t, k)
		switch {
		case key == nil:
		case k.Resolvable:
			t.Keys = append(t.Keys, key)
		default:
			t.Unresolvable = append(t.Unresolvable, key)
		}
	}
}

// declaredKey is the key of a field set, nil where that has a fault.
func (b *builder) declaredKey(t *Type, k metadata.FederationKey) *Key {
	item := fmt.Sprintf("key %q of type %q", k.Fields, t.Name)
	fields, ok := b.keyFields(t, k.Fields, k.Pos, item)
	if !ok {
		return nil
	}
	key := &Key{Fields: fields}
	switch {
	case !k.Resolvable:
	case t.Table == nil:
		b.checkOutputKey(t, key, k.Pos, item)
	default:
		return b.lookupKey(t, key, k.Pos, item)
	}
	return key
}

// keyFields finds the fields of a set; ok is false where there is a fault.
func (b *builder) keyFields(t *Type, set metadata.FieldSet, pos metadata.Pos, item string) (fields keyFields, ok bool) {
	for _, s := range set {
		f := t.fields[s.Name]
		if !b.isKeyField(t, f, s, pos, item) {
			return nil, false
		}
		var nested keyFields
		if s.Fields != nil {
			if nested, ok = b.keyFields(f.Object, s.Fields, pos, item); !ok {
				return nil, false
			}
		}
		fields = append(fields, keyField{f, nested})
	}
	return fields, true
}

// lookupKey gives a table's key the columns that rows are found by; it is nil where there are none.
func (b *builder) lookupKey(t *Type, key *Key, pos metadata.Pos, item string) *Key {
	columns, wrong := lookupColumns(key.Fields)
	if wrong != "" {
		b.fault(pos, item, "name the fields that the relationship compares, or write resolvable: false",
			"no row of table %q can be found by %q, which is in another table", t.Table.Name, wrong)
		return nil
	}
	key.lookup = &loaders.Relationship{
		Type: metadata.ObjectRelationship, Source: t.Source, Table: t.Table, Name: t.Name + "(" + key.String() + ")", Columns: columns,
	}
	if !key.lookup.Unique() {
		b.warn(pos, item, "add a unique constraint, or write resolvable: false",
			"its columns hold no unique key of table %q: of several rows the first by primary key is taken", t.Table.Name)
	}
	return key
}

// lookupColumns are the columns of a table that hold the leaves of a key: a leaf of another table's row is held by the
// column that the relationship compares it with. wrong is the path of a leaf that no column holds, "" where there is none.
func lookupColumns(fields keyFields) (columns []*catalog.Column, wrong string) {
	for _, f := range fields {
		if f.nested == nil {
			columns = append(columns, f.Column)
			continue
		}
		remote, wrong := lookupColumns(f.nested)
		if wrong != "" {
			return nil, f.Name + "." + wrong
		}
		for i, c := range remote {
			at := slices.Index(f.Relationship.join.Columns, c)
			if at < 0 {
				return nil, f.Name + "." + strings.Join(f.nested.paths()[i], ".")
			}
			columns = append(columns, f.Relationship.columns[at])
		}
	}
	return columns, ""
}

// checkOutputKey faults a key from which a relationship can't follow: of an output, the representation is all there is.
func (b *builder) checkOutputKey(t *Type, key *Key, pos metadata.Pos, item string) {
	for _, f := range t.Fields {
		for _, name := range f.keyed() {
			if _, ok := key.Fields.of(t.fields[name]); !ok {
				b.fault(pos, item, fmt.Sprintf("add %q to the key, or to \"requires\" of %q if another subgraph has it, or write resolvable: false", name, f.Name),
					"the relationship %q can't be followed from it: it maps the field %q", f.Name, name)
			}
		}
	}
}

func (b *builder) isKeyField(t *Type, f *Field, s metadata.FieldSetField, pos metadata.Pos, item string) bool {
	switch {
	case f == nil:
		var names []string
		for _, f := range t.Fields {
			names = append(names, f.Name)
		}
		b.fault(pos, item, metadata.DidYouMean(s.Name, names), "unknown field %q", s.Name)
	case f.Type.Elem != nil || f.Aggregate:
		b.fault(pos, item, "a key is made of single values", "the field %q can't be part of a key", s.Name)
	case f.Object != nil && s.Fields == nil:
		b.fault(pos, item, fmt.Sprintf("write it like %q", s.Name+" { id }"), "the field %q is an object: its key fields are missing", s.Name)
	case f.Object == nil && s.Fields != nil:
		b.fault(pos, item, "", "the field %q is no object", s.Name)
	case f.Object == nil && t.Table != nil && (!f.IsColumn() || !comparable(f.Column.Type)):
		b.fault(pos, item, "a key is made of values that can be compared", "the field %q can't be part of a key", s.Name)
	default:
		return true
	}
	return false
}
