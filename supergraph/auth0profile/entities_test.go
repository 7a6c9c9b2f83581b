package auth0profile_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile"
	"github.com/joinery-graphql/joinery/supergraph/auth0profile/auth0standin"
)

func TestEntities(t *testing.T) {
	user := func(id, profile string) string {
		return fmt.Sprintf(`{"__typename": "users", "auth0_id": %q, "auth0_profile": %s}`, id, profile)
	}
	sam := func(id string) string { return fmt.Sprintf(`{"email": %q, "nickname": null, "last_login": null}`, id) }
	tests := []struct {
		name            string
		representations string
		entities        string
		faults          []string
		calls           map[string]int
	}{
		{
			name:            "the example",
			representations: `[{"__typename": "users", "auth0_id": "hodor|hodor"}]`,
			entities:        `[` + user("hodor|hodor", hodor) + `]`,
			calls:           map[string]int{"token": 1, "search": 1},
		},
		{
			name: "order is kept and duplicates are asked once",
			representations: `[{"__typename": "users", "auth0_id": "a|1"}, {"__typename": "users", "auth0_id": "hodor|hodor"},
				{"__typename": "users", "auth0_id": "a|1"}]`,
			entities: `[` + user("a|1", sam("a|1")) + `,` + user("hodor|hodor", hodor) + `,` + user("a|1", sam("a|1")) + `]`,
			calls:    map[string]int{"token": 1, "search": 1},
		},
		{
			name:            "a user who doesn't exist is null",
			representations: `[{"__typename": "users", "auth0_id": "no|body"}, {"__typename": "users", "auth0_id": "a|1"}]`,
			entities:        `[` + user("no|body", `null`) + `,` + user("a|1", sam("a|1")) + `]`,
			calls:           map[string]int{"token": 1, "search": 1, "read": 1},
		},
		{
			name:            "a user too new for the index is read",
			representations: `[{"__typename": "users", "auth0_id": "new|1"}, {"__typename": "users", "auth0_id": "a|1"}]`,
			entities:        `[` + user("new|1", sam("new|1")) + `,` + user("a|1", sam("a|1")) + `]`,
			calls:           map[string]int{"token": 1, "search": 1, "read": 1},
		},
		{
			name: "null and empty ids are null",
			representations: `[{"__typename": "users", "auth0_id": null}, {"__typename": "users", "auth0_id": ""},
				{"__typename": "users", "auth0_id": "a|1"}]`,
			entities: `[null, null, ` + user("a|1", sam("a|1")) + `]`,
			calls:    map[string]int{"token": 1, "search": 1},
		},
		{
			name:            "nothing but null ids asks nothing",
			representations: `[{"__typename": "users", "auth0_id": null}]`,
			entities:        `[null]`,
			calls:           map[string]int{},
		},
		{
			name: "no representations", representations: `[]`, entities: `[]`, calls: map[string]int{},
		},
		{
			name: "wrong representations stand at their own index",
			representations: `[{"__typename": "posts", "auth0_id": "a|1"}, {"auth0_id": "a|1"}, {"__typename": "users"},
				{"__typename": "users", "auth0_id": 7}, {"__typename": "users", "auth0_id": ["a|1"]},
				{"__typename": "users", "auth0_id": "` + strings.Repeat("x", 1025) + `"},
				{"__typename": "users", "auth0_id": "a|1"}]`,
			entities: `[null, null, null, null, null, null, ` + user("a|1", sam("a|1")) + `]`,
			faults: []string{
				"_entities.0 INVALID_REPRESENTATION", "_entities.1 INVALID_REPRESENTATION",
				"_entities.2 INVALID_REPRESENTATION", "_entities.3 INVALID_REPRESENTATION",
				"_entities.4 INVALID_REPRESENTATION", "_entities.5 INVALID_REPRESENTATION",
			},
			calls: map[string]int{"token": 1, "search": 1},
		},
		{
			name: "ids are no part of the search's language",
			representations: `[{"__typename": "users", "auth0_id": "x\" OR \"hodor|hodor"},
				{"__typename": "users", "auth0_id": "odd \\ \"|1"}, {"__typename": "users", "auth0_id": "*"},
				{"__typename": "users", "auth0_id": "x\") OR user_id:(\"hodor|hodor"}]`,
			entities: `[` + user(`x" OR "hodor|hodor`, `null`) + `,` + user(`odd \ "|1`, sam(`odd \ "|1`)) + `,` +
				user(`*`, `null`) + `,` + user(`x") OR user_id:("hodor|hodor`, `null`) + `]`,
			calls: map[string]int{"token": 1, "search": 1, "read": 3},
		},
		{
			name: "ids are no part of an address",
			representations: `[{"__typename": "users", "auth0_id": ".."}, {"__typename": "users", "auth0_id": "../users"},
				{"__typename": "users", "auth0_id": "a|1?fields=email"}, {"__typename": "users", "auth0_id": "sam/l|1"}]`,
			entities: `[` + user("..", `null`) + `,` + user("../users", `null`) + `,` +
				user("a|1?fields=email", `null`) + `,` + user("sam/l|1", sam("sam/l|1")) + `]`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			subgraph, network := serve(t, auth0standin.Options{
				Users:      append(exampleUsers(t), users("a|1", "new|1", `odd \ "|1`, "sam/l|1")...),
				NotIndexed: []string{"new|1", "sam/l|1"},
			}, auth0profile.Config{})
			got := post(t, subgraph, `query E($representations: [_Any!]!) {
				_entities(representations: $representations) { ...a } }
				fragment a on users { __typename auth0_id auth0_profile { email nickname last_login } }`,
				map[string]any{"representations": rawJSON(tt.representations)})
			answer := decode(t, got)
			if diff := cmp.Diff(tt.faults, answer.faults()); diff != "" {
				t.Errorf("errors, -want +got\n%s", diff)
			}
			equalJSON(t, `{"data": {"_entities": `+tt.entities+`}}`, dataOf(t, got))
			if tt.calls != nil {
				equalCalls(t, network, tt.calls)
			}
		})
	}
}

