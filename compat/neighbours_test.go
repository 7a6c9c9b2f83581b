package compat

import (
	"io/fs"
	"testing"

	"github.com/joinery-graphql/joinery/internal/fedtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

// TestNeighbours joins types both ways with subgraphs of others, through Apollo Router: theirs are extended here by one
// and several keys, nested ones too, and tables' types there by each of their unique keys; another subgraph's interface
// object adds fields to all tables of an interface.
func TestNeighbours(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a router and Node")
	}
	content := testkit.ReadArchive(t, "testdata/neighbours.txtar").FS(t)
	metadata, err := fs.Sub(content, "metadata")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := fs.ReadFile(content, "schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	urls := fedtest.Node(t, "testdata/neighbours.mjs")
	urls["joinery"] = startJoinery(t, metadata, string(schema))
	router := startRouter(t, urls)
	for _, c := range []struct{ name, query, want string }{
		{
			"their entity by a nested key", `{ parcels { weight notes { body } carrier { name company { name } } } }`,
			`{"data": {"parcels": [
				{"weight": 1.5, "notes": [{"body": "fragile"}, {"body": "heavy"}], "carrier": {"name": "carrier P", "company": {"name": "Post"}}},
				{"weight": 1.5, "notes": [{"body": "late"}], "carrier": {"name": "carrier C", "company": null}}
			]}}`,
		},
		{
			"our table by a unique column", `{ debtors { debt name } }`,
			`{"data": {"debtors": [{"debt": 7, "name": "Bo"}, {"debt": 10, "name": null}]}}`,
		},
		{
			"our table by two columns", `{ readers { books name debt } }`,
			`{"data": {"readers": [{"books": 21, "name": "Cy", "debt": null}, {"books": 11, "name": "Bo", "debt": 7}]}}`,
		},
		{
			"our table, extended by two subgraphs", `{ customers(order_by: [{id: asc}], limit: 2) { name debt books } }`,
			`{"data": {"customers": [{"name": "Ada", "debt": 7, "books": 11}, {"name": "Bo", "debt": 7, "books": 11}]}}`,
		},
		{
			"their interface object, our interface", `{ lent { __typename id rating title ... on films { minutes } ... on books { pages } } }`,
			`{"data": {"lent": [
				{"__typename": "films", "id": "f1", "rating": 3, "title": "Solaris", "minutes": 167}, {"__typename": "books", "id": "b1", "rating": 5, "title": "Walden", "pages": 300}
			]}}`,
		},
		{
			"our tables, their interface object", `{ films { title rating } books { title rating } }`,
			`{"data": {"films": [{"title": "Solaris", "rating": 3}], "books": [{"title": "Walden", "rating": 5}]}}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) { fedtest.Answers(t, router, c.query, "null", c.want) })
	}
}
