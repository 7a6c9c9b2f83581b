package joinery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/trace"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/metadata"
)

// oneSource begins a databases.yaml whose tables follow.
const oneSource = `
- name: default
  kind: postgres
  configuration: {connection_info: {database_url: {from_env: PG_URL}}}
  tables:`

// serviceMetadata joins an action's output to tables by keys of several types.
var serviceMetadata = fstest.MapFS{
	"version.yaml": {Data: []byte("version: 3\n")},
	"databases/databases.yaml": {Data: []byte(oneSource + `
  - table: {schema: public, name: users}
    array_relationships:
    - name: posts
      using: {foreign_key_constraint_on: {column: user_id, table: {schema: public, name: posts}}}
  - table: {schema: public, name: posts}
`)},
	"actions.graphql": {Data: []byte(`
type Query { find: [Found!] }
type Found { id: ID  uid: String  name: String  mood: String  day: String  pair_a: Int  pair_b: String }
`)},
	"actions.yaml": {Data: []byte(`
actions:
- {name: find, definition: {kind: "", handler: "http://handler.invalid/find"}}
custom_types:
  objects:
  - name: Found
    relationships:
    - {name: by_id, type: object, source: default, remote_table: users, field_mapping: {id: id}}
    - {name: by_uid, type: object, source: default, remote_table: users, field_mapping: {uid: uid}}
    - {name: by_name, type: object, source: default, remote_table: users, field_mapping: {name: name}}
    - {name: by_mood, type: array, source: default, remote_table: users, field_mapping: {mood: mood}}
    - {name: by_day, type: array, source: default, remote_table: users, field_mapping: {day: day}}
    - {name: by_pair, type: object, source: default, remote_table: users, field_mapping: {pair_a: a, pair_b: b}}
`)},
}

const serviceSchema = `
create type mood as enum ('happy', 'sad');
create table users (id bigint primary key, uid uuid unique, name text unique, mood mood, day date, a int, b varchar(3), tags text[], unique (a, b));
create table posts (id int primary key, user_id bigint references users, title text);
insert into users values
	(1, '7ffd68ba-535e-4c72-9051-17cd4e8ed594', 'ann', 'happy', '2016-05-22', 1, 'x', '{a,b}'),
	(9007199254740993, '7ffd68ba-535e-4c72-9051-17cd4e8ed595', 'bo', 'sad', '2016-05-23', 1, 'y', null);
insert into posts values (10, 1, 'p'), (11, 1, 'q');
`

const found = `[
	{"id": "1", "uid": "7ffd68ba-535e-4c72-9051-17cd4e8ed595", "name": "ann", "mood": "happy", "day": "2016-05-23", "pair_a": 1, "pair_b": "y"},
	{"id": "9007199254740993", "uid": null, "name": "nobody", "mood": "sad", "day": "2016-05-22", "pair_a": 1, "pair_b": "z"}
]`

const findAll = `{ find {
	by_id { id mood day tags posts { title } } by_uid { name } by_name { id } by_mood { name } by_day { name } by_pair { name }
} }`

const findAnswer = `{"data":{"find":[` +
	`{"by_id":{"id":1,"mood":"happy","day":"2016-05-22","tags":["a","b"],"posts":[{"title":"p"},{"title":"q"}]},"by_uid":{"name":"bo"},` +
	`"by_name":{"id":1},"by_mood":[{"name":"ann"}],"by_day":[{"name":"bo"}],"by_pair":{"name":"bo"}},` +
	`{"by_id":{"id":9007199254740993,"mood":"sad","day":"2016-05-23","tags":null,"posts":[]},"by_uid":null,` +
	`"by_name":null,"by_mood":[{"name":"bo"}],"by_day":[{"name":"ann"}],"by_pair":null}]}}`

// transport answers actions without a network, as programs that embed Joinery do.
type transport func(*http.Request) string

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	_, _ = io.WriteString(w, f(r))
	return w.Result(), nil
}

// ask sends a document and returns the answer as it came.
func ask(t *testing.T, h http.Handler, document string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Body.String()
}

// TestQueryExecModes: connection poolers such as PgBouncer can't do with every protocol that pgx speaks, so joins must
// work with all of them (docs/operations.md).
func TestQueryExecModes(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, serviceSchema)
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		name := strings.ReplaceAll(mode.String(), " ", "_")
		t.Run(name, func(t *testing.T) {
			service := startService(t, Config{
				Metadata: serviceMetadata, DatabaseURL: withParameter(t, db.URL, "default_query_exec_mode", name),
				Transport: transport(func(*http.Request) string { return found }),
			})
			for range 2 { // also with what the first request prepared
				if diff := cmp.Diff(findAnswer, ask(t, service, findAll)); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
			}
			prepared := 0
			if err := service.sources[0].Pool.QueryRow(t.Context(), `select count(*) from pg_prepared_statements`, pgx.QueryExecModeExec).Scan(&prepared); err != nil {
				t.Fatal(err)
			}
			if keeps := mode == pgx.QueryExecModeCacheStatement; keeps != (prepared > 0) {
				t.Errorf("%d prepared statements", prepared)
			}
		})
	}
}

