package auth0profile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
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

const (
	clientID     = "id"
	clientSecret = "the-client-secret"
)

// query asks as Apollo Router 2 does, with named fragments.
const query = `query E__auth0__1($representations: [_Any!]!) {
	_entities(representations: $representations) { ...a } }
	fragment a on users { __typename auth0_id auth0_profile { email nickname last_login } }`

// hodor is a profile as query selects it.
const hodor = `{"email": "hodor@hodor.com", "nickname": "Hodor", "last_login": "2016-05-22T01:35:48.863Z"}`

// tenant is the stand-in behind a network without sockets, which works in a synctest bubble too.
// It records the calls.
type tenant struct {
	handler http.Handler

	mu    sync.Mutex
	calls []string
	hook  func(*http.Request) (*http.Response, error)
}

// intercept lets hook answer in the stand-in's place; a nil hook, or a nil response without an
// error, is for the stand-in.
func (n *tenant) intercept(hook func(*http.Request) (*http.Response, error)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hook = hook
}

func (n *tenant) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	n.calls = append(n.calls, kind(r))
	hook := n.hook
	n.mu.Unlock()
	if hook != nil {
		if response, err := hook(r); response != nil || err != nil {
			return response, err
		}
	}
	w := httptest.NewRecorder()
	n.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func kind(r *http.Request) string {
	switch {
	case r.URL.Path == "/oauth/token":
		return "token"
	case r.URL.Path == "/api/v2/users":
		return "search"
	}
	return "read"
}

// taken returns the number of calls by kind since the last time, and forgets them.
func (n *tenant) taken() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	counts := map[string]int{}
	for _, call := range n.calls {
		counts[call]++
	}
	n.calls = nil
	return counts
}

// users are users with the ids and little else.
func users(ids ...string) []auth0standin.User {
	list := make([]auth0standin.User, len(ids))
	for i, id := range ids {
		name, _ := json.Marshal(id)
		list[i] = auth0standin.User{"user_id": name, "email": name}
	}
	return list
}

func exampleUsers(t testing.TB) []auth0standin.User {
	t.Helper()
	list, err := auth0standin.ReadUsers(strings.NewReader(`[{
		"user_id": "hodor|hodor", "email": "hodor@hodor.com", "email_verified": true, "name": "Hodor",
		"nickname": "Hodor", "picture": "https://hodor.com/hodor.png",
		"last_login": "2016-05-22T01:35:48.863Z", "logins_count": 7,
		"created_at": "2016-04-24T20:00:00.000Z", "updated_at": "2016-05-22T01:35:48.860Z",
		"app_metadata": {"secret": "x"}
	}]`))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// serve returns the subgraph and its tenant, the stand-in.
func serve(t testing.TB, standin auth0standin.Options, config auth0profile.Config) (http.Handler, *tenant) {
	t.Helper()
	standin.ClientID, standin.ClientSecret = clientID, clientSecret
	handler, err := auth0standin.New(standin)
	if err != nil {
		t.Fatal(err)
	}
	network := &tenant{handler: handler}
	config.Domain, config.ClientID, config.ClientSecret = "http://standin.test", clientID, clientSecret
	config.Transport = network
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	subgraph, err := auth0profile.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return subgraph, network
}

// post sends an operation and returns the answer, which must be 200.
func post(t testing.TB, subgraph http.Handler, query string, variables any, header ...string) string {
	t.Helper()
	w := httptest.NewRecorder()
	subgraph.ServeHTTP(w, operation(t, query, variables, header...))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func operation(t testing.TB, query string, variables any, header ...string) *http.Request {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// representations are variables of query: users with the ids.
func representations(ids ...string) map[string]any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = map[string]any{"__typename": "users", "auth0_id": id}
	}
	return map[string]any{"representations": list}
}

func equalJSON(t testing.TB, want, got string) {
	t.Helper()
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("wanted JSON %s: %v", want, err)
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("answered JSON %s: %v", got, err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func equalCalls(t testing.TB, n *tenant, want map[string]int) {
	t.Helper()
	if diff := cmp.Diff(want, n.taken()); diff != "" {
		t.Errorf("calls to Auth0, -want +got\n%s", diff)
	}
}

// answer is an answer with errors cut down to path and code.
type answer struct {
	Data struct {
		Entities []map[string]any `json:"_entities"`
	} `json:"data"`
	Errors []struct {
		Message    string `json:"message"`
		Path       []any  `json:"path"`
		Extensions struct {
			Code string `json:"code"`
		} `json:"extensions"`
	} `json:"errors"`
}

func decode(t testing.TB, body string) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return a
}

// faults are the errors as "path code", in the order of the answer.
func (a answer) faults() []string {
	var list []string
	for _, e := range a.Errors {
		steps := make([]string, len(e.Path))
		for i, step := range e.Path {
			steps[i] = fmt.Sprint(step)
		}
		list = append(list, strings.Join(steps, ".")+" "+e.Extensions.Code)
	}
	return list
}

// sorted are the errors for fields that are resolved side by side.
func (a answer) sorted() []string { return slices.Sorted(slices.Values(a.faults())) }

// dataOf is the answer without its errors.
func dataOf(t testing.TB, body string) string {
	t.Helper()
	var parts map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &parts); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	delete(parts, "errors")
	data, _ := json.Marshal(parts)
	return string(data)
}

func rawJSON(text string) json.RawMessage { return json.RawMessage(text) }

func response(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)),
	}
}
