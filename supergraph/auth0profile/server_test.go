package auth0profile_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile"
	"github.com/joinery-graphql/joinery/supergraph/auth0profile/auth0standin"
)

func TestServiceSDL(t *testing.T) {
	schema, err := os.ReadFile("schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	for name, introspection := range map[string]bool{"introspection off": false, "introspection on": true} {
		t.Run(name, func(t *testing.T) {
			subgraph, _ := serve(t, auth0standin.Options{}, auth0profile.Config{Introspection: introspection})
			got := post(t, subgraph, `{ _service { sdl } }`, nil)
			var answer struct {
				Data struct {
					Service struct{ SDL string } `json:"_service"`
				}
			}
			if err := json.Unmarshal([]byte(got), &answer); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(schema), answer.Data.Service.SDL); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The fields of the schema and those of the configuration are the same, in the same order.
func TestProfileFieldsAreTheSchemas(t *testing.T) {
	text, err := os.ReadFile("schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := parser.ParseSchema(&ast.Source{Input: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, field := range schema.Definitions.ForName("Auth0Profile").Fields {
		names = append(names, field.Name)
		if field.Type.NonNull {
			t.Errorf("%s can't be null", field.Name)
		}
	}
	if diff := cmp.Diff(names, auth0profile.ProfileFields()); diff != "" {
		t.Error(diff)
	}
}

func TestIntrospection(t *testing.T) {
	for name, tt := range map[string]struct{ on, answered bool }{
		"off by default": {false, false},
		"on":             {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			subgraph, _ := serve(t, auth0standin.Options{}, auth0profile.Config{Introspection: tt.on})
			got := post(t, subgraph, `{ __schema { queryType { name } } }`, nil)
			if answered := strings.Contains(got, `"Query"`); answered != tt.answered {
				t.Errorf("answer %s", got)
			}
		})
	}
}

func TestRequests(t *testing.T) {
	body := `{"query": "{ __typename }"}`
	tests := []struct {
		name   string
		method string
		target string
		body   io.Reader
		header []string
		status int
		want   string // part of the answer
	}{
		{name: "plain", body: strings.NewReader(body), status: 200, want: `"__typename":"Query"`},
		{name: "gzip", body: zipped(body), header: []string{"Content-Encoding", "gzip"}, status: 200, want: `"__typename":"Query"`},
		{
			name: "accept of the router", body: strings.NewReader(body), status: 200, want: "Query",
			header: []string{"Accept", "application/json, application/graphql-response+json"},
		},
		{name: "too long", body: strings.NewReader(`{"query": "` + strings.Repeat("x", 2000)), status: 413, want: "REQUEST_TOO_LARGE"},
		{
			name: "too long after unzipping", body: zipped(strings.Repeat("x", 100_000)), header: []string{"Content-Encoding", "gzip"},
			status: 413, want: "REQUEST_TOO_LARGE",
		},
		{name: "no gzip", body: strings.NewReader(body), header: []string{"Content-Encoding", "gzip"}, status: 400, want: "BAD_REQUEST"},
		{name: "other encoding", body: strings.NewReader(body), header: []string{"Content-Encoding", "br"}, status: 415, want: "UNSUPPORTED_ENCODING"},
		{name: "no JSON", body: strings.NewReader(`{`), status: 400, want: "errors"},
		{name: "JSON of another shape", body: strings.NewReader(`["a secret"]`), status: 400, want: "errors"},
		{name: "no GraphQL", body: strings.NewReader(`{"query": "{"}`), status: 422, want: "GRAPHQL_PARSE_FAILED"},
		{name: "unknown field", body: strings.NewReader(`{"query": "{ user }"}`), status: 422, want: "GRAPHQL_VALIDATION_FAILED"},
		{
			name: "representations that aren't objects", status: 200, want: "is not a map",
			body: strings.NewReader(`{"query": "query($r: [_Any!]!) { _entities(representations: $r) { __typename } }", "variables": {"r": ["x"]}}`),
		},
		{
			name: "a form can't ask", body: strings.NewReader(`query={__typename}`), status: 400,
			header: []string{"Content-Type", "application/x-www-form-urlencoded"}, want: "transport not supported",
		},
		{name: "GET can't ask", method: http.MethodGet, target: "/graphql?query={__typename}", status: 405},
		{name: "live", method: http.MethodGet, target: "/livez", status: 200, want: "ok"},
		{name: "ready", method: http.MethodGet, target: "/readyz", status: 200, want: "ok"},
		{name: "elsewhere", method: http.MethodGet, target: "/", status: 404},
	}
	subgraph, _ := serve(t, auth0standin.Options{}, auth0profile.Config{MaxBodyBytes: 1000})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(orDefault(tt.method, http.MethodPost), orDefault(tt.target, "/graphql"), tt.body)
			r.Header.Set("Content-Type", "application/json")
			for i := 0; i < len(tt.header); i += 2 {
				r.Header.Set(tt.header[i], tt.header[i+1])
			}
			w := httptest.NewRecorder()
			subgraph.ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("%d %s, want %d with %q", w.Code, w.Body, tt.status, tt.want)
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Errorf("the answer repeats the body: %s", w.Body)
			}
		})
	}
}

