package joinery

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/subgraph"
)

// fieldsMetadata has fields that actions give: of tables and of another subgraph's type, one call each or in batches,
// with relationships that follow.
var fieldsMetadata = fstest.MapFS{
	"version.yaml": {Data: []byte("version: 3\n")},
	"databases/databases.yaml": {Data: []byte(`
- name: default
  kind: postgres
  configuration: {connection_info: {database_url: {from_env: DATABASE_URL}}}
  tables:
  - table: {schema: public, name: products}
    object_relationships: [{name: owner, using: {foreign_key_constraint_on: owner_id}}]
    select_permissions:
    - {role: buyer, permission: {columns: [sku, price, owner_id], filter: {}}}
    - {role: viewer, permission: {columns: [sku], filter: {}}}
    - {role: stranger, permission: {columns: [sku, price], filter: {}}}
  - table: {schema: public, name: users}
    array_relationships: [{name: products, using: {foreign_key_constraint_on: {column: owner_id, table: {schema: public, name: products}}}}]
    select_permissions:
    - {role: buyer, permission: {columns: [id, name], filter: {id: {_neq: 2}}}}
`)},
	"actions.graphql": {Data: []byte(`
type Query {
  quote(sku: String!, price: numeric, express: Boolean): Quote!
  quotes(items: [QuoteItem!]!, express: Boolean): [Quote]!
  rank(id: Int!): Int!
  ranks(ids: [Int!]!): [Int!]!
  parcels: [Parcel!]
}
input QuoteItem { sku: String! price: numeric size: SizeInput }
input SizeInput { w: Int }
type Quote { cents: Int! seller_id: Int express: Boolean }
type Size { w: Int }
type Parcel { id: ID! sku: String! size: Size }
`)},
	"actions.yaml": {Data: []byte(`
actions:
- {name: quote, definition: {handler: "{{HANDLER}}", forward_client_headers: true}, permissions: [{role: buyer}, {role: viewer}]}
- {name: quotes, definition: {handler: "{{HANDLER}}"}, permissions: [{role: buyer}]}
- {name: rank, definition: {handler: "{{HANDLER}}"}, permissions: [{role: buyer}]}
- {name: ranks, definition: {handler: "{{HANDLER}}"}, permissions: [{role: buyer}]}
- {name: parcels, definition: {handler: "{{HANDLER}}"}, permissions: [{role: buyer}]}
custom_types:
  objects:
  - name: Quote
    relationships: [{name: seller, type: object, remote_table: users, field_mapping: {seller_id: id}}]
`)},
	"federation.yaml": {Data: []byte(`
types:
  products:
    fields:
      gross: {type: numeric, requires: price, expression: price * 2}
      quote: {action: {name: quote, arguments: {sku: sku, price: price}}}
      fast_quote: {action: {name: quotes, arguments: {items: {sku: sku, price: price}}, batch: true}}
  users:
    fields:
      rank: {action: {name: rank, arguments: {id: id}}}
      fast_rank: {action: {name: ranks, arguments: {ids: id}, batch: true}}
  Quote:
    keys: []
  Size: {shareable: true}
  Parcel:
    keys: [{fields: id}]
    fields:
      sku: {external: true}
      size: {external: true}
      quote: {requires: sku, action: {name: quote, arguments: {sku: sku}}}
      fast_quote: {requires: "sku size { w }", action: {name: quotes, arguments: {items: {sku: sku, size: size}}, batch: true}}
`)},
}

const fieldsSchema = `
create table users (id int primary key, name text);
create table products (sku text primary key, price numeric, owner_id int references users);
insert into users select i, 'u' || i from generate_series(1, 3) i;
insert into products select 's' || i, i * 10, 1 + i % 3 from generate_series(1, 6) i;
insert into products values ('bad', 5, 1), ('none', null, 1), ('twin', 10, 1)`

