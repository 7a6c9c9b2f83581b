package loaders

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// clientSpan makes a batch's span the one of its SQL: one more below it would say little that this doesn't, and spans are
// most of what tracing costs a request.
var clientSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient)}

// spanOptions are those of a batch's span. One that requests share is below the first's span, and links to the others' (OpenTelemetry,
// "Links between spans").
func spanOptions(others []trace.Link) []trace.SpanStartOption {
	if len(others) == 0 {
		return clientSpan
	}
	return append(slices.Clip(clientSpan), trace.WithLinks(others...))
}

// defaultSource is what Hasura calls a project's only source.
const defaultSource = "default"

// spanAttributes are OpenTelemetry's of a call of Postgres (semantic conventions 1.43, PostgreSQL), and what is joined. The SQL
// has parameters, so it holds no values. The address is left out: it is the same for all of a source, and with more than
// eight attributes a span of OpenTelemetry's SDK costs a small request three percent more.
func (s *Statement) spanAttributes() []attribute.KeyValue {
	r := s.relationship
	r.Source.once.Do(r.Source.start)
	attrs := []attribute.KeyValue{semconv.DBSystemNamePostgreSQL, semconv.DBNamespace(r.Source.database)}
	if r.Source.Name != defaultSource {
		attrs = append(attrs, attribute.String("joinery.source", r.Source.Name))
	}
	if r.Table != nil { // an expression reads none
		attrs = append(attrs, semconv.DBCollectionName(r.Table.Name.String()))
	}
	return append(attrs, semconv.DBQueryText(s.sql), attribute.String("joinery.relationship", r.Name))
}

// attributeLists are used again: a span copies what it is given.
var attributeLists = sync.Pool{New: func() any { return new([]attribute.KeyValue) }}

// describe sets a batch span's attributes: its statement's, and what it counted.
func describe(span trace.Span, s *Statement, seen Observed) {
	list := attributeLists.Get().(*[]attribute.KeyValue)
	defer attributeLists.Put(list)
	attrs := append(append((*list)[:0], s.attributes()...),
		attribute.Int("joinery.batch.keys", seen.Keys),
		attribute.Int("joinery.batch.keys_unique", seen.KeysUnique),
		attribute.Int("joinery.batch.rows", seen.Rows),
	)
	if seen.Statements != 1 {
		attrs = append(attrs, attribute.Int("joinery.batch.statements", seen.Statements))
	}
	if seen.Requests > 1 {
		attrs = append(attrs, attribute.Int("joinery.batch.requests", seen.Requests))
	}
	if seen.Err != nil {
		attrs = append(attrs, semconv.ErrorTypeKey.String(seen.ErrorType()))
		if code := sqlState(seen.Err); code != "" {
			attrs = append(attrs, semconv.DBResponseStatusCode(code))
		}
		span.SetStatus(codes.Error, "load "+s.relationship.Name)
	}
	span.SetAttributes(attrs...)
	*list = attrs
}

// ErrorType is error.type of a batch that failed, which has few values: the SQLSTATE, canceled, timeout or connection_error.
func (o Observed) ErrorType() string {
	code := sqlState(o.Err)
	switch {
	case code != "":
		return code
	case errors.Is(o.Err, context.Canceled):
		return "canceled"
	case errors.Is(o.Err, context.DeadlineExceeded):
		return "timeout"
	}
	return "connection_error"
}

// sqlState is the code of an error of Postgres', "" of another.
func sqlState(err error) string {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr.Code
	}
	return ""
}
