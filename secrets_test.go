package joinery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

const secretsMetadata = `
-- version.yaml --
version: 3
-- databases/databases.yaml --
- name: default
  kind: postgres
  configuration: {connection_info: {database_url: {from_env: DATABASE_URL}}}
  tables:
  - table: {schema: public, name: users}
    array_relationships:
    - {name: posts, using: {foreign_key_constraint_on: {column: user_id, table: {schema: public, name: posts}}}}
    select_permissions:
    - {role: user, permission: {columns: [id, name], filter: {name: {_eq: X-Hasura-User-Id}}}}
  - table: {schema: public, name: posts}
    select_permissions:
    - {role: user, permission: {columns: [id, title], filter: {}}}
  - table: {schema: public, name: failing}
    select_permissions:
    - {role: user, permission: {columns: "*", filter: {}}}
-- actions.graphql --
type Query { ok(text: String, id: Int): Found  refused(text: String): Found  broken: Found  wrong: Found  down: Found  html: Found }
type Mutation { make(text: String): Found }
type Found { id: Int  text: String  key: String }
-- actions.yaml --
actions:
- {name: ok, definition: {kind: "", forward_client_headers: true, handler: "{{HANDLER}}/ok?key={{URL_KEY}}", headers: [{name: X-Api-Key, value_from_env: HEADER_KEY}]}, permissions: [{role: user}]}
- {name: refused, definition: {kind: "", handler: "{{HANDLER}}/refused?key={{URL_KEY}}", headers: [{name: X-Api-Key, value_from_env: HEADER_KEY}]}, permissions: [{role: user}]}
- {name: broken, definition: {kind: "", handler: "{{HANDLER}}/broken?key={{URL_KEY}}"}, permissions: [{role: user}]}
- {name: wrong, definition: {kind: "", handler: "{{HANDLER}}/wrong?key={{URL_KEY}}"}, permissions: [{role: user}]}
- {name: down, definition: {kind: "", handler: "{{HANDLER}}/down?key={{URL_KEY}}"}, permissions: [{role: user}]}
- {name: html, definition: {kind: "", handler: "{{HANDLER}}/html?key={{URL_KEY}}"}, permissions: [{role: user}]}
- {name: make, definition: {kind: synchronous, handler: "{{HANDLER}}/ok?key={{URL_KEY}}"}, permissions: [{role: user}]}
custom_types:
  objects:
  - name: Found
    relationships:
    - {name: user, type: object, source: default, remote_table: users, field_mapping: {id: id}}
    - {name: by_key, type: object, source: default, remote_table: users, field_mapping: {key: id}}
    - {name: failing, type: object, source: default, remote_table: failing, field_mapping: {id: id}}
`

// secretsSchema has views that fail with a row's value in Postgres' words.
const secretsSchema = `
create table users (id int primary key, name text not null);
create table posts (id int primary key, user_id int references users, title text);
insert into users values (1, 'planted-row'), (2, 'x');
insert into posts values (10, 1, 'planted-title');
create function fail(text) returns text language plpgsql stable as $$ begin raise exception 'no % here', $1; end $$;
create view failing as select id, name::int as number, fail(name) as raised, name::uuid as id2 from users;
`

