package auth0standin_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile/auth0standin"
)

const people = `[
	{"user_id": "a|1", "email": "one@example.com", "logins_count": 1},
	{"user_id": "a|2", "email": "two@example.com", "logins_count": 2},
	{"user_id": "a|3", "email": "three@example.com"}
]`

func newStandin(t *testing.T, options auth0standin.Options) http.Handler {
	t.Helper()
	users, err := auth0standin.ReadUsers(strings.NewReader(people))
	if err != nil {
		t.Fatal(err)
	}
	options.Users, options.ClientID, options.ClientSecret = users, "id", "secret"
	standin, err := auth0standin.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return standin
}

func do(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func tokenRequest(form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/oauth/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func credentials() url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {"secret"},
		"audience": {"http://127.0.0.1/api/v2/"},
	}
}

func token(t *testing.T, handler http.Handler) string {
	t.Helper()
	w := do(handler, tokenRequest(credentials()))
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.AccessToken == "" {
		t.Fatalf("token: %d %s", w.Code, w.Body)
	}
	return answer.AccessToken
}

func get(handler http.Handler, token, target string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return do(handler, r)
}

func TestToken(t *testing.T) {
	tests := []struct {
		name   string
		change func(url.Values)
		status int
	}{
		{"right", func(url.Values) {}, 200},
		{"wrong secret", func(v url.Values) { v.Set("client_secret", "x") }, 401},
		{"wrong id", func(v url.Values) { v.Set("client_id", "x") }, 401},
		{"no secret", func(v url.Values) { v.Del("client_secret") }, 401},
		{"other grant", func(v url.Values) { v.Set("grant_type", "password") }, 403},
		{"other audience", func(v url.Values) { v.Set("audience", "https://example.com/") }, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form := credentials()
			tt.change(form)
			if w := do(newStandin(t, auth0standin.Options{}), tokenRequest(form)); w.Code != tt.status {
				t.Errorf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
		})
	}
	t.Run("JSON", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPost, "/oauth/token", strings.NewReader(
			`{"grant_type":"client_credentials","client_id":"id","client_secret":"secret","audience":"https://x/api/v2/"}`))
		r.Header.Set("Content-Type", "application/json")
		if w := do(newStandin(t, auth0standin.Options{}), r); w.Code != 200 {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
	})
	t.Run("ends after a day", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			standin := newStandin(t, auth0standin.Options{})
			bearer := token(t, standin)
			time.Sleep(24 * time.Hour)
			if w := get(standin, bearer, "/api/v2/users"); w.Code != 401 {
				t.Errorf("status %d", w.Code)
			}
		})
	})
}

func TestUsers(t *testing.T) {
	standin := newStandin(t, auth0standin.Options{NotIndexed: []string{"a|3"}})
	bearer := token(t, standin)
	tests := []struct {
		name, target string
		status       int
		want         string // JSON; not looked at if empty
	}{
		{"all of the index", "/api/v2/users?fields=user_id", 200, `[{"user_id":"a|1"},{"user_id":"a|2"}]`},
		{"search", "/api/v2/users?search_engine=v3&fields=user_id&q=" + url.QueryEscape(`user_id:("a|2" OR "a|3" OR "a|9")`), 200, `[{"user_id":"a|2"}]`},
		{"without fields", "/api/v2/users?include_fields=false&fields=user_id,email", 200, `[{"logins_count":1},{"logins_count":2}]`},
		{"page", "/api/v2/users?fields=user_id&per_page=1&page=1", 200, `[{"user_id":"a|2"}]`},
		{"page after the last", "/api/v2/users?per_page=1&page=7", 200, `[]`},
		{"totals", "/api/v2/users?fields=user_id&per_page=1&include_totals=true", 200, `{"start":0,"limit":1,"length":1,"total":2,"users":[{"user_id":"a|1"}]}`},
		{"page too large", "/api/v2/users?per_page=101", 400, ""},
		{"past the thousandth", "/api/v2/users?per_page=100&page=10", 400, ""},
		{"other engine", "/api/v2/users?search_engine=v2", 400, ""},
		{"other query", "/api/v2/users?q=email:x", 400, ""},
		{"bad flag", "/api/v2/users?include_totals=yes", 400, ""},
		{"long address", "/api/v2/users?q=" + strings.Repeat("x", 9000), 414, ""},
		{"read", "/api/v2/users/a%7C1?fields=email", 200, `{"email":"one@example.com"}`},
		{"read one that is not in the index", "/api/v2/users/a%7C3?fields=email", 200, `{"email":"three@example.com"}`},
		{"read nobody", "/api/v2/users/a%7C9", 404, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := get(standin, bearer, tt.target)
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if tt.want == "" {
				return
			}
			var got, want any
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("without a token", func(t *testing.T) {
		if w := get(standin, "x", "/api/v2/users"); w.Code != 401 {
			t.Errorf("status %d", w.Code)
		}
	})
	t.Run("health", func(t *testing.T) {
		if w := do(standin, httptest.NewRequest(http.MethodGet, "/healthz", nil)); w.Code != 200 {
			t.Errorf("status %d", w.Code)
		}
	})
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		standin := newStandin(t, auth0standin.Options{RateLimit: 2})
		bearer := token(t, standin)
		for _, want := range []int{200, 200, 429} {
			if w := get(standin, bearer, "/api/v2/users"); w.Code != want {
				t.Fatalf("status %d, want %d", w.Code, want)
			}
		}
		w := get(standin, bearer, "/api/v2/users")
		got := []string{w.Header().Get("x-ratelimit-limit"), w.Header().Get("x-ratelimit-remaining"), w.Header().Get("x-ratelimit-reset")}
		// The clock of a synctest bubble begins at 2000-01-01.
		if diff := cmp.Diff([]string{"2", "0", "946684801"}, got); diff != "" {
			t.Error(diff)
		}
		time.Sleep(time.Second)
		if w := get(standin, bearer, "/api/v2/users"); w.Code != 200 {
			t.Errorf("status %d after the second", w.Code)
		}
	})
}

func TestReadUsers(t *testing.T) {
	for name, text := range map[string]string{
		"not JSON":       `{`,
		"no array":       `{"user_id":"a"}`,
		"no user_id":     `[{"email":"a"}]`,
		"number":         `[{"user_id":1}]`,
		"the same twice": `[{"user_id":"a"},{"user_id":"a"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := auth0standin.ReadUsers(strings.NewReader(text)); err == nil {
				t.Error("no error")
			}
		})
	}
	t.Run("the example", func(t *testing.T) {
		file, err := os.Open("testdata/users.json")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if users, err := auth0standin.ReadUsers(file); err != nil || len(users) != 1 {
			t.Errorf("%d users, %v", len(users), err)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	for name, options := range map[string]auth0standin.Options{
		"no credentials":  {},
		"a negative rate": {ClientID: "id", ClientSecret: "secret", RateLimit: -1},
		"users without an id": {
			ClientID: "id", ClientSecret: "secret", Users: []auth0standin.User{{}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := auth0standin.New(options); err == nil {
				t.Error("no error")
			}
		})
	}
}
