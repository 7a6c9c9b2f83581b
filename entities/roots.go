package entities

import (
	"cmp"
	"fmt"

	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// addRoots adds the fields of Query that read tables, under Hasura's names or custom_root_fields: all rows, a row by
// its primary key, and an aggregate. The arguments of a row by key are the key's fields; what a client gives is the
// representation that the row is looked up by.
func (b *builder) addRoots() {
	for _, source := range b.md.Sources {
		for _, tracked := range source.Tables {
			if t := b.tables[tableID{source.Name, tracked.Name}]; t != nil {
				b.addRoot(t, source.Customization.RootFields)
			}
		}
	}
}

func (b *builder) addRoot(t *tableType, affixes metadata.Affixes) {
	name := cmp.Or(t.tracked.CustomName, t.tracked.Name.GraphQLName())
	all := &Relationship{join: b.newJoin("Query."+name, metadata.ArrayRelationship, t.Type, nil)}
	rows := relationshipField("", "", metadata.ArrayRelationship, t.Type, all)
	b.addRootField(t, rows, "select", name, affixes)
	b.addRootField(t, aggregateField(rows), "select_aggregate", name+aggregateSuffix, affixes)
	if f := byPrimaryKey(t.Type); f != nil {
		b.addRootField(t, f, "select_by_pk", name+"_by_pk", affixes)
	}
}

// addRootField adds a field under the name that custom_root_fields has for Hasura's key, or else the given one, between
// the affixes of its source.
func (b *builder) addRootField(t *tableType, f *Field, key, name string, affixes metadata.Affixes) {
	f.Name, f.root = affixes.Apply(cmp.Or(t.tracked.CustomRootFields[key], name)), key
	for _, a := range b.md.Actions {
		if a.Operation == metadata.Query && a.Name == f.Name {
			b.fault(t.tracked.Pos, fmt.Sprintf("table %q", t.tracked.Name), "rename it by custom_root_fields, or leave out the fields of tables",
				"the field %q of Query is an action's already", f.Name)
			return
		}
	}
	b.addField(b.model.Query, f, t.tracked.Pos)
}

// byPrimaryKey is nil where the table has no primary key, or one that isn't exposed.
func byPrimaryKey(t *Type) *Field {
	key := tableKey(t, t.Table.PrimaryKey)
	if key == nil {
		return nil
	}
	r := &Relationship{join: &loaders.Relationship{}}
	*r.join = *key.lookup
	f := relationshipField("", "", metadata.ObjectRelationship, t, r)
	for _, k := range key.Fields {
		r.fields = append(r.fields, k.Name)
		typ := *k.Type
		typ.NonNull = true
		f.Arguments = append(f.Arguments, Argument{Name: k.Name, Type: &typ})
	}
	return f
}
