package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadRequest(t *testing.T) {
	const document = `"query Users($r:[_Any!]!){_entities(representations:$r){... on users{name(a:\"}\\\\\")}}}"`
	body := []byte(` {"query": ` + document + `, "extensions":{"a":[1,{"b":"]"}]}, "operationName" :"Users","variables":{"representations":[{"__typename":"users","id":7},{"id": -8 , "__typename":"users"}]} }`)
	q, err := readRequest(body)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(q.operation); got != "Users" {
		t.Errorf("operation %q", got)
	}
	if got := string(q.query); got != document {
		t.Errorf("query %s", got)
	}
	ids, err := appendRepresentations(nil, q.variables)
	if diff := cmp.Diff([]int64{7, -8}, ids); err != nil || diff != "" {
		t.Errorf("ids: %v %s", err, diff)
	}
}

// FuzzRequest compares what is read of any JSON with what encoding/json reads; of anything else it must not panic.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		`{"operationName":"Users","variables":{"representations":[{"__typename":"users","id":1}]}}`,
		`{"query":"{a(b:\\"}\\")}","variables":{}}`, `{`, `"`, `{"variables":"\\\\"}`, `{"variables":[{"id":}]}`, `[[`, `{"variables" : 1.5 }`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		q, err := readRequest(body)
		_, _ = appendRepresentations(nil, q.variables)
		var want map[string]json.RawMessage
		if json.Unmarshal(body, &want) != nil || want == nil {
			return
		}
		if _, isString := want["operationName"]; isString && want["operationName"][0] != '"' || bytes.Contains(body, []byte(`\`)) {
			return // names are not unescaped
		}
		if err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		if diff := cmp.Diff(string(want["variables"]), string(q.variables)); diff != "" && bytes.Count(body, []byte(`"variables"`)) == 1 {
			t.Errorf("%q: variables: %s", body, diff)
		}
	})
}
