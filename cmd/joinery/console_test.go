package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/console"
	"github.com/joinery-graphql/joinery/internal/pgtest"
)

const consoleSecret = "planted-admin-secret"

// consoleServing is `joinery serve --console` on a copy of the example's metadata.
type consoleServing struct {
	*serving
	dir string
	db  *pgtest.DB
}

func serveConsole(t *testing.T, vars map[string]string) *consoleServing {
	t.Helper()
	dir, db := filepath.Join(t.TempDir(), "metadata"), pgtest.New(t)
	if err := os.CopyFS(dir, os.DirFS("../../examples/hodor/metadata")); err != nil {
		t.Fatal(err)
	}
	db.ExecFile(t, "../../examples/hodor/migrations/001_users.sql")
	db.Exec(t, `insert into users values ('7ffd68ba-535e-4c72-9051-17cd4e8ed594', 'Hodor', 'auth0|1', '2026-01-02T03:04:05Z')`)
	all := map[string]string{
		"DATABASE_URL": db.URL, "JOINERY_ADMIN_SECRET": consoleSecret, "JOINERY_ENABLE_CONSOLE": "true",
		"HANDLER_URL": handlers(t, map[string]http.HandlerFunc{"/create-user": answering(http.StatusOK, `{"id": "7ffd68ba-535e-4c72-9051-17cd4e8ed594"}`)}),
	}
	for name, value := range vars {
		all[name] = value
	}
	return &consoleServing{serve(t, all, "--metadata", dir), dir, db}
}

// call asks the console's API as the admin.
func (s *consoleServing) call(t *testing.T, method, path string, body any, header ...string) (status int, answer string) {
	t.Helper()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+"/console/api/"+path, content)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Hasura-Admin-Secret", consoleSecret)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	status, answer, err = do(r)
	if err != nil {
		t.Fatal(err)
	}
	return status, answer
}

// get decodes the answer of a part of the API.
func get[T any](t *testing.T, s *consoleServing, method, path string, body any) T {
	t.Helper()
	var out T
	status, answer := s.call(t, method, path, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s: status %d: %s", method, path, status, answer)
	}
	if err := json.Unmarshal([]byte(answer), &out); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, answer)
	}
	return out
}

func account() *console.Relationship {
	return &console.Relationship{
		Name: "account", Type: "object", Source: "default", Table: console.TableName{Schema: "public", Name: "users"},
		FieldMapping: []console.FieldMapping{{From: "id", To: "id"}},
	}
}

// consoleGolden compares an answer with a file of console/testdata, which the page's unit tests hold its types against.
func consoleGolden(t *testing.T, name, answer string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(answer), &value); err != nil {
		t.Fatalf("%s: %v: %s", name, err, answer)
	}
	withoutExplain(value)
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	for pattern, replacement := range map[string]string{
		`"(loadedAt)": "[^"]+"`:          `"$1": "2026-01-02T03:04:05Z"`,
		`"(metadataDirectory)": "[^"]+"`: `"$1": "metadata"`,
		`"(durationMs)": [\d.]+`:         `"$1": 1`,
	} {
		text = regexp.MustCompile(pattern).ReplaceAll(text, []byte(replacement))
	}
	golden(t, "../../console/testdata/"+name+".json", string(text)+"\n")
}

// withoutExplain empties what Postgres says, which differs between its versions.
func withoutExplain(value any) {
	switch value := value.(type) {
	case map[string]any:
		if value["explain"] != nil {
			value["explain"] = []any{map[string]any{"Plan": map[string]any{}}}
		}
		for _, member := range value {
			withoutExplain(member)
		}
	case []any:
		for _, element := range value {
			withoutExplain(element)
		}
	}
}