// fakeHandlers answer actions; some answers are wrong in a way that an error could quote.
func fakeHandlers(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	switch r.URL.Path {
	case "/ok":
		_, _ = io.WriteString(w, `{"id":1,"text":"planted-answer","key":"planted-key"}`)
	case "/refused":
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"message":"no","extensions":{"code":"mine"}}`)
	case "/broken":
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `planted-answer`)
	case "/wrong":
		_, _ = io.WriteString(w, `{"id":"planted-answer","text":["planted-answer"]}`)
	case "/html":
		_, _ = io.WriteString(w, `<html>planted-answer`)
	default:
		return nil, errors.New("dial " + r.URL.String() + ": connection refused")
	}
	return w.Result(), nil
}

// TestNoSecrets plants secrets and values wherever there are some, sends good and bad requests to handlers and a database
// that answer and fail, and looks for what was planted in all logs, spans, metrics and errors of answers.
func TestNoSecrets(t *testing.T) {
	const jwtKey = "planted-jwt-key-of-32-characters"
	db := pgtest.New(t)
	db.Exec(t, secretsSchema)
	files := testkit.FS(t, secretsMetadata)
	secret, err := auth.ParseJWTSecret(`{"type":"HS256","key":"` + jwtKey + `"}`)
	if err != nil {
		t.Fatal(err)
	}
	var log testkit.Buffer
	spans, reader := tracetest.NewInMemoryExporter(), sdkmetric.NewManualReader()
	config := Config{
		Metadata: files, DatabaseURL: db.URL, Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		LookupEnv:      env(map[string]string{"HANDLER": "http://handler.test", "URL_KEY": "planted-url-key", "HEADER_KEY": "planted-header-key"}),
		Transport:      roundTripper(fakeHandlers),
		Auth:           auth.Config{AdminSecret: "planted-admin-secret", JWTSecrets: []*auth.JWTSecret{secret}, RouterSecrets: []string{"planted-router-secret"}},
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)), MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
	}
	service := startService(t, config)
	token := signed(t, jwt.SigningMethodHS256, []byte(jwtKey), jwt.MapClaims{
		"exp": time.Now().Add(time.Hour).Unix(), "sub": "planted-subject",
		"https://hasura.io/jwt/claims": map[string]any{"x-hasura-default-role": "user", "x-hasura-allowed-roles": []string{"user"}, "x-hasura-user-id": "planted-row", "x-hasura-org": "planted-claim"},
	})
	router := []string{"Router-Authorization", "planted-router-secret"}
	callers := [][]string{
		{"X-Hasura-Admin-Secret", "planted-admin-secret"},
		{"X-Hasura-Admin-Secret", "planted-wrong-secret"},
		append([]string{"Authorization", "Bearer " + token, "Cookie", "c=planted-cookie"}, router...),
		append([]string{"Authorization", "Bearer " + token + "planted"}, router...),
		append([]string{"Authorization", "Basic planted-basic"}, router...),
		append([]string{"X-Hasura-Role", "user", "X-Hasura-User-Id", "planted-row", "X-Mine", "planted-client-header"}, router...),
		append([]string{"X-Hasura-Role", "planted-role"}, router...),
		append([]string{"X-Hasura-Role", "user"}, router...),
		{"Router-Authorization", "planted-wrong-router"},
	}
	asked := 0
	ask := func() {
		for _, header := range callers {
			for _, body := range secretRequests() {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql?key=planted-query", strings.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				for i := 0; i < len(header); i += 2 {
					r.Header.Add(header[i], header[i+1])
				}
				w := httptest.NewRecorder()
				service.ServeHTTP(w, r)
				asked++
				checkErrors(t, body, w.Body.Bytes())
			}
		}
	}
	ask()
	db.Exec(t, `alter table users rename column name to planted`) // the database fails
	ask()
	db.Exec(t, `alter table users rename column planted to name`)
	u, err := url.Parse(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()

	var traces strings.Builder
	for _, s := range spans.GetSpans() {
		fmt.Fprintf(&traces, "%s %v %v", s.Name, s.Attributes, s.Status)
		for _, e := range s.Events {
			fmt.Fprintf(&traces, " %s %v", e.Name, e.Attributes)
		}
		traces.WriteByte('\n')
	}
	metrics, err := json.Marshal(collect(t, reader))
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"log": log.String(), "spans": traces.String(), "metrics": string(metrics)} {
		for line := range strings.Lines(text) {
			// The column that was renamed is an identifier, not a value: Postgres names it.
			if strings.Contains(line, "planted") || strings.Contains(line, token) ||
				password != "" && strings.Contains(line, ":"+password+"@") {
				t.Errorf("%s: %.1000s", where, line)
			}
		}
	}
	if !strings.Contains(log.String(), "message not shown, it may hold values (SQLSTATE P0001)") || !strings.Contains(log.String(), `column \"name\" does not exist`) &&
		!strings.Contains(log.String(), "does not exist (SQLSTATE 42703)") {
		t.Errorf("the log doesn't tell what failed: %.2000s", log.String())
	}
	for where, text := range map[string]string{"log": "request failed", "spans": "loader.batch", "metrics": "joinery.batch"} {
		all := map[string]string{"log": log.String(), "spans": traces.String(), "metrics": string(metrics)}
		if !strings.Contains(all[where], text) {
			t.Errorf("the %s hold no %q to look into", where, text)
		}
	}
	t.Logf("%d requests", asked)
}

