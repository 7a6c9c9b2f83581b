package remotes_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/joinery-graphql/joinery/internal/remotetest"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/remotes"
)

// TestIntrospection: the types that clients see are those of the service, with their published names.
func TestIntrospection(t *testing.T) {
	t.Parallel()
	server := remotetest.Start(t)
	client, md, faults := open(t, map[string]string{"URL": server.URL}, `
- name: remote
  definition:
    url_from_env: URL
    customization:
      type_names: {prefix: Their, mapping: {Unit: TemperatureUnit}}
      field_names: [{parent_type: Profile, prefix: the_, mapping: {nickname: nick}}]
`, `
- name: hits
  definition: {to_remote_schema: {remote_schema: remote, lhs_fields: [id], remote_field: {search: {arguments: {owner: $id, filter: {limit: 3}}}}}}
`)
	if len(faults) > 0 {
		t.Error(faults)
	}
	r := client.Relationship(md.Sources[0].Tables[0].RemoteRelationships[0])
	if r == nil || r.Type().String() != "[TheirHit!]" || len(r.Arguments()) != 1 || r.Arguments()[0].Name != "first" {
		t.Fatalf("got %+v", r)
	}
	var got strings.Builder
	for _, typ := range client.Types() {
		formatter.NewFormatter(&got).FormatSchemaDocument(&ast.SchemaDocument{Definitions: ast.DefinitionList{typ.Definition}})
	}
	if diff := cmp.Diff(published, got.String()); diff != "" {
		t.Error(diff)
	}
}

const published = `"""
How temperatures are counted.
"""
enum TemperatureUnit {
	CELSIUS
	FAHRENHEIT
}
type TheirAccount implements TheirNode {
	id: ID!
	profile(size: Int): TheirProfile
	owner: String
	broken: String!
	old: Int @deprecated(reason: "gone")
}
union TheirHit = TheirAccount | TheirWeather
interface TheirNode {
	id: ID!
}
type TheirProfile {
	nick: String
	the_picture: String
}
type TheirStation {
	id: ID!
	weather: TheirWeather
}
type TheirWeather {
	city: String!
	temperature(unit: TemperatureUnit): Float
	wind: TheirWind!
	fails: Int
	stations: [TheirStation!]
}
type TheirWind {
	speed: Float!
}
`

