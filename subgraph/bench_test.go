package subgraph

import (
	"testing"
	"testing/fstest"

	"github.com/vektah/gqlparser/v2"

	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/metadata"
)

func benchSchema(b *testing.B) *Schema {
	b.Helper()
	md, faults := metadata.Read(fstest.MapFS{
		"version.yaml":             {Data: []byte("version: 3\n")},
		"databases/databases.yaml": {Data: []byte("[]\n")},
		"actions.yaml":             {Data: []byte("actions:\n- {name: list, definition: {handler: http://handler.test}}\n")},
		"actions.graphql": {Data: []byte(`
type Query { list(first: Int, filter: Filter): [Item!]! }
input Filter { text: String }
type Item { id: ID! name: String nested: Nested }
type Nested { id: ID! item: Item notes: [String!] }
`)},
	})
	if err := faults.Err(); err != nil {
		b.Fatal(err)
	}
	model, faults := entities.NewModel(md, nil, entities.Options{})
	if err := faults.Err(); err != nil {
		b.Fatal(err)
	}
	s, faults := NewSchema(md, model, nil)
	if err := faults.Err(); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkPlan plans an operation with fragments, aliases and directives; the second run finds it in the cache.
func BenchmarkPlan(b *testing.B) {
	s := benchSchema(b)
	doc, errs := gqlparser.LoadQueryWithRules(s.schema, `
query Q($r: [_Any!]!, $on: Boolean!) {
  a: list(first: 10) { ...item nested { ...nested notes } }
  b: list(filter: {text: "x"}) { id @include(if: $on) ...item }
  _entities(representations: $r) { ... on Item { ...item } ... on Nested { ...nested } }
}
fragment item on Item { __typename id name nested { ...nested } }
fragment nested on Nested { id item { id name } }`, validationRules(1000, true))
	if errs != nil {
		b.Fatal(errs)
	}
	role := s.model.Role(metadata.AdminRole)
	op, variables := doc.Operations[0], map[string]any{"on": true}
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.newPlan(op, role, variables, &DefaultLimits); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cached", func(b *testing.B) {
		cache := newPlanCache(s, &DefaultLimits)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := cache.get(doc, op, role, variables); err != nil {
				b.Fatal(err)
			}
		}
	})
}
