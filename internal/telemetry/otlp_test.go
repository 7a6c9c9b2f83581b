package telemetry

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"
)

// What comes of random spans is what OpenTelemetry's own exporter makes of them, span by span; batch after batch through one
// exporter, whose buffers are used again.
func TestOTLP(t *testing.T) {
	var ours, theirs encoded
	exporter, err := startOTLP(t.Context(), &ours)
	if err != nil {
		t.Fatal(err)
	}
	reference := otlptrace.NewUnstarted(&theirs)
	rapid.Check(t, func(t *rapid.T) {
		ours.spans, theirs.spans = nil, nil
		batch := tracetest.SpanStubs(rapid.SliceOfN(rapid.Custom(drawSpan), 1, 8).Draw(t, "spans")).Snapshots()
		for _, e := range []sdktrace.SpanExporter{exporter, reference} {
			if err := e.ExportSpans(context.Background(), batch); err != nil {
				t.Fatal(err)
			}
		}
		if diff := gocmp.Diff(single(t, theirs.spans), single(t, ours.spans), protocmp.Transform()); diff != "" {
			t.Fatalf("not as OpenTelemetry's exporter (-want +got):\n%s", diff)
		}
	})
}

var described = resource.NewWithAttributes("https://opentelemetry.io/schemas/1.43.0", attribute.String("service.name", "joinery"))

func drawSpan(t *rapid.T) tracetest.SpanStub {
	attributes := rapid.SliceOfN(rapid.Custom(drawAttribute), 0, 5)
	common := rapid.Bool().Draw(t, "common")
	stub := tracetest.SpanStub{
		Name:        rapid.String().Draw(t, "name"),
		SpanContext: drawContext(t),
		SpanKind:    trace.SpanKind(rapid.IntRange(1, 5).Draw(t, "kind")),
		StartTime:   time.Unix(0, rapid.Int64().Draw(t, "start")),
		EndTime:     time.Unix(0, rapid.Int64().Draw(t, "end")),
		Status: rapid.SampledFrom([]sdktrace.Status{
			{}, {Code: codes.Ok}, {Code: codes.Error}, {Code: codes.Error, Description: strings.Repeat("load users ", 30)},
		}).Draw(t, "status"),
		Attributes:           attributes.Draw(t, "attributes"),
		Resource:             described,
		InstrumentationScope: instrumentation.Scope{Name: rapid.SampledFrom([]string{"loaders", "actions"}).Draw(t, "scope"), Version: "1", SchemaURL: "https://example.com"},
	}
	if rapid.Bool().Draw(t, "child") {
		stub.Parent = drawContext(t)
	}
	if !common {
		stub.Attributes = append(stub.Attributes, attribute.StringSlice("list", []string{"a", "b"}), attribute.Float64("float", 1.5))
		stub.Events = []sdktrace.Event{{Name: "event", Attributes: attributes.Draw(t, "event"), Time: stub.EndTime}}
		stub.Links = []sdktrace.Link{{SpanContext: drawContext(t), Attributes: attributes.Draw(t, "link")}}
		stub.DroppedAttributes, stub.DroppedEvents, stub.DroppedLinks = 1, 2, 3
	}
	return stub
}

func drawAttribute(t *rapid.T) attribute.KeyValue {
	key := attribute.Key(rapid.String().Draw(t, "key"))
	switch rapid.IntRange(0, 2).Draw(t, "type") {
	case 0:
		return key.Bool(rapid.Bool().Draw(t, "bool"))
	case 1:
		return key.Int64(rapid.Int64().Draw(t, "int"))
	}
	return key.String(rapid.StringN(-1, -1, 300).Draw(t, "text"))
}

func drawContext(t *rapid.T) trace.SpanContext {
	c := trace.SpanContextConfig{TraceFlags: trace.TraceFlags(rapid.Byte().Draw(t, "flags")), Remote: rapid.Bool().Draw(t, "remote")}
	copy(c.TraceID[:], rapid.SliceOfN(rapid.ByteRange(1, 255), 16, 16).Draw(t, "trace"))
	copy(c.SpanID[:], rapid.SliceOfN(rapid.ByteRange(1, 255), 8, 8).Draw(t, "span"))
	if rapid.Bool().Draw(t, "state") {
		c.TraceState, _ = trace.ParseTraceState("vendor=value")
	}
	return trace.NewSpanContext(c)
}

