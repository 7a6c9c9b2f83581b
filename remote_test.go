package joinery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/remotetest"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

const remoteSchema = `
create table users (id bigint primary key, name text not null, city text, boss bigint);
insert into users values (1, 'ann', 'Rome', null), (2, 'bo', null, 1), (3, 'cy', 'nowhere', 1), (4, 'di', 'Rome', 2), (5000000000, 'ed', null, null);
`

// remoteMetadata leads from users to all kinds of fields of a remote schema.
var remoteMetadata = fstest.MapFS{
	"version.yaml": {Data: []byte("version: 3\n")},
	"remote_schemas.yaml": {Data: []byte(`
- name: remote
  definition:
    url_from_env: REMOTE_URL
    headers: [{name: x-api-key, value_from_env: REMOTE_KEY}]
    forward_client_headers: true
    customization:
      type_names: {prefix: R_}
      field_names: [{parent_type: Wind, mapping: {speed: knots}, prefix: ""}]
  permissions:
  - role: user
    definition:
      schema: |
        type Query {
          weather(city: String!): Weather
          secret(id: ID!, token: String! @preset(value: "x-hasura-token")): String
          search(owner: ID!, filter: Filter): [Hit!]!
        }
        type Weather { city: String! temperature(unit: Unit @preset(value: FAHRENHEIT)): Float }
        type Account { id: ID! }
        union Hit = Account | Weather
        enum Unit { CELSIUS FAHRENHEIT }
        input Filter { text: String deep: Filter }
`)},
	"databases/databases.yaml": {Data: []byte(oneSource + `
  - table: users
    object_relationships:
    - {name: boss_row, using: {manual_configuration: {remote_table: users, column_mapping: {boss: id}}}}
    remote_relationships:
    - {name: weather, definition: {to_remote_schema: {remote_schema: remote, lhs_fields: [city], remote_field: {weather: {arguments: {city: $city}}}}}}
    - {name: account, definition: {hasura_fields: [id], remote_schema: remote, remote_field: {account: {arguments: {id: $id}}}}}
    - {name: profile, definition: {to_remote_schema: {remote_schema: remote, lhs_fields: [id], remote_field: {account: {arguments: {id: $id}, field: {profile: {arguments: {size: 64}}}}}}}}
    - {name: hits, definition: {to_remote_schema: {remote_schema: remote, lhs_fields: [id, city], remote_field: {search: {arguments: {owner: $id}}}}}}
    - {name: strict, definition: {to_remote_schema: {remote_schema: remote, lhs_fields: [id], remote_field: {strict: {arguments: {id: $id}}}}}}
    - {name: secret, definition: {to_remote_schema: {remote_schema: remote, lhs_fields: [name], remote_field: {secret: {arguments: {id: $name}}}}}}
    - {name: top, definition: {to_remote_schema: {remote_schema: remote, lhs_fields: [id], remote_field: {search: {arguments: {owner: top, first: $id}}}}}}
    select_permissions:
    - {role: user, permission: {columns: [id, name, city], filter: {}}}
    - {role: narrow, permission: {columns: [id, name], filter: {}}}
`)},
}

