package joinery

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/joinery-graphql/joinery/loaders"
)

// observer measures batches: how long they take, and how many keys, rows and statements they have. It is nil where
// nothing is measured.
func observer(provider metric.MeterProvider) func(loaders.Observed) {
	if provider == nil {
		return nil
	}
	meter := provider.Meter(scope)
	// The instruments' names are constants, so making them can't fail.
	duration, _ := meter.Float64Histogram("joinery.batch.duration", metric.WithUnit("s"), metric.WithDescription("Duration of a relationship's batch."),
		metric.WithExplicitBucketBoundaries(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5))
	keys, _ := meter.Int64Counter("joinery.batch.keys", metric.WithUnit("{key}"), metric.WithDescription("Keys asked for, with duplicates."))
	unique, _ := meter.Int64Counter("joinery.batch.keys_unique", metric.WithUnit("{key}"), metric.WithDescription("Keys sent to the database."))
	rows, _ := meter.Int64Counter("joinery.batch.rows", metric.WithUnit("{row}"), metric.WithDescription("Rows read."))
	statements, _ := meter.Int64Counter("joinery.batch.statements", metric.WithUnit("{statement}"), metric.WithDescription("SQL statements sent."))
	var sets sync.Map // of attributes, by relationship: making one costs more than all that is recorded with it
	return func(o loaders.Observed) {
		ctx := context.Background()
		labels := attributesOf(&sets, o)
		duration.Record(ctx, o.Duration.Seconds(), labels)
		keys.Add(ctx, int64(o.Keys), labels)
		unique.Add(ctx, int64(o.KeysUnique), labels)
		rows.Add(ctx, int64(o.Rows), labels)
		statements.Add(ctx, int64(o.Statements), labels)
	}
}

func attributesOf(sets *sync.Map, o loaders.Observed) metric.MeasurementOption {
	relationship := attribute.String("joinery.relationship", o.Relationship)
	if o.Err != nil {
		return metric.WithAttributes(relationship, attribute.String("error.type", errorType(o.Err)))
	}
	if set, ok := sets.Load(o.Relationship); ok {
		return set.(metric.MeasurementOption)
	}
	set := metric.WithAttributeSet(attribute.NewSet(relationship))
	sets.Store(o.Relationship, set)
	return set
}

// errorType is error.type of a batch: few values, as metrics need.
func errorType(err error) string {
	var pgErr *pgconn.PgError
	switch {
	case errors.As(err, &pgErr):
		return pgErr.Code
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "connection_error"
}