// TestConsoleAnswers keeps each answer of the console's API.
func TestConsoleAnswers(t *testing.T) {
	t.Parallel()
	s := serveConsole(t, map[string]string{"JOINERY_CONSOLE_ROUTER_URL": "http://127.0.0.1:4000/", "JOINERY_CONSOLE_JAEGER_URL": "http://127.0.0.1:16686"})
	revision := get[console.State](t, s, "GET", "state", nil).Revision
	change := console.RelationshipChange{Type: "CreateUserOutput", Relationship: account()}
	for _, tt := range []struct {
		name, method, path string
		body               any
		status             int
	}{
		{"state", "GET", "state", nil, 200},
		{"metadata", "GET", "metadata", nil, 200},
		{"supergraph", "GET", "supergraph", nil, 200},
		{"preview", "POST", "relationships/preview", change, 200},
		{"preview_remove", "POST", "relationships/preview", console.RelationshipChange{Type: "CreateUserOutput", Name: "user"}, 200},
		{"preview_faults", "POST", "relationships/preview", console.RelationshipChange{Type: "CreateUserOutput", Relationship: &console.Relationship{}}, 200},
		{"sample", "POST", "relationships/sample", console.SampleRequest{RelationshipChange: change, Key: map[string]json.RawMessage{"id": json.RawMessage(`"7ffd68ba-535e-4c72-9051-17cd4e8ed594"`)}}, 200},
		{"preview_types", "POST", "types/preview", console.TypesChange{SDL: "type CreateUserOutput { id: uuid! name: String }"}, 200},
		{"preview_types_faults", "POST", "types/preview", console.TypesChange{SDL: "type CreateUserOutput { id: Nothing! }"}, 200},
		{"preview_types_remove", "POST", "types/preview", console.TypesChange{Remove: "CreateUserOutput"}, 200},
		{"explain_watch", "POST", "explain", console.WatchRequest{TraceID: "4bf92f3577b34da6a3ce929d0e0e4736"}, 200},
		{"explain", "GET", "explain/4bf92f3577b34da6a3ce929d0e0e4736", nil, 200},
		{"error_conflict", "POST", "relationships", console.RelationshipChange{Type: "CreateUserOutput", Relationship: account(), Revision: "old"}, 409},
		{"error_invalid", "POST", "relationships", console.RelationshipChange{Type: "CreateUserOutput", Relationship: &console.Relationship{}, Revision: revision}, 422},
	} {
		status, answer := s.call(t, tt.method, tt.path, tt.body)
		if status != tt.status {
			t.Errorf("%s: status %d, want %d: %s", tt.name, status, tt.status, answer)
		}
		consoleGolden(t, tt.name, answer)
		if strings.Contains(answer, consoleSecret) || strings.Contains(answer, s.db.URL) {
			t.Errorf("%s: a secret is in it: %s", tt.name, answer)
		}
	}
}

// TestConsoleFaults: each fault is at its field of the form, in Hasura's words where it has some.
func TestConsoleFaults(t *testing.T) {
	t.Parallel()
	s := serveConsole(t, nil)
	s.db.Exec(t, `create table public.untracked (id int)`)
	for _, tt := range []struct {
		name    string
		alter   func(*console.Relationship)
		field   string
		message string
	}{
		{"no name", func(r *console.Relationship) { r.Name = "" }, "name", "relationship name is mandatory"},
		{"invalid name", func(r *console.Relationship) { r.Name = "my account" }, "name", ""},
		{"name of a relationship", func(r *console.Relationship) { r.Name = "user" }, "name", `Relationship with name "user" already exists.`},
		{"name of a field", func(r *console.Relationship) { r.Name = "id" }, "name", `the object "CreateUserOutput" has duplicate fields: id`},
		{"no type", func(r *console.Relationship) { r.Type = "" }, "type", `relationship type is mandatory; choose "array" or "object"`},
		{"unknown type", func(r *console.Relationship) { r.Type = "list" }, "type", `relationship type is mandatory; choose "array" or "object"`},
		{"no source", func(r *console.Relationship) { r.Source = "" }, "source", "please select a reference data source"},
		{"unknown source", func(r *console.Relationship) { r.Source = "other" }, "source", `source with name "other" does not exist`},
		{"no schema", func(r *console.Relationship) { r.Table.Schema = "" }, "schema", "please select a reference schema"},
		{"no table", func(r *console.Relationship) { r.Table.Name = "" }, "table", "please select a reference table"},
		{
			"a table that isn't tracked", func(r *console.Relationship) { r.Table.Name = "untracked" }, "table",
			`the remote table "untracked" for relationship "account" of object type "CreateUserOutput" does not exist`,
		},
		{"no mapping", func(r *console.Relationship) { r.FieldMapping = nil }, "mapping", "please choose the mapping between table column(s) and type field(s)"},
		{
			"unknown field", func(r *console.Relationship) { r.FieldMapping[0].From = "ids" }, "mapping",
			`the field "ids" for relationship "account" in object type "CreateUserOutput" does not exist`,
		},
		{
			"unknown column", func(r *console.Relationship) { r.FieldMapping[0].To = "ids" }, "mapping",
			`the column "ids" of remote table "users" for relationship "account" of object type "CreateUserOutput" does not exist`,
		},
		{"types that can't be compared", func(r *console.Relationship) { r.FieldMapping[0].To = "created_at" }, "mapping", ""},
	} {
		r := account()
		tt.alter(r)
		change := console.RelationshipChange{Type: "CreateUserOutput", Relationship: r}
		preview := get[console.Preview](t, s, "POST", "relationships/preview", change)
		if len(preview.Faults) == 0 || preview.Faults[0].Field != tt.field || tt.message != "" && preview.Faults[0].Message != tt.message {
			t.Errorf("%s: got %+v", tt.name, preview.Faults)
		}
		change.Revision = get[console.State](t, s, "GET", "state", nil).Revision
		status, answer := s.call(t, "POST", "relationships", change)
		if status != http.StatusUnprocessableEntity || !strings.Contains(answer, `"field":"`+tt.field+`"`) {
			t.Errorf("%s: saved with status %d: %s", tt.name, status, answer)
		}
	}
	if diff := cmp.Diff(readDir(t, "../../examples/hodor/metadata"), readDir(t, s.dir)); diff != "" {
		t.Errorf("files were changed: %s", diff)
	}
	if _, answer := s.call(t, "POST", "relationships/preview", console.RelationshipChange{Type: "Nothing", Relationship: account()}); !strings.Contains(answer, `object type with name \"Nothing\" does not exist`) {
		t.Errorf("unknown type: %s", answer)
	}
}

