package metadataapi_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadataapi"
)

// service reads the metadata, and does no more.
type service struct {
	dir     string
	refuses error // what Reload gives while the files are as it refuses them
	bad     string
	reloads int
}

func (s *service) Try(_ context.Context, dir fs.FS) error {
	_, faults := metadata.Read(dir)
	return faults.Err()
}

func (s *service) Reload(context.Context) error {
	s.reloads++
	b, _ := os.ReadFile(filepath.Join(s.dir, "actions.yaml"))
	if s.refuses != nil && strings.Contains(string(b), s.bad) {
		return s.refuses
	}
	_, faults := metadata.ReadDir(s.dir)
	return faults.Err()
}

var before = map[string]string{
	"version.yaml": "version: 3\n",
	"databases/databases.yaml": `- name: default
  kind: postgres
  tables: "!include tables.yaml"
`,
	"databases/tables.yaml": "- table: {schema: public, name: users}\n",
	"actions.graphql":       "type Mutation {\n  createUser(name: String!): User!\n}\n\ntype User {\n  id: uuid! # the key\n}\n",
	"actions.yaml": `# ours
actions:
- name: createUser
  definition:
    kind: synchronous
    handler: http://host/create # here
  permissions:
  - role: user
custom_types:
  objects:
  - name: User # a person
    relationships:
    - name: row
      type: object
      remote_table: users
      field_mapping: {id: id}
`,
}

const secret = "planted-admin-secret"

// start serves the API over a new directory.
func start(t *testing.T, config auth.Config) (http.Handler, *service) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range before {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := &service{dir: dir}
	return metadataapi.New(s, metadataapi.Options{Dir: dir, Auth: auth.New(config), Open: config.IsOpen()}), s
}

// post sends a command as the admin.
func post(t *testing.T, h http.Handler, body string) (status int, answer string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/metadata", strings.NewReader(body))
	r.Header.Set(auth.AdminSecretHeader, secret)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, strings.TrimSuffix(w.Body.String(), "\n")
}