func TestAllFields(t *testing.T) {
	subgraph, _ := serve(t, auth0standin.Options{Users: exampleUsers(t)}, auth0profile.Config{})
	got := post(t, subgraph, `query E($representations: [_Any!]!) { _entities(representations: $representations) {
		... on users { auth0_profile { `+strings.Join(auth0profile.ProfileFields(), " ")+` } } } }`, representations("hodor|hodor"))
	equalJSON(t, `{"data": {"_entities": [{"auth0_profile": {
		"email": "hodor@hodor.com", "email_verified": true, "name": "Hodor", "nickname": "Hodor",
		"picture": "https://hodor.com/hodor.png", "last_login": "2016-05-22T01:35:48.863Z", "logins_count": 7,
		"created_at": "2016-04-24T20:00:00.000Z", "updated_at": "2016-05-22T01:35:48.860Z"}}]}}`, got)
}

func TestFewCalls(t *testing.T) {
	many := func(n int) []string {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = fmt.Sprintf("auth0|%024d", i)
		}
		return ids
	}
	long := many(100)
	for i := range long {
		long[i] = strings.Repeat("x", 200) + long[i]
	}
	tests := []struct {
		name  string
		ids   []string
		calls map[string]int
	}{
		{"100", many(100), map[string]int{"token": 1, "search": 1}},
		{"101", many(101), map[string]int{"token": 1, "search": 2}},
		{"250", many(250), map[string]int{"token": 1, "search": 3}},
		{"100 long ones", long, map[string]int{"token": 1, "search": 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			subgraph, network := serve(t, auth0standin.Options{Users: users(tt.ids...)}, auth0profile.Config{})
			answer := decode(t, post(t, subgraph, query, representations(tt.ids...)))
			for i, id := range tt.ids {
				profile, _ := answer.Data.Entities[i]["auth0_profile"].(map[string]any)
				if profile["email"] != id {
					t.Fatalf("entity %d: %v", i, answer.Data.Entities[i])
				}
			}
			equalCalls(t, network, tt.calls)
		})
	}
}

func TestAliasesShareOneBatch(t *testing.T) {
	subgraph, network := serve(t, auth0standin.Options{Users: users("a|1", "a|2", "a|3")}, auth0profile.Config{})
	got := post(t, subgraph, `query M($one: [_Any!]!, $two: [_Any!]!, $none: [_Any!]!, $off: Boolean!) {
		f1: _entities(representations: $one) { ... on users { auth0_profile { email } } }
		f2: _entities(representations: $two) { ... on users { p: auth0_profile { email } q: auth0_profile { e: email } } }
		f3: _entities(representations: $none) { ... on users { auth0_profile { email } } }
		f4: _entities(representations: {__typename: "users", auth0_id: "a|3"}) { ... on users { auth0_profile { email } } }
		f5: _entities(representations: [{__typename: "users", auth0_id: "a|1"}]) @include(if: $off) { __typename }
	}`, map[string]any{
		"one":  representations("a|1")["representations"],
		"two":  representations("a|1", "a|2")["representations"],
		"none": []any{}, "off": false,
	})
	equalJSON(t, `{"data": {
		"f1": [{"auth0_profile": {"email": "a|1"}}],
		"f2": [{"p": {"email": "a|1"}, "q": {"e": "a|1"}}, {"p": {"email": "a|2"}, "q": {"e": "a|2"}}],
		"f3": [],
		"f4": [{"auth0_profile": {"email": "a|3"}}]}}`, got)
	equalCalls(t, network, map[string]int{"token": 1, "search": 1})
}

func TestProfileNotSelected(t *testing.T) {
	subgraph, network := serve(t, auth0standin.Options{}, auth0profile.Config{})
	got := post(t, subgraph, `query E($representations: [_Any!]!, $no: Boolean!) { _entities(representations: $representations) {
		__typename ... on users { auth0_id auth0_profile @include(if: $no) { email } } } }`,
		map[string]any{"representations": representations("a|1")["representations"], "no": false})
	equalJSON(t, `{"data": {"_entities": [{"__typename": "users", "auth0_id": "a|1"}]}}`, got)
	equalCalls(t, network, map[string]int{})
}

