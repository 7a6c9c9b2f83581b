package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/internal/fedtest"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/supergraph"
)

const oneSource = `
- name: default
  kind: postgres
  configuration: {connection_info: {database_url: {from_env: DATABASE_URL}}}
  tables:
`

// shop owns Product.
var shop = fstest.MapFS{
	"version.yaml": {Data: []byte("version: 3")},
	"databases/databases.yaml": {Data: []byte(oneSource + `
  - table: {schema: public, name: products}
    configuration: {custom_name: Product, custom_root_fields: {select: products}}
`)},
	"federation.yaml": {Data: []byte(`
types:
  Product: {fields: {upc: {type: ID!}, price: {type: Int}, weight: {type: Float}}}
`)},
}

// shipping adds fields to Product: by an expression over what the shop has, and by actions, from whose answers a join
// leads on.
var shipping = fstest.MapFS{
	"version.yaml": {Data: []byte("version: 3")},
	"databases/databases.yaml": {Data: []byte(oneSource + `
  - table: {schema: public, name: carriers}
    configuration: {custom_name: Carrier}
`)},
	"actions.graphql": {Data: []byte(`
type Query {
  shipping_quote(upc: ID!, price: Int, weight: Float): ShippingQuote
  shipping_quotes(items: [ShippingItem!]!): [ShippingQuote]
}
input ShippingItem { upc: ID! weight: Float }
type ShippingQuote { cents: Int! carrier_id: Int! }
type Product { upc: ID! price: Int weight: Float }
`)},
	"actions.yaml": {Data: []byte(`
actions:
- {name: shipping_quote, definition: {handler: "http://handler.test"}}
- {name: shipping_quotes, definition: {handler: "http://handler.test"}}
custom_types:
  objects:
  - name: ShippingQuote
    relationships: [{name: carrier, type: object, remote_table: carriers, field_mapping: {carrier_id: id}}]
`)},
	"federation.yaml": {Data: []byte(`
types:
  ShippingQuote: {keys: []}
  Product:
    keys: [{fields: upc}]
    fields:
      price: {external: true}
      weight: {external: true}
      shippingEstimate: {type: Int, requires: price weight, expression: CASE WHEN price > 1000 THEN 0 ELSE ceil(weight / 2)::int END}
      shippingQuote: {requires: price weight, action: {name: shipping_quote, arguments: {upc: upc, price: price, weight: weight}}}
      fastQuote: {requires: weight, action: {name: shipping_quotes, arguments: {items: {upc: upc, weight: weight}}, batch: true}}
`)},
}

type handlerFunc func(*http.Request) (*http.Response, error)

func (f handlerFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answerQuote is the handler of shipping's actions.
func answerQuote(r *http.Request) (*http.Response, error) {
	type item struct{ Weight float64 }
	var payload struct {
		Input struct {
			item
			Items []item
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&payload); err != nil {
		return nil, err
	}
	quote := func(i item) map[string]int {
		return map[string]int{"cents": int(i.Weight * 100), "carrier_id": 1 + int(i.Weight)%2}
	}
	var answer any = quote(payload.Input.item)
	if payload.Input.Items != nil {
		var quotes []any
		for _, i := range payload.Input.Items {
			quotes = append(quotes, quote(i))
		}
		answer = quotes
	}
	body, err := json.Marshal(answer)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, err
}

// TestFields has a subgraph add fields to an entity of another's, of what that one has, behind Apollo Router and Apollo
// Gateway.
func TestFields(t *testing.T) {
	var config supergraph.Config
	for _, s := range []struct {
		name     string
		metadata fstest.MapFS
		schema   string
	}{
		{"shop", shop, `create table products (upc text primary key, price int, weight float8);
			insert into products values ('1', 899, 2.5), ('2', 1299, 7), ('3', null, 4)`},
		{"shipping", shipping, `create table carriers (id int primary key, name text); insert into carriers values (1, 'snail'), (2, 'pigeon')`},
	} {
		db := pgtest.New(t)
		db.Exec(t, s.schema)
		service := fedtest.Joinery(t, joinery.Config{
			Metadata: s.metadata, DatabaseURL: db.URL, Transport: handlerFunc(answerQuote), Log: slog.New(slog.DiscardHandler),
			DisableTableRoots: s.name == "shipping",
		})
		config.Subgraphs = append(config.Subgraphs, supergraph.Subgraph{
			Name: s.name, RoutingURL: fedtest.Serve(t, service), Schema: supergraph.Schema{SDL: service.SDL()},
		})
	}
	behindRouters(t, supergraph.RouterOptions{Supergraph: fedtest.Compose(t, &config)}, testFields)
}

func testFields(t *testing.T, _, router string) {
	got := fedtest.Decode(t, fedtest.Ask(t, router, `{ products(order_by: {upc: asc}) {
		upc shippingEstimate shippingQuote { cents carrier { name } } fastQuote { cents carrier { name } } } }`, "null"))
	product := func(upc string, estimate any, cents float64, carrier string) map[string]any {
		quote := map[string]any{"cents": cents, "carrier": map[string]any{"name": carrier}}
		return map[string]any{"upc": upc, "shippingEstimate": estimate, "shippingQuote": quote, "fastQuote": quote}
	}
	want := map[string]any{"data": map[string]any{"products": []any{
		product("1", 2.0, 250, "snail"), product("2", 0.0, 700, "pigeon"), product("3", 2.0, 400, "snail"),
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
