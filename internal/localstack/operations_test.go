package localstack

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, want, got string
		difference      []string
	}{
		{"same", `{"a": [1, {"b": null}], "c": {}}`, `{"a":[1,{"b":null}],"c":{}}`, nil},
		{"escapes", `{"a": "\u00e9"}`, `{"a":"é"}`, nil},
		{"value", `{"data":{"user":{"name":"Hodor"}}}`, `{"data":{"user":{"name":"Bran"}}}`, []string{`- data.user.name: "Hodor"`, `+ data.user.name: "Bran"`}},
		{"missing", `{"a":1,"b":[true]}`, `{"a":1}`, []string{`- b[0]: true`}},
		{"added", `{"data":null}`, `{"data":null,"errors":[{"message":"no"}]}`, []string{`+ errors[0].message: "no"`}},
		{"null_is_not_empty", `{"a":{}}`, `{"a":null}`, []string{`- a: {}`, `+ a: null`}},
		{"empty_array", `{"a":[]}`, `{"a":{}}`, []string{`- a: []`, `+ a: {}`}},
		{"string_is_not_number", `{"a":"1"}`, `{"a":1}`, []string{`- a: "1"`, `+ a: 1`}},
		{"long_number", `{"a":9007199254740993}`, `{"a":9007199254740992}`, []string{`- a: 9007199254740993`, `+ a: 9007199254740992`}},
		{"order", `{"a":1,"b":2}`, `{"b":2,"a":1}`, []string{`- a: 1, b: 2`, `+ b: 2, a: 1 (in another order)`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := compare([]byte(test.want), []byte(test.got))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.difference, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := compare([]byte(`{`), []byte(`{}`)); err == nil {
		t.Error("no error for half a JSON text")
	}
}
