package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

func noEnv(string) (string, bool) { return "", false }

func start(t *testing.T) *Telemetry {
	t.Helper()
	telemetry, err := Start(t.Context(), Options{Service: "test", Version: "v1.2.3", LookupEnv: noEnv})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { telemetry.Stop(context.WithoutCancel(t.Context())) })
	return telemetry
}

// routes is a mux as programs have one.
func routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("/graphql", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "answer") })
	mux.HandleFunc("POST /fails/{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusBadGateway)
	})
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/panics", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	return mux
}

func send(t *testing.T, h http.Handler, method, target string, header ...string) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil && !reflect.DeepEqual(p, http.ErrAbortHandler) {
			panic(p)
		}
	}()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader("{}"))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	h.ServeHTTP(httptest.NewRecorder(), r)
}

// TestServerMetrics: the series are as many as routes and statuses, whatever clients send.
func TestServerMetrics(t *testing.T) {
	telemetry := start(t)
	h := telemetry.Handler(routes())
	send(t, h, "POST", "http://one.example/graphql")
	send(t, h, "POST", "http://two.example/graphql?key=planted")
	send(t, h, "POST", "/fails/1")
	send(t, h, "POST", "/fails/2")
	send(t, h, "GET", "/planted")
	send(t, h, "PLANTED", "/graphql")
	send(t, h, "GET", "/readyz")
	send(t, h, "GET", "/panics")

	w := httptest.NewRecorder()
	telemetry.Metrics.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	got := regexp.MustCompile(`(?m)^http_server_(request_duration_seconds_count|active_requests).*$`).FindAllString(w.Body.String(), -1)
	slices.Sort(got)
	want := []string{
		`http_server_active_requests{http_request_method="GET",url_scheme="http"} 0`,
		`http_server_active_requests{http_request_method="POST",url_scheme="http"} 0`,
		`http_server_active_requests{http_request_method="_OTHER",url_scheme="http"} 0`,
		`http_server_request_duration_seconds_count{error_type="502",http_request_method="POST",http_response_status_code="502",http_route="/fails/{id}",url_scheme="http"} 2`,
		`http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/panics",url_scheme="http"} 1`,
		`http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="404",url_scheme="http"} 1`,
		`http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="200",http_route="/graphql",url_scheme="http"} 2`,
		`http_server_request_duration_seconds_count{http_request_method="_OTHER",http_response_status_code="200",http_route="/graphql",url_scheme="http"} 1`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	if !strings.Contains(w.Body.String(), `service_name="test"`) {
		t.Error("target_info has no service_name")
	}
}

// TestServerSpans: a span by the route, on the caller's trace, without what clients put into URLs and headers.
func TestServerSpans(t *testing.T) {
	telemetry := start(t)
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	server, err := newServer(provider, telemetry.MeterProvider, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	telemetry.server = server
	h := telemetry.Handler(routes())
	send(t, h, "POST", "http://joinery.example:4001/graphql?key=planted", "Authorization", "planted",
		"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "User-Agent", "router/2")
	send(t, h, "POST", "/fails/1")
	send(t, h, "GET", "/planted-path")
	send(t, h, "GET", "/readyz")

	var names []string
	for _, span := range recorder.Ended() {
		names = append(names, span.Name())
		for _, a := range span.Attributes() {
			if a.Key != "url.path" && strings.Contains(a.Value.String(), "planted") {
				t.Errorf("exported: %s=%s", a.Key, a.Value.String())
			}
		}
	}
	if diff := cmp.Diff([]string{"POST /graphql", "POST /fails/{id}", "GET"}, names); diff != "" {
		t.Fatalf("spans (-want +got):\n%s", diff)
	}
	first := recorder.Ended()[0]
	if got := first.Parent().SpanID().String(); got != "b7ad6b7169203331" || first.SpanKind() != trace.SpanKindServer {
		t.Errorf("parent %s, kind %s", got, first.SpanKind())
	}
	got := map[string]string{}
	for _, a := range first.Attributes() {
		got[string(a.Key)] = a.Value.String()
	}
	want := map[string]string{
		"http.request.method": "POST", "url.scheme": "http", "url.path": "/graphql", "http.route": "/graphql", "http.response.status_code": "200",
		"user_agent.original": "router/2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if !slices.Contains(recorder.Ended()[1].Attributes(), attribute.String("error.type", "502")) {
		t.Error("a span of status 502 has no error.type")
	}
}

// TestCallersTraceWithoutTracing: logs and handlers know the caller's trace also where nothing is exported.
func TestCallersTraceWithoutTracing(t *testing.T) {
	telemetry := start(t)
	if telemetry.TracerProvider != nil {
		t.Fatal("a tracer without an endpoint")
	}
	var log bytes.Buffer
	logger := telemetry.Logger(&log, slog.LevelInfo)
	h := telemetry.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if trace.SpanFromContext(r.Context()).IsRecording() {
			t.Error("a span is recorded")
		}
		logger.With("a", 1).WithGroup("g").InfoContext(r.Context(), "message")
	}))
	send(t, h, "POST", "/graphql", "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	send(t, h, "POST", "/graphql")
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"trace_id":"0af7651916cd43dd8448eb211c80319c"`) || strings.Contains(lines[1], "trace_id") {
		t.Errorf("log:\n%s", log.String())
	}
}

// TestHandlerAllocations bounds what every request pays for being measured.
func TestHandlerAllocations(t *testing.T) {
	telemetry := start(t)
	h := telemetry.Handler(routes())
	w := discard{http.Header{}}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/readyz", nil)
	r.URL.Path = "/graphql"
	h.ServeHTTP(w, r)
	if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); got > 6 {
		t.Errorf("%v allocations per request", got)
	}
}

// TestLoggerTakesErrors: OpenTelemetry's own errors are lines of the one log.
func TestLoggerTakesErrors(t *testing.T) {
	var log bytes.Buffer
	start(t).Logger(&log, slog.LevelInfo)
	otel.Handle(errors.New("collector is gone"))
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil || line["error"] != "collector is gone" || line["level"] != "WARN" {
		t.Errorf("log: %s", log.String())
	}
}

func TestExports(t *testing.T) {
	for _, c := range []struct {
		name string
		vars map[string]string
		want bool
	}{
		{"nothing set", nil, false},
		{"endpoint", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, true},
		{"endpoint of traces", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318"}, true},
		{"exporter", map[string]string{"OTEL_TRACES_EXPORTER": "console"}, true},
		{"no exporter", map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, false},
		{"disabled", map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := exports(func(name string) (string, bool) { v, ok := c.vars[name]; return v, ok }); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
