package joinery

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/internal/pgtest"
)

// TestMetrics: batches are counted by relationship, those that failed apart.
func TestMetrics(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, serviceSchema)
	reader := sdkmetric.NewManualReader()
	service := startService(t, Config{
		Metadata: serviceMetadata, DatabaseURL: db.URL, MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
		Transport: transport(func(*http.Request) string { return `[{"id": "1"}, {"id": "1"}]` }),
	})
	ask(t, service, `{ find { by_id { name } } }`)
	db.Exec(t, `drop table posts, users`)
	ask(t, service, `{ find { by_id { name } } }`)

	got := map[string]int64{}
	for _, m := range collect(t, reader) {
		if sum, ok := m.Data.(metricdata.Sum[int64]); ok && strings.HasPrefix(m.Name, "joinery.") {
			for _, point := range sum.DataPoints {
				got[m.Name+" "+point.Attributes.Encoded(attribute.DefaultEncoder())] = point.Value
			}
		}
	}
	want := map[string]int64{
		"joinery.batch.coalesced joinery.relationship=Found.by_id":                    0,
		"joinery.batch.coalesced error.type=42P01,joinery.relationship=Found.by_id":   0,
		"joinery.batch.keys joinery.relationship=Found.by_id":                         2,
		"joinery.batch.keys_unique joinery.relationship=Found.by_id":                  1,
		"joinery.batch.rows joinery.relationship=Found.by_id":                         1,
		"joinery.batch.statements joinery.relationship=Found.by_id":                   1,
		"joinery.batch.keys error.type=42P01,joinery.relationship=Found.by_id":        2,
		"joinery.batch.keys_unique error.type=42P01,joinery.relationship=Found.by_id": 1,
		"joinery.batch.rows error.type=42P01,joinery.relationship=Found.by_id":        0,
		"joinery.batch.statements error.type=42P01,joinery.relationship=Found.by_id":  1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sums (-want +got):\n%s", diff)
	}
}

// TestAuthMetrics: requests are counted by how the caller is known, refused ones by the code.
func TestAuthMetrics(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	observe := authObserver(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	observe(auth.Authenticated{Method: auth.MethodJWT})
	observe(auth.Authenticated{Method: auth.MethodJWT})
	observe(auth.Authenticated{Method: auth.MethodJWT, Code: auth.CodeInvalidJWT})
	got := map[string]uint64{}
	for _, m := range collect(t, reader) {
		for _, point := range m.Data.(metricdata.Histogram[float64]).DataPoints {
			got[m.Name+" "+point.Attributes.Encoded(attribute.DefaultEncoder())] = point.Count
		}
	}
	want := map[string]uint64{"joinery.auth.duration joinery.auth.method=jwt": 2, "joinery.auth.duration error.type=invalid-jwt,joinery.auth.method=jwt": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// TestPoolMetrics: the pools of several sources are told apart, also where they lead to the same database.
func TestPoolMetrics(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	reader := sdkmetric.NewManualReader()
	source := `
- name: %s
  kind: postgres
  configuration: {connection_info: {database_url: {from_env: PG_URL}}}
  tables: []
`
	startService(t, Config{
		Metadata: fstest.MapFS{
			"version.yaml":             {Data: []byte("version: 3\n")},
			"databases/databases.yaml": {Data: fmt.Appendf(fmt.Appendf(nil, source, "one"), source, "two")},
			"actions.graphql":          {Data: []byte("type Query { answer: Int }")},
			"actions.yaml":             {Data: []byte("actions:\n- {name: answer, definition: {kind: \"\", handler: 'http://handler.invalid'}}\n")},
		},
		LookupEnv: env(map[string]string{"PG_URL": db.URL}), MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)),
	})
	got := map[string]int64{}
	for _, m := range collect(t, reader) {
		if sum, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == "pgxpool.total_connections" {
			for _, point := range sum.DataPoints {
				source, _ := point.Attributes.Value("joinery.source")
				got[source.AsString()] = point.Value
			}
		}
	}
	if diff := cmp.Diff(map[string]int64{"one": 1, "two": 1}, got); diff != "" {
		t.Errorf("connections by source (-want +got):\n%s", diff)
	}
}

func collect(t *testing.T, reader *sdkmetric.ManualReader) []metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	var out []metricdata.Metrics
	for _, scope := range all.ScopeMetrics {
		out = append(out, scope.Metrics...)
	}
	return out
}
