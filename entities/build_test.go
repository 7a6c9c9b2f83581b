package entities_test

import (
	"flag"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestFaults checks metadata against real databases: testdata/faults/*.txtar hold a metadata directory, schema.sql, and
// want.txt with the faults, one a line, and then the fields that are served all the same.
func TestFaults(t *testing.T) {
	for _, archive := range testkit.Archives(t, "testdata/faults/*.txtar") {
		t.Run(archive.Name, func(t *testing.T) {
			t.Parallel()
			model, faults := build(t, archive)
			refused, err := model.CheckFilters(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			faults = append(faults, refused...)
			want := &archive.Files[len(archive.Files)-1]
			got := faults.Error() + "\n\n" + served(model)
			if *update {
				want.Data = []byte(got)
				archive.Write(t)
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func build(t *testing.T, archive testkit.Archive) (*entities.Model, metadata.Faults) {
	t.Helper()
	content := archive.FS(t)
	dir, err := fs.Sub(content, "metadata")
	if err != nil {
		t.Fatal(err)
	}
	md, faults := metadata.Read(dir)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	schema, err := fs.ReadFile(content, "schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	db := pgtest.New(t)
	db.Exec(t, string(schema))
	pool := db.Pool(t, loaders.Configure)
	structure, err := catalog.Read(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	database := &entities.Database{Source: &loaders.Source{Name: "default", Pool: pool}, Catalog: structure}
	if err := database.ReadEnums(t.Context(), md.Source("default")); err != nil {
		t.Fatal(err)
	}
	model, faults := entities.NewModel(md, map[string]*entities.Database{"default": database}, entities.Options{})
	return model, faults
}

// served lists the types and their fields.
func served(m *entities.Model) string {
	var b strings.Builder
	for _, typ := range m.Types {
		b.WriteString(typ.Name + ":")
		for _, f := range typ.Fields {
			b.WriteString(" " + f.Name)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestSourcesLeftOut serves what is left where a source's database isn't there: no fault, no relationship to it, and
// nothing of a type that only such relationships would have published.
func TestSourcesLeftOut(t *testing.T) {
	dir := testkit.FS(t, `
-- version.yaml --
version: 3
-- databases/databases.yaml --
- name: elsewhere
  kind: postgres
  configuration: {connection_info: {database_url: {from_env: ELSEWHERE}}}
  tables: [{table: {schema: public, name: users}}]
-- actions.graphql --
type Query { me: Me }
type Me { id: Int name: String }
type Stub { id: Int }
-- actions.yaml --
actions:
- {name: me, definition: {handler: http://handler.test}}
custom_types:
  objects:
  - name: Me
    relationships:
    - {name: user, type: object, source: elsewhere, remote_table: users, field_mapping: {id: id}}
  - name: Stub
    relationships:
    - {name: user, type: object, source: elsewhere, remote_table: users, field_mapping: {id: id}}
`)
	md, faults := metadata.Read(dir)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	model, faults := entities.NewModel(md, nil, entities.Options{})
	if len(faults) > 0 {
		t.Errorf("faults %v", faults)
	}
	if diff := cmp.Diff("Me: id name\n", served(model)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