// single is what a collector reads: a message for each span, in their own order.
func single(t interface{ Fatal(...any) }, sent []*tracepb.ResourceSpans) (out []*tracepb.ResourceSpans) {
	wire, err := proto.Marshal(&collector.ExportTraceServiceRequest{ResourceSpans: sent})
	if err != nil {
		t.Fatal(err)
	}
	var read collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(wire, &read); err != nil {
		t.Fatal(err)
	}
	for _, r := range read.ResourceSpans {
		for _, scope := range r.ScopeSpans {
			if len(scope.ProtoReflect().GetUnknown()) > 0 {
				t.Fatal("fields that OTLP doesn't have")
			}
			for _, span := range scope.Spans {
				one := &tracepb.ScopeSpans{Scope: scope.Scope, SchemaUrl: scope.SchemaUrl, Spans: []*tracepb.Span{span}}
				out = append(out, &tracepb.ResourceSpans{Resource: r.Resource, SchemaUrl: r.SchemaUrl, ScopeSpans: []*tracepb.ScopeSpans{one}})
			}
		}
	}
	id := func(r *tracepb.ResourceSpans) []byte { return r.ScopeSpans[0].Spans[0].SpanId }
	slices.SortStableFunc(out, func(a, b *tracepb.ResourceSpans) int {
		return cmp.Or(bytes.Compare(id(a), id(b)), cmp.Compare(a.String(), b.String()))
	})
	return out
}

// A client decides on its headers, but not on whether the spans of others arrive.
func TestOTLPInvalidText(t *testing.T) {
	var sent encoded
	exporter, err := startOTLP(t.Context(), &sent)
	if err != nil {
		t.Fatal(err)
	}
	stub := tracetest.SpanStub{Name: "POST", Attributes: []attribute.KeyValue{attribute.String("user_agent.original", "a\xffb")}, Resource: described}
	if err := exporter.ExportSpans(t.Context(), tracetest.SpanStubs{stub}.Snapshots()); err != nil {
		t.Fatal(err)
	}
	span := single(t, sent.spans)[0].ScopeSpans[0].Spans[0]
	if got := span.Attributes[0].Value.GetStringValue(); got != "a\uFFFDb" {
		t.Fatalf("%q", got)
	}
}

// service is a collector.
type service struct {
	collector.UnimplementedTraceServiceServer
	got chan *collector.ExportTraceServiceRequest
}

func (s *service) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	s.got <- r
	return &collector.ExportTraceServiceResponse{}, nil
}

func (s *service) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	_ = proto.Unmarshal(body, &request)
	s.got <- &request
}

// Both protocols of OTLP are sent by OpenTelemetry's clients, which read the environment.
func TestProtocols(t *testing.T) {
	s := &service{got: make(chan *collector.ExportTraceServiceRequest, 1)}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, s)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)

	for protocol, endpoint := range map[string]string{"": web.URL, "http/protobuf": web.URL, "grpc": "http://" + listener.Addr().String()} {
		t.Run(protocol, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
			telemetry, err := Start(t.Context(), Options{Service: "joinery"})
			if err != nil {
				t.Fatal(err)
			}
			_, span := telemetry.TracerProvider.Tracer("test").Start(t.Context(), "joined")
			span.End()
			telemetry.Stop(t.Context())
			got := (<-s.got).ResourceSpans[0]
			if name := got.ScopeSpans[0].Spans[0].Name; name != "joined" || !strings.Contains(got.Resource.String(), "joinery") {
				t.Fatalf("%q of %s", name, got.Resource)
			}
		})
	}
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", web.URL)
	if _, err := Start(t.Context(), Options{Service: "joinery"}); err == nil || !strings.Contains(err.Error(), "OTEL_EXPORTER_OTLP_PROTOCOL") {
		t.Fatal(err)
	}
}
