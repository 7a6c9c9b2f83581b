package supergraph

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEntityProblems: what composes, but can't be meant.
func TestEntityProblems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		sdls []string
		want []string
	}{
		{"resolved elsewhere", []string{
			`type Query { a: A } type A @key(fields: "x y", resolvable: false) { x: Int y: Int }`,
			`type A @key(fields: "y  x") { x: Int y: Int z: Int }`,
		}, nil},
		{"resolved by another key only", []string{
			`type Query { a: A } type A @key(fields: "x", resolvable: false) { x: Int }`,
			`type A @key(fields: "y") { y: Int }`,
		}, []string{`KEY_NOT_RESOLVED 0:1 [0] no subgraph resolves the key "x" of type "A"`}},
		{"nested", []string{
			"type Query { a: A }\ntype A @federation__key(fields: \"o { b, a } x\", resolvable: false) { x: Int }",
			`type A @key(fields: "x o { a b }") { x: Int }`,
		}, nil},
		{"an extension's key", []string{
			`type Query { a: A } type A @key(fields: "x", resolvable: false) { x: Int }`,
			`extend type A @key(fields: "x") { x: Int @external y: Int }`,
		}, nil},
		{"nobody gives it", []string{
			"type Query { x: Int }\ntype A @key(fields: \"x\") { x: Int }",
			`type Query { y: Int }`,
		}, []string{`ENTITY_NOT_RETURNED 0:2 [0] no field of the supergraph gives the entity "A", and no other subgraph has it`}},
		{"another subgraph has it", []string{
			`type A @key(fields: "x") { x: Int }`,
			`type A @key(fields: "x") { x: Int y: Int }`,
		}, nil},
		{"through a union", []string{
			`type Query { u: U } union U = A | B type A @key(fields: "x") { x: Int } type B { x: Int }`,
		}, nil},
		{"through an interface", []string{
			`type Query { i: I } interface I { x: Int } type A implements I @key(fields: "x") { x: Int }`,
		}, nil},
	} {
		var subgraphs []Types
		for i, sdl := range c.sdls {
			types, err := readTypes(sdl)
			if err != nil {
				t.Fatal(err)
			}
			subgraphs = append(subgraphs, Types{Subgraph: string(rune('0' + i)), Types: types})
		}
		var got []string
		for _, p := range entityProblems(subgraphs) {
			l := p.Locations[0]
			got = append(got, p.Code+" "+l.Subgraph+":"+string(rune('0'+l.Line))+" "+p.Message)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
