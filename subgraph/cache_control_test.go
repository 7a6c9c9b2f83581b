package subgraph_test

import (
	"context"
	"errors"
	"testing"

	"github.com/joinery-graphql/joinery/actions"
)

// TestCacheControl compares the header with Apollo's rules: the lowest maxAge, 0 for root fields and objects without one,
// private if any of it is.
func TestCacheControl(t *testing.T) {
	f := &fixture{
		sql: `create table users (id int primary key, name text);
			create table posts (id int primary key, user_id int references users, title text, secret text);
			create table drafts (id int primary key, title text);
			insert into users values (1, 'Ada'); insert into posts values (1, 1, 'one', 's')`,
		files: sourceMetadata + `
- table: users
  array_relationships: [{name: posts, using: {foreign_key_constraint_on: {column: user_id, table: posts}}}]
  select_permissions:
  - {role: narrowed, permission: {columns: "*", filter: {id: {_eq: X-Hasura-User-Id}}}}
  - {role: all, permission: {columns: "*", filter: {}}}
- table: posts
  object_relationships: [{name: user, using: {foreign_key_constraint_on: user_id}}]
- {table: drafts}
-- actions.graphql --
type Query { find: Found kept: Found number: Int keptNumber: Int cookie: Int fail: Int }
type Mutation { make: Found }
type Found { id: Int inner: Inner hinted: Hinted }
type Inner { a: Int }
type Hinted { a: Int b: Int }
` + oneHandler("find", "kept", "number", "keptNumber", "cookie", "fail", "make") + `
custom_types: {objects: [{name: Found, relationships: [{name: user, type: object, remote_table: users, field_mapping: {id: id}}]}, {name: Inner}, {name: Hinted}]}
-- federation.yaml --
types:
  users:
    cacheControl: {maxAge: 60, scope: PUBLIC}
    fields:
      name: {cacheControl: {maxAge: 30}}
  posts:
    cacheControl: {maxAge: 90, scope: PUBLIC}
    fields:
      secret: {cacheControl: {scope: PRIVATE}}
      user: {cacheControl: {inheritMaxAge: true}}
  Hinted:
    cacheControl: {maxAge: 20}
    fields: {b: {cacheControl: {scope: PUBLIC}}}
  Query:
    fields:
      kept: {cacheControl: {maxAge: 100, scope: PUBLIC}}
      keptNumber: {cacheControl: {maxAge: 100, scope: PUBLIC}}
      cookie: {cacheControl: {maxAge: 100, scope: PUBLIC}}
      fail: {cacheControl: {maxAge: 100, scope: PUBLIC}}
`,
		caller: callerFunc(func(_ context.Context, call actions.Call) (*actions.Answer, error) {
			switch call.Action {
			case "fail":
				return nil, errors.New("no")
			case "cookie":
				return &actions.Answer{Output: []byte("1"), SetCookie: []string{"a=b"}}, nil
			case "number", "keptNumber":
				return &actions.Answer{Output: []byte("1")}, nil
			}
			return &actions.Answer{Output: []byte(`{"id": 1, "inner": {"a": 1}, "hinted": {"a": 1, "b": 2}}`)}, nil
		}),
	}
	h := f.handler(t)
	entities := func(typeName, selection string) string {
		return `{ _entities(representations: [{__typename: "` + typeName + `", id: 1}]) { __typename ... on ` + typeName + ` { ` + selection + ` } } }`
	}
	for _, c := range []struct{ name, query, role, want string }{
		{"scalars are as their object", entities("users", "id"), "", "max-age=60, public"},
		{"the lowest counts", entities("users", "id name"), "", "max-age=30, public"},
		{"a relationship's type", entities("users", "posts { title }"), "", "max-age=60, public"},
		{"a higher one below", entities("posts", "user { id }"), "", "max-age=60, public"},
		{"one private field", entities("posts", "title secret"), "", "max-age=90, private"},
		{"an aggregate is as its rows", entities("users", "posts_aggregate { aggregate { count max { id } } nodes { title } }"), "", "max-age=60, public"},
		{"an aggregate's rows", entities("users", "posts_aggregate { nodes { secret } }"), "", "max-age=60, private"},
		{"a type without a hint", entities("drafts", "title"), "", "no-store"},
		{"two types, one without a hint", `{ _entities(representations: []) { ... on users { id } ... on drafts { id } } }`, "", "no-store"},
		{"two types", `{ _entities(representations: []) { ... on users { id } ... on posts { id } } }`, "", "max-age=60, public"},
		{"two root fields", `{ a: _entities(representations: []) { ... on users { id } } number }`, "", "no-store"},
		{"left out", `{ a: _entities(representations: []) { ... on users { id } } number @skip(if: true) }`, "", "max-age=60, public"},
		{"a root field", "{ number }", "", "no-store"},
		{"a root field with a hint", "{ keptNumber __typename }", "", "max-age=100, public"},
		{"scalars below it", "{ kept { id } }", "", "max-age=100, public"},
		{"an object below it", "{ kept { inner { a } } }", "", "no-store"},
		{"an object with a hint: private where nothing is said", "{ kept { hinted { a } } }", "", "max-age=20, private"},
		{"a join", "{ kept { user { id } } }", "", "max-age=60, public"},
		{"a cookie", "{ cookie }", "", "no-store"},
		{"an error", "{ keptNumber fail }", "", "no-store"},
		{"a mutation", "mutation { make { id } }", "", "no-store"},
		{"only meta fields", "{ __typename }", "", "no-store"},
		{"the SDL", "{ _service { sdl } }", "", "no-store"},
		{"an invalid operation", "{ nothing }", "", ""},
		{"a role whose rows are filtered", entities("users", "id"), "narrowed", "max-age=60, private"},
		{"a role that sees all rows", entities("users", "id"), "all", "max-age=60, public"},
		{"a role that may not", entities("posts", "id"), "all", "no-store"},
	} {
		r := newRequest(t, body(c.query, ""))
		if c.role != "" {
			r.Header.Set("x-hasura-role", c.role)
			r.Header.Set("x-hasura-user-id", "1")
		}
		w := do(h, r)
		if got := w.Header().Get("Cache-Control"); got != c.want {
			t.Errorf("%s: %q, want %q: %s", c.name, got, c.want, w.Body)
		}
	}
}

// TestCacheControlOff sends no header where the metadata says nothing.
func TestCacheControlOff(t *testing.T) {
	f := &fixture{files: emptyMetadata + "-- actions.graphql --\ntype Query { a: Int }\n" + oneHandler("a"), caller: answers{"a": "1"}}
	if header := do(f.handler(t), newRequest(t, body("{ a }", ""))).Header(); header.Get("Cache-Control") != "" {
		t.Errorf("header %v", header)
	}
}
