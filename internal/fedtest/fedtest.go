package fedtest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/supergraph"
)

// Joinery is a subgraph of a metadata directory, which must be free of warnings.
func Joinery(t testing.TB, c joinery.Config) *joinery.Service {
	t.Helper()
	service, err := joinery.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	for _, warning := range service.Warnings() {
		t.Errorf("metadata: %v", warning)
	}
	return service
}

// Serve runs a handler on a free port and returns its URL.
func Serve(t testing.TB, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// Config is that of subgraphs whose URLs are by name. Their SDL comes from _service.
func Config(urls map[string]string) *supergraph.Config {
	config := &supergraph.Config{}
	for _, name := range slices.Sorted(maps.Keys(urls)) {
		config.Subgraphs = append(config.Subgraphs, supergraph.Subgraph{Name: name, RoutingURL: urls[name], Schema: supergraph.Schema{URL: urls[name]}})
	}
	return config
}

// Compose composes subgraphs and returns the file of the supergraph.
func Compose(t testing.TB, config *supergraph.Config) string {
	t.Helper()
	needNode(t)
	composed, err := supergraph.Compose(t.Context(), config, supergraph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "supergraph.graphql")
	if err := os.WriteFile(file, []byte(composed.SDL), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// ApolloRouter returns the path of Apollo Router.
func ApolloRouter(t testing.TB) string {
	t.Helper()
	path, err := supergraph.FindRouter(t.Context(), supergraph.FindOptions{})
	if err != nil {
		testkit.Skip(t, "%v", err)
	}
	return path
}

//go:embed router.yaml
var routerYAML []byte

// Route runs a router and returns its URL. Without a configuration, Apollo Router has one that passes all errors on. A test
// that fails shows what the router printed.
func Route(t testing.TB, o supergraph.RouterOptions) string {
	t.Helper()
	if o.Config == "" {
		o.Config = filepath.Join(t.TempDir(), "router.yaml")
		if err := os.WriteFile(o.Config, routerYAML, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := &testkit.Buffer{}
	o.Log = log
	router, err := supergraph.StartRouter(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		router.Stop()
		if t.Failed() {
			t.Log(log)
		}
	})
	return router.URL()
}

// Answers checks that an operation has exactly this answer. variables and want are JSON.
func Answers(t testing.TB, url, query, variables, want string) {
	t.Helper()
	got := Decode(t, Ask(t, url, query, variables))
	if diff := cmp.Diff(Decode(t, want), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Decode reads JSON.
func Decode(t testing.TB, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

// Ask sends an operation and returns the answer's body. variables are JSON, "null" for none; headers are names and values in turn.
func Ask(t testing.TB, url, query, variables string, headers ...string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": json.RawMessage(variables)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
