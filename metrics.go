package joinery

import (
	"context"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/loaders"
)

// observer measures batches: how long they take, and how many keys, rows and statements they have, until stop is called.
// observe is nil where nothing is measured.
func observer(provider metric.MeterProvider) (observe func(loaders.Observed), stop func()) {
	if provider == nil {
		return nil, func() {}
	}
	meter := provider.Meter(scope)
	o := &batchMetrics{}
	// The instruments' names are constants, so making them can't fail.
	o.duration, _ = meter.Float64Histogram("joinery.batch.duration", metric.WithUnit("s"), metric.WithDescription("Duration of a relationship's batch."),
		metric.WithExplicitBucketBoundaries(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5))
	o.keys, _ = meter.Int64ObservableCounter("joinery.batch.keys", metric.WithUnit("{key}"), metric.WithDescription("Keys asked for, with duplicates."))
	o.unique, _ = meter.Int64ObservableCounter("joinery.batch.keys_unique", metric.WithUnit("{key}"), metric.WithDescription("Keys sent to the database."))
	o.rows, _ = meter.Int64ObservableCounter("joinery.batch.rows", metric.WithUnit("{row}"), metric.WithDescription("Rows read."))
	o.statements, _ = meter.Int64ObservableCounter("joinery.batch.statements", metric.WithUnit("{statement}"), metric.WithDescription("SQL statements sent."))
	o.coalesced, _ = meter.Int64ObservableCounter("joinery.batch.coalesced", metric.WithUnit("{batch}"), metric.WithDescription("Batches that were left out, since another request's was shared."))
	registration, _ := meter.RegisterCallback(o.collect, o.keys, o.unique, o.rows, o.statements, o.coalesced)
	return o.observe, func() { _ = registration.Unregister() }
}

// observeLoad tells how many requests are executed and wait, until stop is called.
func observeLoad(provider metric.MeterProvider, load func() (executing, queued int)) (stop func()) {
	if provider == nil {
		return func() {}
	}
	meter := provider.Meter(scope)
	executing, _ := meter.Int64ObservableGauge("joinery.requests.executing", metric.WithUnit("{request}"), metric.WithDescription("Requests that are executed."))
	queued, _ := meter.Int64ObservableGauge("joinery.requests.queued", metric.WithUnit("{request}"), metric.WithDescription("Requests that wait to be executed."))
	registration, _ := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		now, waiting := load()
		o.ObserveInt64(executing, int64(now))
		o.ObserveInt64(queued, int64(waiting))
		return nil
	}, executing, queued)
	return func() { _ = registration.Unregister() }
}

// batchMetrics counts by itself and tells when it is asked: OpenTelemetry's counters would cost a small request as much as
// decoding and rendering it.
type batchMetrics struct {
	duration                                  metric.Float64Histogram
	keys, unique, rows, statements, coalesced metric.Int64ObservableCounter
	series                                    sync.Map // seriesKey -> *batchSeries
}

// seriesKey is what tells one series from another. errorType is empty for a batch that went well.
type seriesKey struct{ relationship, errorType string }

type batchSeries struct {
	labels                                    metric.MeasurementOption
	keys, unique, rows, statements, coalesced atomic.Int64
}

func (m *batchMetrics) observe(o loaders.Observed) {
	s := m.of(o)
	m.duration.Record(context.Background(), o.Duration.Seconds(), s.labels)
	s.keys.Add(int64(o.Keys))
	s.unique.Add(int64(o.KeysUnique))
	s.rows.Add(int64(o.Rows))
	s.statements.Add(int64(o.Statements))
	s.coalesced.Add(int64(o.Requests - 1))
}

func (m *batchMetrics) of(o loaders.Observed) *batchSeries {
	key := seriesKey{relationship: o.Relationship}
	if o.Err != nil {
		key.errorType = o.ErrorType()
	}
	if s, ok := m.series.Load(key); ok {
		return s.(*batchSeries)
	}
	attrs := []attribute.KeyValue{attribute.String("joinery.relationship", key.relationship)}
	if key.errorType != "" {
		attrs = append(attrs, attribute.String("error.type", key.errorType))
	}
	s, _ := m.series.LoadOrStore(key, &batchSeries{labels: metric.WithAttributeSet(attribute.NewSet(attrs...))})
	return s.(*batchSeries)
}

func (m *batchMetrics) collect(_ context.Context, o metric.Observer) error {
	m.series.Range(func(_, value any) bool {
		s := value.(*batchSeries)
		o.ObserveInt64(m.keys, s.keys.Load(), s.labels)
		o.ObserveInt64(m.unique, s.unique.Load(), s.labels)
		o.ObserveInt64(m.rows, s.rows.Load(), s.labels)
		o.ObserveInt64(m.statements, s.statements.Load(), s.labels)
		o.ObserveInt64(m.coalesced, s.coalesced.Load(), s.labels)
		return true
	})
	return nil
}

// authObserver measures how callers are known, and how long that takes: a webhook or a token has its price. It is nil where
// nothing is measured.
func authObserver(provider metric.MeterProvider) func(auth.Authenticated) {
	if provider == nil {
		return nil
	}
	duration, _ := provider.Meter(scope).Float64Histogram("joinery.auth.duration", metric.WithUnit("s"), metric.WithDescription("Duration of a request's authentication."),
		metric.WithExplicitBucketBoundaries(0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10))
	var sets sync.Map // of attributes, by method and code, of which there are few
	return func(o auth.Authenticated) {
		key := [2]string{string(o.Method), o.Code}
		set, ok := sets.Load(key)
		if !ok {
			attributes := []attribute.KeyValue{attribute.String("joinery.auth.method", key[0])}
			if o.Code != "" {
				attributes = append(attributes, attribute.String("error.type", o.Code))
			}
			set, _ = sets.LoadOrStore(key, metric.WithAttributeSet(attribute.NewSet(attributes...)))
		}
		duration.Record(context.Background(), o.Duration.Seconds(), set.(metric.MeasurementOption))
	}
}
