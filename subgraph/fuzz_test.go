package subgraph_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzRequest sends anything as the body of a request. The answer is always GraphQL's, and its errors repeat little of
// what was sent.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `null`, `{"query":"{ __typename }"}`, `{"query":7}`, `{"query":"{ __typename }","variables":{"a":1},"operationName":null,"extensions":{}}`,
		`{"query":"query A($v: Int) { echo(int: $v) } query B { __typename }","operationName":"A","variables":{"v":1}}`,
		`{"query":"query($r: In!) { echo(in: $r, ids: [$x, {}]) }","variables":{"r":{"must":true,"in":{}}}}`, `{"query":"{","extensions":{"persistedQuery":7}}`,
		`{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"x"}}}`, `{"\u0071uery":"{ echo(any: {a: [1.5e3, RED, \"x\", null]}) }"}`,
		`{"query":"query($v: [Color!] = RED, $w: numeric = 1.10) { echo(colors: $v, num: $w) }"}`, `{"query":"{ echo(text: \"\"\"a\"\"\") @skip(if: false) ... @include(if: true) { e: echo } }"}`,
		`{"query":"fragment f on Query { ...f } { ...f }"}`, `{"query":"query($r: [_Any!]!) { echo(any: $r) }","variables":{"r":[{}]}}`,
	} {
		f.Add([]byte(seed))
	}
	h := (&fixture{files: echoFiles}).handler(f)
	f.Fuzz(func(t *testing.T, input []byte) {
		w := do(h, newRequest(t, string(input)))
		var answer struct {
			Data   json.RawMessage
			Errors []struct{ Message string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
		if w.Code != 200 && w.Code != 400 {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		if answer.Data == nil && len(answer.Errors) == 0 {
			t.Fatalf("neither data nor errors: %s", w.Body)
		}
		for _, e := range answer.Errors {
			if len(e.Message) > 600 || e.Message == "" || e.Message == "internal error" {
				t.Fatalf("error %q", e.Message)
			}
		}
		checkParams(t, input, w.Code)
	})
}

// checkParams compares what is refused as no GraphQL request with what encoding/json takes.
func checkParams(t *testing.T, input []byte, status int) {
	t.Helper()
	if !json.Valid(input) && status != 400 {
		t.Fatalf("status %d for invalid JSON", status)
	}
	var params map[string]any
	if json.Unmarshal(input, &params) != nil && status != 400 {
		t.Fatalf("status %d for no object", status)
	}
	if text, isText := params["query"].(string); isText && status == 400 && len(params) == 1 && strings.Count(string(input), `"query"`) == 1 &&
		!strings.Contains(text, "\ufffd") && strings.Count(string(input), `\u`) == 0 {
		t.Fatalf("status 400 for %s", input)
	}
}

// FuzzOperation executes any document over types of all kinds, with any variables.
func FuzzOperation(f *testing.F) {
	for _, seed := range [][2]string{
		{`{ list { id nested { user_id } } }`, ``},
		{`{ grid { id ...f } a: one { ... on Item { id } } } fragment f on Item { nested { user_id } }`, ``},
		{`query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Item { id } } }`, `{"r":[{"__typename":"Item","id":1},7]}`},
		{`query($r: [_Any!]! = [{__typename: "Item", id: 1}], $on: Boolean = true) { _entities(representations: $r) @include(if: $on) { ... on Item { n: id } } }`, `{}`},
		{`{ _entities(representations: {__typename: Item, id: 9007199254740993}) { ... on Item { id } } }`, ``},
		{`mutation { make { id } __typename }`, ``},
		{`{ __schema { types { name fields { name args { defaultValue } } } } __type(name: "Item") { kind } _service { sdl } }`, ``},
	} {
		f.Add(seed[0], seed[1])
	}
	files, _, _ := strings.Cut(blogFiles, "custom_types:")
	_, types, _ := strings.Cut(blogFiles, "-- actions.graphql --")
	_, actions, _ := strings.Cut(files, "-- actions.yaml --")
	h := (&fixture{files: emptyMetadata + "-- actions.yaml --" + actions + "-- actions.graphql --" + types, caller: blog(3)}).handler(f)
	f.Fuzz(func(t *testing.T, query, variables string) {
		if variables != "" && !json.Valid([]byte(variables)) {
			t.Skip()
		}
		w := do(h, newRequest(t, body(query, variables)))
		var answer struct{ Errors []struct{ Message string } }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
		for _, e := range answer.Errors {
			if e.Message == "internal error" {
				t.Fatalf("%s", w.Body)
			}
		}
	})
}
