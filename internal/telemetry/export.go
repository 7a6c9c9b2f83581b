package telemetry

import (
	"context"
	"errors"
	"math"
	"os"
	"strings"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
)

// newSpanExporter makes the exporter that the OTEL_* variables name. OTLP's is our own encoder in front of the SDK's
// client; everything else is the SDK's.
func newSpanExporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	var client otlptrace.Client
	switch exporter, protocol := os.Getenv("OTEL_TRACES_EXPORTER"), otlpProtocol(); {
	case exporter != "" && exporter != "otlp":
		return autoexport.NewSpanExporter(ctx)
	case protocol == "http/protobuf":
		client = otlptracehttp.NewClient()
	case protocol == "grpc":
		client = otlptracegrpc.NewClient()
	default:
		return autoexport.NewSpanExporter(ctx) // which says what is wrong
	}
	e := &otlpExporter{client: client, library: otlptrace.NewUnstarted(client)}
	return e, e.library.Start(ctx)
}

func otlpProtocol() string {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if protocol := os.Getenv(name); protocol != "" {
			return protocol
		}
	}
	return "http/protobuf"
}

// otlpExporter writes spans as OTLP's protobuf messages at once, into memory that it keeps. The SDK's exporter makes a
// tree of messages for each span first, which costs a small request as much as all its spans do. The client takes such
// trees only, so the bytes of the spans go into one as fields that it doesn't know. A span with events, links or
// attributes that are lists is left to the SDK: there are few.
type otlpExporter struct {
	client  otlptrace.Client
	library *otlptrace.Exporter // also starts and stops the client
	scopes  []*scopeSpans
	span    []byte // the one under way
}

// scopeSpans are the encoded spans of a scope of a resource.
type scopeSpans struct {
	resource *resource.Resource
	scope    instrumentation.Scope
	plain    bool // neither has what is left to the SDK
	bytes    []byte
}

// ExportSpans implements [sdktrace.SpanExporter], which is never called concurrently.
func (e *otlpExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	var others []sdktrace.ReadOnlySpan
	for _, s := range e.scopes {
		s.bytes = s.bytes[:0]
	}
	for _, span := range spans {
		to := e.spansOf(span)
		if !to.plain || !isPlain(span) {
			others = append(others, span)
			continue
		}
		e.span = appendSpan(e.span[:0], span)
		to.bytes = protowire.AppendTag(to.bytes, 2, protowire.BytesType) // ScopeSpans.spans
		to.bytes = protowire.AppendBytes(to.bytes, e.span)
	}
	var err error
	if messages := e.messages(); len(messages) > 0 {
		err = e.client.UploadTraces(ctx, messages)
	}
	if len(others) > 0 {
		err = errors.Join(err, e.library.ExportSpans(ctx, others))
	}
	return err
}

// Shutdown implements [sdktrace.SpanExporter].
func (e *otlpExporter) Shutdown(ctx context.Context) error { return e.library.Shutdown(ctx) }

func (e *otlpExporter) spansOf(span sdktrace.ReadOnlySpan) *scopeSpans {
	r, scope := span.Resource(), span.InstrumentationScope()
	for _, s := range e.scopes {
		if s.resource == r && s.scope == scope {
			return s
		}
	}
	s := &scopeSpans{resource: r, scope: scope, plain: scope.Attributes.Len() == 0 && areScalars(r.Attributes())}
	e.scopes = append(e.scopes, s)
	return s
}

// messages are the encoded spans in the shape that the client takes, with a resource for each scope.
func (e *otlpExporter) messages() []*tracepb.ResourceSpans {
	var out []*tracepb.ResourceSpans
	for _, s := range e.scopes {
		if len(s.bytes) == 0 {
			continue
		}
		spans := &tracepb.ScopeSpans{
			Scope:     &commonpb.InstrumentationScope{Name: s.scope.Name, Version: s.scope.Version},
			SchemaUrl: s.scope.SchemaURL,
		}
		spans.ProtoReflect().SetUnknown(s.bytes)
		r := &tracepb.ResourceSpans{ScopeSpans: []*tracepb.ScopeSpans{spans}}
		r.ProtoReflect().SetUnknown(appendResource(nil, s.resource))
		out = append(out, r)
	}
	return out
}

// isPlain reports whether appendSpan can write a span.
func isPlain(s sdktrace.ReadOnlySpan) bool {
	return len(s.Events()) == 0 && len(s.Links()) == 0 && areScalars(s.Attributes())
}

func areScalars(attributes []attribute.KeyValue) bool {
	for _, a := range attributes {
		switch a.Value.Type() {
		case attribute.STRING, attribute.INT64, attribute.BOOL, attribute.FLOAT64:
		default:
			return false
		}
	}
	return true
}