// openRemote serves remoteMetadata on remoteSchema and what sql adds to it; maxKeys is [Config.MaxRemoteKeys].
func openRemote(t *testing.T, maxKeys int, sql ...string) (*Service, *remotetest.Server) {
	t.Helper()
	server := remotetest.Start(t)
	db := pgtest.New(t)
	db.Exec(t, remoteSchema+strings.Join(sql, ""))
	service, err := New(t.Context(), Config{
		Metadata: remoteMetadata, DatabaseURL: db.URL, MaxRemoteKeys: maxKeys,
		LookupEnv: env(map[string]string{"REMOTE_URL": server.URL, "REMOTE_KEY": "planted-key"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	server.Requests(t) // the introspection
	return service, server
}

// TestRemoteRelationships: all parents of a wave are in one request, whatever their number, and the answers are in order,
// with errors at their places. The answers were written by -update and checked by hand.
func TestRemoteRelationships(t *testing.T) {
	t.Parallel()
	service, server := openRemote(t, 0)
	cases := testkit.ReadArchive(t, "testdata/remote_relationships.txtar")
	for i := 0; i < len(cases.Files); i += 2 {
		query, want := cases.Files[i], &cases.Files[i+1]
		t.Run(query.Name, func(t *testing.T) {
			got := askRemote(t, service, string(query.Data))
			got += fmt.Sprintf("requests: %d\n", len(server.Requests(t)))
			if *update {
				want.Data = []byte(got)
			} else if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if *update {
		cases.Write(t)
	}
}

// TestRemoteExplain has operations with remote relationships explained: they are answered as without, and the plan tells of them.
func TestRemoteExplain(t *testing.T) {
	t.Parallel()
	service, _ := openRemote(t, 0)
	body := string(requestBody(t, `{ users(limit: 1, order_by: {id: asc}) { name weather { city } } }`, ""))
	_, without := joinPlan(t, service, body)
	plan, answer := joinPlan(t, service, body, "X-Joinery-Explain", "analyze")
	if plan == nil || len(plan.Waves) != 2 || !strings.HasPrefix(answer, strings.TrimSuffix(strings.TrimSpace(without), "}")+`,"extensions"`) {
		t.Errorf("the plan %+v; got %s, want %s", plan, answer, without)
	}
	plan, _ = joinPlan(t, service, string(requestBody(t, `{ a: users { weather { city } } b: users { w: weather { city } } }`, "")), "X-Joinery-Explain", "analyze")
	var got []string
	for _, wave := range plan.Waves {
		for _, r := range wave.Remotes {
			got = append(got, fmt.Sprintf("wave %d: %s for %s, %d keys, took time: %v", wave.Depth, r.RemoteSchema, strings.Join(r.Positions, " "), r.Keys, r.DurationMs > 0))
		}
	}
	want := []string{"wave 2: remote for a.weather, 2 keys, took time: true", "wave 2: remote for b.w, 2 keys, took time: true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestRemoteRequestsCut: keys beyond the bound go in further requests, and the answers stay the same.
func TestRemoteRequestsCut(t *testing.T) {
	t.Parallel()
	whole, wholeServer := openRemote(t, 0)
	service, server := openRemote(t, 3)
	cases := testkit.ReadArchive(t, "testdata/remote_relationships.txtar")
	for i := 0; i < len(cases.Files); i += 2 {
		name, text := cases.Files[i].Name, string(cases.Files[i].Data)
		if diff := cmp.Diff(askRemote(t, whole, text), askRemote(t, service, text)); diff != "" {
			t.Errorf("%s (-whole +cut):\n%s", name, diff)
		}
		want := 0
		for _, r := range wholeServer.Requests(t) { // one for each wave
			want += (keysOf(r) + 2) / 3
		}
		if got := len(server.Requests(t)); got != want {
			t.Errorf("%s: got %d requests, want %d", name, got, want)
		}
	}
}

// TestRemoteKeys: a long list is asked for in several requests, in order. The service answers the first with an error that
// takes all of its data, which costs that request's rows only.
func TestRemoteKeys(t *testing.T) {
	t.Parallel()
	service, server := openRemote(t, 0, "insert into users select n, n from generate_series(5, 1200) n")
	var got struct {
		Data struct {
			Users []struct {
				ID     int
				Strict *struct{ Owner string }
			}
		}
		Errors []struct{ Path []any }
	}
	if err := json.Unmarshal([]byte(ask(t, service, `{ users(order_by: {id: asc}) { id strict { owner } } }`)), &got); err != nil {
		t.Fatal(err)
	}
	var keys []int
	for _, r := range server.Requests(t) {
		keys = append(keys, keysOf(r))
	}
	slices.Sort(keys)
	if diff := cmp.Diff([]int{201, 500, 500}, keys); diff != "" {
		t.Errorf("keys of the requests (-want +got):\n%s", diff)
	}
	if len(got.Data.Users) != 1201 || len(got.Errors) != 500 {
		t.Fatalf("got %d rows, %d errors", len(got.Data.Users), len(got.Errors))
	}
	for i, u := range got.Data.Users {
		if want := fmt.Sprintf("owner of %d", u.ID); i >= 500 && (u.Strict == nil || u.Strict.Owner != want) {
			t.Errorf("row %d: got %v, want %q", i, u.Strict, want)
		}
	}
	for i, e := range got.Errors {
		if diff := cmp.Diff([]any{"users", float64(i), "strict"}, e.Path); diff != "" {
			t.Errorf("error %d (-want +got):\n%s", i, diff)
		}
	}
}

var keyField = regexp.MustCompile(`c\d+k\d+:`)

// keysOf is how many keys a request has.
func keysOf(r remotetest.Request) int { return len(keyField.FindAllString(r.Query, -1)) }

// askRemote asks what a case has: lines of headers and of "variables: ", then the document.
func askRemote(t *testing.T, service *Service, text string) string {
	t.Helper()
	header, body := http.Header{}, map[string]any{}
	for {
		name, rest, found := strings.Cut(text, ": ")
		if !found || strings.ContainsAny(name, "{(\n ") {
			break
		}
		value, tail, _ := strings.Cut(rest, "\n")
		if text = tail; name == "variables" {
			body["variables"] = json.RawMessage(value)
		} else {
			header.Set(name, value)
		}
	}
	body["query"] = text
	request, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(postWith(t, service, header, request)), "", " "); err != nil {
		t.Fatal(err)
	}
	return out.String() + "\n"
}

// TestRemoteRequest: what the service is asked, and with which headers (Hasura's precedence: configured, session variables,
// the client's).
func TestRemoteRequest(t *testing.T) {
	t.Parallel()
	service, server := openRemote(t, 0)
	askRemote(t, service, "x-api-key: planted-other\nx-mine: 1\nx-hasura-user-id: 7\ncookie: a=b\naccept: text/html\n"+
		`{ users(where: {id: {_lt: 4}}, order_by: {id: asc}) { weather(unit: CELSIUS) { city wind { knots } } } }`)
	requests := server.Requests(t)
	if len(requests) != 1 {
		t.Fatalf("got %d requests", len(requests))
	}
	got := requests[0]
	const query = `query joinery($c0o0:Unit $c0k0s0b0:String! $c0k1s0b0:String! ){` +
		`c0k0:weather(city:$c0k0s0b0 unit:$c0o0){...c0} c0k1:weather(city:$c0k1s0b0 unit:$c0o0){...c0} }` +
		`fragment c0 on Weather{city:city wind:wind{knots:speed } }`
	if diff := cmp.Diff(query, got.Query); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]any{"c0o0": "CELSIUS", "c0k0s0b0": "Rome", "c0k1s0b0": "nowhere"}, got.Variables); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"x-api-key": "planted-key", "x-mine": "1", "x-hasura-user-id": "7", "x-hasura-role": "admin", "cookie": "a=b",
		"accept": "application/graphql-response+json, application/json", "user-agent": "joinery/dev", "content-type": "application/json",
	} {
		if got.Headers[name] != want {
			t.Errorf("header %s: got %q, want %q", name, got.Headers[name], want)
		}
	}
}

// TestRemoteFailures: a service that fails costs its own fields, and tells clients nothing of what is between.
func TestRemoteFailures(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, remoteSchema)
	var answer atomic.Pointer[http.HandlerFunc]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*answer.Load())(w, r) }))
	t.Cleanup(server.Close)
	metadata := maps.Clone(remoteMetadata)
	metadata["federation.yaml"] = &fstest.MapFile{Data: []byte("remote_schemas: {remote: {schema: remote.graphql}}")}
	metadata["remote.graphql"] = &fstest.MapFile{Data: []byte(`
type Query { weather(city: String!, unit: Unit): Weather account(id: ID!): Account search(owner: ID!, first: Int): [Account!] strict(id: ID!): Account secret(id: ID!): String }
type Weather { city: String! } enum Unit { CELSIUS FAHRENHEIT } type Account { id: ID! profile(size: Int): Profile } type Profile { nickname: String } type Wind { speed: Float }
`)}
	metadata["remote_schemas.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(string(remoteMetadata["remote_schemas.yaml"].Data), "    forward_client_headers: true", "    timeout_seconds: 1", 1))}
	service := startService(t, Config{Metadata: metadata, DatabaseURL: db.URL, LookupEnv: env(map[string]string{"REMOTE_URL": server.URL, "REMOTE_KEY": ""})})
	text := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	const unusable, noData = `remote schema "remote" gave no usable answer`, `remote schema "remote" gave no data`
	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		message string // "" means none
		data    string
	}{
		{"answers", text(200, `{"data":{"c0k0":{"city":"Rome"}}}`), "", `{"city":"Rome"}`},
		{"answers with status 400", text(400, `{"errors":[{"message":"no such field"}]}`), "no such field", "null"},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, unusable, "null"},
		{"is slow", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() }, unusable, "null"},
		{"redirects", text(302, `{"data":{"c0k0":{"city":"planted"}}}`), unusable, "null"},
		{"status 500", text(500, `{"data":{"c0k0":{"city":"planted"}}}`), unusable, "null"},
		{"HTML", text(200, `<html>`), unusable, "null"},
		{"half", text(200, `{"data":{"c0k0":{"city":`), unusable, "null"},
		{"a list", text(200, `[]`), unusable, "null"},
		{"nothing", text(200, ``), unusable, "null"},
		{"no data", text(200, `{"data":null}`), noData, "null"},
		{"not what was asked", text(200, `{"data":{"other":1},"errors":7}`), noData, "null"},
		{"odd paths", text(200, `{"data":{"c0k0":null},"errors":[{"message":"odd","path":["c0k0","a",{}]},{"message":"lost","path":["c9k9"]}]}`), "odd", "null"},
		{"too large", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"data":{"c0k0":"`+strings.Repeat("x", 17<<20)+`"}}`)
		}, unusable, "null"},
	} {
		answer.Store(&c.answer)
		got := ask(t, service, `{ users(where: {id: {_eq: 1}}) { name weather { city } } }`)
		var parsed struct {
			Data struct {
				Users []struct{ Weather json.RawMessage }
			}
			Errors []struct {
				Message    string
				Extensions struct{ Code string }
			}
		}
		if err := json.Unmarshal([]byte(got), &parsed); err != nil {
			t.Fatal(err)
		}
		message := ""
		if len(parsed.Errors) == 1 && parsed.Errors[0].Extensions.Code == "remote-schema-error" {
			message = parsed.Errors[0].Message
		}
		if message != c.message || string(parsed.Data.Users[0].Weather) != c.data {
			t.Errorf("%s: got %s", c.name, got)
		}
	}
}

// TestRemoteFaults: what can't be served is left out and said; an SDL isn't printed without it.
func TestRemoteFaults(t *testing.T) {
	t.Parallel()
	server := remotetest.Start(t)
	db := pgtest.New(t)
	db.Exec(t, remoteSchema)
	const relationship = "\n    - {name: %s, definition: {to_remote_schema: {remote_schema: remote, lhs_fields: [id, city], remote_field: %s}}}"
	var relationships strings.Builder
	for i, field := range []string{
		`{wether: {arguments: {}}}`, `{weather: {arguments: {town: $city}}}`, `{weather: {arguments: {city: $name}}}`,
		`{search: {arguments: {owner: $id}, field: {profile: {arguments: {}}}}}`, `{account: {arguments: {}, field: {profile: {arguments: {}}}}}`,
		`{weather: {arguments: {city: $city}, field: {city: {arguments: {}}}}}`,
	} {
		fmt.Fprintf(&relationships, relationship, fmt.Sprintf("r%d", i), field)
	}
	table := "- name: default\n  kind: postgres\n  configuration: {connection_info: {database_url: x}}\n  tables:\n  - table: users\n    remote_relationships:"
	schemas := "- name: remote\n  definition: {url: '{{REMOTE}}/graphql'}\n"
	good := fmt.Sprintf(relationship, "account", "{account: {arguments: {id: $id}}}")
	for _, c := range []struct {
		name, schemas, relationships, remote string
		want                                 string
		err                                  string // of SDL
	}{
		{"relationships", schemas, relationships.String() + good, server.URL, `