// open reads remote schemas and the remote relationships of a table.
func open(t *testing.T, env map[string]string, schemas, relationships string) (*remotes.Client, *metadata.Metadata, metadata.Faults) {
	t.Helper()
	md, faults := metadata.Read(fstest.MapFS{
		"version.yaml":        {Data: []byte("version: 3")},
		"remote_schemas.yaml": {Data: []byte(schemas)},
		"databases/databases.yaml": {Data: []byte("- name: default\n  kind: postgres\n  tables:\n  - table: users\n    remote_relationships:" +
			strings.ReplaceAll(relationships, "\n", "\n    "))},
	})
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	client, found := remotes.New(t.Context(), md, remotes.Options{LookupEnv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
	return client, md, found
}

// TestVisible: roles have what their own permission has, and inherited roles what the one of their set has.
func TestVisible(t *testing.T) {
	t.Parallel()
	md, faults := metadata.Read(fstest.MapFS{
		"version.yaml":         {Data: []byte("version: 3")},
		"federation.yaml":      {Data: []byte("remote_schemas: {remote: {schema: remote.graphql}}")},
		"remote.graphql":       {Data: []byte("type Query { a(id: ID!, size: Int): A } type A { b(c: Int): B } type B { d: Int }")},
		"inherited_roles.yaml": {Data: []byte("[{role_name: one, role_set: [whole, nobody]}, {role_name: two, role_set: [whole, preset]}]")},
		"remote_schemas.yaml": {Data: []byte(`
- name: remote
  definition: {url: http://127.0.0.1:1}
  permissions:
  - {role: whole, definition: {schema: "schema { query: Root } type Root { a(id: ID!): A } type A { b(c: Int): B } type B { d: Int }"}}
  - {role: no_step, definition: {schema: "type Query { a(id: ID!): A } type A { x: Int }"}}
  - {role: no_field, definition: {schema: "type Query { a(id: ID!): A } type A { __typename: String }"}}
  - {role: no_argument, definition: {schema: "type Query { a(id: ID!): A } type A { b: B } type B { d: Int }"}}
  - {role: preset, definition: {schema: "type Query { a(id: ID! @preset(value: 1)): A } type A { b(c: Int): B } type B { d: Int }"}}
`)},
		"databases/databases.yaml": {Data: []byte(`
- name: default
  kind: postgres
  tables:
  - table: users
    remote_relationships:
    - {name: b, definition: {to_remote_schema: {remote_schema: remote, lhs_fields: [id], remote_field: {a: {arguments: {id: $id}, field: {b: {arguments: {c: 1}}}}}}}}
`)},
	})
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	client, _ := remotes.New(t.Context(), md, remotes.Options{})
	r := client.Relationship(md.Sources[0].Tables[0].RemoteRelationships[0])
	got := map[string]bool{}
	for _, role := range []string{"admin", "whole", "no_step", "no_field", "no_argument", "preset", "one", "two", "nobody", ""} {
		got[role] = r.Visible(role)
	}
	want := map[string]bool{
		"admin": true, "whole": true, "no_step": false, "no_field": false, "no_argument": false, "preset": false, "one": true, "two": false, "nobody": false, "": false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// echoes asks a service, which the transport stands for, for ten keys, each in a request of its own.
func echoes(t *testing.T, transport roundTripper) (client *remotes.Client, call *remotes.Call) {
	t.Helper()
	md, faults := metadata.Read(fstest.MapFS{
		"version.yaml":        {Data: []byte("version: 3")},
		"federation.yaml":     {Data: []byte("remote_schemas: {remote: {schema: remote.graphql}}")},
		"remote.graphql":      {Data: []byte("type Query { echo(n: Int!): Int }")},
		"remote_schemas.yaml": {Data: []byte("[{name: remote, definition: {url: 'http://remote.test'}}]")},
		"databases/databases.yaml": {Data: []byte(`
- name: default
  kind: postgres
  tables:
  - table: users
    remote_relationships:
    - {name: echo, definition: {to_remote_schema: {remote_schema: remote, lhs_fields: [id], remote_field: {echo: {arguments: {n: $id}}}}}}
`)},
	})
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	client, faults = remotes.New(t.Context(), md, remotes.Options{MaxKeys: 1, Transport: transport})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	r := client.Relationship(md.Sources[0].Tables[0].RemoteRelationships[0])
	call = &remotes.Call{Relationship: r, Selection: r.Select("admin", &ast.Field{}, nil, remotes.Rules{})}
	for n := range 10 {
		call.Inputs = append(call.Inputs, [][]byte{strconv.AppendInt(nil, int64(n), 10)})
	}
	return client, call
}

// echoed answers a request of echoes, and says which key it is for.
func echoed(r *http.Request) (n int, response *http.Response, err error) {
	var body struct{ Variables map[string]int }
	err = json.NewDecoder(r.Body).Decode(&body)
	n = body.Variables["c0k0s0b0"]
	return n, &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(fmt.Sprintf(`{"data":{"c0k0":%d}}`, n)))}, err
}

// TestRequestsSideBySide: keys beyond the bound go in further requests, four at a time, and outputs have the inputs' order.
func TestRequestsSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sent, answer := make(chan int, 10), make(chan struct{})
		client, call := echoes(t, func(r *http.Request) (*http.Response, error) {
			n, response, err := echoed(r)
			sent <- n
			<-answer
			return response, err
		})
		go client.Do(t.Context(), remotes.Session{Role: "admin"}, []*remotes.Call{call})
		synctest.Wait()
		if len(sent) != 4 {
			t.Errorf("%d requests side by side, want 4", len(sent))
		}
		close(answer)
		synctest.Wait()
		for n, o := range call.Outputs {
			if string(o.JSON) != strconv.Itoa(n) || o.Errors != nil {
				t.Errorf("output %d: %s %v", n, o.JSON, o.Errors)
			}
		}
		if len(sent) != 10 {
			t.Errorf("%d requests, want 10", len(sent))
		}
	})
}

// TestPanic: a request that panics, in a goroutine of its own, costs its own keys only.
func TestPanic(t *testing.T) {
	t.Parallel()
	client, call := echoes(t, func(r *http.Request) (*http.Response, error) {
		n, response, err := echoed(r)
		if n == 7 {
			panic("secret reason")
		}
		return response, err
	})
	client.Do(t.Context(), remotes.Session{Role: "admin"}, []*remotes.Call{call})
	for n, o := range call.Outputs {
		var failure *remotes.RemoteError
		switch {
		case n != 7 && (string(o.JSON) != strconv.Itoa(n) || o.Errors != nil):
			t.Errorf("output %d: %s %v", n, o.JSON, o.Errors)
		case n == 7 && (len(o.Errors) != 1 || !errors.As(o.Errors[0].Err, &failure) || strings.Contains(failure.Message, "secret")):
			t.Errorf("output %d: %s %v", n, o.JSON, o.Errors)
		}
	}
}
