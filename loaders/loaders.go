package loaders

import (
	"context"
	"time"

	"github.com/graph-gophers/dataloader/v7"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Thunk waits for a batch and gives its result. It may be called several times.
type Thunk = dataloader.Thunk[*Result]

// Options configure [New]. The zero value works.
type Options struct {
	MaxKeys int            // per SQL statement; a larger batch is cut; zero means 10,000
	Tracer  trace.Tracer   // nil means none
	Observe func(Observed) // called once per batch, from any goroutine; nil means none
}

// Observed is what is known of a batch when it ends.
type Observed struct {
	Relationship string
	Keys         int // asked for, with duplicates
	KeysUnique   int
	Rows         int
	Statements   int
	Duration     time.Duration
	Err          error
}

const defaultMaxKeys = 10_000

// Loaders are the dataloaders of one request and one session: one for each statement. They must not outlive the
// request or be shared with another session. Load and Flush belong to one goroutine; batches run on their own.
type Loaders struct {
	options Options
	loaders map[*Statement]*dataloader.Loader[*KeySet, *Result]
	pending []*dataloader.Loader[*KeySet, *Result]
}

// New returns loaders for one request.
func New(o Options) *Loaders {
	if o.MaxKeys <= 0 {
		o.MaxKeys = defaultMaxKeys
	}
	if o.Tracer == nil {
		o.Tracer = noop.Tracer{}
	}
	return &Loaders{options: o, loaders: map[*Statement]*dataloader.Loader[*KeySet, *Result]{}}
}

// Load asks for the rows of a key set, which must be the statement's own and not empty. Nothing is sent before
// [Loaders.Flush]; the thunk blocks until then. The statement runs under the context of the first Load of its batch.
func (l *Loaders) Load(ctx context.Context, s *Statement, keys *KeySet) Thunk {
	loader, ok := l.loaders[s]
	if !ok {
		loader = l.newLoader(s)
		l.loaders[s] = loader
	}
	l.pending = append(l.pending, loader)
	return loader.Load(ctx, keys)
}

// Flush sends the statements of everything loaded since the last flush, side by side, and doesn't wait for them.
func (l *Loaders) Flush() {
	for _, loader := range l.pending {
		loader.Flush()
	}
	l.pending = l.pending[:0]
}

// newLoader makes a dataloader that only ever runs when it is flushed: the wait is there because the library has no
// way to do without, and its timer is dropped by the flush. What is loaded is a key set, not a key, so a small input
// channel does: Load blocks on it only until the batch's goroutine has taken what is in it.
func (l *Loaders) newLoader(s *Statement) *dataloader.Loader[*KeySet, *Result] {
	return dataloader.NewBatchedLoader(
		func(ctx context.Context, sets []*KeySet) []*dataloader.Result[*Result] { return l.batch(ctx, s, sets) },
		dataloader.WithWait[*KeySet, *Result](24*time.Hour),
		dataloader.WithInputCapacity[*KeySet, *Result](4),
	)
}

// batch answers all key sets by one read.
func (l *Loaders) batch(ctx context.Context, s *Statement, sets []*KeySet) []*dataloader.Result[*Result] {
	keys, ordinals := mergeSets(s, sets)
	merged, err := l.read(ctx, s, keys)
	results := make([]*dataloader.Result[*Result], len(sets))
	for i := range sets {
		results[i] = &dataloader.Result[*Result]{Error: err}
		if err == nil {
			own := *merged
			own.ordinals = ordinals[i]
			results[i].Data = &own
		}
	}
	return results
}

// mergeSets returns one set with all keys and, for each set, its keys' ordinals there: nil for an only set.
func mergeSets(s *Statement, sets []*KeySet) (*KeySet, [][]int32) {
	ordinals := make([][]int32, len(sets))
	if len(sets) == 1 {
		return sets[0], ordinals
	}
	merged := s.NewKeySet()
	for i, set := range sets {
		ordinals[i] = merged.merge(set)
	}
	return merged, ordinals
}

// read runs a batch within a span. The span never holds keys or values.
func (l *Loaders) read(ctx context.Context, s *Statement, keys *KeySet) (*Result, error) {
	ctx, span := l.options.Tracer.Start(ctx, "loader.batch")
	defer span.End()
	start := time.Now()
	b := &batch{statement: s, keys: keys, maxKeys: l.options.MaxKeys}
	result, err := b.run(ctx)
	seen := Observed{
		Relationship: s.relationship.Name, Keys: keys.asked, KeysUnique: keys.Len(),
		Rows: b.rows.Len(), Statements: b.statements, Duration: time.Since(start), Err: err,
	}
	if span.IsRecording() {
		describe(span, s.relationship, seen)
	}
	if l.options.Observe != nil {
		l.options.Observe(seen)
	}
	return result, err
}

// describe sets a batch span's attributes. db.* are OpenTelemetry's (semantic conventions, database spans).
func describe(span trace.Span, r *Relationship, seen Observed) {
	span.SetAttributes(
		attribute.String("joinery.relationship", r.Name),
		attribute.String("joinery.source", r.Source.Name),
		attribute.String("db.collection.name", r.Table.Name.String()),
		attribute.Int("joinery.batch.keys", seen.Keys),
		attribute.Int("joinery.batch.keys_unique", seen.KeysUnique),
		attribute.Int("joinery.batch.rows", seen.Rows),
		attribute.Int("joinery.batch.statements", seen.Statements),
	)
	if seen.Err != nil {
		span.SetStatus(codes.Error, "load "+r.Name)
	}
}