databases/databases.yaml:7: warning: remote relationship "r0" of table "public.users": not served: the type "Query" of remote schema "remote" has no field "wether" (did you mean "weather"?)
databases/databases.yaml:8: warning: remote relationship "r1" of table "public.users": not served: the remote field "weather" has no argument "town"
databases/databases.yaml:9: warning: remote relationship "r2" of table "public.users": not served: the argument "city" refers to $name, which is none of the relationship's fields (add "name" to lhs_fields)
databases/databases.yaml:10: warning: remote relationship "r3" of table "public.users": not served: the field "search" gives [Hit!]!: only an object has fields to go on from
databases/databases.yaml:11: warning: remote relationship "r4" of table "public.users": not served: missing argument "id" of field "account"`, ""},
		{"permissions", schemas + "  permissions:\n  - {role: a, definition: {schema: 'type Query { x: Int }'}}\n  - {role: b, definition: {schema: '{'}}\n", good, server.URL, `
remote_schemas.yaml:4: warning: permission of role "a" on remote schema "remote": left out: the type "Query" of the remote schema has no field "x"
remote_schemas.yaml:5: warning: permission of role "b" on remote schema "remote": left out: invalid SDL: Unexpected {`, ""},
		{
			"unreachable", schemas, good, "http://127.0.0.1:1", `
remote_schemas.yaml:1: warning: remote schema "remote": its schema can't be had, so relationships to it are left out: dial tcp 127.0.0.1:1: connect: connection refused (give its SDL in federation.yaml, remote_schemas.remote.schema, so that nobody needs to ask for it)`,
			"its schema can't be had",
		},
		{
			"no URL", schemas, good, "", `
remote_schemas.yaml:1: warning: remote schema "remote": its schema can't be had, so relationships to it are left out: missing environment variable "REMOTE" (give its SDL in federation.yaml, remote_schemas.remote.schema, so that nobody needs to ask for it)`,
			"its schema can't be had",
		},
		{
			"clashing customization", strings.Replace(schemas, "}\n", ", customization: {type_names: {mapping: {Account: Weather}}}}\n", 1), good, server.URL, `
remote_schemas.yaml:1: warning: remote schema "remote": its schema can't be had, so relationships to it are left out: invalid schema: customization gives the types "Account" and "Weather" one name: "Weather" (give its SDL in federation.yaml, remote_schemas.remote.schema, so that nobody needs to ask for it)`,
			"its schema can't be had",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := Config{DatabaseURL: db.URL, Metadata: fstest.MapFS{
				"version.yaml": {Data: []byte("version: 3\n")}, "remote_schemas.yaml": {Data: []byte(c.schemas)}, "databases/databases.yaml": {Data: []byte(table + c.relationships)},
			}, LookupEnv: env(map[string]string{})}
			if c.remote != "" {
				config.LookupEnv = env(map[string]string{"REMOTE": c.remote})
			}
			service := startService(t, config)
			var got []string
			for _, f := range service.Warnings() {
				if !strings.Contains(f.Message, "root fields of") {
					got = append(got, f.String())
				}
			}
			if diff := cmp.Diff(strings.Split(strings.TrimSpace(c.want), "\n"), got); diff != "" {
				t.Error(diff)
			}
			if _, err := SDL(t.Context(), config); fmt.Sprint(err) != "<nil>" && c.err == "" || c.err != "" && !strings.Contains(fmt.Sprint(err), c.err) {
				t.Errorf("SDL: %v", err)
			}
		})
	}
}

