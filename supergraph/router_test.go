package supergraph

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// subgraph is a subgraph for the router to ask: it records what arrives and answers by its function.
type subgraph struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request // bodies are read
}

type graphqlRequest struct {
	Query     string
	Variables map[string]any
}

func newSubgraph(t *testing.T, answer func(graphqlRequest) string) *subgraph {
	s := &subgraph{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req graphqlRequest
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
			t.Errorf("subgraph got no JSON: %v", err)
		}
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, answer(req))
	}))
	t.Cleanup(s.Close)
	return s
}

// last is the header of the latest request. The test fails where there is none.
func (s *subgraph) last(t *testing.T) http.Header {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) == 0 {
		t.Fatal("the subgraph was not asked")
	}
	return s.requests[len(s.requests)-1].Header
}

// newJoinery and newAuth0 answer for the subgraphs of testdata/example.
func newJoinery(t *testing.T) *subgraph {
	return newSubgraph(t, func(req graphqlRequest) string {
		if !strings.Contains(req.Query, "createUser") {
			return `{"data": {"users": [{"__typename": "users", "name": "Hodor", "auth0_id": "hodor|hodor"}]}}`
		}
		if strings.Contains(req.Query, "refused") || req.Variables["name"] == "refused" {
			return `{"data": {"createUser": null}, "errors": [{"message": "no more Hodors", "path": ["createUser"],
				"extensions": {"code": "hodor", "path": "$", "internal": "secret"}}]}`
		}
		return `{"data": {"createUser": {"id": "7ffd68ba-535e-4c72-9051-17cd4e8ed594",
			"user": {"__typename": "users", "name": "Hodor", "auth0_id": "hodor|hodor"}}}}`
	})
}

func newAuth0(t *testing.T) *subgraph {
	return newSubgraph(t, func(req graphqlRequest) string {
		var entities []string
		for _, r := range req.Variables["representations"].([]any) {
			id := r.(map[string]any)["auth0_id"]
			entities = append(entities, fmt.Sprintf(`{"auth0_profile": {"email": "%s@hodor.com"}}`, id))
		}
		return `{"data": {"_entities": [` + strings.Join(entities, ", ") + `]}}`
	})
}

// composeExample writes the supergraph of testdata/example into a file.
func composeExample(t *testing.T) string {
	t.Helper()
	needNode(t)
	result, err := Compose(t.Context(), readExample(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "supergraph.graphql")
	write(t, path, result.SDL)
	return path
}

func needRouter(t *testing.T) string {
	t.Helper()
	path, err := FindRouter(t.Context(), FindOptions{})
	need(t, err)
	return path
}

// post sends a query to a router and returns the answer's body.
func post(t *testing.T, router *Router, query string, header http.Header) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, router.URL(), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	req.Header.Set("Content-Type", "application/json")
	req.Close = true // a reload ends idle connections, and Go doesn't send a POST again
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(answer))
}

const createUser = `mutation { createUser(name: "Hodor") { id user { name auth0_id auth0_profile { email } } } }`

// example is a router over the subgraphs of testdata/example.
type example struct {
	*Router
	joinery, auth0 *subgraph
	supergraph     string
}

