package entities

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// FuzzRepresentations reads anything as the variable of _entities. Whatever it is, the list keeps its length and order,
// and each error has its place in it.
func FuzzRepresentations(f *testing.F) {
	for _, seed := range []string{
		`[]`, `null`, `7`, `{}`, `[`, `[]]`, `[null]`, `[{}, 7, "x", [], true]`,
		`[{"__typename":"users","id":1},{"__typename":"users","email":"x","boss_id":2},{"__typename":"users","id":null}]`,
		`[{"__typename":"Out","id":"1"},{"__typename":"Inner","a":1},{"__typename":"Nope"},{"__typename":null}]`,
		`[{"\u005f_typename":"\u0075sers","\u0069d":"\u0031"}]`, `[{"__typename":"users","id":1,"id":{"a":[]}}]`,
		`[{"__typename":"Out","id":9007199254740993,"inner":{"a":1}}]`, "[{\"__typename\":\"users\",\"id\":\"\xff\"}]", `[{"__typename":"users","id":1e999}]`,
	} {
		f.Add([]byte(seed))
	}
	model, _ := handMade(f)
	var selections []*Selection
	for _, t := range model.Types {
		selections = append(selections, everything(t, 2))
	}
	plan := model.Plan(model.Role(metadata.AdminRole), []Root{{Entities: selections}})
	f.Fuzz(func(t *testing.T, input []byte) {
		if !json.Valid(input) {
			t.Skip("what comes in was checked before")
		}
		out, errs, ok := runTwice(t, plan, input, "before", "_entities")
		if string(out[:6]) != "before" {
			t.Fatalf("Append changed what stood before: %q", out)
		}
		var list []json.RawMessage
		if json.Unmarshal(input, &list) != nil || input[0] == 'n' {
			list = nil
		}
		if !ok {
			if len(errs) == 0 || len(out) != 6 {
				t.Fatalf("no list without an error, or with bytes: %v %q", errs, out)
			}
			return
		}
		var got []json.RawMessage
		if err := json.Unmarshal(out[6:], &got); err != nil {
			t.Fatalf("invalid JSON: %v\n%s", err, out[6:])
		}
		if list != nil && len(got) != len(list) {
			t.Fatalf("%d entities for %d representations: %s", len(got), len(list), out[6:])
		}
		checkPaths(t, errs, len(got))
	})
}

// runTwice runs a plan with fresh memory and with what the runs before left, which must not make a difference.
func runTwice(t *testing.T, plan *Plan, input []byte, before, field string) (out []byte, errs []Error, ok bool) {
	t.Helper()
	inputs := []Input{{JSON: slices.Clone(input)}}
	fresh := newRun(plan).start(t.Context(), loaders.New(loaders.Session{}, loaders.Options{}), nil, inputs, nil)
	out, errs, ok = fresh.Append([]byte(before), 0, Path{field})
	used := plan.Run(t.Context(), loaders.New(loaders.Session{}, loaders.Options{}), nil, inputs, nil)
	again, againErrs, againOK := used.Append([]byte(before), 0, Path{field})
	used.Release()
	if string(again) != string(out) || fmt.Sprint(againErrs) != fmt.Sprint(errs) || againOK != ok {
		t.Fatalf("with used memory: %s %v %v, with fresh: %s %v %v", again, againErrs, againOK, out, errs, ok)
	}
	return out, errs, ok
}

func checkPaths(t *testing.T, errs []Error, length int) {
	t.Helper()
	for _, e := range errs {
		if len(e.Path) < 2 || e.Path[0] != "_entities" {
			t.Fatalf("error %v at %v", e.Err, e.Path)
		}
		if i, ok := e.Path[1].(int); !ok || i < 0 || i >= length {
			t.Fatalf("error %v at %v of %d", e.Err, e.Path, length)
		}
	}
}

// FuzzOutput reads anything as the answer of a handler. What comes out is valid JSON of the selection's shape, or
// nothing and an error.
func FuzzOutput(f *testing.F) {
	for _, seed := range []string{
		`null`, `[]`, `{}`, `7`, `"x"`, `[`, `[[]]`, `[null]`, `[{"id":"1","n":1,"inners":[]}]`,
		`[{"id":"1","n":1,"tags":["a",null],"grid":[[1],[null],null,7],"inner":{"a":1,"b":"x"},"inners":[[{"a":1,"b":"x","out":{"id":"2","n":1,"inners":[]}}],null,[]]}]`,
		`[{"id":1,"id":2,"inner":{"b":"1"},"inner":[],"inners":7}]`, `[{"inners":[[[[[{}]]]]],"tags":{"a":[null]}}]`, "[{\"id\":\"\xff\"}]",
	} {
		f.Add([]byte(seed))
	}
	model, md := handMade(f)
	plan := model.Plan(model.Role(metadata.AdminRole), []Root{{Output: md.Actions[0].Output, Selection: everything(model.Type("Out"), 3), Null: &NullError{"Query", "get"}}})
	f.Fuzz(func(t *testing.T, input []byte) {
		if !json.Valid(input) {
			t.Skip("what comes in was checked before")
		}
		out, errs, ok := runTwice(t, plan, input, "", "get")
		if !ok { // [Out!] may be null
			t.Fatalf("no value: %v", errs)
		}
		var items []map[string]any
		if err := json.Unmarshal(out, &items); err != nil {
			t.Fatalf("not a list of objects: %v\n%s", err, out)
		}
		for _, item := range items {
			if item == nil || item["id"] == nil || item["n"] == nil || item["inners"] == nil {
				t.Fatalf("null where none may be: %s", out)
			}
			checkList(t, item["tags"], 1)
			checkList(t, item["grid"], 2)
		}
		if json.Valid(input) && string(out) == "null" && string(input) != "null" && len(errs) == 0 {
			if v := any(nil); json.Unmarshal(input, &v) == nil && v != nil {
				t.Fatalf("null without an error for %s", input)
			}
		}
	})
}

// checkList wants no null in a list of lists of that depth, as far as it is one.
func checkList(t *testing.T, value any, depth int) {
	t.Helper()
	list, ok := value.([]any)
	if !ok || depth == 0 {
		return
	}
	for _, v := range list {
		if v == nil {
			t.Fatalf("null in %v", list)
		}
		checkList(t, v, depth-1)
	}
}
