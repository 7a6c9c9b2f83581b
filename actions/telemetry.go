package actions

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
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

	actionNameKey  = attribute.Key("joinery.action.name")
	errorReasonKey = attribute.Key("joinery.action.error_reason")
)

// telemetry writes a client span "action.call" for each call, which is one HTTP request, and the metric
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
	a.labels = append(peer[:3:3], name)
	a.attributes = append(peer[:3:3], name, semconv.URLFull(shownURL(u)))
}

var clientSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient)}

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
func (t *telemetry) startCall(ctx context.Context) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, nil
	}
	return t.tracer.Start(ctx, "action.call", clientSpan...) //nolint:spancheck // endCall ends it
}

// attributeLists are used again: a span copies what it is given.
var attributeLists = sync.Pool{New: func() any { return new([]attribute.KeyValue) }}

// endCall ends the span of a call. It names the reason of an error, never its message, which is the handler's.
func (t *telemetry) endCall(span trace.Span, x *exchange, err *Error) {
	if span == nil {
		return
	}
	if span.IsRecording() {
		list := attributeLists.Get().(*[]attribute.KeyValue)
		attrs := append((*list)[:0], x.action.attributes...) // set at once: the span makes room for each call
		if x.status != 0 {
			attrs = append(attrs, semconv.HTTPResponseStatusCode(x.status))
		}
		if err != nil {
			attrs = append(attrs, semconv.ErrorTypeKey.String(x.errorType(err)), errorReasonKey.String(string(err.Reason)))
			span.SetStatus(codes.Error, string(err.Reason))
		}
		span.SetAttributes(attrs...)
		*list = attrs
		attributeLists.Put(list)
	}
	span.End()
}

// outcome is how a request ended, as far as the metric tells it.
type outcome struct {
	status int    // zero where no answer came
	failed string // error.type; "" where a whole answer came whose status is none of an error
}

// record measures a request. failure is nil where a whole answer came.
func (t *telemetry) record(ctx context.Context, start time.Time, x *exchange, failure *Error) {
	o := outcome{status: x.status}
	if failure != nil {
		o.failed = x.errorType(failure)
	} else if x.status >= 400 {
		o.failed = strconv.Itoa(x.status)
	}
	t.duration.Inst().Record(ctx, time.Since(start).Seconds(), x.action.outcome(o))
}

// outcome is made once for each, of which there are few: a set of attributes is sorted.
func (a *action) outcome(o outcome) metric.MeasurementOption {
	if have, ok := a.outcomes.Load(o); ok {
		return have.(metric.MeasurementOption)
	}
	attrs := slices.Clone(a.labels)
	if o.status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(o.status))
	}
	if o.failed != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(o.failed))
	}
	option, _ := a.outcomes.LoadOrStore(o, metric.WithAttributeSet(attribute.NewSet(attrs...)))
	return option.(metric.MeasurementOption)
}

// inject adds the trace context of ctx to header.
func (t *telemetry) inject(ctx context.Context, header http.Header) {
	t.propagator.Inject(ctx, propagation.HeaderCarrier(header))
}

// errorType is error.type: the status where it is the error, else the reason.
func (x *exchange) errorType(err *Error) string {
	if err.Reason == ReasonHandler || err.Reason == ReasonStatus {
		return strconv.Itoa(x.status)
	}
	return string(err.Reason)
}
