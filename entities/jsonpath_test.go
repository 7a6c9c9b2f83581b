package entities

import (
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/joinery-graphql/joinery/internal/pgtest"
)

func TestParsePath(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // nil: it is refused
	}{
		{"", []string{}},
		{"$", []string{}},
		{"a", []string{"a"}},
		{"$a.b", []string{"a", "b"}},
		{"$.a_1-b[0]['x y'].c", []string{"a_1-b", "0", "x y", "c"}},
		{`["a\"]b"][10]`, []string{`a"]b`, "10"}},
		{`['"']`, []string{`"`}},
		{"['']", []string{""}},
		{"$$", nil},
		{"a..b", nil},
		{"a.", nil},
		{".", nil},
		{"1a", nil},
		{"a b", nil},
		{"a.*", nil},
		{"[", nil},
		{"[]", nil},
		{"[-1]", nil},
		{"[1", nil},
		{"[a]", nil},
		{"['a", nil},
		{"['a'", nil},
		{`["a]`, nil},
		{`["a"`, nil},
		{"é", nil},
	} {
		path, err := parsePath(c.text)
		if (err == nil) != (c.want != nil) || !slices.Equal(path, c.want) {
			t.Errorf("%q: %q, %v; want %q", c.text, path, err, c.want)
		}
	}
}

func isJSON(text []byte) bool {
	return jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true))
}

func FuzzJSONPath(f *testing.F) {
	for _, text := range []string{"$.a", `$["a"][0]`, "a['b'].c", "[1", "$['"} {
		f.Add(text, `{"a": [1, {"b": "c"}]}`)
	}
	f.Fuzz(func(t *testing.T, text, json string) {
		path, err := parsePath(text)
		if err != nil || !isJSON([]byte(json)) {
			return
		}
		if value := path.find([]byte(json)); value != nil && !isJSON(value) {
			t.Fatalf("%q of %q is %q", text, json, value)
		}
	})
}

// What a path finds is what Postgres' #> finds.
func TestFindPath(t *testing.T) {
	pool := pgtest.New(t).Pool(t)
	values := []string{
		`null`, `1`, `"a"`, `[]`, `{}`, `[[1, 2], ["a"], {"a": {"a": []}}]`, `{"a": [null, {"b": "]}"}], "0": {"-1": 1}, "é\u0041": "x", "": 7}`,
		` { "a" : { "a" : 1 } , "b" : [ true , "\"," , -1.5e3 ] } `, `{"a": 1, "a": [2, 3]}`,
	}
	steps := []string{"a", "b", "0", "1", "2", "-1", "-3", "+1", "01", " 1", "", "éA", "99999999999999999999"}
	var paths []jsonPath
	for _, a := range steps {
		paths = append(paths, jsonPath{a})
		for _, b := range steps {
			paths = append(paths, jsonPath{a, b}, jsonPath{a, b, "a"}, jsonPath{a, b, "0"})
		}
	}
	for _, value := range values {
		for _, typ := range []string{"json", "jsonb"} {
			for _, path := range paths {
				var text string
				var want *string
				if err := pool.QueryRow(t.Context(), "SELECT $1::"+typ+"::text, ($1::"+typ+" #> $2)::text", value, []string(path)).Scan(&text, &want); err != nil {
					t.Fatal(err)
				}
				got := path.find([]byte(text))
				if typ == "json" && slices.ContainsFunc(path[1:], func(step string) bool { return step[:min(1, len(step))] == "-" }) {
					continue // Postgres finds none there, but in jsonb
				}
				if want == nil && len(got) > 0 || want != nil && string(got) != *want {
					t.Errorf("%s %s at %q: %s", typ, text, path, got)
				}
			}
		}
	}
}
