package auth0profile

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile/auth0standin"
)

func TestQuote(t *testing.T) {
	for id, want := range map[string]string{
		"auth0|1":       `"auth0|1"`,
		`a" OR "b`:      `"a\" OR \"b"`,
		`a\`:            `"a\\"`,
		`a\" OR \"b`:    `"a\\\" OR \\\"b"`,
		`(a:b) AND *?~`: `"(a:b) AND *?~"`,
	} {
		if got := quote(id); got != want {
			t.Errorf("quote(%s) = %s, want %s", id, got, want)
		}
	}
}

// What is asked for is what was given, whatever the ids are, and within the limits of a search.
func FuzzSearchQuery(f *testing.F) {
	f.Add("auth0|1\nauth0|2")
	f.Add("a\" OR \"b\n\\\n)")
	f.Add(strings.Repeat("x", 1024) + "\n" + strings.Repeat("\"", 1024) + "\n" + strings.Repeat("auth0|1\n", 300))
	f.Fuzz(func(t *testing.T, lines string) {
		var ids []string
		for id := range strings.SplitSeq(lines, "\n") {
			if id != "" && len(id) <= maxIDBytes {
				ids = append(ids, id)
			}
		}
		var asked []string
		for _, chunk := range chunks(ids) {
			query := searchQuery(chunk)
			if len(chunk) > maxSearchIDs || len(url.QueryEscape(query)) > maxQueryBytes+100 {
				t.Errorf("%d ids in %d bytes", len(chunk), len(url.QueryEscape(query)))
			}
			got, err := auth0standin.ParseQuery(query)
			if err != nil {
				t.Fatalf("%s: %v", query, err)
			}
			asked = append(asked, got...)
		}
		if !slices.Equal(ids, asked) {
			t.Error(cmp.Diff(ids, asked))
		}
	})
}

func TestParallelRaisesAPanic(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "the third") || !strings.Contains(text, "search_test.go") {
			t.Errorf("panic %q", text)
		}
	}()
	parallel([]int{1, 2, 3, 4, 5}, func(i int) {
		if i == 3 {
			panic("the third")
		}
	})
	t.Error("no panic")
}
