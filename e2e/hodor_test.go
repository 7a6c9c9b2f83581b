package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestHodor is the example as its users meet it: one operation over the REST handler, Postgres and Auth0, through Apollo
// Router, and one trace that shows every step of it.
func TestHodor(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole stack")
	}
	s := startStack(t)
	t.Run("one trace", func(t *testing.T) { testTrace(t, s) })
	t.Run("a list of 100", func(t *testing.T) { testList(t, s) })
	t.Run("errors", func(t *testing.T) { testErrors(t, s) })
}

func testTrace(t *testing.T, s *stack) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	got := s.ask(t, id, `mutation { createUser(name: "Hodor") { id user { name auth0_id auth0_profile { email nickname last_login } } } }`)
	want := `{"data":{"createUser":{"id":"7ffd68ba-535e-4c72-9051-17cd4e8ed594","user":{"name":"Hodor","auth0_id":"hodor|hodor",` +
		`"auth0_profile":{"email":"hodor@hodor.com","nickname":"Hodor","last_login":"2016-05-22T01:35:48.863Z"}}}}}`
	if got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	steps := []struct {
		what string
		is   func(*span) bool
	}{
		{"the router's request to Joinery", func(s *span) bool { return s.service == "router" && s.name == "subgraph_request" }},
		{"Joinery's server span, below the router", func(s *span) bool {
			return s.service == "joinery" && s.name == "POST /graphql" && s.parent != nil && s.parent.service == "router"
		}},
		{"the mutation", func(s *span) bool {
			return s.service == "joinery" && s.name == "mutation" && s.within("joinery", "POST /graphql")
		}},
		{"the action's call", func(s *span) bool {
			return s.name == "action.call" && s.tags["joinery.action.name"] == "createUser" && s.within("joinery", "mutation")
		}},
		{"the handler, below the call", func(s *span) bool { return s.service == "handler" && s.within("joinery", "action.call") }},
		{"the relationship's batch of one key", func(s *span) bool {
			return s.name == "loader.batch" && s.tags["joinery.relationship"] == "CreateUserOutput.user" && s.tags["joinery.batch.keys_unique"] == 1.0 &&
				s.within("joinery", "mutation")
		}},
		{"its SQL", func(s *span) bool { return s.service == "joinery" && s.isSQL() && s.within("joinery", "loader.batch") }},
		{"the Auth0 subgraph, below the router", func(s *span) bool {
			return s.service == "auth0profile" && s.parent != nil && s.parent.service == "router"
		}},
		{"its batch of profiles", func(s *span) bool { return s.service == "auth0profile" && s.name == "auth0.profiles" }},
		{"its call of Auth0", func(s *span) bool {
			return s.service == "auth0profile" && s.tags["span.kind"] == "client" && s.within("auth0profile", "auth0.profiles")
		}},
	}
	missing := ""
	complete := func(spans []*span) bool {
		missing = ""
		for _, step := range steps {
			if !contains(spans, step.is) {
				missing += step.what + "; "
			}
		}
		return missing == ""
	}
	defer func() {
		if missing != "" {
			t.Logf("missing: %s", missing)
		}
	}()
	spans := s.trace(t, id, complete)
	for _, one := range spans {
		for key, value := range one.tags {
			if one.service == "joinery" && strings.Contains(fmt.Sprint(value), "7ffd68ba-535e") {
				t.Errorf("%s: attribute %s holds a key's value", one.name, key)
			}
		}
	}
	t.Logf("the trace:\n%s", tree(spans))
}

func contains(spans []*span, is func(*span) bool) bool { return count(spans, is) > 0 }

func count(spans []*span, is func(*span) bool) int {
	n := 0
	for _, s := range spans {
		if is(s) {
			n++
		}
	}
	return n
}

// isSQL reports whether s is a statement that was sent to Postgres.
func (s *span) isSQL() bool {
	return s.tags["db.query.text"] != nil && s.tags["span.kind"] == "client" && !strings.HasPrefix(s.name, "prepare")
}

// testList joins the 100 users of a list: one statement, whatever their number, and one search in Auth0.
func testList(t *testing.T, s *stack) {
	var create strings.Builder
	for i := range 100 {
		fmt.Fprintf(&create, "u%d: createUser(name: \"user %d\") { id } ", i, i)
	}
	if got := s.ask(t, "11112222333344445555666677778888", "mutation { "+create.String()+"}"); strings.Contains(got, "errors") {
		t.Fatal(got)
	}
	const id = "aaaabbbbccccddddeeeeffff00001111"
	var answer struct {
		Data struct {
			ListUsers []struct {
				ID   string
				User struct{ Name string }
			}
		}
		Errors []any
	}
	text := s.ask(t, id, `{ listUsers(limit: 100) { id user { name auth0_id auth0_profile { email } } } }`)
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	users := answer.Data.ListUsers
	if len(users) != 100 || len(answer.Errors) > 0 || users[0].User.Name == "" || users[99].User.Name == "" {
		t.Fatalf("%d users, errors %v:\n%s", len(users), answer.Errors, text)
	}
	spans := s.trace(t, id, func(spans []*span) bool {
		return contains(spans, func(s *span) bool { return s.service == "auth0profile" && s.name == "auth0.profiles" }) &&
			contains(spans, func(s *span) bool { return s.name == "loader.batch" })
	})
	batch := func(s *span) bool { return s.name == "loader.batch" && s.tags["joinery.batch.keys"] == 100.0 }
	statement := func(s *span) bool { return s.service == "joinery" && s.isSQL() }
	if n := count(spans, batch); n != 1 {
		t.Errorf("%d batches of 100 keys, want 1:\n%s", n, tree(spans))
	}
	if n := count(spans, statement); n != 1 {
		t.Errorf("%d SQL statements for one relationship, want 1:\n%s", n, tree(spans))
	}
}

// testErrors looks at what a client behind the router sees of a handler that refuses.
func testErrors(t *testing.T, s *stack) {
	got := s.ask(t, "99992222333344445555666677778888", `mutation { createUser(name: "") { id } }`)
	var answer struct {
		Data   any
		Errors []struct {
			Message    string
			Path       []any
			Extensions map[string]any
		}
	}
	if err := json.Unmarshal([]byte(got), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Data != nil || len(answer.Errors) != 1 || strings.Contains(answer.Errors[0].Message, "redacted") || answer.Errors[0].Extensions["code"] == nil {
		t.Errorf("got %s", got)
	}
}
