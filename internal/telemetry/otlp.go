package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
)

// newExporter is what the environment asks for. OTLP over HTTP and gRPC is OpenTelemetry's clients with an encoder of ours.
func newExporter(ctx context.Context, lookupEnv func(string) (string, bool)) (sdktrace.SpanExporter, error) {
	get := func(name string) string { value, _ := lookupEnv(name); return value }
	if cmp.Or(get("OTEL_TRACES_EXPORTER"), "otlp") == "otlp" {
		switch cmp.Or(get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), get("OTEL_EXPORTER_OTLP_PROTOCOL"), "http/protobuf") {
		case "http/protobuf":
			return startOTLP(ctx, otlptracehttp.NewClient())
		case "grpc":
			return startOTLP(ctx, otlptracegrpc.NewClient())
		}
	}
	return autoexport.NewSpanExporter(ctx)
}

// otlp exports the spans of one provider by OTLP. Those of the common form, without events, links and lists, are written as they
// stand on the wire, into a buffer that is used again: OpenTelemetry's exporter makes four objects of each attribute first,
// which with their garbage is a tenth of a small traced request. It still encodes the other spans, the resource and the scopes,
// and its client sends everything. TestOTLP holds the one to the other.
type otlp struct {
	client  otlptrace.Client
	encoder *otlptrace.Exporter // hands encoded what it would send
	encoded encoded
	scopes  []*scopeSpans // few
	span    []byte
}

// scopeSpans are the common spans of one scope.
type scopeSpans struct {
	scope    instrumentation.Scope
	resource *tracepb.ResourceSpans // with the scope, which has no spans
	spans    []byte
}

// encoded is a client that keeps what it should send.
type encoded struct{ spans []*tracepb.ResourceSpans }

func (*encoded) Start(context.Context) error { return nil }
func (*encoded) Stop(context.Context) error  { return nil }
func (e *encoded) UploadTraces(_ context.Context, spans []*tracepb.ResourceSpans) error {
	e.spans = append(e.spans, spans...)
	return nil
}

func startOTLP(ctx context.Context, client otlptrace.Client) (*otlp, error) {
	e := &otlp{client: client}
	e.encoder = otlptrace.NewUnstarted(&e.encoded)
	return e, client.Start(ctx)
}

// Shutdown implements [sdktrace.SpanExporter].
func (e *otlp) Shutdown(ctx context.Context) error { return e.client.Stop(ctx) }

// ExportSpans implements [sdktrace.SpanExporter]; the SDK calls it for one batch after the other.
func (e *otlp) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.encoded.spans = nil
	for _, s := range e.scopes {
		s.spans = s.spans[:0]
	}
	for _, s := range spans {
		if err := e.add(ctx, s); err != nil {
			return err
		}
	}
	batch := e.encoded.spans
	for _, s := range e.scopes {
		if len(s.spans) > 0 {
			// A message sends fields that it doesn't know as they are: so it carries what is encoded already.
			s.resource.ScopeSpans[0].ProtoReflect().SetUnknown(s.spans)
			batch = append(batch, s.resource)
		}
	}
	if err := e.client.UploadTraces(ctx, batch); err != nil {
		return fmt.Errorf("traces export: %w", err) // as otlptrace's
	}
	return nil
}

func (e *otlp) add(ctx context.Context, s sdktrace.ReadOnlySpan) error {
	if !isCommon(s) {
		return e.encoder.ExportSpans(ctx, []sdktrace.ReadOnlySpan{s})
	}
	scope, err := e.scope(ctx, s)
	if err != nil {
		return err
	}
	e.span = appendSpan(e.span[:0], s)
	scope.spans = appendBytes(scope.spans, 2, e.span) // ScopeSpans.spans
	return nil
}

// scope finds or makes the scope of s.
func (e *otlp) scope(ctx context.Context, s sdktrace.ReadOnlySpan) (*scopeSpans, error) {
	name := s.InstrumentationScope()
	for _, known := range e.scopes {
		if known.scope == name {
			return known, nil
		}
	}
	if err := e.encoder.ExportSpans(ctx, []sdktrace.ReadOnlySpan{s}); err != nil {
		return nil, err
	}
	last := len(e.encoded.spans) - 1
	made := &scopeSpans{scope: name, resource: e.encoded.spans[last]}
	made.resource.ScopeSpans[0].Spans = nil
	e.encoded.spans = e.encoded.spans[:last]
	e.scopes = append(e.scopes, made)
	return made, nil
}