func readDir(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestConsolePreview: who would see a relationship, what serves it, and what it would give to whom.
func TestConsolePreview(t *testing.T) {
	t.Parallel()
	s := serveConsole(t, nil)
	s.db.Exec(t, `insert into users values ('00000000-0000-0000-0000-000000000002', 'Hodor', 'auth0|2', '2026-01-02T03:04:05Z')`)
	types := console.TypesChange{SDL: "type ListUsersOutput { id: uuid! name: String }", Revision: get[console.State](t, s, "GET", "state", nil).Revision}
	get[console.State](t, s, "POST", "types", types)
	namesakes := &console.Relationship{
		Name: "namesakes", Type: "array", Source: "default", Table: console.TableName{Schema: "public", Name: "users"},
		FieldMapping: []console.FieldMapping{{From: "name", To: "name"}},
	}
	change := console.RelationshipChange{Type: "ListUsersOutput", Relationship: namesakes}
	preview := get[console.Preview](t, s, "POST", "relationships/preview", change)
	want := console.Preview{
		Roles: []console.RoleView{{Role: "admin", Sees: true}, {Role: "user", Sees: true}},
		Index: &console.IndexAdvice{Suggestion: `CREATE INDEX ON "public"."users" ("name")`},
	}
	if diff := cmp.Diff(want.Roles, preview.Roles); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want.Index, preview.Index); diff != "" {
		t.Error(diff)
	}
	ask := console.SampleRequest{RelationshipChange: change, Key: map[string]json.RawMessage{"name": json.RawMessage(`"Hodor"`)}}
	for _, tt := range []struct {
		role string
		rows int
	}{{"", 2}, {"user", 1}, {"nobody", 0}} {
		ask.Role, ask.Variables = tt.role, map[string]string{"X-Hasura-User-Id": "00000000-0000-0000-0000-000000000002"}
		sample := get[console.Sample](t, s, "POST", "relationships/sample", ask)
		if got := strings.Count(string(sample.Answer), `"name":"Hodor"`); got != tt.rows || tt.role == "nobody" && !strings.Contains(string(sample.Answer), "permission-denied") {
			t.Errorf("role %q: %d rows, want %d: %s %v", tt.role, got, tt.rows, sample.Answer, sample.Faults)
		}
	}
	if removed := get[console.Preview](t, s, "POST", "types/preview", console.TypesChange{Remove: "ListUsersOutput"}); len(removed.Faults) == 0 {
		t.Error("a type that an action gives can be removed")
	}
}

