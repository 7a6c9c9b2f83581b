package telemetry

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/joinery-graphql/joinery/internal/telemetry"

// server writes http.server.request.duration, http.server.active_requests and, where traces are exported, a server span
// for each request, as OpenTelemetry's semantic conventions for HTTP 1.43 name them. otelhttp is not used: it costs
// 4 µs and 30 allocations per request while nothing is traced (BenchmarkHandler), and its metric has the Host that
// clients send, so that they decide how many series there are.
type server struct {
	tracer trace.Tracer // nil: no spans
	active table[*activeSeries]
	done   table[*doneSeries]
}

// activeSeries counts by itself and tells when it is asked: OpenTelemetry's counter would cost several times as much, twice
// per request.
type activeSeries struct {
	labels metric.MeasurementOption
	n      atomic.Int64
}

// doneSeries is what requests that have ended have in common: the duration's labels, and the span's name and attributes.
type doneSeries struct {
	prometheus.Histogram // OpenTelemetry's takes a percent of a small request
	name                 string
	attributes           []attribute.KeyValue
}

// newServer makes the instruments. tracers may be nil.
func newServer(tracers trace.TracerProvider, meters metric.MeterProvider, registry prometheus.Registerer) (*server, error) {
	s := &server{}
	if tracers != nil {
		s.tracer = tracers.Tracer(scope)
	}
	active, err := httpconv.NewServerActiveRequestsObservable(meters.Meter(scope))
	if err != nil {
		return nil, err
	}
	_, err = meters.Meter(scope).RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, series := range s.active.all() {
			o.ObserveInt64(active.Inst(), series.n.Load(), series.labels)
		}
		return nil
	}, active.Inst())
	if err != nil {
		return nil, err
	}
	return s, registry.Register(durations{s})
}

// durations hands Prometheus the histograms.
type durations struct{ *server }

// Describe leaves out what the series are: they differ in their labels.
func (durations) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (d durations) Collect(out chan<- prometheus.Metric) {
	for _, series := range d.server.done.all() {
		out <- series
	}
}

// Handler measures the requests to next and, where traces are exported, gives each a server span. A trace that the
// caller began (W3C trace context) is gone on with; it reaches the context also where nothing is exported, so that
// logs and further calls have it. Requests for the program's state are left out.
func (t *Telemetry) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isState(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		t.server.serve(w, r, next)
	})
}

func isState(path string) bool {
	return path == "/livez" || path == "/readyz" || path == "/metrics"
}

func (s *server) serve(w http.ResponseWriter, r *http.Request, next http.Handler) {
	start := time.Now()
	series := seriesKey{method: method(r), scheme: scheme(r)}
	active := s.active.of(series, newActiveSeries)
	active.n.Add(1)
	recorded := &recorder{ResponseWriter: w}
	r, span := s.begin(r, series)
	defer func() { // also when next panics, as net/http allows
		active.n.Add(-1)
		series.route, series.status = route(r), recorded.code()
		done := s.done.of(series, newDoneSeries)
		done.Observe(time.Since(start).Seconds())
		if span != nil {
			done.end(span, r, series.status)
		}
	}()
	next.ServeHTTP(recorded, r)
}

// begin puts the caller's trace and a span into the request's context. The span is nil where nothing is exported.
func (s *server) begin(r *http.Request, series seriesKey) (*http.Request, trace.Span) {
	ctx := r.Context()
	if r.Header.Get("Traceparent") != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	var span trace.Span
	if s.tracer != nil {
		ctx, span = s.tracer.Start(ctx, series.method, serverSpan...)
	}
	if ctx != r.Context() {
		r = r.WithContext(ctx)
	}
	return r, span
}

var serverSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}

// attributeLists are used again: a span copies what it is given.
var attributeLists = sync.Pool{New: func() any { return new([]attribute.KeyValue) }}

// end describes the span and names it by the route, which is known only now (semantic conventions, HTTP server spans,
// "Name"). It has what the conventions require, and who asked, but never the query or a header that a caller may have put a
// secret into: each attribute costs a small request half a percent, and a span of more than eight is given a large map to
// look for doubles in.
func (d *doneSeries) end(span trace.Span, r *http.Request, status int) {
	if span.IsRecording() {
		list := attributeLists.Get().(*[]attribute.KeyValue)
		attrs := append(append((*list)[:0], d.attributes...), semconv.URLPath(r.URL.Path))
		if agent := r.UserAgent(); agent != "" {
			attrs = append(attrs, semconv.UserAgentOriginal(agent))
		}
		span.SetAttributes(attrs...)
		*list = attrs
		attributeLists.Put(list)
		span.SetName(d.name)
		if status >= 500 {
			span.SetStatus(codes.Error, "")
		}
	}
	span.End()
}

// seriesKey is what tells one series of a metric from another. Route and status are empty for active requests.
type seriesKey struct {
	method, scheme, route string
	status                int
}

// table is what there is by series: as many as routes and statuses.
type table[V any] struct {
	mu     sync.Mutex // of writers
	series atomic.Pointer[map[seriesKey]V]
}

// of finds or makes a series.
func (t *table[V]) of(key seriesKey, create func(seriesKey) V) V {
	if value, ok := t.all()[key]; ok {
		return value
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	value, ok := t.all()[key]
	if !ok {
		value = create(key)
		series := map[seriesKey]V{key: value}
		maps.Copy(series, t.all())
		t.series.Store(&series)
	}
	return value
}

// all are the series, which don't change.
func (t *table[V]) all() map[seriesKey]V {
	if series := t.series.Load(); series != nil {
		return *series
	}
	return nil
}

func newActiveSeries(key seriesKey) *activeSeries {
	return &activeSeries{labels: metric.WithAttributes(key.attributes()...)}
}

// durationBuckets are those of the semantic conventions ("Metric: http.server.request.duration").
var durationBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}

func newDoneSeries(key seriesKey) *doneSeries {
	d := &doneSeries{name: key.method, attributes: key.attributes()}
	if key.route != "" {
		d.name += " " + key.route
	}
	labels := prometheus.Labels{}
	for _, a := range d.attributes {
		labels[strings.ReplaceAll(string(a.Key), ".", "_")] = a.Value.String()
	}
	d.Histogram = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "http_server_request_duration_seconds", Help: httpconv.ServerRequestDuration{}.Description(),
		ConstLabels: labels, Buckets: durationBuckets,
	})
	return d
}

func (key seriesKey) attributes() []attribute.KeyValue {
	attrs := []attribute.KeyValue{semconv.HTTPRequestMethodKey.String(key.method), semconv.URLScheme(key.scheme)}
	if key.route != "" {
		attrs = append(attrs, semconv.HTTPRoute(key.route))
	}
	if key.status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(key.status))
	}
	if key.status >= 500 {
		attrs = append(attrs, semconv.ErrorTypeKey.String(strconv.Itoa(key.status)))
	}
	return attrs
}

// method is http.request.method: _OTHER for what a client made up.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPatch,
		http.MethodPost, http.MethodPut, http.MethodTrace:
		return r.Method
	}
	return "_OTHER"
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// route is the path of the mux's pattern; "" where none matched.
func route(r *http.Request) string {
	if i := strings.IndexByte(r.Pattern, '/'); i >= 0 {
		return r.Pattern[i:]
	}
	return ""
}

// recorder keeps what a response was.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader keeps the first final status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// code is the status that the client gets.
func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}
