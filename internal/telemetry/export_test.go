package telemetry

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
)

// collector keeps what is uploaded, as a collector reads it.
type collector struct {
	t        *testing.T
	resource []*tracepb.ResourceSpans
}

func (*collector) Start(context.Context) error { return nil }
func (*collector) Stop(context.Context) error  { return nil }

func (c *collector) UploadTraces(_ context.Context, messages []*tracepb.ResourceSpans) error {
	for _, m := range messages {
		wire, err := proto.Marshal(m)
		if err != nil {
			c.t.Fatal(err)
		}
		read := &tracepb.ResourceSpans{}
		if err := proto.Unmarshal(wire, read); err != nil {
			c.t.Fatal(err)
		}
		c.resource = append(c.resource, read)
	}
	return nil
}

// flat gives every span a ResourceSpans of its own, in the order of span ids: how they are grouped doesn't matter.
func (c *collector) flat() []*tracepb.ResourceSpans {
	var out []*tracepb.ResourceSpans
	for _, r := range c.resource {
		for _, s := range r.ScopeSpans {
			for _, span := range s.Spans {
				out = append(out, &tracepb.ResourceSpans{
					Resource: r.Resource, SchemaUrl: r.SchemaUrl,
					ScopeSpans: []*tracepb.ScopeSpans{{Scope: s.Scope, SchemaUrl: s.SchemaUrl, Spans: []*tracepb.Span{span}}},
				})
			}
		}
	}
	slices.SortFunc(out, func(a, b *tracepb.ResourceSpans) int {
		return slices.Compare(a.ScopeSpans[0].Spans[0].SpanId, b.ScopeSpans[0].Spans[0].SpanId)
	})
	return out
}

// TestExporter holds our encoding against the SDK's.
func TestExporter(t *testing.T) {
	state, err := trace.ParseTraceState("a=1,b=2")
	if err != nil {
		t.Fatal(err)
	}
	context := func(span byte, remote bool) trace.SpanContext {
		return trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{1, 2, 3}, SpanID: trace.SpanID{span, 9}, TraceFlags: trace.FlagsSampled, TraceState: state, Remote: remote,
		})
	}
	own := resource.NewWithAttributes("https://schema.test/1", attribute.String("service.name", "test"), attribute.Int("n", 1))
	scopes := []instrumentation.Scope{{Name: "one", Version: "1", SchemaURL: "https://schema.test/2"}, {Name: "two"}}
	start := time.Unix(1_700_000_000, 12345)
	stubs := tracetest.SpanStubs{
		{Name: "plain", SpanContext: context(1, false)},
		{
			Name: "all", SpanContext: context(2, false), Parent: context(1, true), SpanKind: trace.SpanKindServer, StartTime: start, EndTime: start.Add(time.Second),
			Attributes: []attribute.KeyValue{
				attribute.String("text", strings.Repeat("long ", 100)), attribute.String("empty", ""), attribute.Int("int", -5), attribute.Int64("large", math.MaxInt64),
				attribute.Bool("yes", true), attribute.Bool("no", false), attribute.Float64("float", 1.5), attribute.Int("zero", 0),
			},
			Status:            sdktrace.Status{Code: codes.Error, Description: "failed"},
			DroppedAttributes: 3, DroppedEvents: 300, DroppedLinks: 1,
		},
		{Name: "client", SpanContext: context(3, false), Parent: context(2, false), SpanKind: trace.SpanKindClient, Status: sdktrace.Status{Code: codes.Ok}},
		{Name: "events", SpanContext: context(4, false), Events: []sdktrace.Event{{Name: "exception", Time: start, Attributes: []attribute.KeyValue{attribute.String("a", "b")}}}},
		{Name: "links", SpanContext: context(5, false), Links: []sdktrace.Link{{SpanContext: context(1, true)}}},
		{Name: "list", SpanContext: context(6, false), Attributes: []attribute.KeyValue{attribute.StringSlice("list", []string{"a", "b"})}},
	}
	for i := range stubs {
		stubs[i].Resource, stubs[i].InstrumentationScope = own, scopes[i%2]
	}
	want, got := &collector{t: t}, &collector{t: t}
	sdk := otlptrace.NewUnstarted(want)
	ours := &otlpExporter{client: got, library: otlptrace.NewUnstarted(got)}
	for range 2 { // also with the memory of the first
		want.resource, got.resource = nil, nil
		if err := errors.Join(sdk.ExportSpans(t.Context(), stubs.Snapshots()), ours.ExportSpans(t.Context(), stubs.Snapshots())); err != nil {
			t.Fatal(err)
		}
		if len(got.flat()) != len(stubs) {
			t.Errorf("%d spans, want %d", len(got.flat()), len(stubs))
		}
		if diff := cmp.Diff(want.flat(), got.flat(), protocmp.Transform()); diff != "" {
			t.Errorf("-the SDK's +ours:\n%s", diff)
		}
	}
}
