package e2e

import (
	"log/slog"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/internal/fedtest"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/remotetest"
	"github.com/joinery-graphql/joinery/supergraph"
)

// remote has users, which a service that is no subgraph knows more about.
var remote = fstest.MapFS{
	"version.yaml": {Data: []byte("version: 3")},
	"remote_schemas.yaml": {Data: []byte(`
- name: accounts
  definition:
    url_from_env: ACCOUNTS_URL
    customization: {type_names: {prefix: Remote}}
`)},
	"databases/databases.yaml": {Data: []byte(oneSource + `
  - table: users
    remote_relationships:
    - {name: account, definition: {to_remote_schema: {remote_schema: accounts, lhs_fields: [id], remote_field: {account: {arguments: {id: $id}}}}}}
    - {name: hits, definition: {to_remote_schema: {remote_schema: accounts, lhs_fields: [id], remote_field: {search: {arguments: {owner: $id}}}}}}
`)},
}

// TestRemoteRelationships: a table's rows with what a service that is no subgraph knows, behind Apollo Router and Apollo
// Gateway: one request to the service for all rows.
func TestRemoteRelationships(t *testing.T) {
	accounts := remotetest.Start(t)
	db := pgtest.New(t)
	db.Exec(t, `create table users (id int primary key, name text); insert into users values (1, 'ann'), (2, 'bo')`)
	service, err := joinery.New(t.Context(), joinery.Config{
		Metadata: remote, DatabaseURL: db.URL, Log: slog.New(slog.DiscardHandler),
		LookupEnv: func(name string) (string, bool) { return accounts.URL, name == "ACCOUNTS_URL" },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	accounts.Requests(t) // the introspection
	config := supergraph.Config{Subgraphs: []supergraph.Subgraph{{Name: "joinery", RoutingURL: fedtest.Serve(t, service), Schema: supergraph.Schema{SDL: service.SDL()}}}}
	behindRouters(t, supergraph.RouterOptions{Supergraph: fedtest.Compose(t, &config)}, func(t *testing.T, _, router string) {
		got := fedtest.Decode(t, fedtest.Ask(t, router, `{ users(order_by: {id: asc}) {
			name account { mine: profile(size: 8) { picture } } hits(first: 2) { __typename ... on RemoteAccount { owner } ... on RemoteWeather { wind { speed } } } } }`, "null"))
		user := func(id, name string) map[string]any {
			return map[string]any{"name": name, "account": map[string]any{"mine": map[string]any{"picture": id + "@8"}}, "hits": []any{
				map[string]any{"__typename": "RemoteAccount", "owner": "owner of " + id},
				map[string]any{"__typename": "RemoteWeather", "wind": map[string]any{"speed": 1.5}},
			}}
		}
		want := map[string]any{"data": map[string]any{"users": []any{user("1", "ann"), user("2", "bo")}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if n := len(accounts.Requests(t)); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
}
