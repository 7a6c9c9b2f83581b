package subgraph_test

import (
	"runtime"
	"strings"
	"testing"
)

// TestFieldMerging follows GraphQL, section 5.3.2, through a union: _Entity.
func TestFieldMerging(t *testing.T) {
	h := (&fixture{files: blogFiles, sql: blogSQL, caller: blog(1)}).handler(t)
	entities := func(selections string) string {
		return `{ _entities(representations: [{__typename: "users", id: 1}, {__typename: "posts", id: 1}]) { ` + selections + ` } }`
	}
	conflict := func(fields, reason string) string {
		return `Fields \"` + fields + `\" conflict because ` + reason + `. Use different aliases on the fields to fetch both if this was intentional.`
	}
	const differ = `\"id\" and \"name\" are different fields`
	for _, c := range []struct{ name, document, want string }{
		{"same field twice", `{ one { id id } one { id } }`, ""},
		{"same field, other selections", `{ one { user { id } } one { user { name } } }`, ""},
		{"same arguments", `{ one { posts(limit: 1, where: {id: {_eq: 1}, title: {}}) { id } posts(where: {title: {}, id: {_eq: 1}}, limit: 1) { id } } }`, ""},
		{"other name", `{ one { user { x: id x: name } } }`, conflict("one", `subfields \"user\" conflict because subfields \"x\" conflict because `+differ)},
		{"other name, two fields", `{ one { user { x: id } } one { user { x: name } } }`, conflict("one", `subfields \"user\" conflict because subfields \"x\" conflict because `+differ)},
		{"other name in a fragment", `{ one { user { x: id ...f } } } fragment f on users { x: name }`, conflict("one", `subfields \"user\" conflict because subfields \"x\" conflict because `+differ)},
		{"other arguments", `{ one { posts(limit: 1) { id } posts(limit: 2) { id } } }`, conflict("one", `subfields \"posts\" conflict because they have differing arguments`)},
		{"an argument more", `{ one { posts(limit: 1) { id } posts { id } } }`, conflict("one", `subfields \"posts\" conflict because they have differing arguments`)},
		{"other values within an argument", `{ one { posts(where: {id: {_eq: 1}}) { id } posts(where: {id: {_eq: 2}}) { id } } }`, conflict("one", `subfields \"posts\" conflict because they have differing arguments`)},
		{"other variables", `query($a: Int, $b: Int) { one { posts(limit: $a) { id } posts(limit: $b) { id } } }`, conflict("one", `subfields \"posts\" conflict because they have differing arguments`)},
		{"other types, fields of one shape", entities(`... on users { x: boss_id } ... on posts { x: user_id }`), conflict("_entities", `subfields \"x\" conflict because they return conflicting types \"Int\" and \"Int!\"`)},
		{"other types, other fields, same shape", entities(`... on users { x: id } ... on posts { x: user_id }`), ""},
		{"other types, other shape", entities(`... on users { x: name } ... on posts { x: user_id }`), conflict("_entities", `subfields \"x\" conflict because they return conflicting types \"String!\" and \"Int!\"`)},
		{"other types, objects", entities(`... on users { x: boss { y: id } } ... on posts { x: author { y: id } }`), ""},
		{"other types, objects with conflicting shapes", entities(`... on users { x: boss { y: id } } ... on posts { x: author { y: name } }`), conflict("_entities", `subfields \"x\" conflict because subfields \"y\" conflict because they return conflicting types \"Int!\" and \"String!\"`)},
		{"other types, object and list", entities(`... on users { x: boss { id } } ... on posts { x: tags { tag } }`), conflict("_entities", `subfields \"x\" conflict because they return conflicting types \"users\" and \"[tags!]!\"`)},
		{"the union's own field", entities(`x: __typename ... on users { x: name }`), conflict("_entities", `subfields \"x\" conflict because `+`\"name\" and \"__typename\" are different fields`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := post(t, h, body(c.document, ""))
			if c.want == "" && strings.Contains(got, `"errors"`) || !strings.Contains(got, c.want) {
				t.Errorf("got %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestFieldMergingInCycles: fragments in a cycle nest until the budget ends; what that takes must grow with the depth
// only, also where fields conflict at the end of it.
func TestFieldMergingInCycles(t *testing.T) {
	h := (&fixture{files: blogFiles, sql: blogSQL, caller: blog(1)}).handler(t)
	for _, document := range []string{
		`{ one { user { ...f } } } fragment f on users { boss { ...f } }`,
		`{ one { user { ...f } } } fragment f on users { boss { ...f } x: id ...g } fragment g on users { x: name }`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if got := post(t, h, body(document, "")); !strings.Contains(got, "GRAPHQL_VALIDATION_FAILED") || len(got) > 10_000 {
			t.Errorf("got %.1000s", got)
		}
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 100 {
			t.Errorf("%s: took %d MiB", document, took)
		}
	}
}
