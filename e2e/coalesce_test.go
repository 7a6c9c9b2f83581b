package e2e

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/internal/fedtest"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/supergraph"
)

// members owns User.
var members = fstest.MapFS{
	"version.yaml": {Data: []byte("version: 3")},
	"databases/databases.yaml": {Data: []byte(oneSource + `
  - table: {schema: public, name: users}
    configuration: {custom_name: User}
`)},
}

// market leads to users in two ways.
var market = fstest.MapFS{
	"version.yaml":             {Data: []byte("version: 3")},
	"databases/databases.yaml": {Data: []byte("[]")},
	"actions.graphql": {Data: []byte(`
type Query { sales: [Sale!]! }
type Sale { number: Int! seller: User! buyer: User! }
type User { id: Int! }
`)},
	"actions.yaml": {Data: []byte(`
actions:
- {name: sales, definition: {kind: "", handler: "http://handler.test"}}
custom_types: {objects: [{name: Sale}, {name: User}]}
`)},
	"federation.yaml": {Data: []byte(`
types:
  Sale: {keys: []}
  User: {keys: [{fields: id, resolvable: false}]}
`)},
}

// together has requests of one trace wait for each other before their bodies are read, so that they are in flight at once.
type together struct {
	n       int // of a trace
	handler http.Handler

	mu     sync.Mutex
	traces map[string]*sync.WaitGroup
	seen   map[string]int
}

func (h *together) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("Traceparent")
	if len(id) < 35 {
		http.Error(w, "no trace", http.StatusBadRequest)
		return
	}
	id = id[3:35]
	h.mu.Lock()
	if h.traces[id] == nil {
		h.traces[id] = &sync.WaitGroup{}
		h.traces[id].Add(h.n)
	}
	met := h.traces[id]
	h.seen[id]++
	h.mu.Unlock()
	r.Body = &meetingBody{ReadCloser: r.Body, met: met}
	h.handler.ServeHTTP(w, r)
}

type meetingBody struct {
	io.ReadCloser
	once sync.Once
	met  *sync.WaitGroup
}

func (b *meetingBody) Read(p []byte) (int, error) {
	b.once.Do(func() {
		b.met.Done()
		b.met.Wait()
	})
	return b.ReadCloser.Read(p)
}

// TestCoalesce has Apollo Router reach users in two ways: it sends two requests of one trace, which share a statement.
func TestCoalesce(t *testing.T) {
	router := fedtest.ApolloRouter(t)
	db := pgtest.New(t)
	db.Exec(t, `create table users (id int primary key, name text); insert into users values (1, 'ann'), (2, 'bo'), (3, 'cy')`)
	sales := fedtest.Joinery(t, joinery.Config{
		Metadata: market, Log: slog.New(slog.DiscardHandler),
		Transport: handlerFunc(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			_, _ = io.WriteString(w, `[{"number": 1, "seller": {"id": 1}, "buyer": {"id": 2}}, {"number": 2, "seller": {"id": 2}, "buyer": {"id": 3}}]`)
			return w.Result(), nil
		}),
	})
	for _, test := range []struct {
		coalesce   time.Duration
		statements int
	}{{0, 2}, {time.Minute, 1}} {
		t.Run(fmt.Sprint(test.coalesce), func(t *testing.T) {
			recorder := tracetest.NewSpanRecorder()
			users := fedtest.Joinery(t, joinery.Config{
				Metadata: members, DatabaseURL: db.URL, Coalesce: test.coalesce, Log: slog.New(slog.DiscardHandler),
				TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)),
			})
			both := &together{n: 2, handler: users, traces: map[string]*sync.WaitGroup{}, seen: map[string]int{}}
			config := &supergraph.Config{}
			for _, s := range []struct {
				name    string
				service *joinery.Service
				handler http.Handler
			}{{"members", users, both}, {"market", sales, sales}} {
				config.Subgraphs = append(config.Subgraphs, supergraph.Subgraph{
					Name: s.name, RoutingURL: fedtest.Serve(t, s.handler), Schema: supergraph.Schema{SDL: s.service.SDL()},
				})
			}
			url := fedtest.Route(t, supergraph.RouterOptions{Path: router, Supergraph: fedtest.Compose(t, config), Config: filepath.Join(repo, "supergraph", "router.yaml")})
			fedtest.Answers(t, url, `{ sales { number seller { name } buyer { name } } }`, "null",
				`{"data":{"sales":[{"number":1,"seller":{"name":"ann"},"buyer":{"name":"bo"}},{"number":2,"seller":{"name":"bo"},"buyer":{"name":"cy"}}]}}`)
			if len(both.seen) != 1 {
				t.Errorf("requests of %d traces, want 1", len(both.seen))
			}
			for _, n := range both.seen {
				if n != 2 {
					t.Errorf("%d requests of the trace, want 2", n)
				}
			}
			statements := 0
			for _, span := range recorder.Ended() {
				if span.Name() == "loader.batch" {
					statements++
				}
			}
			if statements != test.statements {
				t.Errorf("%d statements, want %d", statements, test.statements)
			}
		})
	}
}
