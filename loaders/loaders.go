package loaders

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/graph-gophers/dataloader/v7"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Thunk gives the result of a batch, and waits for it where it is under way. It may be called several times, by the
// goroutine that loaded.
type Thunk func() (*Result, error)

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
// request or be shared with another session. Load, Flush and thunks belong to one goroutine.
type Loaders struct {
	session Session
	options Options
	loaders map[*Statement]*dataloader.Loader[*KeySet, *share]
	flushed []*dataloader.Loader[*KeySet, *share] // that have something to flush
	loaded  []dataloader.Thunk[*share]            // since the last flush

	mu   sync.Mutex
	keys []*KeySet // to be released
	rows []*Rows
}

// New returns loaders for one request of a session.
func New(s Session, o Options) *Loaders {
	if o.MaxKeys <= 0 {
		o.MaxKeys = defaultMaxKeys
	}
	if o.Tracer == nil {
		o.Tracer = noop.Tracer{}
	}
	return &Loaders{session: s, options: o, loaders: map[*Statement]*dataloader.Loader[*KeySet, *share]{}}
}

// Release gives the memory of all key sets and rows that were loaded back, for other requests. None of them, nor any
// cell, may be used afterwards. All thunks must have returned. Without it nothing leaks.
func (l *Loaders) Release() {
	for _, k := range l.keys {
		k.release()
	}
	for _, r := range l.rows {
		r.release()
	}
	l.keys, l.rows, l.loaders = nil, nil, nil
}

// Load asks for the rows of a key set, which must be the statement's own and not empty. Nothing is sent before
// [Loaders.Flush], which must come before the thunk is called. The statement runs under the context of the first Load of
// its batch.
func (l *Loaders) Load(ctx context.Context, s *Statement, keys *KeySet) Thunk {
	loader, ok := l.loaders[s]
	if !ok {
		loader = l.newLoader(s)
		l.loaders[s] = loader
	}
	thunk := loader.Load(ctx, keys)
	l.flushed, l.loaded, l.keys = append(l.flushed, loader), append(l.loaded, thunk), append(l.keys, keys)
	return func() (*Result, error) {
		share, err := thunk()
		if err != nil {
			return nil, err
		}
		return share.result()
	}
}

// Flush sends the statements of everything loaded since the last flush, side by side, and doesn't wait for them. The
// first is left to the first thunk that needs it, to run where its caller waits anyway: a goroutine costs a request with
// one statement a tenth of its time, most of it for growing the new stack.
func (l *Loaders) Flush() {
	for _, loader := range l.flushed {
		loader.Flush()
	}
	var first *shared
	for _, thunk := range l.loaded {
		share, err := thunk() // merges key sets; sends nothing
		switch {
		case err != nil:
		case first == nil:
			first = share.shared
		case share.shared != first && !share.shared.started:
			share.shared.started = true
			go share.shared.once.Do(share.shared.run)
		}
	}
	l.flushed, l.loaded = l.flushed[:0], l.loaded[:0]
}

// shared is the work of a batch: one read for all its key sets. Whoever comes first does it.
type shared struct {
	once    sync.Once
	run     func()
	started bool
	result  *Result
	err     error
}

// share is one key set's part of a batch.
type share struct {
	*shared
	ordinals []int32 // of the set's keys in the batch; nil where they are the same
}

func (s *share) result() (*Result, error) {
	s.once.Do(s.run)
	if s.err != nil {
		return nil, s.err
	}
	own := *s.shared.result
	own.ordinals = s.ordinals
	return &own, nil
}

// newLoader makes a dataloader that only ever runs when it is flushed: the wait is there because the library has no
// way to do without, and its timer is dropped by the flush. What is loaded is a key set, not a key, so a small input
// channel does: Load blocks on it only until the batch's goroutine has taken what is in it.
func (l *Loaders) newLoader(s *Statement) *dataloader.Loader[*KeySet, *share] {
	return dataloader.NewBatchedLoader(
		func(ctx context.Context, sets []*KeySet) []*dataloader.Result[*share] { return l.batch(ctx, s, sets) },
		dataloader.WithWait[*KeySet, *share](24*time.Hour),
		dataloader.WithInputCapacity[*KeySet, *share](4),
	)
}

// batch merges key sets; the read that answers them all is done later, see Flush.
func (l *Loaders) batch(ctx context.Context, s *Statement, sets []*KeySet) []*dataloader.Result[*share] {
	keys, ordinals := mergeSets(s, sets)
	work := &shared{}
	work.run = func() {
		defer func() {
			if r := recover(); r != nil {
				work.err = fmt.Errorf("BUG: panic while loading %s: %v\n%s", s.relationship.Name, r, debug.Stack())
			}
		}()
		work.result, work.err = l.read(ctx, s, keys)
		if len(sets) > 1 {
			keys.release()
		}
	}
	results := make([]*dataloader.Result[*share], len(sets))
	for i := range sets {
		results[i] = &dataloader.Result[*share]{Data: &share{work, ordinals[i]}}
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
	b := &batch{statement: s, session: l.session, keys: keys, maxKeys: l.options.MaxKeys}
	result, err := b.run(ctx)
	l.mu.Lock()
	l.rows = append(l.rows, b.rows)
	l.mu.Unlock()
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