// TestConsoleSave: a change is written as a whole, once, and can be taken back.
func TestConsoleSave(t *testing.T) {
	t.Parallel()
	s := serveConsole(t, nil)
	before := readDir(t, s.dir)
	first := get[console.State](t, s, "GET", "state", nil)
	add := console.RelationshipChange{Type: "CreateUserOutput", Relationship: account(), Revision: first.Revision}
	added := get[console.State](t, s, "POST", "relationships", add)
	if added.Revision == first.Revision || added.Undo == nil || added.Undo.Description != `add relationship "account" to type "CreateUserOutput"` {
		t.Errorf("added: %+v", added)
	}
	if !strings.Contains(readDir(t, s.dir)["actions.yaml"], "name: account") {
		t.Error("the file has no relationship")
	}
	const useIt = `mutation { createUser(name: "Hodor") { account { name } } }`
	admin := []string{"X-Hasura-Admin-Secret", consoleSecret}
	if answer := s.query(t, useIt, admin...); !strings.Contains(answer, `{"account":{"name":"Hodor"}}`) || added.Generation <= first.Generation || added.Status != "current" {
		t.Errorf("not served: %s, state %+v", answer, added)
	}
	for _, again := range []struct {
		method, path string
		body         any
	}{
		{"POST", "relationships", add}, // another browser
		{"POST", "undo", console.UndoRequest{Revision: first.Revision}},
		{"POST", "types", console.TypesChange{Remove: "ListUsersOutput", Revision: first.Revision}},
	} {
		if status, answer := s.call(t, again.method, again.path, again.body); status != http.StatusConflict || !strings.Contains(answer, `"conflict"`) {
			t.Errorf("%s %s of an old revision: status %d: %s", again.method, again.path, status, answer)
		}
	}

	renamed := account()
	renamed.Name, renamed.Type = "accounts", "array"
	changed := get[console.State](t, s, "PUT", "relationships", console.RelationshipChange{Type: "CreateUserOutput", Name: "account", Relationship: renamed, Revision: added.Revision})
	removed := get[console.State](t, s, "DELETE", "relationships", console.RelationshipChange{Type: "CreateUserOutput", Name: "accounts", Revision: changed.Revision})
	typed := get[console.State](t, s, "POST", "types", console.TypesChange{SDL: "type CreateUserOutput { id: uuid! name: String }", Revision: removed.Revision})
	if text := readDir(t, s.dir)["actions.graphql"]; !strings.Contains(text, "name: String") {
		t.Errorf("the type is as it was: %s", text)
	}
	for range 4 {
		typed = get[console.State](t, s, "POST", "undo", console.UndoRequest{Revision: typed.Revision})
	}
	if diff := cmp.Diff(before, readDir(t, s.dir)); diff != "" || typed.Undo != nil || typed.Revision != first.Revision {
		t.Errorf("all undone, state %+v: %s", typed, diff)
	}
	if answer := s.query(t, useIt, admin...); !strings.Contains(answer, `Cannot query field \"account\"`) {
		t.Errorf("still served: %s", answer)
	}
	if status, answer := s.call(t, "POST", "undo", console.UndoRequest{Revision: typed.Revision}); status != http.StatusBadRequest {
		t.Errorf("nothing to undo: status %d: %s", status, answer)
	}

	// Another program's change between looking and undoing.
	get[console.State](t, s, "POST", "relationships", add)
	file := filepath.Join(s.dir, "actions.yaml")
	if err := os.WriteFile(file, []byte(readDir(t, s.dir)["actions.yaml"]+"# mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	now := get[console.State](t, s, "GET", "state", nil)
	if status, answer := s.call(t, "POST", "undo", console.UndoRequest{Revision: now.Revision}); status != http.StatusConflict || !strings.HasSuffix(readDir(t, s.dir)["actions.yaml"], "# mine\n") {
		t.Errorf("undo over another's change: status %d: %s", status, answer)
	}

	if err := os.Chmod(file, 0o444); err != nil {
		t.Fatal(err)
	}
	readOnly := get[console.State](t, s, "GET", "state", nil)
	if readOnly.Writable || readOnly.ReadOnlyReason != "actions.yaml is read-only" {
		t.Errorf("read-only: %+v", readOnly)
	}
	remove := console.RelationshipChange{Type: "CreateUserOutput", Name: "user", Revision: readOnly.Revision}
	if status, answer := s.call(t, "DELETE", "relationships", remove); status != http.StatusForbidden || !strings.Contains(answer, `"read-only"`) {
		t.Errorf("read-only: status %d: %s", status, answer)
	}
}

// TestConsoleKept: a bad change by hand is told with its place, and what was before is served on.
func TestConsoleKept(t *testing.T) {
	t.Parallel()
	s := serveConsole(t, nil)
	text := strings.Replace(readDir(t, s.dir)["actions.yaml"], "name: users", "name: userz", 1)
	if err := os.WriteFile(filepath.Join(s.dir, "actions.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	state := get[console.State](t, s, "POST", "reload", nil)
	if state.Status != "kept" || len(state.Faults) == 0 || state.Faults[0].Place == nil || state.Faults[0].Place.Path != "actions.yaml" || state.Faults[0].Place.Line == 0 {
		t.Errorf("got %+v", state)
	}
	if answer := s.query(t, `mutation { createUser(name: "Hodor") { user { name } } }`, "X-Hasura-Admin-Secret", consoleSecret); !strings.Contains(answer, `"Hodor"`) {
		t.Errorf("no longer served: %s", answer)
	}
}

// TestConsoleJoinPlans: what comes with a watched trace is explained, whoever asks; the answer doesn't show it.
func TestConsoleJoinPlans(t *testing.T) {
	t.Parallel()
	s := serveConsole(t, nil)
	const trace = "0af7651916cd43dd8448eb211c80319c"
	ask := func() string {
		return s.query(t, `mutation { createUser(name: "Hodor") { user { name } } }`, "X-Hasura-Admin-Secret", consoleSecret, "Traceparent", "00-"+trace+"-b7ad6b7169203331-01")
	}
	plain := ask()
	if status, answer := s.call(t, "POST", "explain", console.WatchRequest{TraceID: "no trace"}); status != http.StatusBadRequest {
		t.Errorf("invalid trace: status %d: %s", status, answer)
	}
	get[struct{}](t, s, "POST", "explain", console.WatchRequest{TraceID: trace})
	if got := ask(); got != plain || strings.Contains(got, "joinPlan") {
		t.Errorf("watched: %s, before: %s", got, plain)
	}
	plans := get[console.JoinPlans](t, s, "GET", "explain/"+trace, nil).JoinPlans
	if len(plans) != 1 || !strings.Contains(string(plans[0]), `"relationship":"CreateUserOutput.user"`) || !strings.Contains(string(plans[0]), `"statements":1`) {
		t.Errorf("got %s", plans)
	}
	ask()
	if again := get[console.JoinPlans](t, s, "GET", "explain/"+trace, nil).JoinPlans; len(again) != 0 {
		t.Errorf("no longer watched: %s", again)
	}
	status, schema := s.call(t, "GET", "schema?of=joinery", nil)
	if status != http.StatusOK || !strings.Contains(schema, "createUser(name: String!): CreateUserOutput!") {
		t.Errorf("schema: status %d: %s", status, schema)
	}
}

// TestConsoleAccess: nobody but the admin gets anything, and no other site can write.
func TestConsoleAccess(t *testing.T) {
	t.Parallel()
	s := serveConsole(t, map[string]string{"JOINERY_CONSOLE_ROUTER_URL": "http://127.0.0.1:1/"})
	for _, part := range []string{
		"GET state", "GET events", "GET metadata", "GET supergraph", "POST relationships/preview", "POST relationships/sample", "POST relationships",
		"PUT relationships", "DELETE relationships", "POST types/preview", "POST types", "POST undo", "POST explain", "GET explain/0", "GET schema?of=joinery",
		"POST reload", "POST router", "GET nothing",
	} {
		method, path, _ := strings.Cut(part, " ")
		for _, secret := range []string{"", "wrong"} {
			if status, answer := s.call(t, method, path, nil, "X-Hasura-Admin-Secret", secret); status != http.StatusUnauthorized || !strings.Contains(answer, `"access-denied"`) {
				t.Errorf("%s with secret %q: status %d: %s", part, secret, status, answer)
			}
		}
		if method == "GET" {
			continue
		}
		if status, answer := s.call(t, method, path, struct{}{}, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
			t.Errorf("%s of another site: status %d: %s", part, status, answer)
		}
		if status, answer := s.call(t, method, path, struct{}{}, "Content-Type", "text/plain"); path != "router" && path != "reload" && status != http.StatusBadRequest {
			t.Errorf("%s as a form sends it: status %d: %s", part, status, answer)
		}
	}
	if status, answer := s.call(t, "POST", "router", struct{}{}); status != http.StatusBadGateway || !strings.Contains(answer, "the router doesn't answer") {
		t.Errorf("a router that is down: status %d: %s", status, answer)
	}

	open := serveConsole(t, map[string]string{"JOINERY_ADMIN_SECRET": ""})
	for host, want := range map[string]int{"evil.example": 403, "evil.example:4001": 403, "localhost": 200, "localhost:4001": 200, "[::1]:4001": 200, "127.0.0.1": 200, "127.0.0.1.evil.example": 403} {
		if status, answer := open.call(t, "GET", "state", nil, "Host", host); status != want {
			t.Errorf("host %s: status %d: %s", host, status, answer)
		}
	}
	off := serveConsole(t, map[string]string{"JOINERY_ENABLE_CONSOLE": ""})
	if status, _ := off.call(t, "GET", "state", nil); status != http.StatusNotFound {
		t.Errorf("not enabled: status %d", status)
	}
}

// TestConsolePage: the page needs no secret, since it holds none.
func TestConsolePage(t *testing.T) {
	t.Parallel()
	s := serveConsole(t, nil)
	ask := func(path string, header ...string) (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(content)
	}
	first, content := ask("/console/")
	if first.StatusCode != http.StatusOK || !strings.Contains(content, "<html") || !strings.Contains(first.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Fatalf("%d %v %s", first.StatusCode, first.Header, content)
	}
	if other, same := ask("/console/actions/createUser"); other.StatusCode != http.StatusOK || same != content {
		t.Errorf("a path of the page's own: %d", other.StatusCode)
	}
	if again, _ := ask("/console/", "If-None-Match", first.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("with its ETag: %d", again.StatusCode)
	}
	if zipped, _ := ask("/console/", "Accept-Encoding", "gzip"); zipped.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("not compressed: %v", zipped.Header)
	}
	if short, _ := ask("/console"); short.StatusCode != http.StatusMovedPermanently {
		t.Errorf("/console: %d", short.StatusCode)
	}
	for _, path := range []string{"/console/nothing.js", "/console/../metadata.go", "/console/assets/..%2f..%2fembed.go"} {
		if missing, _ := ask(path); missing.StatusCode == http.StatusOK {
			t.Errorf("%s: %d", path, missing.StatusCode)
		}
	}
}

// TestConsoleEvents: a stream tells the state at once, and doesn't keep the server from stopping.
func TestConsoleEvents(t *testing.T) {
	t.Parallel()
	s := serveConsole(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/console/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Hasura-Admin-Secret", consoleSecret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() || lines.Text() != "event: state" || !lines.Scan() || !strings.HasPrefix(lines.Text(), `data: {"version":`) {
		t.Fatalf("got %q", lines.Text())
	}
	s.stop()
	if code := <-s.exit; code != 0 || strings.Contains(s.log.String(), "were still in flight") {
		t.Errorf("exit status %d: %s", code, s.log.String())
	}
}

// TestConsoleNeedsSecret: behind tokens alone nobody could prove to be the admin.
func TestConsoleNeedsSecret(t *testing.T) {
	t.Parallel()
	var stderr logBuffer
	args := []string{"serve", "--console", "--metadata", "../../examples/hodor/metadata", "--listen", "127.0.0.1:0"}
	db := pgtest.New(t)
	db.ExecFile(t, "../../examples/hodor/migrations/001_users.sql")
	vars := map[string]string{"DATABASE_URL": db.URL, "HANDLER_URL": "http://127.0.0.1:1", "JOINERY_ROUTER_SECRET": "planted-router-secret"}
	lookup := func(name string) (string, bool) { value, ok := vars[name]; return value, ok }
	if code := run(context.WithoutCancel(t.Context()), args, lookup, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), "the console needs --admin-secret") {
		t.Errorf("exit status %d: %s", code, stderr.String())
	}
}