func file(t *testing.T, s *service, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const done = `{"message":"success"}`

// TestCommands sends commands as Hasura's docs have them, one after the other, to one directory.
func TestCommands(t *testing.T) {
	h, s := start(t, auth.Config{AdminSecret: secret})
	steps := []struct {
		body, want string
		status     int // 0 is 200
	}{
		{`{"type":"set_custom_types","args":{"scalars":[],"enums":[{"name":"Size","values":[{"value":"S"},{"value":"L","description":"large","is_deprecated":true}]}],
		  "input_objects":[{"name":"In","fields":[{"name":"size","type":"Size"}]}],
		  "objects":[{"name":"User","fields":[{"name":"id","type":"uuid!"},{"name":"name","type":"String","description":"How it's called."}],
		    "relationships":[{"name":"row","type":"object","remote_table":"users","field_mapping":{"id":"id"}}]},
		   {"name":"Found","fields":[{"name":"id","type":"uuid!"}]}]}}`, done, 0},
		{`{"type":"create_action","args":{"name":"find","comment":"Finds.","definition":{"type":"query","arguments":[{"name":"in","type":"In!"}],"output_type":"[Found!]!",
		  "handler":"http://host/find","timeout":60,"headers":[{"name":"A","value":"\ud83d\ude00"}],"forward_client_headers":true,
		  "request_transform":{"version":2,"template_engine":"Kriti","url":"{{$base_url}}/x"}},"permissions":[{"role":"user"}]}}`, done, 0},
		{
			`{"type":"create_action","args":{"name":"find","definition":{"output_type":"Found","handler":"http://host"}}}`,
			`{"path":"$.args","error":"action with name \"find\" already exists","code":"already-exists"}`, 400,
		},
		{`{"type":"create_action_permission","args":{"action":"find","role":"guest","comment":"on trial"}}`, done, 0},
		{
			`{"type":"create_action_permission","args":{"action":"find","role":"guest"}}`,
			`{"path":"$.args","error":"permission for role \"guest\" is already defined on \"find\"","code":"already-exists"}`, 400,
		},
		{`{"type":"drop_action_permission","args":{"action":"find","role":"user"}}`, done, 0},
		{
			`{"type":"drop_action_permission","args":{"action":"find","role":"user"}}`,
			`{"path":"$.args","error":"permission for role \"user\" is not defined on \"find\"","code":"not-exists"}`, 400,
		},
		{`{"type":"update_action","args":{"name":"createUser","definition":{"arguments":[{"name":"name","type":"String!"}],"output_type":"User!","handler":"http://host/v2"}}}`, done, 0},
		{
			`{"type":"update_action","args":{"name":"nobody","definition":{"output_type":"User!","handler":"http://host/v2"}}}`,
			`{"path":"$.args","error":"action with name \"nobody\" does not exist","code":"not-exists"}`, 400,
		},
		{`{"type":"reload_metadata","args":{"reload_remote_schemas":true}}`, `{"message":"success","is_consistent":true}`, 0},
	}
	for _, step := range steps {
		status, answer := post(t, h, step.body)
		if want := cmp.Or(step.status, 200); status != want || answer != step.want {
			t.Errorf("%.60s: got %d %s, want %d %s", step.body, status, answer, want, step.want)
		}
	}
	wantYAML := `# ours
actions:
- name: createUser
  definition:
    kind: synchronous
    handler: http://host/v2 # here
  permissions:
  - role: user
- name: find
  definition:
    kind: ""
    handler: http://host/find
    forward_client_headers: true
    timeout: 60
    headers:
    - name: A
      value: 😀
    request_transform:
      template_engine: Kriti
      url: '{{$base_url}}/x'
      version: 2
  permissions:
  - role: guest
    comment: on trial
  comment: Finds.
custom_types:
  objects:
  - name: User # a person
    relationships:
    - name: row
      type: object
      remote_table: users
      field_mapping: {id: id}
  - name: Found
  enums:
  - name: Size
  input_objects:
  - name: In
`
	if diff := gocmp.Diff(wantYAML, file(t, s, "actions.yaml")); diff != "" {
		t.Errorf("actions.yaml (-want +got):\n%s", diff)
	}
	wantSDL := `type Mutation {
  createUser(name: String!): User!
}

type Query {
  find(in: In!): [Found!]!
}

type User {
  id: uuid! # the key
  """How it's called."""
  name: String
}

type Found {
  id: uuid!
}

input In {
  size: Size
}

enum Size {
  S
  """large"""
  L @deprecated
}
`
	if diff := gocmp.Diff(wantSDL, file(t, s, "actions.graphql")); diff != "" {
		t.Errorf("actions.graphql (-want +got):\n%s", diff)
	}
}

// TestRefused has commands that change nothing.
func TestRefused(t *testing.T) {
	tests := []struct {
		name, body, want string
		status           int
	}{
		{"not JSON", `{`, `{"path":"$","error":"invalid JSON: unexpected EOF","code":"invalid-json"}`, 400},
		{"unknown command", `{"type":"pg_track_table","args":{}}`, `{"path":"$.type","error":"unknown metadata command \"pg_track_table\"","code":"parse-failed"}`, 400},
		{"no args", `{"type":"create_action"}`, `{"path":"$.args","error":"the key \"args\" was not present","code":"parse-failed"}`, 400},
		{"no name", `{"type":"create_action","args":{"definition":{}}}`, `{"path":"$.args","error":"the key \"name\" was not present","code":"parse-failed"}`, 400},
		{"no definition", `{"type":"update_action","args":{"name":"createUser"}}`, `{"path":"$.args","error":"the key \"definition\" was not present","code":"parse-failed"}`, 400},
		{
			"no output", `{"type":"create_action","args":{"name":"x","definition":{"handler":"http://x"}}}`,
			`{"path":"$.args","error":"expected an action with a definition that has \"output_type\" and \"handler\"","code":"parse-failed"}`, 400,
		},
		{
			"header of the server's", `{"type":"create_action","args":{"name":"x","definition":{"output_type":"User","handler":"http://x","headers":[{"name":"A","value_from_env":"HASURA_GRAPHQL_X"}]}}}`,
			`{"path":"$.args","error":"Inconsistent object: env variables start with \"HASURA_GRAPHQL_\" are not allowed for value_from_env","code":"invalid-configuration",` +
				`"internal":[{"name":"header \"A\" of action \"x\"","reason":"Inconsistent object: env variables start with \"HASURA_GRAPHQL_\" are not allowed for value_from_env","type":"header","place":"actions.yaml:15"}]}`, 400,
		},
		{
			"unknown type", `{"type":"create_action","args":{"name":"x","definition":{"output_type":"Nothing","handler":"http://x"}}}`,
			`{"path":"$.args","error":"Inconsistent object: the type: \"Nothing\" is not an object or scalar type defined in custom types","code":"invalid-configuration",` +
				`"internal":[{"name":"action \"x\"","reason":"Inconsistent object: the type: \"Nothing\" is not an object or scalar type defined in custom types","type":"action","place":"actions.yaml:9"}]}`, 400,
		},
		{
			"type in use", `{"type":"set_custom_types","args":{"objects":[]}}`,
			`{"path":"$.args","error":"validation for the given custom types failed because the type: \"User\" is not an object or scalar type defined in custom types","code":"invalid-configuration",` +
				`"internal":[{"name":"action \"createUser\"","reason":"Inconsistent object: the type: \"User\" is not an object or scalar type defined in custom types","type":"action","place":"actions.yaml:3"}]}`, 400,
		},
		{
			"relationship without a table", `{"type":"set_custom_types","args":{"objects":[{"name":"User","fields":[{"name":"id","type":"uuid!"}],"relationships":[{"name":"r","type":"object","field_mapping":{"id":"id"}}]}]}}`,
			`{"path":"$.args","error":"validation for the given custom types failed because relationship \"r\" of object type \"User\": missing \"remote_table\"","code":"invalid-configuration"}`, 400,
		},
		{
			"no role", `{"type":"create_action_permission","args":{"action":"createUser"}}`,
			`{"path":"$.args","error":"the key \"role\" was not present","code":"parse-failed"}`, 400,
		},
		{
			"second of a bulk", `{"type":"bulk","args":[{"type":"drop_action","args":{"name":"createUser","clear_data":true}},{"type":"bulk","args":[{"type":"drop_action","args":{"name":"createUser"}}]}]}`,
			`{"path":"$.args[1].args[0].args","error":"action with name \"createUser\" does not exist","code":"not-exists"}`, 400,
		},
		{
			"old resource version", `{"type":"bulk","resource_version":3,"args":[{"type":"drop_action","args":{"name":"createUser"}}]}`,
			`{"path":"$","error":"metadata resource version referenced (3) did not match current version","code":"conflict"}`, 409,
		},
	}
	h, s := start(t, auth.Config{AdminSecret: secret})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, answer := post(t, h, tt.body)
			if status != tt.status || answer != tt.want {
				t.Errorf("got %d %s\nwant %d %s", status, answer, tt.status, tt.want)
			}
			for name, content := range before {
				if diff := gocmp.Diff(content, file(t, s, name)); diff != "" {
					t.Errorf("%s (-before +after):\n%s", name, diff)
				}
			}
		})
	}
	if s.reloads != 0 {
		t.Errorf("got %d reloads, want none", s.reloads)
	}
}