// TestRemoteReload: a service that is down when the metadata is read again costs nothing that was there before, and isn't
// asked for a preview.
func TestRemoteReload(t *testing.T) {
	t.Parallel()
	server := remotetest.Start(t)
	db := pgtest.New(t)
	db.Exec(t, remoteSchema)
	config := Config{Metadata: remoteMetadata, DatabaseURL: db.URL, LookupEnv: env(map[string]string{"REMOTE_URL": server.URL, "REMOTE_KEY": ""})}
	service := startService(t, config)
	live := openLive(t, config)
	server.Requests(t)
	preview, err := service.Preview(t.Context(), remoteMetadata)
	if err != nil {
		t.Fatal(err)
	}
	preview.Close()
	if n := len(server.Requests(t)); n != 0 || preview.SDL() != service.SDL() {
		t.Errorf("%d requests for a preview, or another SDL", n)
	}
	server.Stop()
	reload(t, live)
	if warnings := fmt.Sprint(live.State().Faults); !strings.Contains(warnings, "its schema is taken to be as it was before") {
		t.Errorf("warnings %s", warnings)
	}
	got := ask(t, live, `{ users(where: {id: {_eq: 1}}) { name account { id } } }`)
	const want = `{"data":{"users":[{"name":"ann","account":null}]},"errors":[{"message":"remote schema \"remote\" gave no usable answer","path":["users",0,"account"],"extensions":{"code":"remote-schema-error"}}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRemoteTypeClash: a remote schema's type that has the name of another one is an error that says how to mend it.
func TestRemoteTypeClash(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, remoteSchema)
	metadata := fstest.MapFS{
		"version.yaml": {Data: []byte("version: 3\n")},
		"remote_schemas.yaml": {Data: []byte(`
- {name: one, definition: {url: 'http://127.0.0.1:1'}}
- {name: two, definition: {url: 'http://127.0.0.1:1'}}
`)},
		"federation.yaml": {Data: []byte("remote_schemas: {one: {schema: one.graphql}, two: {schema: two.graphql}}")},
		"one.graphql":     {Data: []byte("scalar Date type Query { a(id: ID!): A } type A { b: B at: Date } type B { id: ID }")},
		"two.graphql":     {Data: []byte("scalar Date type Query { u(id: ID!): users } type users { a: A at: Date } type A { id: ID }")},
		"databases/databases.yaml": {Data: []byte(`
- name: default
  kind: postgres
  configuration: {connection_info: {database_url: x}}
  tables:
  - table: users
    remote_relationships:
    - {name: a, definition: {to_remote_schema: {remote_schema: one, lhs_fields: [id], remote_field: {a: {arguments: {id: $id}}}}}}
    - {name: u, definition: {to_remote_schema: {remote_schema: two, lhs_fields: [id], remote_field: {u: {arguments: {id: $id}}}}}}
`)},
	}
	_, err := SDL(t.Context(), Config{Metadata: metadata, DatabaseURL: db.URL})
	const want = `remote_schemas.yaml:3: type "A" of remote schema "two": remote schema "one" has a type of that name, too (give the remote schema's types a prefix: customization.type_names)
remote_schemas.yaml:3: type "users" of remote schema "two": there is another type of that name (give the remote schema's types a prefix: customization.type_names)`
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}

// TestRemoteTrace: a request to a service is a client span of the operation's trace, which goes on there.
func TestRemoteTrace(t *testing.T) {
	t.Parallel()
	server := remotetest.Start(t)
	db := pgtest.New(t)
	db.Exec(t, remoteSchema)
	recorder := tracetest.NewSpanRecorder()
	service := startService(t, Config{
		Metadata: remoteMetadata, DatabaseURL: db.URL, LookupEnv: env(map[string]string{"REMOTE_URL": server.URL + "/?key=planted-key", "REMOTE_KEY": "planted-key"}),
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)),
	})
	server.Requests(t)
	ask(t, service, `{ users(where: {id: {_lt: 4}}) { weather { city } account { id } } }`)
	requests := server.Requests(t)
	var found bool
	for _, span := range recorder.Ended() {
		attributes := map[attribute.Key]string{}
		for _, a := range span.Attributes() {
			attributes[a.Key] = a.Value.String()
		}
		if strings.Contains(fmt.Sprint(attributes), "planted") {
			t.Errorf("a secret in %v", attributes)
		}
		if attributes["joinery.remote_schema.keys"] != "5" {
			continue
		}
		found = true
		traceparent := fmt.Sprintf("00-%s-%s-01", span.SpanContext().TraceID(), span.SpanContext().SpanID())
		if len(requests) != 1 || requests[0].Headers["traceparent"] != traceparent {
			t.Errorf("requests %+v, want one with %s", requests, traceparent)
		}
		if span.Name() != "POST" || span.SpanKind() != trace.SpanKindClient || !span.Parent().IsValid() || attributes["joinery.remote_schema.name"] != "remote" ||
			attributes["http.response.status_code"] != "200" || attributes["url.full"] != server.URL+"/" {
			t.Errorf("got %s %s %v", span.SpanKind(), span.Name(), attributes)
		}
	}
	if !found {
		t.Error("no span with the keys of both relationships")
	}
}
