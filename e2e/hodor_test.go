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
	t.Run("a user", func(t *testing.T) { testUser(t, s) })
	t.Run("past the router", func(t *testing.T) { testPastRouter(t, s) })
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
			return s.service == "joinery" && s.name == "POST /graphql" && s.parent != nil && s.parent.service == "router" &&
				s.tags["graphql.operation.type"] == "mutation"
		}},
		{"the action's call", func(s *span) bool {
			return s.name == "action.call" && s.tags["joinery.action.name"] == "createUser" && s.within("joinery", "POST /graphql")
		}},
		{"the handler, below the call", func(s *span) bool { return s.service == "handler" && s.within("joinery", "action.call") }},
		{"the relationship's batch of one key", func(s *span) bool {
			return s.name == "loader.batch" && s.tags["joinery.relationship"] == "CreateUserOutput.user" && s.tags["joinery.batch.keys_unique"] == 1.0 &&
				s.within("joinery", "POST /graphql")
		}},
		{"its SQL", func(s *span) bool { return s.name == "loader.batch" && s.isSQL() }},
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
	return s.tags["db.query.text"] != nil && s.tags["span.kind"] == "client"
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

// testUser asks with the token that dev prints: of 101 users, who are there by now, their own row alone is seen, on every way
// to it, whatever else the client says.
func testUser(t *testing.T, s *stack) {
	const hodor = "7ffd68ba-535e-4c72-9051-17cd4e8ed594"
	if s.token == "" {
		t.Fatal("dev printed no token")
	}
	for name, headers := range map[string][]string{
		"a token":                   {"Authorization", "Bearer " + s.token},
		"a token and a forged role": {"Authorization", "Bearer " + s.token, "X-Hasura-Role", "admin", "x-hasura-USER-id", "1", "X-Hasura-Admin-Secret", "x", "Router-Authorization", "x"},
	} {
		var answer struct {
			Data struct {
				ListUsers []struct {
					ID   string
					User *struct {
						Name         string
						Auth0Profile struct{ Email string } `json:"auth0_profile"`
					}
				}
			}
			Errors []any
		}
		text := s.askAs(t, s.urls["router"], `{ listUsers(limit: 1000) { id user { name auth0_profile { email } } } }`, headers...)
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
		if len(answer.Data.ListUsers) < 101 || len(answer.Errors) > 0 {
			t.Fatalf("%s: %d users, errors %v", name, len(answer.Data.ListUsers), answer.Errors)
		}
		for _, u := range answer.Data.ListUsers {
			switch {
			case (u.User != nil) != (u.ID == hodor):
				t.Errorf("%s: user %s is %v", name, u.ID, u.User)
			case u.User != nil && (u.User.Name != "Hodor" || u.User.Auth0Profile.Email != "hodor@hodor.com"):
				t.Errorf("%s: got %+v", name, u.User)
			}
		}
	}
	user := []string{"Authorization", "Bearer " + s.token}
	if got := s.askAs(t, s.urls["router"], `mutation { createUser(name: "Bran") { id } }`, user...); !strings.Contains(got, `"code":"permission-denied"`) {
		t.Errorf("an action that the role may not call: %s", got)
	}
	if got := s.askAs(t, s.urls["router"], `{ listUsers { id } }`, "Authorization", "Bearer "+s.token+"x"); !strings.Contains(got, "JWSInvalidSignature") || strings.Contains(got, hodor) {
		t.Errorf("a forged token: %s", got)
	}
}

// testPastRouter asks Joinery itself: only the router may.
func testPastRouter(t *testing.T, s *stack) {
	const query = `{ _entities(representations: [{__typename: "users", id: "7ffd68ba-535e-4c72-9051-17cd4e8ed594"}]) { ... on users { name } } }`
	for _, headers := range [][]string{nil, {"Authorization", "Bearer " + s.token}, {"X-Hasura-Role", "admin"}, {"Router-Authorization", "x", "X-Hasura-Role", "admin"}} {
		for _, query := range []string{query, `{ _service { sdl } }`, `{ __typename }`} {
			got := s.askAs(t, s.urls["joinery"], query, headers...)
			if !strings.Contains(got, `"code":"access-denied"`) || strings.Contains(got, `"data"`) {
				t.Errorf("%v: %s", headers, got)
			}
		}
	}
}
