package joinery

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

// BenchmarkRequest is what `make bench` measures without HTTP and the load: the workload w1 within one process. cpu-ns/op
// is the process's own CPU time, without the wait for Postgres that is in ns/op.
func BenchmarkRequest(b *testing.B) {
	db := pgtest.New(b)
	db.Exec(b, `
		create table users (id bigint primary key, name text not null, email text not null, created_at timestamptz not null default now());
		create table posts (id bigint primary key, author_id bigint not null references users, editor_id bigint not null references users,
			title text not null, likes int not null default 0, created_at timestamptz not null default now());
		insert into users (id, name, email) select i, 'User ' || md5(i::text), 'user' || i || '@example.com' from generate_series(1, 5000) i;
		insert into posts (id, author_id, editor_id, title) select i, 1 + i % 5000, 1 + i * 7919 % 5000, 'Post ' || i || ': ' || md5(i::text)
			from generate_series(1, 25000) i;
		create index on posts (author_id);
		analyze;`)
	config := Config{
		Metadata: os.DirFS("bench/metadata"), DatabaseURL: db.URL, Auth: auth.Config{},
		LookupEnv: env(map[string]string{"HANDLER_URL": "http://handler.invalid"}),
	}
	services := map[string]http.Handler{"": startService(b, config)}
	traces := sdktrace.NewTracerProvider(sdktrace.WithBatcher(dropped{}))
	b.Cleanup(func() { _ = traces.Shutdown(context.WithoutCancel(b.Context())) })
	config.TracerProvider = traces
	services["/traced"] = startService(b, config)
	const users = `query Users($representations:[_Any!]!){_entities(representations:$representations){... on users{name email}}}`
	const posts = `query Posts($representations:[_Any!]!){_entities(representations:$representations){... on users{name posts(limit:5){id title}}}}`
	for suffix, service := range services {
		for _, n := range []int{1, 10, 100, 1000} {
			b.Run(fmt.Sprintf("users/%d%s", n, suffix), func(b *testing.B) { benchmarkRequest(b, service, users, n) })
		}
		b.Run("posts/100"+suffix, func(b *testing.B) { benchmarkRequest(b, service, posts, 100) })
	}
}

// dropped is an exporter that drops spans.
type dropped struct{}

func (dropped) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (dropped) Shutdown(context.Context) error                             { return nil }

func benchmarkRequest(b *testing.B, service http.Handler, document string, n int) {
	b.Helper()
	representations := make([]map[string]any, n)
	for i := range representations {
		representations[i] = map[string]any{"__typename": "users", "id": 1 + i*7919%5000}
	}
	body, err := json.Marshal(map[string]any{"query": document, "variables": map[string]any{"representations": representations}})
	if err != nil {
		b.Fatal(err)
	}
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	serve := func(w *discarded) {
		r, _ := http.NewRequestWithContext(b.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
		r.Header = header
		clear(w.header)
		w.size = 0
		service.ServeHTTP(w, r)
	}
	w := &discarded{header: http.Header{}}
	serve(w)
	if w.status != http.StatusOK || w.size < 20*n || bytes.Contains(w.first, []byte("errors")) {
		b.Fatalf("status %d, %d bytes: %s", w.status, w.size, w.first)
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := testkit.CPUTime(b)
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		w := &discarded{header: http.Header{}}
		for pb.Next() {
			serve(w)
		}
	})
	b.ReportMetric(float64(testkit.CPUTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// discarded is a ResponseWriter that keeps little.
type discarded struct {
	header       http.Header
	status, size int
	first        []byte
}

func (d *discarded) Header() http.Header { return d.header }
func (d *discarded) WriteHeader(s int)   { d.status = s }
func (d *discarded) Write(p []byte) (int, error) {
	if d.size == 0 {
		d.first = append(d.first[:0], p[:min(len(p), 200)]...)
	}
	d.size += len(p)
	return len(p), nil
}
