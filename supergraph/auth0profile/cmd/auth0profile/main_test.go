package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile/auth0standin"
)

// The program against the stand-in, over real connections.
func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	lines, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"--listen", "127.0.0.1:0"}, environment(standin(t).URL), stdout)
		stdout.Close()
		ended <- err
	}()
	address := listening(t, lines)

	body := `{"query": "{ _entities(representations: {__typename: \"users\", auth0_id: \"hodor|hodor\"}) {` +
		` ... on users { auth0_profile { email nickname last_login } } } }"}`
	got := request(t, http.MethodPost, "http://"+address+"/graphql", strings.NewReader(body))
	want := `{"data":{"_entities":[{"auth0_profile":{"email":"hodor@hodor.com","nickname":"Hodor","last_login":"2016-05-22T01:35:48.863Z"}}]}}`
	if strings.TrimSpace(got) != want {
		t.Errorf("answer %s, want %s", got, want)
	}
	if got := request(t, http.MethodGet, "http://"+address+"/readyz", nil); got != "ok\n" {
		t.Errorf("readyz %q", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func standin(t *testing.T) *httptest.Server {
	t.Helper()
	file, err := os.Open("../../auth0standin/testdata/users.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	users, err := auth0standin.ReadUsers(file)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := auth0standin.New(auth0standin.Options{Users: users, ClientID: "id", ClientSecret: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func environment(domain string, more ...string) func(string) string {
	values := map[string]string{"AUTH0_DOMAIN": domain, "AUTH0_CLIENT_ID": "id", "AUTH0_CLIENT_SECRET": "secret"}
	for i := 0; i < len(more); i += 2 {
		values[more[i]] = more[i+1]
	}
	return func(name string) string { return values[name] }
}

// listening reads the log up to the line with the address, and the rest of it on the side.
func listening(t *testing.T, log io.Reader) string {
	t.Helper()
	scanner := bufio.NewScanner(log)
	for scanner.Scan() {
		var line struct{ Msg, Address string }
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatalf("log line %s: %v", scanner.Text(), err)
		}
		if line.Msg == "listening" {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return line.Address
		}
	}
	t.Fatal("the program ended before it listened")
	return ""
}

func request(t *testing.T, method, url string, body io.Reader) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRunRefuses(t *testing.T) {
	tests := []struct {
		name string
		args []string
		env  []string
		want string // part of the error
	}{
		{
			name: "nothing set", env: []string{"AUTH0_DOMAIN", "", "AUTH0_CLIENT_ID", "", "AUTH0_CLIENT_SECRET", ""},
			want: "missing AUTH0_DOMAIN, AUTH0_CLIENT_ID, AUTH0_CLIENT_SECRET",
		},
		{name: "no secret", env: []string{"AUTH0_CLIENT_SECRET", ""}, want: "missing AUTH0_CLIENT_SECRET"},
		{name: "all addresses without a router secret", args: []string{"--listen", ":0"}, want: "AUTH0PROFILE_ROUTER_SECRET"},
		{name: "another address without a router secret", args: []string{"--listen", "192.0.2.1:0"}, want: "AUTH0PROFILE_ROUTER_SECRET"},
		{name: "unknown field", args: []string{"--fields", "email,app_metadata"}, want: "app_metadata"},
		{name: "unknown exporter", env: []string{"OTEL_TRACES_EXPORTER", "nowhere"}, want: ""},
		{name: "an address that isn't here", args: []string{"--listen", "192.0.2.1:0", "--insecure"}, want: "listen"},
		{name: "an address that is none", args: []string{"--listen", "x", "--insecure"}, want: "listen"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// autoexport reads the process's environment; that it is an error stands there, too.
			for i := 0; i < len(tt.env); i += 2 {
				t.Setenv(tt.env[i], tt.env[i+1])
			}
			err := run(t.Context(), tt.args, environment("example.eu.auth0.com", tt.env...), io.Discard)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, tt.want)
			}
		})
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:4002": true, "[::1]:0": true, "localhost:1": true, "127.8.8.8:1": true,
		":4002": false, "0.0.0.0:4002": false, "[::]:1": false, "example.com:1": false, "127.0.0.1": false,
	} {
		if got := loopback(address); got != want {
			t.Errorf("loopback(%q) = %v", address, got)
		}
	}
}

func TestSettings(t *testing.T) {
	config, err := settings{Listen: ":0", Auth0Domain: "d", Auth0ClientID: "i", Fields: []string{"email"}}.config(
		environment("d", "AUTH0PROFILE_ROUTER_SECRET", "s"))
	if err != nil {
		t.Fatal(err)
	}
	if config.CacheTTL >= 0 || config.RouterSecret != "s" || config.ClientSecret != "secret" || len(config.Fields) != 1 {
		t.Errorf("config %+v", config)
	}
}

func TestExports(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  map[string]string
		want bool
	}{
		{"nothing", nil, false},
		{"endpoint", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, true},
		{"endpoint of traces", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, true},
		{"exporter", map[string]string{"OTEL_TRACES_EXPORTER": "console"}, true},
		{"none", map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, false},
		{"disabled", map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := exports(func(name string) string { return tt.env[name] }); got != tt.want {
				t.Errorf("exports = %v", got)
			}
		})
	}
}