func withParameter(t *testing.T, address, name, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// TestNothingTraced: without a tracer there is no span to pay for, neither for handlers nor for SQL.
func TestNothingTraced(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, serviceSchema)
	service := startService(t, Config{Metadata: serviceMetadata, DatabaseURL: db.URL, Transport: transport(func(r *http.Request) string {
		if span := trace.SpanContextFromContext(r.Context()); span.IsValid() || r.Header.Get("Traceparent") != "" {
			t.Errorf("unexpected span %v", span)
		}
		return found
	})})
	if tracer := service.sources[0].Pool.Config().ConnConfig.Tracer; tracer != nil {
		t.Errorf("unexpected tracer %T", tracer)
	}
	if got := ask(t, service, findAll); got != findAnswer {
		t.Error(got)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, serviceSchema+`; CREATE INDEX ON users (mood); CREATE INDEX ON users (day); CREATE INDEX ON posts (user_id)`)
	bare := pgtest.New(t)
	bare.Exec(t, serviceSchema)
	refused := "postgres://ann:planted-secret@127.0.0.1:1/x"
	broken := overlay(serviceMetadata, "databases/databases.yaml", "\n  tables:", "\n  tables:\n  - table: {schema: public, name: postz}")
	for _, c := range []struct {
		name      string
		metadata  fs.FS
		config    Config
		databases bool
		want      []string // faults
		err       string
	}{
		{name: "files only", metadata: broken},
		{
			name: "actions that could not be read", metadata: overlay(serviceMetadata, "actions.graphql", "{", "{{"),
			want: []string{"actions.graphql:2: invalid SDL: Expected Name, found {"},
		},
		{
			name: "headers that could not be read",
			metadata: overlay(serviceMetadata, "actions.yaml", "{kind", `{headers: [
  {value: x, name: A B},
  {name: C, value_from_env: HASURA_GRAPHQL_C},
  {name: D, value_from_env: D}], kind`),
			want: []string{
				`actions.yaml:4: header "A B" of action "find": invalid header name`,
				`actions.yaml:5: header "C" of action "find": env variables start with "HASURA_GRAPHQL_" are not allowed for value_from_env`,
				`actions.yaml:6: header "D" of action "find": Value for environment variables not found: D`,
			},
		},
		{name: "with database", metadata: serviceMetadata, config: Config{DatabaseURL: db.URL}, databases: true},
		{
			name: "without indexes", metadata: serviceMetadata, config: Config{DatabaseURL: bare.URL}, databases: true,
			want: []string{
				`actions.yaml:11: warning: relationship "by_mood" of type "Found": no index of table "public.users" serves "mood": each join reads the whole table (CREATE INDEX ON "public"."users" ("mood"))`,
				`actions.yaml:12: warning: relationship "by_day" of type "Found": no index of table "public.users" serves "day": each join reads the whole table (CREATE INDEX ON "public"."users" ("day"))`,
				`databases/databases.yaml:8: warning: relationship "posts" of table "public.users": no index of table "public.posts" serves "user_id": each join reads the whole table (CREATE INDEX ON "public"."posts" ("user_id"))`,
			},
		},
		{
			name: "URL not known", metadata: serviceMetadata, databases: true,
			want: []string{`databases/databases.yaml:4: warning: source "default": tables and columns were not checked: missing environment variable "PG_URL" (set it, or give --database-url)`},
		},
		{name: "URL of the metadata", metadata: serviceMetadata, config: Config{LookupEnv: env(map[string]string{"PG_URL": db.URL}), DefaultDatabaseURL: refused}, databases: true},
		{name: "default URL", metadata: serviceMetadata, config: Config{DefaultDatabaseURL: db.URL}, databases: true},
		{
			name: "missing table", metadata: broken, config: Config{DatabaseURL: db.URL}, databases: true,
			want: []string{`databases/databases.yaml:6: table "public.postz": source "default" has no such table or view (did you mean "public.posts"?)`},
		},
		{
			name: "unreachable", metadata: serviceMetadata, config: Config{DatabaseURL: refused}, databases: true,
			err: `source "default": connect to the database at 127.0.0.1:1: connection refused; is Postgres running there?`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.config.Metadata = c.metadata
			if c.config.LookupEnv == nil {
				c.config.LookupEnv = env(nil)
			}
			faults, err := Check(t.Context(), c.config, c.databases)
			if fmt.Sprint(err) != c.err && (err != nil || c.err != "") {
				t.Errorf("error %v, want %q", err, c.err)
			}
			var got []string
			for _, f := range faults {
				got = append(got, f.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// overlay replaces text in a file.
func overlay(base fstest.MapFS, file, before, after string) fs.FS {
	out := fstest.MapFS{}
	for name, f := range base {
		out[name] = f
	}
	out[file] = &fstest.MapFile{Data: []byte(strings.Replace(string(base[file].Data), before, after, 1))}
	return out
}

// TestNewFaults: all that the metadata's author can mend comes as metadata.Faults, from the environment and the
// database together.
func TestNewFaults(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, `create table users (id bigint primary key)`)
	broken := overlay(serviceMetadata, "actions.yaml", "http://handler.invalid", "{{HANDLER}}")
	_, err := New(t.Context(), Config{Metadata: broken, DatabaseURL: db.URL, LookupEnv: env(nil)})
	var faults metadata.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("error %v, want metadata.Faults", err)
	}
	for _, want := range []string{"Value for environment variables not found: HANDLER", `table "public.posts": source "default" has no such table or view`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, serviceSchema)
	service, err := New(t.Context(), Config{Metadata: serviceMetadata, DatabaseURL: db.URL})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := service.Ready(cancelled); err == nil || err.Error() != `source "default" does not answer` {
		t.Error(err)
	}
	service.Close()
	w := httptest.NewRecorder()
	service.Mux().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
	if want := `{"detail":"source \"default\" does not answer","status":"DOWN"}` + "\n"; w.Code != 503 || w.Body.String() != want {
		t.Errorf("/readyz after Close: %d %s", w.Code, w.Body)
	}
}

// TestAllowListWithRouter: what a router asks is in no allow-list, so nothing is served that only seems to be limited.
func TestAllowListWithRouter(t *testing.T) {
	_, err := New(t.Context(), Config{Metadata: serviceMetadata, AllowList: true, Auth: auth.Config{RouterSecrets: []string{"a router's own secret"}}})
	if err == nil || !strings.HasPrefix(err.Error(), "the allow-list can't be enabled where a router proves itself") {
		t.Errorf("error %v", err)
	}
}

// TestWithoutDatabase: actions alone need none.
func TestWithoutDatabase(t *testing.T) {
	t.Parallel()
	service := startService(t, Config{
		Metadata: fstest.MapFS{
			"version.yaml":    {Data: []byte("version: 3\n")},
			"actions.graphql": {Data: []byte("type Query { answer: Int }")},
			"actions.yaml":    {Data: []byte("actions:\n- {name: answer, definition: {kind: \"\", handler: 'http://handler.invalid'}}\n")},
		},
		Auth:      auth.Config{},
		Transport: transport(func(*http.Request) string { return "42" }),
		LookupEnv: env(nil),
	})
	if got := ask(t, service, `{ answer }`); got != `{"data":{"answer":42}}` {
		t.Error(got)
	}
	if err := service.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestMisuse: what a program that embeds it may do wrong is an error, and never a panic or a loop.
func TestMisuse(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, serviceSchema)
	c := Config{Metadata: serviceMetadata, DatabaseURL: db.URL, Transport: transport(func(*http.Request) string { return found })}
	const closed = `{"data":{"find":[{"by_id":null},{"by_id":null}]},"errors":[` +
		`{"message":"database query error","path":["find",0,"by_id"],"extensions":{"code":"unexpected"}},` +
		`{"message":"database query error","path":["find",1,"by_id"],"extensions":{"code":"unexpected"}}]}`

	t.Run("no metadata", func(t *testing.T) {
		_, ofNew := New(t.Context(), Config{})
		_, ofOpen := Open(t.Context(), Config{})
		_, ofSDL := SDL(t.Context(), Config{})
		_, ofExplain := Explain(t.Context(), Config{}, Operation{})
		_, ofCheck := Check(t.Context(), Config{}, false)
		for _, err := range []error{ofNew, ofOpen, ofSDL, ofExplain, ofCheck} {
			if err == nil || err.Error() != "missing Config.Metadata" {
				t.Error(err)
			}
		}
	})
	t.Run("service after Close", func(t *testing.T) {
		service := startService(t, c)
		service.Close() // once more at the end
		if got := ask(t, service, byID); got != closed {
			t.Error(got)
		}
	})
	t.Run("live after Close", func(t *testing.T) {
		live := openLive(t, c)
		live.Close()
		for range 2 {
			if got := ask(t, live, byID); got != closed {
				t.Error(got)
			}
		}
		if err := live.Reload(t.Context()); err == nil || err.Error() != "reload: closed" {
			t.Error(err)
		}
	})
}
