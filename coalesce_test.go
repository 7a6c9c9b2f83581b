package joinery

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/joinery-graphql/joinery/internal/pgtest"
)

// coalesceMetadata lets a reader see its own row.
var coalesceMetadata = fstest.MapFS{
	"version.yaml": {Data: []byte("version: 3\n")},
	"databases/databases.yaml": {Data: []byte(oneSource + `
  - table: {schema: public, name: users}
    object_relationships:
    - name: self
      using: {manual_configuration: {remote_table: {schema: public, name: users}, column_mapping: {id: id}}}
    select_permissions:
    - {role: reader, permission: {columns: [id, name], filter: {id: {_eq: X-Hasura-User-Id}}}}
`)},
	"actions.graphql": {Data: []byte("type Query { find: Created }\ntype Mutation { create: Created }\ntype Created { id: Int }\n")},
	"actions.yaml": {Data: []byte(`
actions:
- {name: find, definition: {kind: "", handler: "http://handler.invalid/find"}}
- {name: create, definition: {kind: synchronous, handler: "http://handler.invalid/create"}}
custom_types:
  objects:
  - name: Created
    relationships:
    - {name: user, type: object, source: default, remote_table: users, field_mapping: {id: id}}
`)},
}

// gate is a request's body that is read only when it is opened, so that its request is known to be under way.
type gate struct {
	once    sync.Once
	entered chan struct{}
	opened  chan struct{}
	body    io.Reader
}

func newGate(body string) *gate {
	return &gate{entered: make(chan struct{}), opened: make(chan struct{}), body: strings.NewReader(body)}
}

func (g *gate) Read(p []byte) (int, error) {
	g.once.Do(func() { close(g.entered) })
	<-g.opened
	return g.body.Read(p)
}

