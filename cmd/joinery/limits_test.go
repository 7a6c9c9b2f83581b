package main

import (
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/subgraph"
)

// TestLimitDefaults: what --help says is what the packages do without settings.
func TestLimitDefaults(t *testing.T) {
	var flags struct{ limitFlags }
	parser, err := kong.New(&flags)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	want := subgraph.DefaultLimits
	want.Timeout = 0 // the longest timeout of an action decides, too
	if diff := cmp.Diff(want, flags.limits()); diff != "" {
		t.Errorf("limits (-packages +flags):\n%s", diff)
	}
	if _, err := parser.Parse([]string{"--max-aliases=0"}); err == nil || err.Error() != "limits must be at least 1; to turn one off, give a large number" {
		t.Errorf("a limit of 0: %v", err)
	}
}

func TestServeLimits(t *testing.T) {
	s := serve(t, map[string]string{"DATABASE_URL": database(t).URL, "HANDLER": "http://127.0.0.1:1", "JOINERY_MAX_ROOT_FIELDS": "2"}, "--max-aliases=1")
	for query, want := range map[string]string{
		`{ a: __typename __typename }`:                        ``,
		`{ a: __typename b: __typename }`:                     `operation has more than 1 aliases`,
		`{ a: __typename __typename ... { __typename } }`:     `operation has more than 2 root fields`,
		`{ ...f } fragment f on Query { a: __typename }`:      ``,
		`{ ...f ...f } fragment f on Query { a: __typename }`: `operation has more than 1 aliases`,
	} {
		body := s.query(t, query)
		_, faults := answer(t, body)
		switch {
		case want == "" && len(faults) > 0, want != "" && (len(faults) != 1 || faults[0].Message != want || faults[0].Extensions.Code != "limit-exceeded"):
			t.Errorf("%s: %s, want %q", query, body, want)
		}
	}
}
