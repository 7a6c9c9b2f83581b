// Package remotetest runs a GraphQL service that is no subgraph, by GraphQL's reference implementation.
package remotetest

import (
	"bufio"
	"cmp"
	_ "embed"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/supergraph"
)

//go:embed server.mjs
var script string

// Server is a service at work.
type Server struct {
	URL  string
	Stop func() // ends it before the test does
}

// Request is what it was asked.
type Request struct {
	Query     string
	Variables map[string]any
	Headers   map[string]string // with names in lower case
}

// Start starts the service. It ends with the test, which is skipped where there is no Node.js.
func Start(t testing.TB) *Server {
	t.Helper()
	node := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e", script)
	node.Dir = packages(t)
	node.Stderr = os.Stderr
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		testkit.Skip(t, "%v", err)
	}
	stop := sync.OnceFunc(func() {
		_ = node.Process.Kill()
		_ = node.Wait()
	})
	t.Cleanup(stop)
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return &Server{strings.TrimSpace(address), stop}
}

// packages is the folder in which Joinery's Node packages are installed, graphql among them: composing installs them.
func packages(t testing.TB) string {
	t.Helper()
	if _, err := supergraph.Compose(t.Context(), &supergraph.Config{Subgraphs: []supergraph.Subgraph{
		{Name: "any", RoutingURL: "http://any.test", Schema: supergraph.Schema{SDL: "type Query { any: Int }"}},
	}}, supergraph.Options{}); err != nil {
		testkit.Skip(t, "%v", err)
	}
	home, err := os.UserCacheDir()
	if err != nil {
		testkit.Skip(t, "%v", err)
	}
	dirs, _ := filepath.Glob(filepath.Join(cmp.Or(os.Getenv("JOINERY_CACHE"), filepath.Join(home, "joinery")), "node-compose-*", "node_modules", "graphql"))
	if len(dirs) == 0 {
		testkit.Skip(t, "the Node package graphql is not installed")
	}
	return filepath.Dir(filepath.Dir(dirs[0]))
}

// Requests are those since the last time.
func (s *Server) Requests(t testing.TB) (requests []Request) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&requests); err != nil {
		t.Fatal(err)
	}
	return requests
}