func isCommon(s sdktrace.ReadOnlySpan) bool {
	for _, a := range s.Attributes() {
		switch a.Value.Type() {
		case attribute.STRING, attribute.INT64, attribute.BOOL:
		default:
			return false
		}
	}
	return len(s.Events()) == 0 && len(s.Links()) == 0 && s.DroppedAttributes() == 0 && s.DroppedEvents() == 0 && s.DroppedLinks() == 0
}

// appendSpan writes the fields of a Span (opentelemetry/proto/trace/v1/trace.proto).
func appendSpan(b []byte, s sdktrace.ReadOnlySpan) []byte {
	own, parent := s.SpanContext(), s.Parent()
	traceID, spanID, parentID := own.TraceID(), own.SpanID(), parent.SpanID()
	b = appendBytes(b, 1, traceID[:])
	b = appendBytes(b, 2, spanID[:])
	if state := own.TraceState().String(); state != "" {
		b = appendString(b, 3, state)
	}
	if parentID.IsValid() {
		b = appendBytes(b, 4, parentID[:])
	}
	b = appendString(b, 5, s.Name())
	b = appendVarint(b, 6, uint64(s.SpanKind())) // the API's kinds are numbered as OTLP's
	b = protowire.AppendFixed64(protowire.AppendTag(b, 7, protowire.Fixed64Type), nano(s.StartTime()))
	b = protowire.AppendFixed64(protowire.AppendTag(b, 8, protowire.Fixed64Type), nano(s.EndTime()))
	for _, a := range s.Attributes() {
		b = appendAttribute(b, a)
	}
	b = appendStatus(b, s.Status())
	flags := uint32(own.TraceFlags()) | uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	if parent.IsRemote() {
		flags |= uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	}
	return protowire.AppendFixed32(protowire.AppendTag(b, 16, protowire.Fixed32Type), flags)
}

// nano has no time before 1970.
func nano(t time.Time) uint64 { return uint64(max(0, t.UnixNano())) }

// appendStatus writes one also where it is unset, as OpenTelemetry's exporter does.
func appendStatus(b []byte, s sdktrace.Status) []byte {
	var status [8]byte
	out := status[:0]
	switch s.Code {
	case codes.Ok:
		out = appendVarint(out, 3, uint64(tracepb.Status_STATUS_CODE_OK))
	case codes.Error:
		if s.Description != "" {
			out = appendString(out, 2, s.Description)
		}
		out = appendVarint(out, 3, uint64(tracepb.Status_STATUS_CODE_ERROR))
	}
	return appendBytes(b, 15, out)
}

// appendAttribute writes a KeyValue: a key, and an AnyValue with one field (common.proto).
func appendAttribute(b []byte, a attribute.KeyValue) []byte {
	var text string
	var field protowire.Number
	var number uint64
	var size int // of the value's field
	switch a.Value.Type() {
	case attribute.STRING:
		field, text = 1, valid(a.Value.AsString())
		size = 1 + protowire.SizeBytes(len(text))
	case attribute.BOOL:
		field, number = 2, protowire.EncodeBool(a.Value.AsBool())
		size = 2
	case attribute.INT64:
		field, number = 3, uint64(a.Value.AsInt64())
		size = 1 + protowire.SizeVarint(number)
	}
	key := valid(string(a.Key))
	b = protowire.AppendTag(b, 9, protowire.BytesType) // Span.attributes
	b = protowire.AppendVarint(b, uint64(1+protowire.SizeBytes(len(key))+1+protowire.SizeBytes(size)))
	b = appendString(b, 1, key)
	b = protowire.AppendTag(b, 2, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	if field == 1 {
		return appendString(b, field, text)
	}
	return appendVarint(b, field, number)
}

func appendVarint(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

func appendString(b []byte, field protowire.Number, v string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), valid(v))
}

// valid makes text what protobuf allows. OpenTelemetry's exporter would lose the batch: a client's header is enough for it.
func valid(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
