package actions

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

const (
	scope = "github.com/joinery-graphql/joinery/actions"

	actionNameKey      = attribute.Key("joinery.action.name")
	actionOperationKey = attribute.Key("joinery.action.operation")
	errorReasonKey     = attribute.Key("joinery.action.error_reason")
)

// telemetry writes a span "action.call" for each call, below it a client span for the HTTP request, and the metric
// http.client.request.duration, as OpenTelemetry's semantic conventions for HTTP 1.43 name them. otelhttp is not used:
// it would put the query of a handler's URL, a place for secrets, into url.full.
type telemetry struct {
	tracer     trace.Tracer // nil: no spans
	propagator propagation.TextMapPropagator
	duration   *httpconv.ClientRequestDuration // nil: no metrics
}

func newTelemetry(opts Options) telemetry {
	t := telemetry{propagator: opts.Propagator}
	if t.propagator == nil {
		t.propagator = propagation.TraceContext{}
	}
	if _, isNoop := opts.TracerProvider.(noop.TracerProvider); opts.TracerProvider != nil && !isNoop {
		t.tracer = opts.TracerProvider.Tracer(scope)
	}
	if opts.MeterProvider != nil {
		if d, err := httpconv.NewClientRequestDuration(opts.MeterProvider.Meter(scope)); err == nil {
			t.duration = &d
		}
	}
	return t
}

// prepare makes the attributes of a that are the same in all calls.
func (t *telemetry) prepare(a *action) {
	u := a.request.URL
	peer := []attribute.KeyValue{
		semconv.HTTPRequestMethodPost, semconv.ServerAddress(u.Hostname()), semconv.ServerPort(port(u)),
	}
	name := actionNameKey.String(a.metadata.Name)
	a.metric = append(peer[1:3:3], name)
	a.callSpan = []trace.SpanStartOption{
		trace.WithAttributes(name, actionOperationKey.String(string(a.metadata.Operation))),
	}
	a.clientSpan = []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(append(peer[:3:3], semconv.URLFull(shownURL(u)))...),
	}
}

// shownURL is u with the values of its query redacted, as semantic conventions allow for url.full.
func shownURL(u *url.URL) string {
	shown := *u
	if shown.RawQuery != "" {
		pairs := strings.Split(shown.RawQuery, "&")
		for i, p := range pairs {
			name, _, _ := strings.Cut(p, "=")
			pairs[i] = name + "=REDACTED"
		}
		shown.RawQuery = strings.Join(pairs, "&")
	}
	return shown.String()
}

func port(u *url.URL) int {
	if n, err := strconv.Atoi(u.Port()); err == nil {
		return n
	}
	if u.Scheme == "https" {
		return 443
	}
	return 80
}

// startCall starts the span of a call. The span is nil without a tracer.
func (t *telemetry) startCall(ctx context.Context, a *action) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, nil
	}
	return t.tracer.Start(ctx, "action.call", a.callSpan...) //nolint:spancheck // endCall ends it
}

// endCall ends the span of a call. It names the reason of an error, never its message, which is the handler's.
func (t *telemetry) endCall(span trace.Span, x *exchange, err *Error) {
	if span == nil {
		return
	}
	if span.IsRecording() {
		span.SetAttributes(x.answerAttributes()...)
		if err != nil {
			span.SetAttributes(semconv.ErrorTypeKey.String(x.errorType(err)), errorReasonKey.String(string(err.Reason)))
			span.SetStatus(codes.Error, string(err.Reason))
		}
	}
	span.End()
}

// startRequest starts the client span and the clock of a request.
func (t *telemetry) startRequest(ctx context.Context, a *action) (context.Context, requestSpan) {
	var s requestSpan
	if t.duration != nil {
		s.start = time.Now()
	}
	if t.tracer != nil {
		ctx, s.span = t.tracer.Start(ctx, http.MethodPost, a.clientSpan...) //nolint:spancheck // requestSpan.end ends it
	}
	return ctx, s
}

// requestSpan is a request that is being measured.
type requestSpan struct {
	span  trace.Span // nil without a tracer
	start time.Time  // zero without metrics
}

// endRequest ends what startRequest started. failure is nil where a whole answer came.
func (t *telemetry) endRequest(ctx context.Context, s requestSpan, x *exchange, failure *Error) {
	failed := ""
	if failure != nil {
		failed = x.errorType(failure)
	} else if x.status >= 400 {
		failed = strconv.Itoa(x.status)
	}
	if s.span != nil {
		t.endSpan(s.span, x, failed)
	}
	if t.duration != nil {
		t.record(ctx, s.start, x, failed)
	}
}

func (t *telemetry) endSpan(span trace.Span, x *exchange, failed string) {
	if span.IsRecording() {
		span.SetAttributes(semconv.HTTPRequestBodySize(len(x.payload)))
		span.SetAttributes(x.answerAttributes()...)
		if x.status != 0 {
			span.SetAttributes(semconv.NetworkProtocolVersion(strings.TrimPrefix(x.protocol, "HTTP/")))
		}
		if failed != "" {
			span.SetAttributes(semconv.ErrorTypeKey.String(failed))
			span.SetStatus(codes.Error, "")
		}
	}
	span.End()
}

func (t *telemetry) record(ctx context.Context, start time.Time, x *exchange, failed string) {
	attrs := append(make([]attribute.KeyValue, 0, 6), x.action.metric...)
	attrs = append(attrs, semconv.HTTPRequestMethodPost)
	if x.status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(x.status))
	}
	if failed != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(failed))
	}
	t.duration.Inst().Record(ctx, time.Since(start).Seconds(), metric.WithAttributes(attrs...))
}

// inject adds the trace context of ctx to header.
func (t *telemetry) inject(ctx context.Context, header http.Header) {
	t.propagator.Inject(ctx, propagation.HeaderCarrier(header))
}

// answerAttributes describe the answer; empty where none came.
func (x *exchange) answerAttributes() []attribute.KeyValue {
	if x.status == 0 {
		return nil
	}
	return []attribute.KeyValue{semconv.HTTPResponseStatusCode(x.status), semconv.HTTPResponseBodySize(len(x.body))}
}

// errorType is error.type: the status where it is the error, else the reason.
func (x *exchange) errorType(err *Error) string {
	if err.Reason == ReasonHandler || err.Reason == ReasonStatus {
		return strconv.Itoa(x.status)
	}
	return string(err.Reason)
}
