package entities

import (
	"fmt"
	"slices"
	"strings"

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
	if strings.ContainsAny(k.Fields, "{}") {
		b.fault(k.Pos, item, "", "nested keys are not served yet")
		return nil
	}
	key := &Key{}
	if t.Table != nil {
		key.lookup = &loaders.Relationship{Type: metadata.ObjectRelationship, Source: t.Source, Table: t.Table, Name: t.Name + "(" + k.Fields + ")"}
	}
	for _, name := range strings.Fields(k.Fields) {
		f := t.fields[name]
		if !b.isKeyField(t, f, k.Pos, item, name) {
			return nil
		}
		if slices.Contains(key.Fields, f) {
			b.fault(k.Pos, item, "", "duplicate field %q", name)
			return nil
		}
		key.Fields = append(key.Fields, f)
		if key.lookup != nil {
			key.lookup.Columns = append(key.lookup.Columns, f.Column)
		}
	}
	if k.Resolvable && t.Table != nil && !key.lookup.Unique() {
		b.warn(k.Pos, item, "add a unique constraint, or write resolvable: false",
			"its columns hold no unique key of table %q: of several rows the first by primary key is taken", t.Table.Name)
	}
	if k.Resolvable && t.Table == nil {
		b.checkOutputKey(t, key, k.Pos, item)
	}
	return key
}

// checkOutputKey faults a key from which a relationship can't follow: of an output, the representation is all there is.
func (b *builder) checkOutputKey(t *Type, key *Key, pos metadata.Pos, item string) {
	for _, f := range t.Fields {
		for _, name := range f.Relationship.mapped() {
			if !slices.Contains(key.Fields, t.fields[name]) {
				b.fault(pos, item, fmt.Sprintf("add %q to the key, or write resolvable: false", name),
					"the relationship %q can't be followed from it: it maps the field %q", f.Name, name)
			}
		}
	}
}

func (b *builder) isKeyField(t *Type, f *Field, pos metadata.Pos, item, name string) bool {
	switch {
	case f == nil:
		var names []string
		for _, f := range t.Fields {
			names = append(names, f.Name)
		}
		b.fault(pos, item, metadata.DidYouMean(name, names), "unknown field %q", name)
	case f.Object != nil || f.Type.Elem != nil || t.Table != nil && (!f.IsColumn() || !comparable(f.Column.Type)):
		b.fault(pos, item, "a key is made of single values", "the field %q can't be part of a key", name)
	default:
		return true
	}
	return false
}
