package subgraph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/subgraph"
)

// TestQueriesSideBySide has two handlers that each wait for the other.
func TestQueriesSideBySide(t *testing.T) {
	var both sync.WaitGroup
	both.Add(3)
	caller := callerFunc(func(_ context.Context, call actions.Call) (*actions.Answer, error) {
		both.Done()
		both.Wait() // hangs unless all three are here
		return &actions.Answer{Output: json.RawMessage(`"` + call.Action + `"`)}, nil
	})
	files := emptyMetadata + oneHandler("a", "b") + "-- actions.graphql --\ntype Query { a: String b: String }\n"
	h := (&fixture{files: files, caller: caller}).handler(t)
	wantJSON(t, post(t, h, body("{ b a c: a }", "")), `{"data":{"b":"b","a":"a","c":"a"}}`)
}

// TestMutationsInOrder has handlers that note who is at work: never two at once, and joins are done before the next.
func TestMutationsInOrder(t *testing.T) {
	var (
		mu     sync.Mutex
		inside int
		order  []string
		sent   pgtest.Counter
	)
	caller := callerFunc(func(_ context.Context, call actions.Call) (*actions.Answer, error) {
		mu.Lock()
		inside++
		order = append(order, fmt.Sprintf("%s after %d statements, %d inside", call.Input, sent.Count(), inside))
		mu.Unlock()
		defer func() {
			mu.Lock()
			inside--
			mu.Unlock()
		}()
		return &actions.Answer{Output: json.RawMessage(`{"id":1}`)}, nil
	})
	f := &fixture{caller: caller, counter: &sent, sql: `create table users (id int primary key, name text); insert into users values (1, 'ann')`}
	f.files = sourceMetadata + "- table: {schema: public, name: users}\n" + oneHandler("add") + `custom_types:
  objects:
  - {name: Added, relationships: [{name: user, type: object, remote_table: users, field_mapping: {id: id}}]}
-- actions.graphql --
type Mutation { add(n: Int!): Added }
type Added { id: Int }
`
	h := f.handler(t)
	sent.Reset()
	got := post(t, h, body("mutation { c: add(n: 1) { user { name } } a: add(n: 2) { id } b: add(n: 3) { user { id name } } __typename }", ""))
	wantJSON(t, got, `{"data":{"c":{"user":{"name":"ann"}},"a":{"id":1},"b":{"user":{"id":1,"name":"ann"}},"__typename":"Mutation"}}`)
	want := []string{`{"n":1} after 0 statements, 1 inside`, `{"n":2} after 1 statements, 1 inside`, `{"n":3} after 1 statements, 1 inside`}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

const blogSQL = `
create table users (id int primary key, name text not null, email text unique, boss_id int);
create table posts (id int primary key, user_id int not null references users, title text);
create table tags (post_id int references posts, tag text, primary key (post_id, tag));
create view stats as select id as user_id, length(name) as score from users;
insert into users select i, 'user ' || i, 'u' || i || '@example.org', i % 60 + 1 from generate_series(1, 60) i;
alter table users add foreign key (boss_id) references users;
insert into posts select i, (i - 1) % 60 + 1, 'post ' || i from generate_series(1, 180) i;
insert into tags select i, t from generate_series(1, 180) i, unnest(array['a', 'b']) t;
`

var blogFiles = sourceMetadata + `
- table: {schema: public, name: users}
  object_relationships:
  - {name: boss, using: {foreign_key_constraint_on: boss_id}}
  - {name: stats, using: {manual_configuration: {remote_table: stats, column_mapping: {id: user_id}}}}
  array_relationships:
  - {name: team, using: {foreign_key_constraint_on: {column: boss_id, table: users}}}
  - {name: posts, using: {foreign_key_constraint_on: {column: user_id, table: posts}}}
- table: {schema: public, name: posts}
  object_relationships:
  - {name: author, using: {foreign_key_constraint_on: user_id}}
  array_relationships:
  - {name: tags, using: {foreign_key_constraint_on: {column: post_id, table: tags}}}
- table: {schema: public, name: tags}
  object_relationships:
  - {name: post, using: {foreign_key_constraint_on: post_id}}
- table: {schema: public, name: stats}
` + oneHandler("list", "grid", "one", "make") + `custom_types:
  objects:
  - name: Item
    relationships:
    - {name: user, type: object, remote_table: users, field_mapping: {id: id}}
    - {name: posts, type: array, remote_table: posts, field_mapping: {id: user_id}}
  - name: Nested
    relationships:
    - {name: user, type: object, remote_table: users, field_mapping: {user_id: id}}
-- actions.graphql --
type Query { list: [Item!]! grid: [[Item]] one: Item }
type Mutation { make: [Item] }
type Item { id: Int! nested: [Nested] }
type Nested { user_id: Int }
`

// blog answers its actions with n items each.
func blog(n int) answers {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(`{"id":%d,"nested":[{"user_id":%d},{"user_id":%d}]}`, i+1, n-i, i+1)
	}
	list := "[" + strings.Join(items, ",") + "]"
	return answers{"list": list, "grid": "[" + list + ",null," + list + "]", "make": list, "one": items[0]}
}

