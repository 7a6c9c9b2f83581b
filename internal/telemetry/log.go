package telemetry

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
)

// Logger writes JSON lines that carry the trace and span of their context. OpenTelemetry's own complaints, such as that
// a collector can't be reached, go there, too: there is one log of a process.
func (t *Telemetry) Logger(w io.Writer, level slog.Level) *slog.Logger {
	log := slog.New(withTrace{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})})
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("telemetry", "error", err) }))
	return log
}

// withTrace adds trace_id and span_id (OpenTelemetry, trace context in non-OTLP log formats).
type withTrace struct{ slog.Handler }

func (h withTrace) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h withTrace) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withTrace{h.Handler.WithAttrs(attrs)}
}

func (h withTrace) WithGroup(name string) slog.Handler { return withTrace{h.Handler.WithGroup(name)} }
