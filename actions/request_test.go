package actions_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/metadata"
)

// received is what a handler got.
type received struct {
	Method, Path, Host, Body string
	Header                   http.Header
}

// recording is a handler that answers user and hands on what it got, once.
func recording(requests chan<- received) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- received{r.Method, r.URL.String(), r.Host, string(body), r.Header.Clone()}
		_, _ = io.WriteString(w, user)
	}
}

func TestPayload(t *testing.T) {
	tests := []struct {
		name string
		edit func(*actions.Call)
		want string
	}{
		{
			"an argument", func(*actions.Call) {},
			`{"action":{"name":"createUser"},"input":{"name":"Hodor"},` +
				`"session_variables":{"x-hasura-role":"user","x-hasura-user-id":"1"},` +
				`"request_query":"mutation { createUser(name: \"Hodor\") { id } }"}`,
		},
		{"input bytes stay", func(c *actions.Call) {
			c.Input = json.RawMessage(`{"arg": {"n": 9007199254740993.10, "x": null}}`)
			c.SessionVariables, c.RequestQuery = nil, "{ a }"
		}, `{"action":{"name":"createUser"},"input":{"arg": {"n": 9007199254740993.10, "x": null}},` +
			`"session_variables":{},"request_query":"{ a }"}`},
		{
			"no arguments, no query", func(c *actions.Call) { c.Input, c.SessionVariables, c.RequestQuery = nil, nil, "" },
			`{"action":{"name":"createUser"},"input":{},"session_variables":{},"request_query":null}`,
		},
		{"no admin secret", func(c *actions.Call) {
			c.RequestQuery = ""
			c.SessionVariables = map[string]string{
				"x-hasura-access-key": "s3cret", "x-hasura-admin-secret": "s3cret", "x-hasura-role": "admin",
			}
		}, `{"action":{"name":"createUser"},"input":{"name":"Hodor"},` +
			`"session_variables":{"x-hasura-role":"admin"},"request_query":null}`},
		{"any bytes in strings", func(c *actions.Call) {
			c.SessionVariables = map[string]string{"x-hasura-name": "M\xfcller \U0001F600"}
			c.RequestQuery = "{\n\ta \x00\"<&>\u2028\"}"
		}, `{"action":{"name":"createUser"},"input":{"name":"Hodor"},` +
			`"session_variables":{"x-hasura-name":"M` + "\uFFFD" + `ller ` + "\U0001F600" + `"},` +
			`"request_query":"{\n\ta \u0000\"<&>` + "\u2028" + `\"}"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			requests := make(chan received, 1)
			srv := serve(t, recording(requests))
			c := newClient(t, actions.Options{Version: "1.2.3"}, action(srv.URL+"/create?x=y", nil))
			cl := call()
			tt.edit(&cl)
			answer, err := c.Call(context.Background(), cl)
			if err != nil {
				t.Fatal(err)
			}
			got := <-requests
			if diff := cmp.Diff(tt.want, got.Body); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if !json.Valid([]byte(got.Body)) {
				t.Errorf("body is not JSON: %s", got.Body)
			}
			if got.Method != "POST" || got.Path != "/create?x=y" {
				t.Errorf("request line is %s %s", got.Method, got.Path)
			}
			got.Header.Del("Content-Length")
			wantHeader := http.Header{
				"Content-Type": {"application/json"}, "User-Agent": {"joinery/1.2.3"}, "Accept-Encoding": {"gzip"},
			}
			if diff := cmp.Diff(wantHeader, got.Header); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			if string(answer.Output) != user {
				t.Errorf("output is %s", answer.Output)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	requests := make(chan received, 1)
	srv := serve(t, recording(requests))
	env := map[string]string{
		"BASE": srv.URL, "VERSION": "v2", "KEY": "{{BASE}}", "CREDENTIALS": "dTpw", "EMPTY": "",
	}
	a := action("{{BASE}}/{{ VERSION\t}}/create", func(a *metadata.Action) {
		a.Headers = []metadata.Header{
			{Name: "x-literal", Value: "plain } {"},
			{Name: "Authorization", Value: "Basic {{ CREDENTIALS }}"},
			{Name: "X-Key", ValueFromEnv: "KEY"}, // not expanded again
			{Name: "X-Empty", ValueFromEnv: "EMPTY"},
			{Name: "Host", Value: "handlers.internal"},
			{Name: "Content-Type", Value: "text/plain"}, // Hasura's default wins
		}
	})
	c := newClient(t, actions.Options{LookupEnv: environment(env)}, a)
	if _, err := c.Call(context.Background(), call()); err != nil {
		t.Fatal(err)
	}
	got := <-requests
	if got.Path != "/v2/create" || got.Host != "handlers.internal" {
		t.Errorf("got %s at host %s", got.Path, got.Host)
	}
	want := http.Header{
		"X-Literal": {"plain } {"}, "Authorization": {"Basic dTpw"}, "X-Key": {"{{BASE}}"}, "X-Empty": {""},
		"Content-Type": {"application/json"}, "User-Agent": {"joinery/dev"}, "Accept-Encoding": {"gzip"},
	}
	got.Header.Del("Content-Length")
	if diff := cmp.Diff(want, got.Header); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

func TestCredentialsInURL(t *testing.T) {
	requests := make(chan received, 1)
	srv := serve(t, recording(requests))
	c := newClient(t, actions.Options{}, action("http://user:pass@"+srv.Listener.Addr().String()+"/", nil))
	if _, err := c.Call(context.Background(), call()); err != nil {
		t.Fatal(err)
	}
	got := <-requests
	if got.Header.Get("Authorization") != "Basic dXNlcjpwYXNz" {
		t.Errorf("Authorization is %q", got.Header.Get("Authorization"))
	}
}

func TestForwardClientHeaders(t *testing.T) {
	client := http.Header{
		"Authorization": {"Bearer abc"}, "Cookie": {"a=1"}, "X-Many": {"1", "2"}, "X-Key": {"client's"},
		"X-Hasura-Role": {"admin"}, "X-Hasura-Admin-Secret": {"s3cret"}, "X-Router-Secret": {"s3cret"},
		"User-Agent": {"curl/8"}, "Origin": {"http://app"}, "Referer": {"http://app/x"}, "Dnt": {"1"},
		"Accept": {"*/*"}, "Accept-Encoding": {"br"}, "Accept-Language": {"de"}, "Accept-Datetime": {"x"},
		"Cache-Control": {"no-cache"}, "Content-Type": {"application/graphql"}, "Content-Length": {"3"},
		"Content-Md5": {"x"}, "Content-Encoding": {"br"}, "Connection": {"keep-alive, X-Hop"}, "X-Hop": {"1"},
		"Keep-Alive": {"timeout=5"}, "Te": {"trailers"}, "Transfer-Encoding": {"chunked"}, "Upgrade": {"h2c"},
	}
	// base is sent without forwarding, forwarded adds what the default list lets through.
	base := http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"joinery/dev"}, "X-Key": {"configured"},
		"Accept-Encoding": {"gzip"},
	}
	forwarded := http.Header{
		"Authorization": {"Bearer abc"}, "Cookie": {"a=1"}, "X-Many": {"1", "2"}, "X-Key": {"client's"},
		"X-Forwarded-Host": {"api.example.com"}, "X-Forwarded-User-Agent": {"curl/8"}, "X-Forwarded-Origin": {"http://app"},
	}
	unignored := http.Header{
		"User-Agent": {"curl/8"}, "Origin": {"http://app"}, "Referer": {"http://app/x"}, "Dnt": {"1"}, "Accept": {"*/*"},
		"Accept-Language": {"de"}, "Accept-Datetime": {"x"}, "Cache-Control": {"no-cache"}, "Content-Md5": {"x"},
	}
	private := []string{"x-router-secret"}
	tests := []struct {
		name    string
		forward bool
		ignored []string
		opts    actions.Options
		extra   http.Header // of the client
		want    []http.Header
	}{
		{"off", false, nil, actions.Options{}, nil, []http.Header{base}},
		{"default list", true, nil, actions.Options{PrivateHeaders: private}, nil, []http.Header{base, forwarded}},
		{
			"without private headers", true, nil,
			actions.Options{},
			nil,
			[]http.Header{base, forwarded, {"X-Router-Secret": {"s3cret"}}},
		},
		{
			"list replaced", true,
			[]string{"cookie", "X-MANY", "accept", "Accept-Language", "Content-MD5"},
			actions.Options{PrivateHeaders: private},
			nil,
			[]http.Header{
				base, forwarded, unignored,
				{"Cookie": nil, "X-Many": nil, "Accept": nil, "Accept-Language": nil, "Content-Md5": nil},
			},
		},
		{
			"list empty", true,
			[]string{},
			actions.Options{PrivateHeaders: private},
			nil,
			[]http.Header{base, forwarded, unignored},
		},
		{
			"configured first", true,
			[]string{},
			actions.Options{PrivateHeaders: private, ConfiguredHeaderPrecedence: true},
			nil,
			[]http.Header{base, forwarded, unignored, {"X-Key": {"configured"}, "User-Agent": {"joinery/dev"}}},
		},
		{
			"a proxy's X-Forwarded-Host stands", true, nil,
			actions.Options{PrivateHeaders: private},
			http.Header{"X-Forwarded-Host": {"shop.example.com"}},
			[]http.Header{base, forwarded, {"X-Forwarded-Host": {"shop.example.com"}}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			requests := make(chan received, 1)
			srv := serve(t, recording(requests))
			c := newClient(t, tt.opts, action(srv.URL, func(a *metadata.Action) {
				a.ForwardClientHeaders, a.IgnoredClientHeaders = tt.forward, tt.ignored
				a.Headers = []metadata.Header{{Name: "X-Key", Value: "configured"}}
			}))
			cl := call()
			cl.ClientHeader, cl.ClientHost = merge(client, tt.extra), "api.example.com"
			if _, err := c.Call(context.Background(), cl); err != nil {
				t.Fatal(err)
			}
			got := <-requests
			got.Header.Del("Content-Length")
			if diff := cmp.Diff(merge(tt.want...), got.Header); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

// merge puts hs over each other; a nil value removes a header.
func merge(hs ...http.Header) http.Header {
	out := http.Header{}
	for _, h := range hs {
		for name, values := range h {
			out[name] = values
			if values == nil {
				delete(out, name)
			}
		}
	}
	return out
}

func TestNewReportsEveryFault(t *testing.T) {
	at := func(line int) metadata.Pos { return metadata.Pos{File: "actions.yaml", Line: line, Column: 5} }
	named := func(name, handler string, line int, headers ...metadata.Header) *metadata.Action {
		return action(handler, func(a *metadata.Action) {
			a.Name, a.HandlerPos, a.Headers = name, at(line), headers
		})
	}
	md := newMetadata(
		named("fine", "http://localhost:3000/x", 1),
		named("one", "{{A}}/{{B}}/{{A}}", 10, metadata.Header{Pos: at(11), Name: "X-C", ValueFromEnv: "C"},
			metadata.Header{Pos: at(12), Name: "X-D", Value: "{{D}}{{SECRET}}"}),
		named("two", "/create", 20),
		named("three", "ftp://host/x", 30),
		named("four", "http://:80/", 40),
		named("five", "{{SECRET}}", 50),
		named("six", "http://{{A", 60),
		named("seven", "http://{{$base_url}}/", 70),
		named("eight", "http://x/", 80, metadata.Header{Pos: at(81), Name: "X Y", Value: "z"},
			metadata.Header{Pos: at(82), Name: "X-Break", ValueFromEnv: "BREAK"},
			metadata.Header{Pos: at(83), Name: "content-length", Value: "3"},
			metadata.Header{Pos: at(84), Name: "X-Admin", ValueFromEnv: "HASURA_GRAPHQL_ADMIN_SECRET"}),
	)
	c, faults := actions.New(md, actions.Options{LookupEnv: environment(map[string]string{
		"SECRET": "http://s3cret:s3cret", "BREAK": "a\r\nX-Injected: s3cret",
	})})
	if c != nil {
		t.Error("a client in spite of faults")
	}
	hint := " (after its environment variables are filled in, it must be like http://localhost:3000/create-user)"
	want := `actions.yaml:10: action "one": Value for environment variables not found: A, B
actions.yaml:11: header "X-C" of action "one": Value for environment variables not found: C
actions.yaml:12: header "X-D" of action "one": Value for environment variables not found: D
actions.yaml:20: action "two": invalid handler URL "/create": the scheme is not http or https` + hint + `
actions.yaml:30: action "three": invalid handler URL "ftp://host/x": the scheme is not http or https` + hint + `
actions.yaml:40: action "four": invalid handler URL "http://:80/": missing host` + hint + `
actions.yaml:50: action "five": invalid handler URL "{{SECRET}}"` + hint + `
actions.yaml:60: action "six": invalid template "http://{{A": {{ without }}
actions.yaml:70: action "seven": invalid template {{$base_url}}: expected the name of an environment variable
actions.yaml:81: header "X Y" of action "eight": invalid header name
actions.yaml:82: header "X-Break" of action "eight": invalid value: control character (remove line breaks)
actions.yaml:83: warning: header "content-length" of action "eight": not sent: it is the connection's business (remove it)
actions.yaml:84: header "X-Admin" of action "eight": env variables start with "HASURA_GRAPHQL_" are not allowed for value_from_env`
	if diff := cmp.Diff(want, faults.Error()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestWarningsLeaveAClient(t *testing.T) {
	md := newMetadata(action("http://localhost", func(a *metadata.Action) {
		a.Headers = []metadata.Header{{Name: "Accept-Encoding", Value: "br"}}
	}))
	c, faults := actions.New(md, actions.Options{})
	if c == nil || len(faults.Of(metadata.Warning)) != 1 || faults.Err() != nil {
		t.Errorf("New gave %v and %v", c, faults)
	}
}

func TestRefused(t *testing.T) {
	srv := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
	tests := []struct {
		name string
		edit func(*metadata.Action)
		want string
	}{
		{
			"asynchronous", func(a *metadata.Action) { a.Kind = metadata.Asynchronous },
			"asynchronous actions are not supported",
		},
		{
			"request transform", func(a *metadata.Action) { a.RequestTransform = &metadata.Transform{} },
			"actions with a request_transform are not supported",
		},
		{
			"response transform", func(a *metadata.Action) { a.ResponseTransform = &metadata.Transform{} },
			"actions with a response_transform are not supported",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := callError(t, newClient(t, actions.Options{}, action(srv.URL, tt.edit)), call())
			if e.Message != tt.want || e.Extensions["code"] != "not-supported" || e.Reason != actions.ReasonNotSupported {
				t.Errorf("error is %q %v", e.Message, e.Extensions)
			}
		})
	}
	t.Run("unknown", func(t *testing.T) {
		e := callError(t, newClient(t, actions.Options{}), call())
		if e.Message != `action with name "createUser" does not exist` || e.Reason != actions.ReasonUnknownAction {
			t.Errorf("error is %q %v", e.Message, e.Extensions)
		}
	})
}