func representations(n int, format string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(format, i+1)
	}
	return `{"r":[` + strings.Join(items, ",") + `]}`
}

// TestStatements counts the statements of operations over 1 and 50 parents: they are those of the relationships and
// levels, whatever the number of parents, aliases, lists and roots.
func TestStatements(t *testing.T) {
	sent := &pgtest.Counter{}
	f := &fixture{files: blogFiles, sql: blogSQL, counter: sent}
	databases := f.database(t)
	handlers := map[int]http.Handler{}
	for _, parents := range []int{1, 50} {
		f.caller = blog(parents)
		handlers[parents] = f.handlerOn(t, databases)
	}
	const users, mixed = `{"__typename":"users","id":%d}`, `{"__typename":"users","id":%[1]d},{"__typename":"posts","id":%[1]d},{"__typename":"Item","id":%[1]d},{"__typename":"users","email":"u%[1]d@example.org"}`
	entities := func(selection string) string {
		return `query($r: [_Any!]!) { _entities(representations: $r) { ` + selection + ` } }`
	}
	for _, c := range []struct {
		name, query, representations string
		want                         int
	}{
		{"nothing joined", `{ list { id } }`, "", 0},
		{"typename of rows", `{ list { user { __typename } } }`, "", 1},
		{"object", `{ list { user { name } } }`, "", 1},
		{"array", `{ list { posts { title } } }`, "", 1},
		{"object and array", `{ list { user { name } posts { title } } }`, "", 2},
		{"aliases of one relationship", `{ list { a: user { name } b: user { email } c: user { id } } }`, "", 1},
		{"two levels", `{ list { user { posts { title } } } }`, "", 2},
		{"four levels", `{ list { user { posts { tags { post { id } } } } } }`, "", 4},
		{"circle", `{ list { user { posts { author { posts { author { name } } } } } } }`, "", 5},
		{"self reference", `{ list { user { boss { boss { boss { name } } } } } }`, "", 4},
		{"siblings", `{ list { user { boss { name } team { name } posts { title } stats { score } } } }`, "", 5},
		{"one relationship from two places of a level", `{ list { user { team { name } } posts { author { team { name } } } } }`, "", 5},
		{"nested lists", `{ grid { user { name } } }`, "", 1},
		{"nested type", `{ list { nested { user { name } } } }`, "", 1},
		{"nested type beside its parent", `{ list { user { name } nested { user { name } } } }`, "", 2},
		{"two roots of one type", `{ list { user { name } } one { user { email } } }`, "", 1},
		{"roots with aliases", `{ a: list { user { name } } b: list { user { posts { title } } } grid { user { posts { id } } } }`, "", 2},
		{"list in a mutation", `mutation { make { user { name posts { title } } } }`, "", 2},
		{"two mutations", `mutation { a: make { user { name } } b: make { user { name } } }`, "", 2},
		{"entities", entities(`... on users { name }`), users, 1},
		{"entities with relationships", entities(`... on users { name posts { title tags { tag } } boss { name } }`), users, 4},
		{"entities of several types and keys", entities(`... on users { name } ... on posts { title } ... on Item { user { name } }`), mixed, 4},
		{"entities that share relationships", entities(`... on users { posts { title } } ... on posts { author { posts { id } } }`), mixed, 6},
		{"entities with aliases", `query($r: [_Any!]!) { a: _entities(representations: $r) { ... on users { name boss { name } } } b: _entities(representations: $r) { ... on users { email boss { id } } } }`, users, 2},
		{"entities beside actions", `query($r: [_Any!]!) { _entities(representations: $r) { ... on users { posts { id } } } list { user { posts { id } } } }`, users, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			for parents, h := range handlers {
				variables := ""
				if c.representations != "" {
					variables = representations(parents, c.representations)
				}
				sent.Reset()
				if got := post(t, h, body(c.query, variables)); strings.Contains(got, `"errors"`) {
					t.Fatalf("got %.500s", got)
				}
				if sent.Count() != c.want {
					t.Errorf("%d parents take %d statements, want %d:\n%s", parents, sent.Count(), c.want, strings.Join(sent.SQL(), "\n"))
				}
			}
		})
	}
}

