package auth0standin_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile/auth0standin"
)

func TestParseQuery(t *testing.T) {
	tests := []struct {
		name, query string
		want        []string
		err         string // part of the error
	}{
		{name: "one phrase", query: `user_id:"auth0|1"`, want: []string{"auth0|1"}},
		{name: "group of one", query: `user_id:("auth0|1")`, want: []string{"auth0|1"}},
		{name: "group", query: `user_id:("a|1" OR "b|2" OR "c|3")`, want: []string{"a|1", "b|2", "c|3"}},
		{name: "spaces", query: ` user_id:( "a|1"  OR  "b|2" ) `, want: []string{"a|1", "b|2"}},
		{name: "escaped quote", query: `user_id:("a\" OR \"b")`, want: []string{`a" OR "b`}},
		{name: "escaped backslash", query: `user_id:("a\\" OR "b")`, want: []string{`a\`, "b"}},
		{name: "operators in a phrase", query: `user_id:("a) OR *")`, want: []string{"a) OR *"}},
		{name: "other field", query: `email:"a"`, err: "only user_id"},
		{name: "bare word", query: `user_id:a`, err: "quoted phrase"},
		{name: "unclosed phrase", query: `user_id:("a`, err: "closing quote"},
		{name: "unclosed group", query: `user_id:("a"`, err: "closing parenthesis"},
		{name: "AND", query: `user_id:("a" AND "b")`, err: "missing OR"},
		{name: "text after a phrase", query: `user_id:"a" OR email:"b"`, err: "unexpected text"},
		{name: "text after a group", query: `user_id:("a") OR email:"b"`, err: "closing parenthesis"},
		{name: "backslash at the end", query: `user_id:"a\`, err: "backslash"},
		{name: "empty group", query: `user_id:()`, err: "quoted phrase"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := auth0standin.ParseQuery(tt.query)
			if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v, want one with %q", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{`user_id:"a"`, `user_id:("a" OR "b\"")`, `user_id:(`, `user_id:("\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		ids, err := auth0standin.ParseQuery(query)
		if (err == nil) != (len(ids) > 0) {
			t.Errorf("%d ids and error %v", len(ids), err)
		}
	})
}