// TestBulk changes several things at once, and reads them back as Hasura exports them.
func TestBulk(t *testing.T) {
	h, s := start(t, auth.Config{AdminSecret: secret})
	status, answer := post(t, h, `{"type":"bulk","source":"default","args":[
		{"type":"create_action_permission","args":{"action":"createUser","role":"guest"}},
		{"type":"drop_action_permission","args":{"action":"createUser","role":"user"}},
		{"type":"reload_metadata","args":{}}]}`)
	if want := `[{"message":"success"},{"message":"success"},{"message":"success","is_consistent":true}]`; status != 200 || answer != want {
		t.Errorf("got %d %s, want %s", status, answer, want)
	}
	if s.reloads != 1 {
		t.Errorf("got %d reloads, want 1", s.reloads)
	}
	status, answer = post(t, h, `{"type":"export_metadata","version":2,"args":{}}`)
	var exported struct {
		ResourceVersion int64 `json:"resource_version"`
		Metadata        any   `json:"metadata"`
	}
	if err := json.Unmarshal([]byte(answer), &exported); err != nil || status != 200 {
		t.Fatal(status, answer, err)
	}
	var want any
	if err := json.Unmarshal([]byte(`{"version":3,
		"sources":[{"name":"default","kind":"postgres","tables":[{"table":{"schema":"public","name":"users"}}]}],
		"actions":[{"name":"createUser","definition":{"kind":"synchronous","handler":"http://host/create","type":"mutation","output_type":"User!",
			"arguments":[{"name":"name","type":"String!"}]},"permissions":[{"role":"guest"}]}],
		"custom_types":{"objects":[{"name":"User","fields":[{"name":"id","type":"uuid!"}],
			"relationships":[{"name":"row","type":"object","remote_table":"users","field_mapping":{"id":"id"}}]}]}}`), &want); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, exported.Metadata); diff != "" {
		t.Errorf("exported metadata (-want +got):\n%s", diff)
	}
	version, _ := json.Marshal(exported.ResourceVersion)
	status, answer = post(t, h, `{"type":"bulk","resource_version":`+string(version)+`,"args":[{"type":"drop_action","args":{"name":"createUser"}}]}`)
	if status != 200 {
		t.Errorf("with the current resource version: got %d %s", status, answer)
	}
}