// checkErrors looks into the errors of an answer. What a client sent may come back to it, such as the name of a field, but
// nothing else: no secret, no row, no answer of a handler.
func checkErrors(t *testing.T, sent string, answer []byte) {
	t.Helper()
	var parsed struct {
		Errors []struct {
			Message    string
			Extensions map[string]any
		}
	}
	if err := json.Unmarshal(answer, &parsed); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	for _, e := range parsed.Errors {
		if _, internal := e.Extensions["internal"]; internal { // admins see what went to a handler and came back
			continue
		}
		text := fmt.Sprint(e.Message, e.Extensions)
		for _, secret := range []string{"-secret", "-jwt", "-router", "-url-key", "-header-key", "-row", "-title", "-answer", "-key", "-cookie", "-claim", "-subject", "-basic", "handler.test"} {
			if strings.Contains(text, "planted"+secret) || secret == "handler.test" && strings.Contains(text, secret) {
				t.Errorf("%.200s\nanswers %s", sent, text)
			}
		}
	}
}

// secretRequests are good and bad requests that hold values.
func secretRequests() []string {
	body := func(query, variables string) string {
		text, _ := json.Marshal(query)
		return `{"query":` + string(text) + `,"variables":` + variables + `}`
	}
	const where = `query($w: users_bool_exp) { users(where: $w) { id name posts { title } } }`
	return []string{
		body(`{ users { id name posts { title } } }`, `{}`),
		body(where, `{"w":{"name":{"_eq":"planted-argument"}}}`),
		body(where, `{"w":{"name":{"_regex":"planted-argument("}}}`),
		body(where, `{"w":{"name":{"_eq":"planted-argument\u0000"}}}`),
		body(where, `{"w":{"id":{"_eq":"planted-argument"}}}`),
		body(where, `{"w":{"name":{"planted-argument":1}}}`),
		body(`{ users_by_pk(id: 1) { name } }`, `{}`),
		body(`{ failing { number } }`, `{}`), body(`{ failing { raised } }`, `{}`), body(`{ failing { id2 } }`, `{}`),
		body(`{ ok(text: "planted-argument") { text user { name } failing { raised } by_key { name } } }`, `{}`),
		body(`query($t: String) { ok(text: $t) { id user { name posts { title } } } }`, `{"t":"planted-argument"}`),
		body(`query($t: Int) { ok(id: $t) { id } }`, `{"t":"planted-argument"}`),
		body(`{ refused(text: "planted-argument") { id } }`, `{}`), body(`{ broken { id } }`, `{}`), body(`{ wrong { id text } }`, `{}`),
		body(`{ down { id } }`, `{}`), body(`{ html { id } }`, `{}`), body(`mutation { make(text: "planted-argument") { id user { name } } }`, `{}`),
		body(`query($r: [_Any!]!) { _entities(representations: $r) { ... on users { name } ... on failing { raised } } }`, `{"r":[{"__typename":"users","id":1},{"__typename":"users","id":"planted-argument"},{"__typename":"users","name":"planted-argument"},{"id":"planted-argument"},7]}`),
		body(`query planted_name { planted_field }`, `{}`), body(`query "planted-syntax`, `{}`), body(`{ ok(planted_argument: 1) { id } }`, `{}`),
		`{"query":"planted-broken`, `["planted-batch"]`, `{"query":7,"planted-member":"planted"}`,
		`{"query":"{ __typename }","extensions":{"persistedQuery":{"version":1,"sha256Hash":"planted-hash"}}}`, `{"query":"{ __typename }","operationName":"planted-operation"}`,
	}
}