func TestAllowList(t *testing.T) {
	var asked []string
	config := auth0profile.Config{Fields: []string{"email", "last_login"}}
	subgraph, network := serve(t, auth0standin.Options{Users: exampleUsers(t)}, config)
	network.intercept(func(r *http.Request) (*http.Response, error) {
		if kind(r) == "search" {
			asked = append(asked, r.URL.Query().Get("fields"))
		}
		return nil, nil
	})
	got := post(t, subgraph, query, representations("hodor|hodor", "no|body"))
	equalJSON(t, `{"data": {"_entities": [
		{"__typename": "users", "auth0_id": "hodor|hodor", "auth0_profile":
			{"email": "hodor@hodor.com", "nickname": null, "last_login": "2016-05-22T01:35:48.863Z"}},
		{"__typename": "users", "auth0_id": "no|body", "auth0_profile": null}]}}`, dataOf(t, got))
	if diff := cmp.Diff([]string{"_entities.0.auth0_profile.nickname FIELD_NOT_ALLOWED"}, decode(t, got).faults()); diff != "" {
		t.Errorf("errors, -want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{"user_id,email,last_login"}, asked); diff != "" {
		t.Errorf("fields asked for, -want +got\n%s", diff)
	}
	network.taken()

	t.Run("nothing but refused fields asks nothing", func(t *testing.T) {
		got := post(t, subgraph, `query E($representations: [_Any!]!) { _entities(representations: $representations) {
			... on users { auth0_profile { n: nickname picture } } } }`, representations("a|1"))
		want := []string{"_entities.0.auth0_profile.n FIELD_NOT_ALLOWED", "_entities.0.auth0_profile.picture FIELD_NOT_ALLOWED"}
		if diff := cmp.Diff(want, decode(t, got).sorted()); diff != "" {
			t.Errorf("errors, -want +got\n%s", diff)
		}
		equalCalls(t, network, map[string]int{})
	})
}

func TestTooManyRepresentations(t *testing.T) {
	subgraph, network := serve(t, auth0standin.Options{Users: users("a|1", "a|2", "a|3")}, auth0profile.Config{MaxRepresentations: 2})
	answer := decode(t, post(t, subgraph, query, representations("a|1", "a|2", "a|3")))
	if diff := cmp.Diff([]string{"_entities.2 INVALID_REPRESENTATION"}, answer.faults()); diff != "" {
		t.Errorf("errors, -want +got\n%s", diff)
	}
	if got := answer.Data.Entities; len(got) != 3 || got[1] == nil || got[2] != nil {
		t.Errorf("entities %v", got)
	}
	equalCalls(t, network, map[string]int{"token": 1, "search": 1})
}

// Fields may have other types than the usual ones; they must not cost the other fields.
func TestOddFields(t *testing.T) {
	odd := auth0standin.User{
		"user_id": []byte(`"a|1"`), "email": []byte(`"e"`), "email_verified": []byte(`"true"`),
		"nickname": []byte(`7`), "created_at": []byte(`{"$date": 1}`), "logins_count": []byte(`1.5`), "picture": []byte(`null`),
	}
	subgraph, _ := serve(t, auth0standin.Options{Users: []auth0standin.User{odd}}, auth0profile.Config{})
	got := post(t, subgraph, `query E($representations: [_Any!]!) { _entities(representations: $representations) {
		... on users { auth0_profile { email email_verified nickname created_at logins_count picture } } } }`, representations("a|1"))
	equalJSON(t, `{"data": {"_entities": [{"auth0_profile": {"email": "e", "email_verified": true, "nickname": null,
		"created_at": null, "logins_count": null, "picture": null}}]}}`, got)
}

// Over real connections, many requests at a time, with a cache too small for them all.
func TestSideBySide(t *testing.T) {
	ids := []string{"a|1", "a|2", "a|3", "a|4", "a|5", "new|1"}
	standin, err := auth0standin.New(auth0standin.Options{
		Users: users(ids...), NotIndexed: []string{"new|1"}, ClientID: clientID, ClientSecret: clientSecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	auth0 := httptest.NewServer(standin)
	defer auth0.Close()
	subgraph, err := auth0profile.New(auth0profile.Config{
		Domain: auth0.URL, ClientID: clientID, ClientSecret: clientSecret, CacheSize: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range 32 {
		wait.Go(func() {
			mine := append(slices.Clone(ids[i%len(ids):]), "no|body", ids[0])
			w := httptest.NewRecorder()
			subgraph.ServeHTTP(w, operation(t, query, representations(mine...)))
			answer := decode(t, w.Body.String())
			if len(answer.Errors) > 0 {
				t.Errorf("errors %v", answer.Errors)
				return
			}
			for j, id := range mine {
				profile, _ := answer.Data.Entities[j]["auth0_profile"].(map[string]any)
				if id != "no|body" && profile["email"] != id || id == "no|body" && profile != nil {
					t.Errorf("profile of %s: %v", id, profile)
				}
			}
		})
	}
	wait.Wait()
}
