package entities

import (
	"fmt"
	"slices"

	"github.com/joinery-graphql/joinery/metadata"
)

// addInterfaces adds the interfaces of federation.yaml.
func (b *builder) addInterfaces() {
	if b.md.Federation == nil {
		return
	}
	for _, declared := range b.md.Federation.Interfaces {
		if i := b.newInterface(declared); i != nil {
			b.model.Interfaces = append(b.model.Interfaces, i)
		}
	}
}

// newInterface is nil where the interface has a fault.
func (b *builder) newInterface(declared *metadata.FederationInterface) *Interface {
	item := fmt.Sprintf("interface %q", declared.Name)
	if b.composite[declared.Name] || b.model.named[declared.Name] != nil {
		b.fault(declared.Pos, item, "give it another name", "there is a type of this name")
		return nil
	}
	i := &Interface{Type: &Type{Name: declared.Name, Description: declared.Description, fields: map[string]*Field{}}}
	for _, name := range declared.Types {
		t := b.model.named[name]
		switch {
		case t == nil:
			b.fault(declared.Pos, item, "list types of tables, by their GraphQL names", "unknown type %q", name)
			return nil
		case t.Table == nil:
			b.fault(declared.Pos, item, fmt.Sprintf("leave %q out, and list types of tables only", name),
				"the type %q is no table's, and objects of an interface are looked for in tables", name)
			return nil
		}
		i.Objects = append(i.Objects, t)
	}
	for _, name := range declared.Fields {
		if !i.shares(name) {
			b.fault(declared.Pos, item, "all of its types must have it, with the same type", "the field %q is not shared", name)
			return nil
		}
	}
	for _, f := range i.Objects[0].Fields {
		if i.shares(f.Name) && (declared.Fields == nil || slices.Contains(declared.Fields, f.Name)) {
			b.addField(i.Type, f, declared.Pos)
		}
	}
	for _, key := range i.Objects[0].Keys {
		if i.sharesKey(key) {
			i.Keys = append(i.Keys, key)
		}
	}
	if len(i.Keys) == 0 {
		b.fault(declared.Pos, item, "give its types a key over fields of the interface", "its types share no key")
		return nil
	}
	return i
}

// shares reports whether all types of the interface have the field, and of the same type.
func (i *Interface) shares(name string) bool {
	first := i.Objects[0].fields[name]
	return first != nil && !slices.ContainsFunc(i.Objects, func(t *Type) bool {
		return t.fields[name] == nil || t.fields[name].Type.String() != first.Type.String()
	})
}

// sharesKey reports whether all types of the interface have the key, and it the key's fields.
func (i *Interface) sharesKey(key *Key) bool {
	if slices.ContainsFunc(key.Fields, func(f keyField) bool { return i.fields[f.Name] == nil }) {
		return false
	}
	return !slices.ContainsFunc(i.Objects, func(t *Type) bool {
		return !slices.ContainsFunc(t.Keys, func(k *Key) bool { return k.String() == key.String() })
	})
}
