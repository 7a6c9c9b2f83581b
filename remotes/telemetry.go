package remotes

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const (
	scope = "github.com/joinery-graphql/joinery/remotes"

	schemaNameKey = attribute.Key("joinery.remote_schema.name")
	keysKey       = attribute.Key("joinery.remote_schema.keys")
)

// startRequest starts the span of a request (semantic conventions for HTTP clients 1.43). The span is nil without a
// tracer. The URL's query, a place for secrets, isn't in it.
func (c *Client) startRequest(ctx context.Context, r *remote, keys int) (context.Context, trace.Span) {
	if c.tracer == nil {
		return ctx, nil
	}
	shown := *r.url
	shown.RawQuery, shown.User = "", nil
	return c.tracer.Start(ctx, http.MethodPost, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes( //nolint:spancheck // endRequest ends it
		semconv.HTTPRequestMethodPost, semconv.ServerAddress(r.url.Hostname()), semconv.ServerPort(port(r.url)), semconv.URLFull(shown.String()),
		schemaNameKey.String(r.name), keysKey.Int(keys),
	))
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

func endRequest(span trace.Span, status int, err error) {
	if span == nil {
		return
	}
	if status != 0 {
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
	switch {
	case status >= 400:
		span.SetAttributes(semconv.ErrorTypeKey.String(strconv.Itoa(status)))
		span.SetStatus(codes.Error, "")
	case err != nil:
		span.SetAttributes(semconv.ErrorType(err))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
