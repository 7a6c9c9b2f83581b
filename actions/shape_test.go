package actions

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/joinery-graphql/joinery/metadata"
)

func named(name string, nonNull bool) *metadata.Type {
	return &metadata.Type{Name: name, NonNull: nonNull}
}

func listOf(elem *metadata.Type, nonNull bool) *metadata.Type {
	return &metadata.Type{Elem: elem, NonNull: nonNull}
}

var fuzzObject = &metadata.Object{Name: "User", Fields: []*metadata.Field{
	{Name: "id", Type: named("ID", true)}, {Name: "n", Type: named("Int", true)}, {Name: "x", Type: named("String", false)},
}}

var fuzzTypes = []*metadata.Type{
	named("User", false), named("User", true), listOf(named("User", true), false),
	listOf(listOf(named("User", false), true), true), named("Int", false), named("ID", true), listOf(named("Boolean", true), false),
	named("jsonb", true), listOf(named("jsonb", false), true),
}

// FuzzValidate compares validate with a slow model over decoded values.
func FuzzValidate(f *testing.F) {
	for i := range fuzzTypes {
		for _, s := range []string{
			`{"id": "a", "n": 1, "x": null}`, `[{"id": "a", "n": 1}, null]`, `[[{"\u0069d": 1, "n": {}}, {"n": null}]]`,
			`{"id": null}`, `7`, `"x"`, `[true, false]`, `null`, `{"a": 1, "a": 2}`, `[1] 2`, "\xff", `{"id"`, ` [ ] `,
		} {
			f.Add(i, []byte(s))
		}
	}
	objects := map[string]*metadata.Object{"User": fuzzObject}
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		typ := fuzzTypes[uint(i)%uint(len(fuzzTypes))]
		before := bytes.Clone(body)
		fault, err := validate(body, newShape(typ, objects))
		if !bytes.Equal(before, body) {
			t.Fatal("validate changed the answer")
		}
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q is taken for JSON", body)
		}
		var v any
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		if fits := conforms(v, typ); fits != (fault == "") {
			t.Fatalf("%s as %s: fault %q, but the model says %t", body, typ, fault, fits)
		}
	})
}

// conforms is section 4.3 of hasura-actions.md over decoded JSON.
func conforms(v any, t *metadata.Type) bool {
	if v == nil {
		return !t.NonNull
	}
	if t.Elem != nil {
		list, ok := v.([]any)
		for _, e := range list {
			ok = ok && conforms(e, t.Elem)
		}
		return ok
	}
	switch v := v.(type) {
	case json.Number:
		return t.Name == "Int" || t.Name == "jsonb"
	case string:
		return t.Name == "ID" || t.Name == "jsonb"
	case bool:
		return t.Name == "Boolean" || t.Name == "jsonb"
	case map[string]any:
		return t.Name == "jsonb" || t.Name == "User" && v["id"] != nil && v["n"] != nil
	default:
		return t.Name == "jsonb"
	}
}

// FuzzExpand: text without braces stays, and what comes out is never expanded again.
func FuzzExpand(f *testing.F) {
	for _, s := range []string{"", "{{A}}", "a{{ B }}c{{A}}", "{{", "}}", "{{A}", "{{{{A}}}}", "{{ }}"} {
		f.Add(s)
	}
	env := map[string]string{"A": "{{B}}", "B": "b"}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	f.Fuzz(func(t *testing.T, text string) {
		got, missing, err := expand(text, lookup)
		if !strings.Contains(text, "{{") && (got != text || missing != nil || err != nil) {
			t.Fatalf("%q became %q", text, got)
		}
		for _, m := range missing {
			if _, ok := env[m]; ok || !isEnvName(m) || !strings.Contains(text, m) {
				t.Fatalf("%q misses %q", text, m)
			}
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	one := `{"id": "7ffd68ba-535e-4c72-9051-17cd4e8ed594", "n": 17, "x": "Hodor", "friend": {"id": "x", "tags": [1, 2, 3]}}`
	bench := func(name, body string, t *metadata.Type) {
		b.Run(name, func(b *testing.B) {
			s := newShape(t, map[string]*metadata.Object{"User": fuzzObject})
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if fault, err := validate([]byte(body), s); fault != "" || err != nil {
					b.Fatal(fault, err)
				}
			}
		})
	}
	bench("1", one, named("User", true))
	bench("100", "["+strings.Repeat(one+",", 99)+one+"]", listOf(named("User", true), true))
}
