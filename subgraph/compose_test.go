package subgraph_test

import (
	"cmp"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/supergraph"
)

// The router adds a query type where no subgraph has one only if another subgraph does.
const otherSubgraph = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key"])
type Query { other: String }
`

// federationDefinitions are what gqlparser must know to read a subgraph's SDL.
const federationDefinitions = `
directive @external on FIELD_DEFINITION
directive @requires(fields: String!) on FIELD_DEFINITION
directive @shareable on OBJECT
directive @key(fields: String!, resolvable: Boolean) repeatable on OBJECT | INTERFACE
directive @tag(name: String!) repeatable on INTERFACE | FIELD_DEFINITION
directive @link(url: String!, import: [String!]) repeatable on SCHEMA
`

// composes checks that a subgraph's SDL is valid GraphQL and composes, with Apollo's own composition, beside another's.
func composes(t *testing.T, composer *supergraph.Composer, sdl, other string) {
	t.Helper()
	if _, err := gqlparser.LoadSchema(&ast.Source{Input: federationDefinitions}, &ast.Source{Input: loadable(sdl)}); err != nil {
		t.Errorf("gqlparser: %v\n%s", err, sdl)
	}
	result, err := composer.Compose(t.Context(), &supergraph.Config{Subgraphs: []supergraph.Subgraph{
		{Name: "joinery", RoutingURL: "http://joinery.test", Schema: supergraph.Schema{SDL: sdl}},
		{Name: "other", RoutingURL: "http://other.test", Schema: supergraph.Schema{SDL: other}},
	}})
	var problems supergraph.Problems
	switch {
	case errors.As(err, &problems):
		t.Errorf("composition: %v\n%s", err, sdl)
	case err != nil:
		testkit.Skip(t, "%v", err)
	default:
		for _, p := range result.Problems {
			t.Errorf("composition: %v", p)
		}
	}
}

// loadable gives an SDL that has no query type one: gqlparser wants it.
func loadable(sdl string) string {
	if !strings.Contains(sdl, "\ntype Query {") {
		sdl += "\ntype Query { _service: String }\n"
	}
	return sdl
}

// TestComposeGoldens composes the SDL of every archive of the answers.
func TestComposeGoldens(t *testing.T) {
	composer := &supergraph.Composer{}
	t.Cleanup(func() { composer.Close() })
	n := 0
	for _, archive := range testkit.Archives(t, "../testdata/answers/*.txtar") {
		sdl, other := fileOf(archive, "want.graphql", ""), fileOf(archive, "other.sdl", otherSubgraph)
		if sdl != "" {
			n++
			t.Run(archive.Name, func(t *testing.T) { composes(t, composer, sdl, other) })
		}
	}
	if n < 8 {
		t.Errorf("only %d archives have an SDL", n)
	}
}

func fileOf(archive testkit.Archive, name, absent string) string {
	for _, f := range archive.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return absent
}

// TestComposeProjects composes the SDL of real projects' metadata (shared/hasura-projects).
func TestComposeProjects(t *testing.T) {
	composer := &supergraph.Composer{}
	t.Cleanup(func() { composer.Close() })
	for _, name := range []string{"acapela", "monolith", "realworld"} {
		t.Run(name, func(t *testing.T) {
			dir := testkit.Shared(t, "..", filepath.Join("hasura-projects", name))
			db := pgtest.New(t)
			db.ExecFile(t, filepath.Join(dir, "schema.sql"))
			sdl, err := joinery.SDL(t.Context(), joinery.Config{Metadata: os.DirFS(filepath.Join(dir, "metadata")), DatabaseURL: db.URL})
			if err != nil {
				t.Fatal(err)
			}
			composes(t, composer, sdl, otherSubgraph)
		})
	}
}

// TestComposeTwoJoineries composes two Joineries, whose databases have tables of the same names, enum tables among them:
// the source of one gives its types a prefix. What queries share, such as order_by and Int_comparison_exp, is the same in
// both.
func TestComposeTwoJoineries(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(t, `
		create table roles (value text primary key, comment text);
		insert into roles values ('admin', 'may do all'), ('member', null);
		create table users (id int primary key, role text references roles, name text, active boolean, boss_id int references users, doc jsonb, tags text[]);
		create function label(u users) returns text stable language sql as 'select u.name'`)
	composer := &supergraph.Composer{}
	t.Cleanup(func() { composer.Close() })
	config := &supergraph.Config{}
	for _, prefix := range []string{"", "second_"} {
		sdl, err := joinery.SDL(t.Context(), joinery.Config{DatabaseURL: db.URL, DisableTableRoots: true, Metadata: fstest.MapFS{
			"version.yaml": {Data: []byte("version: 3\n")},
			"databases/databases.yaml": {Data: []byte(`
- name: default
  kind: postgres
  customization: {type_names: {prefix: "` + prefix + `"}}
  tables:
  - {table: roles, is_enum: true}
  - table: users
    computed_fields: [{name: label, definition: {function: label}}]
    object_relationships: [{name: boss, using: {foreign_key_constraint_on: boss_id}}]
    array_relationships: [{name: team, using: {foreign_key_constraint_on: {column: boss_id, table: users}}}]
`)},
			"actions.graphql": {Data: []byte("type Query { " + prefix + "find: " + prefix + "Found }\ntype " + prefix + "Found { id: Int }\n")},
			"actions.yaml": {Data: []byte(`
actions: [{name: ` + prefix + `find, definition: {handler: http://handler.test}}]
custom_types:
  objects:
  - name: ` + prefix + `Found
    relationships: [{name: users, type: array, remote_table: users, field_mapping: {id: id}}]
`)},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(sdl, "enum "+prefix+"roles_enum {") || !strings.Contains(sdl, "input "+prefix+"users_aggregate_bool_exp_bool_and {") {
			t.Errorf("no enum, or no conditions on aggregates:\n%s", sdl)
		}
		config.Subgraphs = append(config.Subgraphs, supergraph.Subgraph{Name: prefix + "joinery", RoutingURL: "http://joinery.test", Schema: supergraph.Schema{SDL: sdl}})
	}
	result, err := composer.Compose(t.Context(), config)
	var problems supergraph.Problems
	switch {
	case errors.As(err, &problems):
		t.Error(err)
	case err != nil:
		testkit.Skip(t, "%v", err)
	case len(result.Problems) > 0:
		t.Errorf("composition: %v", result.Problems)
	}
}

// graphQLJS runs a script of ES modules where Joinery's Node packages are installed, graphql among them.
func graphQLJS(t *testing.T, script, input string) string {
	t.Helper()
	if _, err := supergraph.Compose(t.Context(), &supergraph.Config{Subgraphs: []supergraph.Subgraph{
		{Name: "other", RoutingURL: "http://other.test", Schema: supergraph.Schema{SDL: otherSubgraph}},
	}}, supergraph.Options{}); err != nil { // installs the packages
		testkit.Skip(t, "%v", err)
	}
	home, err := os.UserCacheDir()
	if err != nil {
		testkit.Skip(t, "%v", err)
	}
	dirs, _ := filepath.Glob(filepath.Join(cmp.Or(os.Getenv("JOINERY_CACHE"), filepath.Join(home, "joinery")), "node-compose-*", "node_modules", "graphql"))
	if len(dirs) == 0 {
		testkit.Skip(t, "the Node package graphql is not installed")
	}
	node := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e", script)
	node.Dir = filepath.Dir(filepath.Dir(dirs[0]))
	node.Stdin = strings.NewReader(input)
	out, err := node.CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	return string(out)
}
