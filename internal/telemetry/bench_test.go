package telemetry

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// discard is a ResponseWriter that costs nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkHandler is what a request pays for being measured while nothing is traced.
func BenchmarkHandler(b *testing.B) {
	t, err := Start(b.Context(), Options{Service: "bench", LookupEnv: func(string) (string, bool) { return "", false }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { t.Stop(b.Context()) })
	mux := http.NewServeMux()
	mux.HandleFunc("/graphql", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	for _, c := range []struct {
		name    string
		handler http.Handler
	}{{"bare", mux}, {"measured", t.Handler(mux)}} {
		b.Run(c.name, func(b *testing.B) {
			w := discard{http.Header{}}
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/graphql", strings.NewReader("{}"))
			b.ReportAllocs()
			for b.Loop() {
				c.handler.ServeHTTP(w, r)
			}
		})
	}
}