// priceHandler answers the actions of fieldsMetadata and keeps what it was asked.
type priceHandler struct {
	*httptest.Server
	mu      sync.Mutex
	asked   []string // action and input
	headers []http.Header
	running int
	most    int // at once
	wait    chan struct{}
}

func newPriceHandler(t *testing.T) *priceHandler {
	h := &priceHandler{}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

type quoteItem struct {
	SKU   string           `json:"sku"`
	Price *json.Number     `json:"price"`
	Size  *json.RawMessage `json:"size"`
}

func (h *priceHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var payload struct {
		Action struct{ Name string }
		Input  json.RawMessage
	}
	_ = json.NewDecoder(r.Body).Decode(&payload)
	h.mu.Lock()
	h.asked = append(h.asked, payload.Action.Name+" "+string(payload.Input))
	h.headers = append(h.headers, r.Header)
	h.running++
	h.most = max(h.most, h.running)
	wait := h.wait
	h.mu.Unlock()
	if wait != nil {
		<-wait
	}
	status, answer := answerPrice(payload.Action.Name, payload.Input)
	h.mu.Lock()
	h.running--
	h.mu.Unlock()
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func answerPrice(action string, input json.RawMessage) (int, any) {
	var in struct {
		quoteItem
		Express *bool
		Items   []quoteItem
		ID      int
		IDs     []int
	}
	_ = json.Unmarshal(input, &in)
	switch action {
	case "quote":
		if in.SKU == "bad" {
			return http.StatusBadRequest, map[string]string{"message": "no quote", "code": "sold-out"}
		}
		return http.StatusOK, quoteOf(in.quoteItem, in.Express)
	case "quotes":
		out := []any{}
		for _, item := range in.Items {
			switch item.SKU {
			case "bad":
				out = append(out, nil)
			case "none": // an element too few
			default:
				out = append(out, quoteOf(item, in.Express))
			}
		}
		return http.StatusOK, out
	case "rank":
		return http.StatusOK, in.ID * 100
	case "ranks":
		var out []int
		for _, id := range in.IDs {
			out = append(out, id*100)
		}
		return http.StatusOK, out
	}
	return http.StatusOK, []map[string]any{{"id": "p1", "sku": "s1", "size": map[string]int{"w": 2}}, {"id": "p2", "sku": "s2"}}
}

func quoteOf(item quoteItem, express *bool) map[string]any {
	cents := 1
	if item.Price != nil {
		n, _ := item.Price.Int64()
		cents = int(n) * 100
	}
	if item.Size != nil {
		cents += len(*item.Size)
	}
	return map[string]any{"cents": cents, "seller_id": len(item.SKU), "express": express}
}

// TestFieldsByActions compares answers, and counts calls and statements.
func TestFieldsByActions(t *testing.T) {
	handler, db, counter := newPriceHandler(t), pgtest.New(t), &pgtest.Counter{}
	db.Exec(t, fieldsSchema)
	service := startService(t, Config{
		Metadata: fieldsMetadata, DatabaseURL: db.URL, LookupEnv: env(map[string]string{"HANDLER": handler.URL}), queryTracer: counter,
	})
	tests := []struct {
		name, role, query, variables string
		asked                        []string // any order
		statements                   int
		want                         string
	}{
		{
			name: "one call each", query: `{ products(where: {sku: {_in: ["s1", "s2"]}}, order_by: {sku: asc}) { sku quote { cents } } }`,
			asked: []string{`quote {"sku":"s1","price":10}`, `quote {"sku":"s2","price":20}`}, statements: 1,
			want: `{"data":{"products":[{"sku":"s1","quote":{"cents":1000}},{"sku":"s2","quote":{"cents":2000}}]}}`,
		},
		{
			name: "in a batch", query: `{ products(where: {sku: {_in: ["s1", "s2"]}}, order_by: {sku: asc}) { sku fast_quote { cents } } }`,
			asked: []string{`quotes {"items":[{"sku":"s1","price":10},{"sku":"s2","price":20}]}`}, statements: 1,
			want: `{"data":{"products":[{"sku":"s1","fast_quote":{"cents":1000}},{"sku":"s2","fast_quote":{"cents":2000}}]}}`,
		},
		{
			name: "arguments of the client's", query: `query($e: Boolean) { products(where: {sku: {_eq: "s1"}}) { a: quote(express: true) { express } b: quote(express: $e) { express } c: quote { express } d: fast_quote(express: $e) { express } } }`,
			variables: `{"e":false}`,
			asked: []string{
				`quote {"sku":"s1","price":10,"express":true}`, `quote {"sku":"s1","price":10,"express":false}`, `quote {"sku":"s1","price":10}`,
				`quotes {"items":[{"sku":"s1","price":10}],"express":false}`,
			}, statements: 1,
			want: `{"data":{"products":[{"a":{"express":true},"b":{"express":false},"c":{"express":null},"d":{"express":false}}]}}`,
		},
		{
			name: "the same values once", query: `{ users(order_by: {id: asc}, limit: 2) { r: rank rank fast_rank products(where: {price: {_lt: 30}}, order_by: {sku: asc}) { owner { rank fast_rank } } } }`,
			asked: []string{`rank {"id":1}`, `rank {"id":2}`, `ranks {"ids":[1,2]}`, `rank {"id":1}`, `rank {"id":2}`, `ranks {"ids":[1,2]}`}, statements: 3,
			want: `{"data":{"users":[{"r":100,"rank":100,"fast_rank":100,"products":[{"owner":{"rank":100,"fast_rank":100}},{"owner":{"rank":100,"fast_rank":100}}]},` +
				`{"r":200,"rank":200,"fast_rank":200,"products":[{"owner":{"rank":200,"fast_rank":200}}]}]}}`,
		},
		{
			name: "relationships follow", query: `{ products(where: {sku: {_in: ["s1", "twin"]}}, order_by: {sku: asc}) { quote { seller { name rank } } fast_quote { seller { name fast_rank products(limit: 1, order_by: {sku: asc}) { quote { cents } } } } } }`,
			asked: []string{
				`quote {"sku":"s1","price":10}`, `quote {"sku":"twin","price":10}`, `quotes {"items":[{"sku":"s1","price":10},{"sku":"twin","price":10}]}`,
				`rank {"id":2}`, `ranks {"ids":[2]}`, `quote {"sku":"s1","price":10}`,
			}, statements: 3,
			want: `{"data":{"products":[` +
				`{"quote":{"seller":{"name":"u2","rank":200}},"fast_quote":{"seller":{"name":"u2","fast_rank":200,"products":[{"quote":{"cents":1000}}]}}},` +
				`{"quote":{"seller":null},"fast_quote":{"seller":null}}]}}`,
		},
		{
			name: "an error costs its own place", query: `{ products(where: {sku: {_in: ["s1", "bad"]}}, order_by: {sku: asc}) { sku quote { cents } fast_quote { cents } } }`,
			asked: []string{`quote {"sku":"bad","price":5}`, `quote {"sku":"s1","price":10}`, `quotes {"items":[{"sku":"bad","price":5},{"sku":"s1","price":10}]}`}, statements: 1,
			want: `{"data":{"products":[{"sku":"bad","quote":null,"fast_quote":null},{"sku":"s1","quote":{"cents":1000},"fast_quote":{"cents":1000}}]},` +
				`"errors":[{"message":"no quote","path":["products",0,"quote"],"extensions":{"code":"sold-out","path":"$"}}]}`,
		},
		{
			name: "a batch of another length", query: `{ products(where: {sku: {_in: ["s1", "none"]}}, order_by: {sku: asc}) { fast_quote { cents } } }`,
			asked: []string{`quotes {"items":[{"sku":"none","price":null},{"sku":"s1","price":10}]}`}, statements: 1,
			want: `{"data":{"products":[{"fast_quote":null},{"fast_quote":null}]},"errors":[` +
				`{"message":"expecting array of 2 elements for the action webhook response, found 1","path":["products",0,"fast_quote"],"extensions":{"code":"unexpected"}},` +
				`{"message":"expecting array of 2 elements for the action webhook response, found 1","path":["products",1,"fast_quote"],"extensions":{"code":"unexpected"}}]}`,
		},
		{
			name:  "entities of a table and of another subgraph",
			query: `query($r: [_Any!]!) { _entities(representations: $r) { ... on products { quote { cents } } ... on Parcel { id quote { cents seller { name } } fast_quote { cents } } } }`,
			variables: `{"r":[{"__typename":"products","sku":"s3"},{"__typename":"products","sku":"no"},{"__typename":"Parcel","id":"1","sku":"a","size":{"w":1}},` +
				`{"__typename":"Parcel","id":"2","sku":null,"size":null},{"__typename":"Parcel","id":"3"},{"__typename":"Parcel","id":"4","sku":"a","size":null}]}`,
			asked: []string{`quote {"sku":"s3","price":30}`, `quote {"sku":"a"}`, `quotes {"items":[{"sku":"a","size":{"w":1}},{"sku":"a","size":null}]}`}, statements: 2,
			want: `{"data":{"_entities":[{"quote":{"cents":3000}},null,{"id":"1","quote":{"cents":1,"seller":{"name":"u1"}},"fast_quote":{"cents":8}},` +
				`{"id":"2","quote":null,"fast_quote":null},{"id":"3","quote":null,"fast_quote":null},{"id":"4","quote":{"cents":1,"seller":{"name":"u1"}},"fast_quote":{"cents":1}}]},"errors":[` +
				`{"message":"the representation of \"Parcel\" lacks \"sku\"","path":["_entities",4,"quote"],"extensions":{"code":"invalid-representation"}},` +
				`{"message":"the representation of \"Parcel\" lacks \"sku\"","path":["_entities",4,"fast_quote"],"extensions":{"code":"invalid-representation"}}]}`,
		},
		{
			name: "of an action's output", query: `{ parcels { id quote { cents } fast_quote { cents } } }`,
			asked: []string{`parcels {}`, `quote {"sku":"s1"}`, `quote {"sku":"s2"}`, `quotes {"items":[{"sku":"s1","size":{"w":2}},{"sku":"s2","size":null}]}`},
			want:  `{"data":{"parcels":[{"id":"p1","quote":{"cents":1},"fast_quote":{"cents":8}},{"id":"p2","quote":{"cents":1},"fast_quote":{"cents":1}}]}}`,
		},
		{
			name: "nobody asks", query: `{ products(where: {sku: {_eq: "s1"}}) { sku } }`, statements: 1, want: `{"data":{"products":[{"sku":"s1"}]}}`,
		},
		{
			name: "no object", query: `{ products(where: {sku: {_eq: "no"}}) { quote { cents seller { name } } } }`, statements: 1, want: `{"data":{"products":[]}}`,
		},
		{
			name: "aggregate's nodes", query: `{ products_aggregate(where: {sku: {_eq: "s1"}}) { nodes { quote { cents } } } }`,
			asked: []string{`quote {"sku":"s1","price":10}`}, statements: 1,
			want: `{"data":{"products_aggregate":{"nodes":[{"quote":{"cents":1000}}]}}}`,
		},
		{
			name: "a role that may", role: "buyer", query: `{ products(where: {sku: {_in: ["s1", "s4"]}}, order_by: {sku: asc}) { quote { cents seller { name rank } } } }`,
			asked: []string{`quote {"sku":"s1","price":10}`, `quote {"sku":"s4","price":40}`}, statements: 2,
			want: `{"data":{"products":[{"quote":{"cents":1000,"seller":null}},{"quote":{"cents":4000,"seller":null}}]}}`,
		},
		{
			name: "a role that may not see a column", role: "viewer", query: `{ products(where: {sku: {_eq: "s1"}}) { sku quote { cents } } }`, statements: 1,
			want: `{"data":{"products":[{"sku":"s1","quote":null}]},"errors":[{"message":"field \"quote\" of type \"products\" is not permitted to the role \"viewer\"","path":["products",0,"quote"],"extensions":{"code":"permission-denied"}}]}`,
		},
		{
			name: "a role that may not call", role: "stranger", query: `{ products(where: {sku: {_eq: "s1"}}) { sku quote { cents } fast_quote { cents } } }`, statements: 1,
			want: `{"data":{"products":[{"sku":"s1","quote":null,"fast_quote":null}]},"errors":[` +
				`{"message":"field \"quote\" of type \"products\" is not permitted to the role \"stranger\"","path":["products",0,"quote"],"extensions":{"code":"permission-denied"}},` +
				`{"message":"field \"fast_quote\" of type \"products\" is not permitted to the role \"stranger\"","path":["products",0,"fast_quote"],"extensions":{"code":"permission-denied"}}]}`,
		},
		{
			name: "a representation's values need no permission", role: "viewer", query: `query($r: [_Any!]!) { _entities(representations: $r) { ... on Parcel { quote { cents } } } }`,
			variables: `{"r":[{"__typename":"Parcel","id":"1","sku":"a"}]}`, asked: []string{`quote {"sku":"a"}`},
			want: `{"data":{"_entities":[{"quote":{"cents":1}}]}}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			handler.asked = nil
			counter.Reset()
			header := http.Header{}
			if test.role != "" {
				header.Set("X-Hasura-Role", test.role)
			}
			got := postWith(t, service, header, requestBody(t, test.query, test.variables))
			if diff := cmp.Diff(indent(t, test.want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			slices.Sort(test.asked)
			slices.Sort(handler.asked)
			if diff := cmp.Diff(test.asked, handler.asked); diff != "" {
				t.Errorf("calls: -want +got:\n%s", diff)
			}
			if n := counter.Count(); n != test.statements {
				t.Errorf("%d statements, want %d", n, test.statements)
			}
		})
	}
}

func requestBody(t *testing.T, query, variables string) []byte {
	t.Helper()
	request := map[string]any{"query": query}
	if variables != "" {
		request["variables"] = json.RawMessage(variables)
	}
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestFieldsCallsLimit has an operation need more calls than it may: none is made, and each place says so.
func TestFieldsCallsLimit(t *testing.T) {
	handler, db := newPriceHandler(t), pgtest.New(t)
	db.Exec(t, fieldsSchema)
	service := startService(t, Config{
		Metadata: fieldsMetadata, DatabaseURL: db.URL, LookupEnv: env(map[string]string{"HANDLER": handler.URL}), Limits: subgraph.Limits{Calls: 2},
	})
	got := postWith(t, service, http.Header{}, requestBody(t, `{ users { name rank fast_rank } }`, ""))
	for _, want := range []string{"operation needs more than 2 calls of actions for its fields", `"code": "limit-exceeded"`, `"fast_rank": 100`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if diff := cmp.Diff([]string{`ranks {"ids":[1,2,3]}`}, handler.asked); diff != "" {
		t.Errorf("calls: -want +got:\n%s", diff)
	}
}

// TestFieldsParallelCalls has calls wait for each other: as many as are made side by side, and no more.
func TestFieldsParallelCalls(t *testing.T) {
	handler, db := newPriceHandler(t), pgtest.New(t)
	db.Exec(t, fieldsSchema+`; insert into users select i, 'u' from generate_series(4, 50) i`)
	service := startService(t, Config{Metadata: fieldsMetadata, DatabaseURL: db.URL, LookupEnv: env(map[string]string{"HANDLER": handler.URL})})
	handler.wait = make(chan struct{})
	done := make(chan string)
	go func() {
		done <- postWith(t, service, http.Header{}, requestBody(t, `{ users { rank } }`, ""))
	}()
	running := func() int {
		handler.mu.Lock()
		defer handler.mu.Unlock()
		return handler.running
	}
	for deadline := time.Now().Add(10 * time.Second); running() < 16; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d calls at once", running())
		}
	}
	close(handler.wait)
	if got := <-done; strings.Contains(got, "errors") || strings.Count(got, "rank") != 50 {
		t.Errorf("got %s", got)
	}
	if handler.most != 16 {
		t.Errorf("%d calls at once, want 16", handler.most)
	}
}

// TestFieldsForwardedHeaders has the handler of a field see what that of a root field sees.
func TestFieldsForwardedHeaders(t *testing.T) {
	handler, db := newPriceHandler(t), pgtest.New(t)
	db.Exec(t, fieldsSchema)
	service := startService(t, Config{Metadata: fieldsMetadata, DatabaseURL: db.URL, LookupEnv: env(map[string]string{"HANDLER": handler.URL})})
	postWith(t, service, http.Header{"X-Tenant": {"t1"}}, requestBody(t, `{ products(where: {sku: {_eq: "s1"}}) { quote { cents } } }`, ""))
	if len(handler.headers) != 1 || handler.headers[0].Get("X-Tenant") != "t1" {
		t.Errorf("got %v", handler.headers)
	}
}

// TestFieldsExplain has the join plan tell of expressions, and what came of them, and of actions.
func TestFieldsExplain(t *testing.T) {
	handler, db := newPriceHandler(t), pgtest.New(t)
	db.Exec(t, fieldsSchema)
	service := startService(t, Config{Metadata: fieldsMetadata, DatabaseURL: db.URL, LookupEnv: env(map[string]string{"HANDLER": handler.URL})})
	body := requestBody(t, `{ products(limit: 3) { gross twice: gross quote { seller { name } } owner { products { gross } } } }`, "")
	plan, answer := joinPlan(t, service, string(body), "X-Joinery-Explain", "analyze")
	if plan == nil {
		t.Fatalf("no join plan: %s", answer)
	}
	var got []string
	for _, wave := range plan.Waves {
		for _, a := range wave.Actions {
			got = append(got, fmt.Sprintf("%d action %s %v: %d calls", wave.Depth, a.Name, a.Positions, a.Calls))
		}
		for _, l := range wave.Loads {
			got = append(got, fmt.Sprintf("%d %s %s %q %v: %d keys, %d statements", wave.Depth, l.Type, l.Relationship, l.Table, l.Positions, l.Keys, l.Statements))
		}
	}
	want := []string{
		`1 root Query.products "public.products" [products]: 1 keys, 1 statements`,
		`2 action quote [products.quote]: 3 calls`,
		`2 object products.owner "public.users" [products.owner]: 3 keys, 1 statements`,
		`2 expression products.gross "" [products.gross products.twice]: 6 keys, 1 statements`,
		`3 object Quote.seller "public.users" [products.quote.seller]: 3 keys, 1 statements`,
		`3 array users.products "public.products" [products.owner.products]: 3 keys, 1 statements`,
		`4 expression products.gross "" [products.owner.products.gross]: 9 keys, 1 statements`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestFieldsExplainCalls has the join plan tell what came of the calls of actions that give fields.
func TestFieldsExplainCalls(t *testing.T) {
	handler, db := newPriceHandler(t), pgtest.New(t)
	db.Exec(t, fieldsSchema)
	service := startService(t, Config{
		Metadata: fieldsMetadata, DatabaseURL: db.URL, LookupEnv: env(map[string]string{"HANDLER": handler.URL}), Limits: subgraph.Limits{Calls: 8},
	})
	const all = `products(order_by: {sku: asc})`
	for query, want := range map[string][]string{
		`{ ` + all + ` { quote { cents } again: quote { seller_id } } }`: {
			`2 quote [products.quote products.again]: 9 calls, 9 failed (operation needs more than 8 calls of actions for its fields)`,
		},
		`{ products(where: {sku: {_neq: "s1"}}, order_by: {sku: asc}) { quote { cents } again: quote { seller_id } } }`: {
			`2 quote [products.quote products.again]: 8 calls, 1 failed (no quote), the first {"sku":"bad","price":5} 400`,
		},
		`{ ` + all + ` { fast_quote { cents } } }`: {
			`2 quotes [products.fast_quote]: 1 calls, 0 failed (), the first {"items":[{"sku":"bad","price":5},{"sku":"none","price":null},` +
				`{"sku":"s1","price":10},{"sku":"s2","price":20},{"sku":"s3","price":30},{"sku":"s4","price":40},{"sku":"s5","price":50},{"sku":"s6","price":60},{"sku":"twin","price":10}]} 200`,
		},
		`{ parcels { quote { cents } } none: products(where: {sku: {_eq: "no"}}) { quote { cents } } users(limit: 1, order_by: {id: asc}) { rank owned: products { owner { rank } } } }`: {
			`0 parcels []: 1 calls, 0 failed (), the first {} 200`,
			`1 quote [parcels.quote]: 2 calls, 0 failed (), the first {"sku":"s1"} 200`,
			`2 quote [none.quote]: 0 calls, 0 failed ()`,
			`2 rank [users.rank]: 1 calls, 0 failed (), the first {"id":1} 200`,
			`4 rank [users.owned.owner.rank]: 1 calls, 0 failed (), the first {"id":1} 200`,
		},
	} {
		plan, answer := joinPlan(t, service, string(requestBody(t, query, "")), "X-Joinery-Explain", "analyze")
		if plan == nil {
			t.Fatalf("no join plan: %s", answer)
		}
		var got []string
		for _, wave := range plan.Waves {
			for _, a := range wave.Actions {
				got = append(got, fmt.Sprintf("%d %s %v: %s", wave.Depth, a.Name, a.Positions, outcome(t, a.ActionRun)))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", query, diff)
		}
	}
}

func outcome(t *testing.T, run *subgraph.ActionRun) string {
	t.Helper()
	text := fmt.Sprintf("%d calls, %d failed (%s)", run.Calls, run.Failed, run.Error)
	if run.Exchange == nil {
		return text
	}
	var sent struct{ Input json.RawMessage }
	if err := json.Unmarshal(run.Request.Body, &sent); err != nil {
		t.Error(err)
	}
	if run.DurationMs <= 0 {
		t.Errorf("calls that took %v ms", run.DurationMs)
	}
	return fmt.Sprintf("%s, the first %s %d", text, sent.Input, run.Response.Status)
}

// TestFieldsErrors has Postgres refuse expressions at the start.
func TestFieldsErrors(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(t, fieldsSchema)
	dir := fstest.MapFS{}
	for name, file := range fieldsMetadata {
		dir[name] = file
	}
	dir["federation.yaml"] = &fstest.MapFile{Data: []byte(`types:
  products:
    fields:
      ownerId: {external: true, type: Int}
      a: {type: Int, requires: price, expression: price}
      b: {type: Int, requires: ownerId, expression: ownerId}
      c: {type: Int, requires: price, expression: "pric + 1"}
      d: {type: Int, requires: price, expression: "1) FROM users"}
`)}
	_, err := New(t.Context(), Config{Metadata: dir, DatabaseURL: db.URL, LookupEnv: env(map[string]string{"HANDLER": "http://localhost"})})
	want := `federation.yaml:5: field "a" of type "products": expression: it is of type numeric, not integer: cast it
federation.yaml:6: field "b" of type "products": expression: column "ownerid" does not exist (write names with capitals in quotes, such as "ownerId")
federation.yaml:7: field "c" of type "products": expression: column "pric" does not exist
federation.yaml:8: field "d" of type "products": expression: syntax error at or near "FROM"`
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
