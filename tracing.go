package joinery

import (
	"context"
	"errors"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// sqlTracer writes a span for each statement: otelpgx's, without what Postgres says of an error, since that may quote
// values, and without further spans for preparing, which would have the same name.
type sqlTracer struct{ *otelpgx.Tracer }

// newSQLTracer leaves out spans for taking a connection from the pool: the time between the start of a batch's span
// and of the statement's is that. The connection's details are set once, since otelpgx would copy the whole
// configuration for each statement.
func newSQLTracer(provider trace.TracerProvider, cfg *pgxpool.Config) pgx.QueryTracer {
	return sqlTracer{otelpgx.NewTracer(
		otelpgx.WithTracerProvider(provider),
		otelpgx.WithDisableAcquireTracer(),
		otelpgx.WithDisableConnectionDetailsInAttributes(),
		otelpgx.WithTracerAttributes(
			semconv.ServerAddress(cfg.ConnConfig.Host), semconv.ServerPort(int(cfg.ConnConfig.Port)), semconv.DBNamespace(cfg.ConnConfig.Database),
		),
	)}
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (t sqlTracer) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	var pgErr *pgconn.PgError
	if errors.As(data.Err, &pgErr) {
		data.Err = &pgconn.PgError{Severity: pgErr.Severity, Code: pgErr.Code, Message: "message not shown, it may hold values"}
	}
	t.Tracer.TraceQueryEnd(ctx, conn, data)
}

// TracePrepareStart implements [pgx.PrepareTracer].
func (sqlTracer) TracePrepareStart(ctx context.Context, _ *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	return ctx
}

// TracePrepareEnd implements [pgx.PrepareTracer].
func (sqlTracer) TracePrepareEnd(context.Context, *pgx.Conn, pgx.TracePrepareEndData) {}
