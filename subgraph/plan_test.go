package subgraph

import (
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/joinery-graphql/joinery/entities"
)

// TestPlanCacheHolds bounds what is kept: operations, and plans of one operation and role.
func TestPlanCacheHolds(t *testing.T) {
	c := newPlanCache(&Schema{}, &DefaultLimits)
	c.operations = newWeighted[*ast.OperationDefinition, *operationPlans](2, maxPlannedFields)
	role := &entities.Role{}
	docs := make([]*ast.QueryDocument, 3)
	for i := range docs {
		var err error
		if docs[i], err = parser.ParseQuery(&ast.Source{Input: `query($a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean!, $e: Boolean!, $f: Boolean!, $g: Boolean!) {
			a: __typename @skip(if: $a) b: __typename @skip(if: $b) c: __typename @skip(if: $c) d: __typename @include(if: $d)
			e: __typename @skip(if: $e) f: __typename @skip(if: $f) g: __typename @skip(if: $g) }`}); err != nil {
			t.Fatal(err)
		}
	}
	for _, doc := range docs {
		for mask := range 1 << 7 {
			variables := map[string]any{}
			for bit := range 7 {
				variables[string(rune('a'+bit))] = mask>>bit&1 == 1
			}
			p, err := c.get(doc, doc.Operations[0], role, variables)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			for bit := range 7 {
				if on := mask>>bit&1 == 1; on == (bit == 3) { // $d includes, the others skip
					want++
				}
			}
			if len(p.fields) != want {
				t.Fatalf("mask %b: %d fields, want %d", mask, len(p.fields), want)
			}
		}
	}
	if n := c.operations.lru.Len(); n != 2 {
		t.Errorf("%d operations are kept", n)
	}
	for _, entry := range c.operations.lru.Values() {
		if len(entry.value.plans[role]) != maxPlans {
			t.Errorf("%d plans are kept of an operation", len(entry.value.plans[role]))
		}
	}
}