// TestManyKeys cuts a batch at the maximum number of keys.
func TestManyKeys(t *testing.T) {
	sent := &pgtest.Counter{}
	f := &fixture{files: blogFiles, sql: blogSQL, caller: blog(50), counter: sent, options: subgraph.Options{Loaders: loaders.Options{MaxKeys: 20}}}
	h := f.handler(t)
	sent.Reset()
	got := post(t, h, body(`{ list { id user { id } } }`, ""))
	want := make([]string, 50)
	for i := range want {
		want[i] = fmt.Sprintf(`{"id":%[1]d,"user":{"id":%[1]d}}`, i+1)
	}
	wantJSON(t, got, `{"data":{"list":[`+strings.Join(want, ",")+`]}}`)
	if sent.Count() != 3 {
		t.Errorf("%d statements for 50 keys in batches of 20", sent.Count())
	}
}

// TestConcurrentClients has clients with different operations at one handler; run it with -race. There are more
// documents than are kept, so that plans are evicted meanwhile.
func TestConcurrentClients(t *testing.T) {
	h := (&fixture{files: blogFiles, sql: blogSQL, caller: blog(5)}).handler(t)
	requests := []string{
		body(`{ list { user { name posts { title } } } }`, ""),
		body(`{ grid { id user { boss { name } } } one { nested { user { email } } } }`, ""),
		body(`mutation { make { posts { id tags { tag } } } }`, ""),
		body(`query($r: [_Any!]!) { _entities(representations: $r) { ... on users { id team { id } } } }`, representations(5, `{"__typename":"users","id":%d}`)),
		body(`query($on: Boolean!) { list { id @include(if: $on) user @skip(if: $on) { id } } }`, `{"on":true}`),
		body(`query($on: Boolean!) { list { id @include(if: $on) user @skip(if: $on) { id } } }`, `{"on":false}`),
		body(`{ __schema { types { name fields { name } } } _service { sdl } }`, ""),
		body(`{ nope }`, ""),
	}
	want := make([]string, len(requests))
	for i, request := range requests {
		want[i] = post(t, h, request)
	}
	var wg sync.WaitGroup
	for client := range 16 {
		wg.Go(func() {
			for round := range 12 {
				i := (client + round) % len(requests)
				if got := post(t, h, requests[i]); got != want[i] {
					t.Errorf("client %d: got %.300s, want %.300s", client, got, want[i])
				}
				for n := range 12 { // documents of this client alone
					alias := fmt.Sprintf("a%d_%d_%d", client, round, n)
					if got, want := post(t, h, body(`{ `+alias+`: one { id } }`, "")), `{"data":{"`+alias+`":{"id":1}}}`; got != want {
						t.Errorf("client %d: got %.300s, want %s", client, got, want)
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestDatabaseDown ends the database's connections and its pool: errors at the fields that need it, in Hasura's words.
func TestDatabaseDown(t *testing.T) {
	log := &logged{}
	f := &fixture{files: blogFiles, sql: blogSQL, caller: blog(2), options: subgraph.Options{Log: log.logger()}}
	databases := f.database(t)
	h := f.handlerOn(t, databases)
	post(t, h, body(`{ list { user { name } } }`, ""))
	databases["default"].Source.Pool.Close()
	got := post(t, h, body(`{ list { id user { name } } }`, ""))
	const failed = `{"message":"database query error","path":["list",%d,"user"],"extensions":{"code":"unexpected"}}`
	wantJSON(t, got, `{"data":{"list":[{"id":1,"user":null},{"id":2,"user":null}]},"errors":[`+fmt.Sprintf(failed, 0)+`,`+fmt.Sprintf(failed, 1)+`]}`)
	if !strings.Contains(log.String(), "closed pool") {
		t.Errorf("the log doesn't tell why: %s", log)
	}
}

// TestErrorsAreFew says the same of a request's log: one line for a fault, not one for each place that shows it.
func TestErrorsAreFew(t *testing.T) {
	log := &logged{}
	f := &fixture{files: blogFiles, sql: blogSQL, caller: blog(50), options: subgraph.Options{Log: log.logger()}}
	databases := f.database(t)
	h := f.handlerOn(t, databases)
	databases["default"].Source.Pool.Close()
	post(t, h, body(`{ list { user { name } } }`, ""))
	if n := strings.Count(log.String(), "request failed"); n != 1 {
		t.Errorf("one failed statement has %d lines in the log", n)
	}
}

// TestSchemaIsStable makes the same SDL twice: maps must not order it.
func TestSchemaIsStable(t *testing.T) {
	f := &fixture{files: blogFiles, sql: blogSQL}
	databases := f.database(t)
	sdl := f.schemaOn(t, databases).SDL()
	for range 5 {
		if diff := cmp.Diff(sdl, f.schemaOn(t, databases).SDL()); diff != "" {
			t.Fatal(diff)
		}
	}
	objects, _, _ := strings.Cut(sdl, "\ninput ")
	if types := strings.Split(objects, "\ntype "); !slices.IsSorted(types[3:]) {
		t.Errorf("types are not sorted: %q", types[3:])
	}
}

// TestFieldLimit has fragments that each hold the next one twice: 40 of them would select 2^40 fields.
func TestFieldLimit(t *testing.T) {
	h := (&fixture{files: blogFiles, sql: blogSQL, caller: blog(1)}).handler(t)
	nested := func(n int) string {
		var b strings.Builder
		b.WriteString(`{ one { user { ...f0 } } }`)
		for i := range n {
			fmt.Fprintf(&b, ` fragment f%d on users { a: boss { ...f%d } b: boss { ...f%d } }`, i, i+1, i+1)
		}
		fmt.Fprintf(&b, ` fragment f%d on users { id }`, n)
		return b.String()
	}
	if got := post(t, h, body(nested(5), "")); !strings.HasPrefix(got, `{"data":{"one":{"user":{"a":{"a":`) {
		t.Errorf("got %.200s", got)
	}
	wantJSON(t, post(t, h, body(nested(40), "")),
		`{"errors":[{"message":"operation selects more than 15000 fields","extensions":{"code":"limit-exceeded"}}]}`)
}

// TestManyWrongRepresentations has lists that are cheap to send; what they cost is bounded.
func TestManyWrongRepresentations(t *testing.T) {
	h := (&fixture{files: blogFiles, sql: blogSQL, options: subgraph.Options{Limits: subgraph.Limits{Representations: 2000}}}).handler(t)
	request := func(n int) string {
		return body(`query($r: [_Any!]!) { _entities(representations: $r) { __typename } }`, `{"r":[7`+strings.Repeat(",7", n-1)+`]}`)
	}
	var got struct {
		Data struct {
			Entities []any `json:"_entities"`
		}
		Errors []struct{ Path []any }
	}
	if err := json.Unmarshal([]byte(post(t, h, request(2000))), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Data.Entities) != 2000 || len(got.Errors) != 1000 {
		t.Errorf("%d entities and %d errors", len(got.Data.Entities), len(got.Errors))
	}
	wantJSON(t, post(t, h, request(2001)),
		`{"data":null,"errors":[{"message":"more than 2000 representations","path":["_entities"],"extensions":{"code":"limit-exceeded"}}]}`)
}