// TestNotServed has changes that pass the trial and then can't be served: the files are as they were.
func TestNotServed(t *testing.T) {
	h, s := start(t, auth.Config{AdminSecret: secret})
	s.refuses, s.bad = errors.New("the database is away"), "guest"
	status, answer := post(t, h, `{"type":"create_action_permission","args":{"action":"createUser","role":"guest"}}`)
	if want := `{"path":"$","error":"the database is away","code":"unexpected"}`; status != 500 || answer != want {
		t.Errorf("got %d %s, want 500 %s", status, answer, want)
	}
	if diff := gocmp.Diff(before["actions.yaml"], file(t, s, "actions.yaml")); diff != "" {
		t.Errorf("actions.yaml (-before +after):\n%s", diff)
	}
	if s.reloads != 2 {
		t.Errorf("got %d reloads, want that of the change and that of its undoing", s.reloads)
	}
	s.bad = "createUser"
	status, answer = post(t, h, `{"type":"reload_metadata","args":{}}`)
	want := `{"message":"success","is_consistent":false,"inconsistent_objects":[{"name":"metadata","reason":"Inconsistent object: the database is away","type":"metadata"}]}`
	if status != 200 || answer != want {
		t.Errorf("got %d %s, want 200 %s", status, answer, want)
	}
}

// TestExportRefused has what the server form can't say as the files do.
func TestExportRefused(t *testing.T) {
	for _, tables := range []string{"- &t {table: a}\n- *t\n", "- {<<: {table: a}}\n", "- table: !!str a\n"} {
		h, s := start(t, auth.Config{AdminSecret: secret})
		if err := os.WriteFile(filepath.Join(s.dir, "databases", "tables.yaml"), []byte(tables), 0o600); err != nil {
			t.Fatal(err)
		}
		status, answer := post(t, h, `{"type":"export_metadata","args":{}}`)
		want := `{"path":"$.args","error":"databases/databases.yaml: aliases, merge keys and tags can't be exported (write the values out)","code":"not-supported"}`
		if status != 400 || answer != want {
			t.Errorf("%q: got %d %s, want %s", tables, status, answer, want)
		}
	}
}

func TestReadOnly(t *testing.T) {
	h, s := start(t, auth.Config{AdminSecret: secret})
	if err := os.Chmod(filepath.Join(s.dir, "actions.yaml"), 0o444); err != nil {
		t.Fatal(err)
	}
	status, answer := post(t, h, `{"type":"drop_action_permission","args":{"action":"createUser","role":"user"}}`)
	if want := `{"path":"$","error":"actions.yaml is read-only","code":"unexpected"}`; status != 500 || answer != want {
		t.Errorf("got %d %s, want 500 %s", status, answer, want)
	}
	if status, answer = post(t, h, `{"type":"export_metadata","args":{}}`); status != 200 {
		t.Errorf("export: got %d %s", status, answer)
	}
}

// TestCallers has who may ask, and what a page of another site can't.
func TestCallers(t *testing.T) {
	tests := []struct {
		name    string
		config  auth.Config
		headers map[string]string
		host    string
		method  string
		status  int
		code    string
	}{
		{"no secret", auth.Config{AdminSecret: secret}, nil, "", "", 401, "access-denied"},
		{"wrong secret", auth.Config{AdminSecret: secret}, map[string]string{"X-Hasura-Admin-Secret": "x"}, "", "", 401, "access-denied"},
		{"other role", auth.Config{AdminSecret: secret}, map[string]string{"X-Hasura-Admin-Secret": secret, "X-Hasura-Role": "user"}, "", "", 400, "access-denied"},
		{"admin", auth.Config{AdminSecret: secret}, map[string]string{"X-Hasura-Admin-Secret": secret}, "host", "", 200, ""},
		{"unauthorized role", auth.Config{AdminSecret: secret, UnauthorizedRole: "guest"}, nil, "", "", 400, "access-denied"},
		{"GET", auth.Config{AdminSecret: secret}, map[string]string{"X-Hasura-Admin-Secret": secret}, "", "GET", 405, "not-found"},
		{"open", auth.Config{}, map[string]string{"Content-Type": "application/json; charset=utf-8"}, "localhost:4001", "", 200, ""},
		{"open, by address", auth.Config{}, map[string]string{"Content-Type": "application/json"}, "[::1]:4001", "", 200, ""},
		{"open, a form", auth.Config{}, map[string]string{"Content-Type": "text/plain"}, "localhost:4001", "", 415, "bad-request"},
		{"open, another name", auth.Config{}, map[string]string{"Content-Type": "application/json"}, "evil.example:4001", "", 403, "access-denied"},
		{
			"open, another site",
			auth.Config{},
			map[string]string{"Content-Type": "application/json", "Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
			"localhost:4001", "", 403, "access-denied",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, _ := start(t, tt.config)
			method := tt.method
			if method == "" {
				method = http.MethodPost
			}
			r := httptest.NewRequestWithContext(t.Context(), method, "/v1/metadata", strings.NewReader(`{"type":"export_metadata","args":{}}`))
			if tt.host != "" {
				r.Host = tt.host
			}
			for name, value := range tt.headers {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			var answer struct{ Code string }
			if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
				t.Fatal(err)
			}
			if w.Code != tt.status || answer.Code != tt.code {
				t.Errorf("got %d %s, want %d with code %q", w.Code, w.Body, tt.status, tt.code)
			}
		})
	}
}