// startExample starts a router; path is Apollo Router, or empty for the stand-in.
func startExample(t *testing.T, path string, more ...string) example {
	t.Helper()
	e := example{joinery: newJoinery(t), auth0: newAuth0(t), supergraph: composeExample(t)}
	router, err := StartRouter(t.Context(), RouterOptions{
		Path: path, Supergraph: e.supergraph, HotReload: true,
		Env: append([]string{"JOINERY_URL=" + e.joinery.URL, "AUTH0PROFILE_URL=" + e.auth0.URL}, more...),
		Log: t.Output(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(router.Stop)
	e.Router = router
	return e
}

// TestRouters holds Apollo Router and its stand-in to the same behaviour.
func TestRouters(t *testing.T) {
	for _, kind := range []string{"apollo router", "stand-in"} {
		t.Run(kind, func(t *testing.T) {
			path := ""
			if kind == "apollo router" {
				path = needRouter(t)
			}
			e := startExample(t, path, "JOINERY_ROUTER_SECRET=joinery-secret", "AUTH0PROFILE_ROUTER_SECRET=auth0-secret")
			if e.StandIn() != (path == "") {
				t.Errorf("StandIn() = %t", e.StandIn())
			}
			t.Run("query over both", func(t *testing.T) { testQuery(t, e) })
			t.Run("headers", func(t *testing.T) { testHeaders(t, e) })
			t.Run("errors", func(t *testing.T) { testErrors(t, e) })
			t.Run("introspection is off", func(t *testing.T) { testNoIntrospection(t, e) })
			t.Run("simple requests are refused", func(t *testing.T) { testCSRF(t, e) })
			t.Run("hot reload", func(t *testing.T) { testHotReload(t, e) })
			t.Run("port in use", func(t *testing.T) { testPortInUse(t, e, path) })
			t.Run("stop", func(t *testing.T) { testStop(t, e) })
		})
	}
}

func testQuery(t *testing.T, e example) {
	want := `{"data":{"createUser":{"id":"7ffd68ba-535e-4c72-9051-17cd4e8ed594",` +
		`"user":{"name":"Hodor","auth0_id":"hodor|hodor","auth0_profile":{"email":"hodor|hodor@hodor.com"}}}}}`
	if got := post(t, e.Router, createUser, nil); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func testHeaders(t *testing.T, e example) {
	const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	post(t, e.Router, createUser, http.Header{
		"Authorization":         {"Bearer of-the-client"},
		"Cookie":                {"session=1"},
		"X-Hasura-Role":         {"admin"},
		"X-Hasura-User-Id":      {"1"},
		"X-Hasura-Admin-Secret": {"guess"},
		"Router-Authorization":  {"guess"},
		"Traceparent":           {traceparent},
	})
	for name, want := range map[string]map[string]string{
		"joinery": {"Router-Authorization": "joinery-secret", "Authorization": "Bearer of-the-client"},
		"auth0":   {"Router-Authorization": "auth0-secret", "Authorization": "Bearer of-the-client"},
	} {
		header := e.joinery.last(t)
		if name == "auth0" {
			header = e.auth0.last(t)
		}
		got := map[string]string{}
		for _, h := range []string{"Authorization", "Cookie", "Router-Authorization"} {
			if values := header.Values(h); len(values) > 0 {
				got[h] = strings.Join(values, " and ")
			}
		}
		for h, values := range header {
			if strings.HasPrefix(h, "X-Hasura-") {
				got[h] = strings.Join(values, " and ")
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("headers at %s (-want +got):\n%s", name, diff)
		}
		if got := header.Get("Traceparent"); !strings.HasPrefix(got, traceparent[:36]) {
			t.Errorf("traceparent at %s: %q, want the client's trace %s", name, got, traceparent)
		}
	}
}

func testErrors(t *testing.T, e example) {
	var answer struct {
		Errors []struct {
			Message    string
			Path       []any
			Extensions map[string]any
		}
	}
	text := post(t, e.Router, `mutation { createUser(name: "refused") { id } }`, nil)
	if err := json.Unmarshal([]byte(text), &answer); err != nil || len(answer.Errors) != 1 {
		t.Fatalf("got %s, want one error", text)
	}
	got := answer.Errors[0]
	if got.Message != "no more Hodors" || got.Extensions["code"] != "hodor" || got.Extensions["path"] != "$" || got.Path[0] != "createUser" {
		t.Errorf("got %s, want message, path and code of the subgraph", text)
	}
	if strings.Contains(text, "internal") || strings.Contains(text, "stacktrace") {
		t.Errorf("got %s, with an extension that isn't allowed", text)
	}
}

func testNoIntrospection(t *testing.T, e example) {
	if got := post(t, e.Router, `{ __schema { queryType { name } } }`, nil); !strings.Contains(got, "errors") {
		t.Errorf("introspection answered %s", got)
	}
}

// testCSRF sends what a page of another origin can send without being asked back.
func testCSRF(t *testing.T, e example) {
	resp, err := http.Get(e.URL() + "?query=" + url.QueryEscape("{ users { name } }"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("got %s, want 400", resp.Status)
	}
}

func testHotReload(t *testing.T, e example) {
	old, err := os.ReadFile(e.supergraph)
	if err != nil {
		t.Fatal(err)
	}
	write(t, e.supergraph, strings.ReplaceAll(string(old), "nickname", "pet_name"))
	deadline := time.Now().Add(20 * time.Second)
	for {
		got := post(t, e.Router, `{ users { auth0_profile { pet_name } } }`, nil)
		if !strings.Contains(got, "errors") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still the old schema: %s", got)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func testPortInUse(t *testing.T, e example, path string) {
	u, err := url.Parse(e.URL())
	if err != nil {
		t.Fatal(err)
	}
	_, err = StartRouter(t.Context(), RouterOptions{Path: path, Supergraph: e.supergraph, Listen: u.Host})
	want := "start router: listen tcp " + u.Host + ": bind: address already in use: stop what uses it, or choose another"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func testStop(t *testing.T, e example) {
	select {
	case <-e.Done():
		t.Fatalf("ended by itself: %v", e.Err())
	default:
	}
	e.Stop()
	<-e.Done()
	if _, err := http.Get(e.URL()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after Stop: %v", err)
	}
}

// TestRouterTraces takes the router's spans with a receiver of OTLP over HTTP.
func TestRouterTraces(t *testing.T) {
	arrived := make(chan []byte, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil && r.URL.Path == "/v1/traces" {
			arrived <- body
		}
	}))
	defer receiver.Close()
	e := startExample(t, needRouter(t), "OTEL_EXPORTER_OTLP_ENDPOINT="+receiver.URL)
	post(t, e.Router, createUser, nil)
	id := traceID(t, e.joinery)
	if other := traceID(t, e.auth0); other != id {
		t.Errorf("two traces of one operation: %s and %s", id, other)
	}
	bytesOfID, err := hex.DecodeString(id)
	if err != nil {
		t.Fatal(err)
	}
	var spans []byte
	for timeout := time.After(20 * time.Second); ; {
		missing := ""
		for what, want := range map[string][]byte{
			"the trace that the subgraphs were told": bytesOfID, "the service's name": []byte("router"), "the subgraph's name": []byte("auth0"),
		} {
			if !bytes.Contains(spans, want) {
				missing = what
			}
		}
		if missing == "" {
			return
		}
		select {
		case body := <-arrived:
			spans = append(spans, body...)
		case <-timeout:
			t.Fatalf("%d bytes of spans without %s", len(spans), missing)
		}
	}
}

func traceID(t *testing.T, s *subgraph) string {
	t.Helper()
	parts := strings.Split(s.last(t).Get("Traceparent"), "-")
	if len(parts) != 4 {
		t.Fatalf("traceparent %q", parts)
	}
	return parts[1]
}

// TestStandInTraces: without a client's trace, the stand-in begins one where spans are collected.
func TestStandInTraces(t *testing.T) {
	e := startExample(t, "", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9")
	post(t, e.Router, createUser, nil)
	if a, b := traceID(t, e.joinery), traceID(t, e.auth0); a != b {
		t.Errorf("two traces of one operation: %s, %s", a, b)
	}
}

// TestRouterWithoutSecrets: with no secret set, none but an empty header arrives.
func TestRouterWithoutSecrets(t *testing.T) {
	e := startExample(t, needRouter(t), "JOINERY_ROUTER_SECRET=", "JOINERY_URL=")
	post(t, e.Router, createUser, http.Header{"Router-Authorization": {"guess"}})
	if n := len(e.joinery.requests); n != 0 {
		t.Errorf("an empty JOINERY_URL is the default, yet %d requests arrived elsewhere", n)
	}
}

func TestRouterIntrospection(t *testing.T) {
	router, err := StartRouter(t.Context(), RouterOptions{Path: needRouter(t), Supergraph: composeExample(t), Introspection: true})
	if err != nil {
		t.Fatal(err)
	}
	defer router.Stop()
	if got := post(t, router, `{ __schema { queryType { name } } }`, nil); got != `{"data":{"__schema":{"queryType":{"name":"Query"}}}}` {
		t.Errorf("introspection answered %s", got)
	}
}

func TestStartRouterFaults(t *testing.T) {
	dir := t.TempDir()
	supergraph := filepath.Join(dir, "supergraph.graphql")
	write(t, supergraph, "type Query { a: Int }") // no supergraph
	program := filepath.Join(dir, "router")
	writeScript(t, program, "echo cannot go on; exit 3")
	tests := []struct {
		name    string
		options RouterOptions
		want    string
	}{
		{"no supergraph", RouterOptions{Path: program, Supergraph: "DIR/none"}, "start router: supergraph schema: stat DIR/none: no such file or directory"},
		{"no config", RouterOptions{Path: program, Supergraph: supergraph, Config: "DIR/none.yaml"}, "start router: stat DIR/none.yaml: no such file or directory"},
		{"no program", RouterOptions{Path: "DIR/none", Supergraph: supergraph}, "start router: start apollo router: fork/exec DIR/none: no such file or directory"},
		{"ends at once", RouterOptions{Path: program, Supergraph: supergraph}, "start router: apollo router ended: exit status 3: cannot go on"},
		{"secret that is a number", RouterOptions{Path: program, Supergraph: supergraph, Env: []string{"JOINERY_ROUTER_SECRET=12345"}}, "start router: invalid JOINERY_ROUTER_SECRET: Apollo Router reads it as a number, a boolean or null: use a secret with letters and digits"},
		{"bad address", RouterOptions{Path: program, Supergraph: supergraph, Listen: "4000"}, "start router: listen tcp: address 4000: missing port in address: stop what uses it, or choose another"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Path = strings.ReplaceAll(tt.options.Path, "DIR", dir)
			tt.options.Supergraph = strings.ReplaceAll(tt.options.Supergraph, "DIR", dir)
			tt.options.Config = strings.ReplaceAll(tt.options.Config, "DIR", dir)
			_, err := StartRouter(t.Context(), tt.options)
			if err == nil || strings.ReplaceAll(err.Error(), dir, "DIR") != tt.want {
				t.Errorf("got\n%v\nwant\n%s", err, tt.want)
			}
		})
	}
	t.Run("real router, no supergraph schema", func(t *testing.T) {
		_, err := StartRouter(t.Context(), RouterOptions{Path: needRouter(t), Supergraph: supergraph})
		if err == nil || !strings.Contains(err.Error(), "apollo router ended: exit status 1: ") {
			t.Errorf("error %v, want that the router ended and why", err)
		}
	})
}

// TestRouterYAML: Apollo Router accepts router.yaml as it is, and with every variable set.
func TestRouterYAML(t *testing.T) {
	router := needRouter(t)
	for _, env := range [][]string{nil, {
		"ROUTER_LISTEN=0.0.0.0:4000", "ROUTER_HEALTH_LISTEN=0.0.0.0:8088", "ROUTER_INTROSPECTION=true",
		"ROUTER_OTLP_ENABLED=true", "ROUTER_OTLP_PROTOCOL=http", "ROUTER_OTLP_ENDPOINT=http://jaeger:4318",
		"JOINERY_URL=http://joinery:4001/graphql", "AUTH0PROFILE_URL=http://auth0:4002/graphql",
		"JOINERY_ROUTER_SECRET=s3cret", "AUTH0PROFILE_ROUTER_SECRET=s3cret",
	}} {
		cmd := exec.CommandContext(t.Context(), router, "config", "validate", "router.yaml")
		cmd.Env = slices.Concat(os.Environ(), []string{"APOLLO_TELEMETRY_DISABLED=true"}, env)
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "is valid!") {
			t.Errorf("with %s: %v\n%s", env, err, out)
		}
	}
}

func TestCheckSecret(t *testing.T) {
	// What Apollo Router 2.15.0 accepts was found by trying; what is refused here and not there (007) is on the safe side.
	for value, ok := range map[string]bool{
		"": true, "abc": true, "a: b": true, "- x": true, "12345a": true,
		"12345": false, "true": false, "~": false, "null": false, "0x10": false, "1e5": false, "1.5": false, "-1": false, "#x": false,
	} {
		if err := checkSecret("S", value); (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		} else if err != nil && value == "12345" && strings.Contains(err.Error(), value) {
			t.Errorf("%q: the message quotes it: %v", value, err)
		}
	}
}

func TestTraceEnvironment(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://x:4317"
	on := func(protocol string) []string {
		return []string{"ROUTER_OTLP_ENABLED=true", "ROUTER_OTLP_ENDPOINT=http://x:4317", "ROUTER_OTLP_PROTOCOL=" + protocol}
	}
	tests := []struct {
		name      string
		env, want []string
	}{
		{"no endpoint", []string{"OTEL_SERVICE_NAME=joinery"}, nil},
		{"endpoint", []string{endpoint}, on("http")},
		{"gRPC", []string{endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, on("grpc")},
		{"disabled", []string{endpoint, "OTEL_SDK_DISABLED=TRUE"}, []string{"OTEL_SDK_DISABLED=TRUE"}},
		{"no traces", []string{endpoint, "OTEL_TRACES_EXPORTER=none"}, []string{"OTEL_TRACES_EXPORTER=none"}},
		{"router's own", []string{endpoint, "ROUTER_OTLP_ENABLED=false"}, []string{"ROUTER_OTLP_ENABLED=false"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := environ{}
			e.add(tt.env...)
			e.traces()
			if got := e.list(); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestAddresses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := addresses("", taken.Addr().String()); err == nil {
		t.Error("no error for a port that is taken")
	}
	got, err := addresses("", "127.0.0.1:0", ":0", "0.0.0.0:0", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	var hosts []string
	ports := map[string]bool{}
	for _, address := range got {
		host, port, err := net.SplitHostPort(address)
		if err != nil || port == "0" {
			t.Errorf("%s: %v", address, err)
		}
		hosts = append(hosts, host)
		ports[port] = true
	}
	if diff := cmp.Diff([]string{"127.0.0.1", "127.0.0.1", "0.0.0.0", "0.0.0.0", "127.0.0.1"}, hosts); diff != "" || len(ports) != 5 {
		t.Errorf("hosts (-want +got):\n%s, %d different ports", diff, len(ports))
	}
	if got := reachable("0.0.0.0:4000") + " " + reachable("[::]:4000") + " " + reachable("10.0.0.1:80"); got != "http://127.0.0.1:4000 http://127.0.0.1:4000 http://10.0.0.1:80" {
		t.Errorf("reachable: %s", got)
	}
}