// TestCoalesceRequests sends a request while another one is held before its body: where they are siblings, it waits for that
// one and shares its statement; where they aren't, it is answered meanwhile.
func TestCoalesceRequests(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(t, `create table users (id int primary key, name text); insert into users values (1, 'ann'), (2, 'bo'), (3, 'cy')`)
	counter := &pgtest.Counter{}
	service := startService(t, Config{
		Metadata: coalesceMetadata, LookupEnv: env(map[string]string{"PG_URL": db.URL}), queryTracer: counter, Coalesce: time.Hour,
		Transport: transport(func(*http.Request) string { return `{"id": 3}` }),
	})
	const trace1, trace2 = "4bf92f3577b34da6a3ce929d0e0e4736", "00000000000000000000000000000001"
	users := func(alias, ids string) string {
		return `{"query":"query($r:[_Any!]!){` + alias + `_entities(representations:$r){... on users{name}}}","variables":{"r":[` + ids + `]}}`
	}
	const one, two, three = `{"__typename":"users","id":1}`, `{"__typename":"users","id":2}`, `{"__typename":"users","id":3}`
	reader := func(id string) []string { return []string{"X-Hasura-Role", "reader", "X-Hasura-User-Id", id} }
	for _, test := range []struct {
		name               string
		held, other        string
		heldTrace          string
		heldHeader, header []string
		siblings           bool
		statements         int
		heldWant, want     string
	}{
		{
			name: "siblings", heldTrace: trace1, siblings: true, statements: 1,
			held: users("", one+","+two), heldWant: `{"data":{"_entities":[{"name":"ann"},{"name":"bo"}]}}`,
			other: users("a:", three+","+two), want: `{"data":{"a":[{"name":"cy"},{"name":"bo"}]}}`,
		},
		{
			name: "siblings of a role", heldTrace: trace1, heldHeader: reader("2"), header: reader("2"), siblings: true, statements: 1,
			held: users("", one), heldWant: `{"data":{"_entities":[null]}}`,
			other: users("", one+","+two), want: `{"data":{"_entities":[null,{"name":"bo"}]}}`,
		},
		{
			name: "another caller in the same trace", heldTrace: trace1, heldHeader: reader("1"), header: reader("2"), statements: 2,
			held: users("", one+","+two), heldWant: `{"data":{"_entities":[{"name":"ann"},null]}}`,
			other: users("", one+","+two), want: `{"data":{"_entities":[null,{"name":"bo"}]}}`,
		},
		{
			name: "a role beside the admin", heldTrace: trace1, header: reader("2"), statements: 2,
			held: users("", one), heldWant: `{"data":{"_entities":[{"name":"ann"}]}}`,
			other: users("", one), want: `{"data":{"_entities":[null]}}`,
		},
		{
			name: "another trace", heldTrace: trace2, statements: 2,
			held: users("", one), heldWant: `{"data":{"_entities":[{"name":"ann"}]}}`,
			other: users("", two), want: `{"data":{"_entities":[{"name":"bo"}]}}`,
		},
		{
			name: "no trace", statements: 2,
			held: users("", one), heldWant: `{"data":{"_entities":[{"name":"ann"}]}}`,
			other: users("", two), want: `{"data":{"_entities":[{"name":"bo"}]}}`,
		},
		{
			name: "one is explained", heldTrace: trace1, header: []string{"X-Joinery-Explain", "plan"}, statements: 2,
			held: users("", one), heldWant: `{"data":{"_entities":[{"name":"ann"}]}}`,
			other: users("", two), want: `{"data":{"_entities":[{"name":"bo"}]},"extensions":{"joinPlan":`,
		},
		{
			name: "a mutation is waited for only until it is known to be one", heldTrace: trace1, siblings: true, statements: 2,
			held: `{"query":"mutation { create { user { name } } }"}`, heldWant: `{"data":{"create":{"user":{"name":"cy"}}}}`,
			other: users("", two), want: `{"data":{"_entities":[{"name":"bo"}]}}`,
		},
		{
			name: "a request that is refused", heldTrace: trace1, siblings: true, statements: 1,
			held: `{"query":"{ nothing }"}`, heldWant: `{"errors":[`,
			other: users("", two), want: `{"data":{"_entities":[{"name":"bo"}]}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			counter.Reset()
			held, other := newGate(test.held), newGate(test.other)
			heldTrace, otherTrace := test.heldTrace, test.heldTrace
			if heldTrace == trace2 {
				otherTrace = trace1
			}
			heldAnswer := postIn(t, service, heldTrace, held, test.heldHeader...)
			<-held.entered
			answer := postIn(t, service, otherTrace, other, test.header...)
			<-other.entered
			close(other.opened)
			if !test.siblings { // it is answered although the other one is held
				hasPrefix(t, <-answer, test.want)
			}
			close(held.opened)
			if test.siblings {
				hasPrefix(t, <-answer, test.want)
			}
			hasPrefix(t, <-heldAnswer, test.heldWant)
			if n := counter.Count(); n != test.statements {
				t.Errorf("%d statements, want %d:\n%s", n, test.statements, strings.Join(counter.SQL(), "\n"))
			}
		})
	}
}

// TestCoalesceRowSecurity has siblings share what the database's own rules guard; another user in the same trace has their own.
func TestCoalesceRowSecurity(t *testing.T) {
	address, prefix := guardedDatabase(t)
	md := fstest.MapFS{}
	for name, f := range guardedMetadata {
		md[name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(f.Data), "ROLE", prefix))}
	}
	counter := &pgtest.Counter{}
	service := startService(t, Config{
		Metadata: md, DatabaseURL: address, RowSecurity: []string{"default"}, queryTracer: counter, Coalesce: time.Hour,
		Transport: transport(func(*http.Request) string { return `[]` }),
	})
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	ask := func(user string) (*gate, <-chan string) {
		body := newGate(`{"query":"{ users(order_by: {id: asc}) { name } }"}`)
		answer := postIn(t, service, id, body, "X-Hasura-Role", prefix+"_user", "X-Hasura-User-Id", user)
		<-body.entered
		return body, answer
	}
	for other, statements := range map[string]int{"1": 1, "2": 2} {
		counter.Reset()
		first, answer := ask("1")
		second, otherAnswer := ask(other)
		close(first.opened)
		close(second.opened)
		name := map[string]string{"1": "ann", "2": "bo"}
		hasPrefix(t, <-answer, `{"data":{"users":[{"name":"ann"}]}}`)
		hasPrefix(t, <-otherAnswer, `{"data":{"users":[{"name":"`+name[other]+`"}]}}`)
		if n := counter.Count(); n != statements {
			t.Errorf("beside user %s: %d statements, want %d: %q", other, n, statements, counter.SQL())
		}
	}
}

// TestCoalesceHandler has a request wait for its handler: a sibling doesn't wait for it meanwhile.
func TestCoalesceHandler(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(t, `create table users (id int primary key, name text); insert into users values (1, 'ann'), (2, 'bo')`)
	called, answered := make(chan struct{}), make(chan struct{})
	service := startService(t, Config{
		Metadata: coalesceMetadata, LookupEnv: env(map[string]string{"PG_URL": db.URL}), Coalesce: time.Hour,
		Transport: transport(func(*http.Request) string {
			close(called)
			<-answered
			return `{"id": 2}`
		}),
	})
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	waiting := postIn(t, service, id, strings.NewReader(`{"query":"{ find { user { name } } }"}`))
	<-called
	hasPrefix(t, <-postIn(t, service, id, strings.NewReader(`{"query":"{ users_by_pk(id: 1) { name } }"}`)), `{"data":{"users_by_pk":{"name":"ann"}}}`)
	close(answered)
	hasPrefix(t, <-waiting, `{"data":{"find":{"user":{"name":"bo"}}}}`)
}

// blocked is a response that is written only when it is opened.
type blocked struct {
	*httptest.ResponseRecorder
	entered, opened chan struct{}
}

func (b *blocked) Write(p []byte) (int, error) {
	close(b.entered)
	<-b.opened
	return b.ResponseRecorder.Write(p)
}

// TestCoalesceLast has a request write its answer: a sibling doesn't wait for it with joins that come later.
func TestCoalesceLast(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(t, `create table users (id int primary key, name text); insert into users values (1, 'ann')`)
	service := startService(t, Config{Metadata: coalesceMetadata, LookupEnv: env(map[string]string{"PG_URL": db.URL}), Coalesce: time.Hour})
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	w := &blocked{httptest.NewRecorder(), make(chan struct{}), make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		service.ServeHTTP(w, requestIn(t, id, strings.NewReader(`{"query":"{ users_by_pk(id: 1) { name } }"}`)))
	}()
	<-w.entered
	hasPrefix(t, <-postIn(t, service, id, strings.NewReader(`{"query":"{ users_by_pk(id: 1) { self { name } } }"}`)), `{"data":{"users_by_pk":{"self":{"name":"ann"}}}}`)
	close(w.opened)
	<-done
}

func hasPrefix(t *testing.T, got, want string) {
	t.Helper()
	if !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

// postIn sends a request that is part of a trace, if there is one.
func postIn(t *testing.T, h http.Handler, traceID string, body io.Reader, header ...string) <-chan string {
	t.Helper()
	r := requestIn(t, traceID, body, header...)
	answer := make(chan string, 1)
	go func() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		answer <- string(bytes.TrimSpace(w.Body.Bytes()))
	}()
	return answer
}

func requestIn(t *testing.T, traceID string, body io.Reader, header ...string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", body)
	r.Header.Set("Content-Type", "application/json")
	if traceID != "" {
		r.Header.Set("Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}
