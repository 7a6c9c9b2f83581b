package actions_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/metadata"
)

// attributes shows the attributes of a span, without those that differ between runs.
func attributes(s tracetest.SpanStub) map[string]string {
	out := map[string]string{}
	for _, a := range s.Attributes {
		if a.Key != "server.port" {
			out[string(a.Key)] = a.Value.String()
		} else if a.Value.AsInt64() == 0 {
			out["server.port"] = "missing"
		}
	}
	return out
}

func TestSpans(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    map[string]string // beyond the attributes of every span
		fails   bool
	}{
		{"answer", answering(200, user), map[string]string{"http.response.status_code": "200"}, false},
		{
			"wrong shape", answering(200, `{}`),
			map[string]string{"http.response.status_code": "200", "error.type": "invalid_response", "joinery.action.error_reason": "invalid_response"},
			true,
		},
		{
			"handler error", answering(422, `{"message": "s3cret"}`),
			map[string]string{"http.response.status_code": "422", "error.type": "422", "joinery.action.error_reason": "handler_error"},
			true,
		},
		{
			"no answer", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			map[string]string{"error.type": "connection_error", "joinery.action.error_reason": "connection_error"},
			true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			headers := make(chan http.Header, 1)
			srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
				headers <- r.Header.Clone()
				tt.handler(w, r)
			})
			exporter := tracetest.NewInMemoryExporter()
			provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter))
			c := newClient(t, actions.Options{TracerProvider: provider},
				action(strings.Replace(srv.URL, "127.0.0.1", "user:s3cret@127.0.0.1", 1)+"/create?key=s3cret&b", func(a *metadata.Action) {
					a.ForwardClientHeaders = true
				}))
			ctx, parent := provider.Tracer("test").Start(context.Background(), "parent")
			cl := call()
			cl.ClientHeader = http.Header{"Traceparent": {"00-11111111111111111111111111111111-1111111111111111-01"}}
			_, _ = c.Call(ctx, cl)
			parent.End()

			spans := exporter.GetSpans()
			if len(spans) != 2 {
				t.Fatalf("%d spans", len(spans))
			}
			span := spans[0]
			if span.Name != "action.call" || span.SpanKind != trace.SpanKindClient || span.Parent.SpanID() != parent.SpanContext().SpanID() {
				t.Errorf("the span is %s (%s) below %s", span.Name, span.SpanKind, span.Parent.SpanID())
			}
			base := map[string]string{
				"joinery.action.name": "createUser", "http.request.method": "POST", "server.address": "127.0.0.1",
				"url.full": srv.URL + "/create?key=REDACTED&b=REDACTED",
			}
			if diff := cmp.Diff(mergeStrings(base, tt.want), attributes(span)); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
			if (span.Status.Code == codes.Error) != tt.fails {
				t.Errorf("status is %v", span.Status)
			}
			want := "00-" + span.SpanContext.TraceID().String() + "-" + span.SpanContext.SpanID().String() + "-01"
			if got := (<-headers).Get("Traceparent"); got != want {
				t.Errorf("traceparent is %q, want %q", got, want)
			}
		})
	}
}

func mergeStrings(ms ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range ms {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// TestTraceWithoutTracer: a trace of the caller goes on to the handler, with baggage where the propagator has it.
func TestTraceWithoutTracer(t *testing.T) {
	carrier := propagation.MapCarrier{
		"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "baggage": "a=1",
	}
	propagator := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
	ctx := propagator.Extract(context.Background(), carrier)
	requests := make(chan received, 1)
	srv := serve(t, recording(requests))
	c := newClient(t, actions.Options{Propagator: propagator}, action(srv.URL, nil))
	if _, err := c.Call(ctx, call()); err != nil {
		t.Fatal(err)
	}
	got := <-requests
	if got.Header.Get("Traceparent") != carrier["traceparent"] || got.Header.Get("Baggage") != "a=1" {
		t.Errorf("headers are %v", got.Header)
	}
}

func TestMetrics(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	statuses := make(chan int, 3)
	for _, s := range []int{200, 422, 500} {
		statuses <- s
	}
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) { answering(<-statuses, user)(w, r) })
	c := newClient(t, actions.Options{MeterProvider: provider}, action(srv.URL, nil))
	for range 3 {
		_, _ = c.Call(context.Background(), call())
	}
	var data metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &data); err != nil {
		t.Fatal(err)
	}
	m := data.ScopeMetrics[0].Metrics[0]
	histogram, ok := m.Data.(metricdata.Histogram[float64])
	if m.Name != "http.client.request.duration" || m.Unit != "s" || !ok {
		t.Fatalf("metric is %s in %s", m.Name, m.Unit)
	}
	got := map[string]uint64{}
	for _, p := range histogram.DataPoints {
		name, _ := p.Attributes.Value("joinery.action.name")
		status, _ := p.Attributes.Value("http.response.status_code")
		failed, _ := p.Attributes.Value("error.type")
		if failed.Type() == attribute.EMPTY {
			failed = attribute.StringValue("")
		}
		got[name.AsString()+" "+status.String()+" "+failed.AsString()] = p.Count
	}
	want := map[string]uint64{"createUser 200 ": 1, "createUser 422 422": 1, "createUser 500 500": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("data points (-want +got):\n%s", diff)
	}
}
