package entities

import (
	"context"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// handMade is a model without a database: its statements fail at once, on a pool that is closed.
func handMade(t testing.TB) (*Model, *metadata.Metadata) {
	t.Helper()
	md, faults := metadata.Read(fstest.MapFS{
		"version.yaml": {Data: []byte("version: 3\n")},
		"databases/databases.yaml": {Data: []byte(`
- name: default
  kind: postgres
  configuration: {connection_info: {database_url: {from_env: DATABASE_URL}}}
  tables:
  - table: {schema: public, name: users}
    object_relationships:
    - {name: boss, using: {foreign_key_constraint_on: boss_id}}
    array_relationships:
    - {name: team, using: {foreign_key_constraint_on: {column: boss_id, table: users}}}
`)},
		"actions.graphql": {Data: []byte(`
type Query { get: [Out!] }
type Out { id: ID! n: Int! tags: [String!] grid: [[Int!]!] inner: Inner inners: [[Inner!]]! }
type Inner { a: Int b: String! out: Out }
`)},
		"actions.yaml": {Data: []byte(`
actions:
- {name: get, definition: {handler: http://handler.test}}
custom_types:
  objects:
  - name: Out
    relationships:
    - {name: user, type: object, remote_table: users, field_mapping: {id: id}}
  - name: Inner
    relationships:
    - {name: team, type: array, remote_table: users, field_mapping: {a: boss_id}}
`)},
	})
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	integer := catalog.Type{Name: catalog.Name{Schema: "pg_catalog", Name: "int8"}, Base: catalog.Name{Schema: "pg_catalog", Name: "int8"}, Kind: catalog.BaseType, BaseKind: catalog.BaseType}
	text := integer
	text.Name.Name, text.Base.Name = "text", "text"
	name := catalog.Name{Schema: "public", Name: "users"}
	users := &catalog.Table{
		Name: name, Kind: catalog.OrdinaryTable, PrimaryKey: []string{"id"}, Uniques: [][]string{{"email", "boss_id"}},
		Columns: []*catalog.Column{
			{Name: "id", Type: integer, NotNull: true}, {Name: "name", Type: text, NotNull: true}, {Name: "email", Type: text}, {Name: "boss_id", Type: integer},
		},
		ForeignKeys: []catalog.ForeignKey{{Name: "boss", Columns: []string{"boss_id"}, Table: name, References: []string{"id"}}},
	}
	pool, err := pgxpool.New(context.Background(), "postgres://nobody@127.0.0.1:1/none")
	if err != nil {
		t.Fatal(err)
	}
	pool.Close()
	model, faults := NewModel(md, map[string]*Database{
		"default": {Source: &loaders.Source{Name: "default", Pool: pool}, Catalog: &catalog.Catalog{Tables: map[catalog.Name]*catalog.Table{name: users}}},
	}, Options{})
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return model, md
}

// everything selects all fields of a type, two levels deep, and __typename.
func everything(t *Type, depth int) *Selection {
	s := &Selection{Type: t, Fields: []SelectedField{{Key: "__typename"}}}
	for _, f := range t.Fields {
		selected := SelectedField{Key: f.Name, Field: f}
		if f.Object != nil {
			if depth == 0 {
				continue
			}
			selected.Selection = everything(f.Object, depth-1)
		}
		s.Fields = append(s.Fields, selected)
	}
	return s
}
