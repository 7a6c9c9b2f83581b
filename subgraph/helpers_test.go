package subgraph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/subgraph"
)

// callerFunc answers actions in a test.
type callerFunc func(ctx context.Context, call actions.Call) (*actions.Answer, error)

func (f callerFunc) Call(ctx context.Context, call actions.Call) (*actions.Answer, error) {
	return f(ctx, call)
}

// echo answers every action with its input, which is how tests see what a handler would get.
var echo = callerFunc(func(_ context.Context, call actions.Call) (*actions.Answer, error) {
	return &actions.Answer{Output: call.Input}, nil
})

// answers gives each action its answer, and no answer is an error.
type answers map[string]string

func (a answers) Call(_ context.Context, call actions.Call) (*actions.Answer, error) {
	return &actions.Answer{Output: json.RawMessage(a[call.Action])}, nil
}

// fixture is a subgraph under test. Files is a txtar archive of metadata files; without SQL there is no database.
type fixture struct {
	files   string
	sql     string
	caller  subgraph.Caller
	options subgraph.Options
	counter *pgtest.Counter
	closed  bool // without introspection
}

const emptyMetadata = `
-- version.yaml --
version: 3
-- databases/databases.yaml --
[]
`

// sourceMetadata, with the tables' YAML behind it, is a metadata directory with one source.
const sourceMetadata = `
-- version.yaml --
version: 3
-- databases/databases.yaml --
- name: default
  kind: postgres
  configuration: {connection_info: {database_url: {from_env: DATABASE_URL}}}
  tables: "!include default/tables/tables.yaml"
-- databases/default/tables/tables.yaml --
`

// oneHandler is the actions.yaml of some actions.
func oneHandler(names ...string) string {
	var b strings.Builder
	b.WriteString("-- actions.yaml --\nactions:\n")
	for _, name := range names {
		b.WriteString("- {name: " + name + ", definition: {handler: http://handler.test/secret-path}}\n")
	}
	return b.String()
}

func readMetadata(t testing.TB, files string) *metadata.Metadata {
	t.Helper()
	return readMetadataFS(t, testkit.FS(t, files))
}

func readMetadataFS(t testing.TB, dir fs.FS) *metadata.Metadata {
	t.Helper()
	md, faults := metadata.Read(dir)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return md
}

// database makes a database of its own and reads what it has.
func (f *fixture) database(t testing.TB) map[string]*entities.Database {
	t.Helper()
	if f.sql == "" {
		return nil
	}
	db := pgtest.New(t)
	db.Exec(t, f.sql)
	pool := db.Pool(t, loaders.Configure, func(c *pgxpool.Config) {
		if f.counter != nil {
			c.ConnConfig.Tracer = f.counter
		}
	})
	structure, err := catalog.Read(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*entities.Database{"default": {Source: &loaders.Source{Name: "default", Pool: pool}, Catalog: structure}}
}

func (f *fixture) schemaOn(t testing.TB, databases map[string]*entities.Database) *subgraph.Schema {
	t.Helper()
	md := readMetadata(t, f.files)
	model, faults := entities.NewModel(md, databases, entities.Options{DisableTableRoots: true})
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	schema, faults := subgraph.NewSchema(md, model, nil)
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	return schema
}

func (f *fixture) handler(t testing.TB) http.Handler {
	t.Helper()
	return f.handlerOn(t, f.database(t))
}

func (f *fixture) handlerOn(t testing.TB, databases map[string]*entities.Database) http.Handler {
	t.Helper()
	o := f.options
	o.Introspection = !f.closed
	o.Actions = f.caller
	if o.Actions == nil {
		o.Actions = echo
	}
	if o.Auth == nil {
		o.Auth = auth.New(auth.Config{})
	}
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return subgraph.NewHandler(f.schemaOn(t, databases), o)
}

// body is a request's body. Variables are JSON, or "" for none.
func body(query, variables string) string {
	quoted, _ := json.Marshal(query)
	if variables == "" {
		return `{"query":` + string(quoted) + `}`
	}
	return `{"query":` + string(quoted) + `,"variables":` + variables + `}`
}

func newRequest(t testing.TB, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func post(t testing.TB, h http.Handler, body string) string {
	t.Helper()
	return do(h, newRequest(t, body)).Body.String()
}

// wantJSON compares JSON texts, whatever their white space.
func wantJSON(t testing.TB, got, want string) {
	t.Helper()
	if diff := cmp.Diff(compact(t, want), compact(t, got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func compact(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(text)); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	return b.String()
}

// logged is a log that a test reads.
type logged struct{ testkit.Buffer }

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