// appendResource writes ResourceSpans' fields resource and schema_url
// (https://github.com/open-telemetry/opentelemetry-proto, trace.proto and resource.proto).
func appendResource(dst []byte, r *resource.Resource) []byte {
	var attributes []byte
	for i := r.Iter(); i.Next(); {
		attributes = appendAttribute(attributes, 1, i.Attribute())
	}
	dst = protowire.AppendTag(dst, 1, protowire.BytesType)
	dst = protowire.AppendBytes(dst, attributes)
	return appendString(dst, 3, r.SchemaURL())
}

// contextHasIsRemote and contextIsRemote are SpanFlags.
const (
	contextHasIsRemote = 0x100
	contextIsRemote    = 0x200
)

// appendSpan writes a Span (trace.proto), field by field.
func appendSpan(dst []byte, s sdktrace.ReadOnlySpan) []byte {
	trace, parent := s.SpanContext(), s.Parent()
	traceID, spanID := trace.TraceID(), trace.SpanID()
	dst = appendBytes(dst, 1, traceID[:])
	dst = appendBytes(dst, 2, spanID[:])
	dst = appendString(dst, 3, trace.TraceState().String())
	if id := parent.SpanID(); id.IsValid() {
		dst = appendBytes(dst, 4, id[:])
	}
	dst = appendString(dst, 5, s.Name())
	dst = appendVarint(dst, 6, uint64(s.SpanKind())) // the numbers are the same
	dst = appendFixed64(dst, 7, uint64(max(0, s.StartTime().UnixNano())))
	dst = appendFixed64(dst, 8, uint64(max(0, s.EndTime().UnixNano())))
	for _, a := range s.Attributes() {
		dst = appendAttribute(dst, 9, a)
	}
	dst = appendVarint(dst, 10, uint64(s.DroppedAttributes()))
	dst = appendVarint(dst, 12, uint64(s.DroppedEvents()))
	dst = appendVarint(dst, 14, uint64(s.DroppedLinks()))
	dst = appendStatus(dst, s.Status())
	flags := uint32(trace.TraceFlags()) | contextHasIsRemote
	if parent.IsRemote() {
		flags |= contextIsRemote
	}
	return protowire.AppendFixed32(protowire.AppendTag(dst, 16, protowire.Fixed32Type), flags)
}

func appendStatus(dst []byte, s sdktrace.Status) []byte {
	code := uint64(0)
	switch s.Code {
	case codes.Ok:
		code = 1
	case codes.Error:
		code = 2
	}
	dst = protowire.AppendTag(dst, 15, protowire.BytesType)
	return protowire.AppendBytes(dst, appendVarint(appendString(nil, 2, s.Description), 3, code))
}

// appendAttribute writes a KeyValue (common.proto) as a field.
func appendAttribute(dst []byte, field protowire.Number, a attribute.KeyValue) []byte {
	value := protowire.SizeTag(1)
	text := ""
	switch a.Value.Type() {
	case attribute.STRING:
		text = strings.ToValidUTF8(a.Value.AsString(), "\uFFFD")
		value += protowire.SizeBytes(len(text))
	case attribute.INT64:
		value += protowire.SizeVarint(uint64(a.Value.AsInt64()))
	case attribute.BOOL:
		value++
	case attribute.FLOAT64:
		value += protowire.SizeFixed64()
	}
	dst = protowire.AppendTag(dst, field, protowire.BytesType)
	dst = protowire.AppendVarint(dst, uint64(protowire.SizeTag(1)+protowire.SizeBytes(len(a.Key))+protowire.SizeTag(2)+protowire.SizeBytes(value)))
	dst = protowire.AppendString(protowire.AppendTag(dst, 1, protowire.BytesType), string(a.Key))
	dst = protowire.AppendVarint(protowire.AppendTag(dst, 2, protowire.BytesType), uint64(value))
	switch a.Value.Type() {
	case attribute.STRING:
		return protowire.AppendString(protowire.AppendTag(dst, 1, protowire.BytesType), text)
	case attribute.INT64:
		return protowire.AppendVarint(protowire.AppendTag(dst, 3, protowire.VarintType), uint64(a.Value.AsInt64()))
	case attribute.BOOL:
		return protowire.AppendVarint(protowire.AppendTag(dst, 2, protowire.VarintType), protowire.EncodeBool(a.Value.AsBool()))
	default:
		return protowire.AppendFixed64(protowire.AppendTag(dst, 4, protowire.Fixed64Type), math.Float64bits(a.Value.AsFloat64()))
	}
}

func appendBytes(dst []byte, field protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, field, protowire.BytesType), value)
}

func appendString(dst []byte, field protowire.Number, value string) []byte {
	if value == "" {
		return dst
	}
	return protowire.AppendString(protowire.AppendTag(dst, field, protowire.BytesType), value)
}

func appendVarint(dst []byte, field protowire.Number, value uint64) []byte {
	if value == 0 {
		return dst
	}
	return protowire.AppendVarint(protowire.AppendTag(dst, field, protowire.VarintType), value)
}

func appendFixed64(dst []byte, field protowire.Number, value uint64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(dst, field, protowire.Fixed64Type), value)
}
