package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestCheckAnswers(t *testing.T) {
	const right = `{"data":{"users":[{"name":"a","posts":[{"id":1},{"id":2}]},{"name":"b","posts":[{"id":3}]}]}}`
	for _, c := range []struct{ name, answer, fault string }{
		{"same", right, ""},
		{"other order of members and posts", `{"data": {"users":[{"posts":[{"id":2},{"id":1}],"name":"a"},{"name":"b","posts":[{"id":3}]}]}}`, ""},
		{"other order of users", `{"data":{"users":[{"name":"b","posts":[{"id":3}]},{"name":"a","posts":[{"id":1},{"id":2}]}]}}`, "answer differently"},
		{"other post", strings.Replace(right, `"id":3`, `"id":4`, 1), "answer differently"},
		{"text for a number", strings.Replace(right, `"id":3`, `"id":"3"`, 1), "answer differently"},
		{"null", strings.Replace(right, `"a"`, `null`, 1), "unexpected null at data.users[].name"},
		{"empty list", strings.Replace(right, `{"id":3}`, ``, 1), "unexpected empty list at data.users[].posts"},
		{"error", strings.TrimSuffix(right, "}") + `,"errors":[{"message":"no"}]}`, "errors"},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := func(text string) *process {
				return serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) })
			}
			err := checkAnswers(t.Context(), &workload{}, []*process{answer(right), answer(c.answer)})
			if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Errorf("got %v, want %q", err, c.fault)
			}
		})
	}
}
