package joinery

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/subgraph"
)

var updatePlans = flag.Bool("update-plans", false, "rewrite testdata/explain")

// joinPlan asks for the join plan of an operation.
func joinPlan(t *testing.T, h http.Handler, body string, header ...string) (plan *subgraph.JoinPlan, answer string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var got struct {
		Extensions struct{ JoinPlan *subgraph.JoinPlan }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return got.Extensions.JoinPlan, w.Body.String()
}

func graphQLRequest(query, variables string) string {
	text, _ := json.Marshal(query)
	return `{"query":` + string(text) + `,"variables":` + variables + `}`
}

// TestExplainStatements compares what the join plan says was sent with what the tracer saw.
func TestExplainStatements(t *testing.T) {
	s := newStudy(t, Config{MaxKeys: 25})
	s.db.Exec(t, denseRows)
	for _, operation := range []string{
		`{ visits(answer: $visits) { user { name posts(limit: 2) { id comments_aggregate { aggregate { count } nodes { id } } } } } }`,
		`mutation { a: add_visits(answer: $visits) { user { name } } b: add_visits(answer: $visits) { home { post { id } } } }`,
		`{ _entities(representations: $types) { ... on users { name } ... on editions { post { title } } } }`,
		`{ users(limit: $n) { manager { name } } users_aggregate { aggregate { count } } }`,
		`{ visits(answer: $visits) { posts(limit: $n, where: {id: {_gt: 0}}) { id } } }`,
	} {
		query, variables := request60(operation, 60)
		s.counter.Reset()
		plan, answer := joinPlan(t, s.service, graphQLRequest(query, variables), "X-Joinery-Explain", "analyze")
		if plan == nil {
			t.Fatalf("%s: no join plan: %s", query, answer)
		}
		sent, explained := 0, 0
		for _, sql := range s.counter.SQL() {
			if strings.HasPrefix(sql, "EXPLAIN ") {
				explained++
			} else {
				sent++
			}
		}
		told, loads := 0, 0
		for _, wave := range plan.Waves {
			for _, l := range wave.Loads {
				told += l.Statements
				if l.Keys > 0 {
					loads++
				}
				if l.KeysUnique > l.Keys || l.Keys > 0 && !json.Valid(l.Explain) {
					t.Errorf("%s: %s: %d keys, %d of them unique, EXPLAIN %s", query, l.Relationship, l.Keys, l.KeysUnique, l.Explain)
				}
			}
		}
		if told != sent || explained != loads {
			t.Errorf("%s: the plan tells of %d statements in %d loads with keys; %d were sent, and %d EXPLAINs:\n%s", query, told, loads, sent, explained, strings.Join(s.counter.SQL(), "\n"))
		}
		s.counter.Reset()
		without, _ := joinPlan(t, s.service, graphQLRequest(query, variables))
		if got := s.counter.Count(); without != nil || got != sent {
			t.Errorf("%s: without the header %d statements, want %d, and the plan %v", query, got, sent, without)
		}
	}
}

// explainMetadata has a role, and a handler whose headers hold secrets.
var explainMetadata = fstest.MapFS{
	"version.yaml": {Data: []byte("version: 3\n")},
	"databases/databases.yaml": {Data: []byte(oneSource + `
  - table: {schema: public, name: users}
    select_permissions:
    - {role: viewer, permission: {columns: [id, name], filter: {id: {_eq: X-Hasura-User-Id}}}}
`)},
	"actions.graphql": {Data: []byte("type Query { visits: [Visit!] }\ntype Visit { user_id: Int }\n")},
	"actions.yaml": {Data: []byte(`
actions:
- name: visits
  definition:
    kind: ""
    handler: "{{HANDLER}}/visits"
    forward_client_headers: true
    headers:
    - {name: Authorization, value_from_env: HANDLER_KEY}
    - {name: X-Api-Key, value: planted-key}
  permissions: [{role: viewer}]
custom_types:
  objects:
  - name: Visit
    relationships:
    - {name: user, type: object, source: default, remote_table: users, field_mapping: {user_id: id}}
`)},
}

// TestExplainGolden keeps the join plans of the example's operation and of one with a hundred parents (w4 of bench/).
func TestExplainGolden(t *testing.T) {
	example := pgtest.New(t)
	example.ExecFile(t, "examples/hodor/migrations/001_users.sql")
	example.Exec(t, `insert into users values ('7ffd68ba-535e-4c72-9051-17cd4e8ed594', 'Hodor', 'auth0|1')`)
	hodor := startService(t, Config{
		Metadata: os.DirFS("examples/hodor/metadata"), DatabaseURL: example.URL,
		LookupEnv: env(map[string]string{"HANDLER_URL": "http://handler.test"}),
		Transport: transport(func(*http.Request) string { return `{"id": "7ffd68ba-535e-4c72-9051-17cd4e8ed594"}` }),
	})
	s := newStudy(t, Config{})
	s.db.Exec(t, denseRows)
	visits, variables := request60(`{ visits(answer: $visits) { user_id user { name posts(limit: 5, order_by: {id: asc}) { id } } } }`, 2)
	for name, tt := range map[string]struct {
		handler http.Handler
		body    string
	}{
		"example": {hodor, graphQLRequest(`mutation { createUser(name: "Hodor") { id user { name auth0_id } } }`, "{}")},
		"parents": {s.service, graphQLRequest(visits, variables)},
	} {
		for _, mode := range []string{"plan", "analyze"} {
			plan, answer := joinPlan(t, tt.handler, tt.body, "X-Joinery-Explain", mode)
			if plan == nil {
				t.Fatalf("no join plan: %s", answer)
			}
			compareGolden(t, "testdata/explain/"+name+"_"+mode+".json", plan)
		}
	}
}

// compareGolden compares a plan without what differs between runs.
func compareGolden(t *testing.T, file string, plan *subgraph.JoinPlan) {
	t.Helper()
	for _, wave := range plan.Waves {
		for _, l := range wave.Loads {
			if l.LoadRun != nil {
				if !strings.Contains(string(l.Explain), `"Actual Rows"`) {
					t.Errorf("%s: EXPLAIN of %s without what it took: %s", file, l.Relationship, l.Explain)
				}
				l.Explain = json.RawMessage(`["Postgres' own"]`)
			}
		}
	}
	text, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`"durationMs": [\d.]+`).ReplaceAllString(string(text), `"durationMs": 0`) + "\n"
	if *updatePlans {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestExplainAccess: only the admin gets a join plan, also one in another role's place, and no secret is in it.
func TestExplainAccess(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(t, `create table users (id int primary key, name text); insert into users values (1, 'ann'), (2, 'bo')`)
	service := startService(t, Config{
		Metadata: explainMetadata, DatabaseURL: db.URL,
		LookupEnv: env(map[string]string{"HANDLER": "http://handler.test/planted-path", "HANDLER_KEY": "planted-handler-key"}),
		Transport: transport(func(*http.Request) string { return `[{"user_id": 1}, {"user_id": 2}]` }),
		Auth:      auth.Config{AdminSecret: "planted-admin-secret", RouterSecrets: []string{"planted-router-secret"}},
	})
	body := graphQLRequest(`{ visits { user { name } } }`, "{}")
	admin := []string{"X-Hasura-Admin-Secret", "planted-admin-secret", "X-Joinery-Explain", "analyze"}

	plan, answer := joinPlan(t, service, body, append(admin, "Cookie", "c=planted-cookie", "X-My-Token", "planted-token", "X-Hasura-Org", "acme")...)
	if plan == nil || len(plan.Waves) != 2 || plan.Waves[0].Actions[0].Response == nil || plan.Role != "admin" {
		t.Fatalf("the admin's plan: %s", answer)
	}
	if strings.Contains(answer, "planted") || !strings.Contains(answer, `"{{HANDLER}}/visits"`) || !strings.Contains(answer, "redacted") {
		t.Errorf("a secret is in the answer, or the handler isn't: %s", answer)
	}
	plan, answer = joinPlan(t, service, body, append(admin, "X-Hasura-Role", "viewer", "X-Hasura-User-Id", "2")...)
	if plan == nil || plan.Role != "viewer" || plan.Waves[1].Loads[0].Keys != 2 || plan.Waves[1].Loads[0].Rows != 1 {
		t.Errorf("the admin in the place of a role: %s", answer)
	}
	if plan, answer := joinPlan(t, service, body, append(admin, "Apollo-Federation-Include-Trace", "ftv1")...); plan == nil || !strings.Contains(answer, `"ftv1":"`) {
		t.Errorf("with a federated trace: %s", answer)
	}
	for name, header := range map[string][]string{
		"role behind the router": {"Router-Authorization", "planted-router-secret", "X-Hasura-Role", "viewer", "X-Joinery-Explain", "plan"},
		"nobody":                 {"X-Joinery-Explain", "plan"},
		"wrong secret":           {"X-Hasura-Admin-Secret", "wrong", "X-Joinery-Explain", "plan"},
	} {
		if plan, answer := joinPlan(t, service, body, header...); plan != nil || !strings.Contains(answer, `"access-denied"`) {
			t.Errorf("%s: %s", name, answer)
		}
	}
	if _, answer := joinPlan(t, service, body, append(admin[:2:2], "X-Joinery-Explain", "all")...); !strings.Contains(answer, `"bad-request"`) {
		t.Errorf("unknown value: %s", answer)
	}
}

// TestExplainComputed: what calls a user's function isn't run twice.
func TestExplainComputed(t *testing.T) {
	s := newStudy(t, Config{})
	s.db.Exec(t, `insert into users (id, name, mood) values (1, 'ann', 'ok')`)
	plan, answer := joinPlan(t, s.service, graphQLRequest(`{ users { debt } }`, "{}"), "X-Joinery-Explain", "analyze")
	if plan == nil {
		t.Fatal(answer)
	}
	load := plan.Waves[0].Loads[0]
	if !strings.Contains(string(load.Explain), `"Plan Rows"`) || strings.Contains(string(load.Explain), `"Actual Rows"`) {
		t.Errorf("EXPLAIN %s, error %q", load.Explain, load.ExplainError)
	}
}

// TestExplainErrors: the plan has the errors that a role gets whatever the rows are, each once.
func TestExplainErrors(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(t, `create table users (id int primary key, name text unique, secret text);
		create table posts (id int primary key, user_id int references users, draft text);
		insert into users values (1, 'ann', 's'), (2, 'bo', 's'); insert into posts values (1, 1, 'd'), (2, 1, 'd')`)
	service := startService(t, Config{
		Metadata: fstest.MapFS{
			"version.yaml": {Data: []byte("version: 3\n")},
			"databases/databases.yaml": {Data: []byte(oneSource + `
  - table: users
    array_relationships: [{name: posts, using: {foreign_key_constraint_on: {table: posts, column: user_id}}}]
    select_permissions: [{role: user, permission: {columns: [id], filter: {}, allow_aggregations: true}}]
  - table: posts
    select_permissions: [{role: user, permission: {columns: [id], filter: {}, allow_aggregations: true}}]
`)},
			"actions.graphql": {Data: []byte(`type Query { me: Me all: [Me] } type Me { id: Int! plain: Int }`)},
			"actions.yaml": {Data: []byte(`
actions:
- {name: me, definition: {handler: "http://handler.invalid/me"}, permissions: [{role: user}]}
- {name: all, definition: {handler: "http://handler.invalid/all"}}
custom_types:
  objects: [{name: Me, relationships: [{name: user, type: object, remote_table: users, field_mapping: {id: id}}]}]
`)},
		},
		DatabaseURL: db.URL, LookupEnv: env(nil), Transport: transport(func(*http.Request) string { return `{"id": 1}` }),
	})
	_, answer := joinPlan(t, service, graphQLRequest(`{
		me { user { secret posts { draft } posts_aggregate { aggregate { max { draft } } nodes { draft } } } }
		all { id }
		users { id name }
		_entities(representations: [{__typename: "users", name: "ann"}, {__typename: "Me", id: 1}, {__typename: "Me", id: 2}]) {
			... on users { id }
			... on Me { plain user { secret } }
		}
	}`, "{}"), "X-Joinery-Explain", "plan", "X-Hasura-Role", "user")
	var got struct {
		Errors []struct {
			Message string
			Path    []any
		}
		Extensions struct{ JoinPlan subgraph.JoinPlan }
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	for _, e := range got.Errors {
		keys := []string{}
		for _, key := range e.Path {
			if name, ok := key.(string); ok {
				keys = append(keys, name)
			}
		}
		want[strings.Join(keys, ".")+": "+e.Message] = true
	}
	planned := map[string]bool{}
	for _, e := range got.Extensions.JoinPlan.Errors {
		if text := e.Position + ": " + e.Message; planned[text] {
			t.Errorf("twice: %s", text)
		} else {
			planned[text] = true
		}
	}
	if diff := cmp.Diff(want, planned); diff != "" || len(want) != 9 {
		t.Errorf("errors of the answer and of its plan, want 9 (-answer +plan):\n%s", diff)
	}
}