func orDefault(given, value string) string {
	if given == "" {
		return value
	}
	return given
}

func zipped(text string) io.Reader {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return &b
}

func TestRouterSecret(t *testing.T) {
	subgraph, network := serve(t, auth0standin.Options{Users: users("a|1")}, auth0profile.Config{RouterSecret: "s3cret"})
	for name, tt := range map[string]struct {
		header []string
		status int
	}{
		"right": {[]string{"Router-Authorization", "s3cret"}, 200},
		"wrong": {[]string{"Router-Authorization", "s3cre"}, 401},
		"none":  {nil, 401},
	} {
		t.Run(name, func(t *testing.T) {
			network.taken()
			w := httptest.NewRecorder()
			subgraph.ServeHTTP(w, operation(t, query, representations("a|1"), tt.header...))
			if w.Code != tt.status {
				t.Errorf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if calls := network.taken(); tt.status == 401 && len(calls) > 0 {
				t.Errorf("calls to Auth0 %v", calls)
			}
		})
	}
	t.Run("health needs none", func(t *testing.T) {
		w := httptest.NewRecorder()
		subgraph.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/livez", nil))
		if w.Code != 200 {
			t.Errorf("status %d", w.Code)
		}
	})
}

func TestNotReady(t *testing.T) {
	subgraph, _ := serve(t, auth0standin.Options{}, auth0profile.Config{Ready: func() error { return errors.New("draining") }})
	w := httptest.NewRecorder()
	subgraph.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "draining") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestNewRefuses(t *testing.T) {
	valid := auth0profile.Config{Domain: "example.eu.auth0.com", ClientID: "id", ClientSecret: "secret"}
	tests := []struct {
		name   string
		change func(*auth0profile.Config)
		want   []string // parts of the error; none: it is fine
	}{
		{"a tenant", func(*auth0profile.Config) {}, nil},
		{"a URL", func(c *auth0profile.Config) { c.Domain = "https://login.example.com/" }, nil},
		{"nothing", func(c *auth0profile.Config) { *c = auth0profile.Config{} }, []string{"missing domain", "missing client id", "missing client secret"}},
		{"an unknown field", func(c *auth0profile.Config) { c.Fields = []string{"email", "app_metadata"} }, []string{`unknown field "app_metadata"`}},
		{"a path", func(c *auth0profile.Config) { c.Domain = "https://example.com/x" }, []string{"invalid domain"}},
		{"another scheme", func(c *auth0profile.Config) { c.Domain = "ftp://example.com" }, []string{"invalid domain"}},
		{"no host", func(c *auth0profile.Config) { c.Domain = "https://" }, []string{"invalid domain"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := valid
			tt.change(&config)
			_, err := auth0profile.New(config)
			if (err != nil) != (tt.want != nil) {
				t.Fatalf("error %v", err)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %v lacks %q", err, part)
				}
			}
		})
	}
}
