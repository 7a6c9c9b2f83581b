package loaders

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/graph-gophers/dataloader/v7"
	"go.opentelemetry.io/otel/trace"
)

// Thunk gives the result of a batch, and waits for it where it is under way. It may be called several times, by the
// goroutine that loaded.
type Thunk func() (*Result, error)

// Options configure [New]. The zero value works.
type Options struct {
	MaxKeys int            // per SQL statement; a larger batch is cut; zero means 10,000
	Tracer  trace.Tracer   // nil means none
	Observe func(Observed) // called once per batch, from any goroutine; nil means none
	Explain bool           // have Postgres explain each batch, for Observe: most statements run twice then
}

// Observed is what is known of a batch when it ends.
type Observed struct {
	Relationship string
	Statement    *Statement
	Keys         int // asked for, with duplicates
	KeysUnique   int
	Rows         int
	Statements   int
	Requests     int // that the batch is for: more than one where they were coalesced
	Duration     time.Duration
	Err          error

	// Plan is what Postgres says of the batch's first statement, as JSON; with the values of its parameters. It is nil
	// where Options.Explain is not set, and after an error.
	Plan    json.RawMessage
	PlanErr error // why there is none
}

const defaultMaxKeys = 10_000

// Loaders are the dataloaders of one request and one session: one for each statement. They must not outlive the
// request or be shared with another session. Load, Flush and thunks belong to one goroutine.
type Loaders struct {
	session Session
	options Options
	loaders map[*Statement]*dataloader.Loader[*KeySet, share]
	loaded  []*load // since the last flush

	sibling *Sibling // nil where no statement is shared with other requests
	joints  []*part  // that it shares

	keys []*KeySet // to be released
	mu   sync.Mutex
	rows []*Rows
}

var pool = sync.Pool{New: func() any { return &Loaders{} }}

// New returns loaders for one request of a session.
func New(session Session, o Options) *Loaders {
	if o.MaxKeys <= 0 {
		o.MaxKeys = defaultMaxKeys
	}
	l := pool.Get().(*Loaders)
	l.session, l.options = session, o
	return l
}

// Release gives the memory of the loaders, and of all key sets and rows that were loaded, back for other requests. None of
// them, nor any cell, may be used afterwards. All thunks must have returned. Without it nothing leaks.
func (l *Loaders) Release() {
	for _, k := range l.keys {
		k.release()
	}
	for _, r := range l.rows {
		r.release()
	}
	for _, p := range l.joints {
		p.release()
	}
	clear(l.loaded[:cap(l.loaded)])
	clear(l.keys)
	clear(l.rows)
	l.session, l.options, l.loaders, l.sibling, l.joints = Session{}, Options{}, nil, nil, nil
	l.keys, l.rows = l.keys[:0], l.rows[:0]
	pool.Put(l)
}

// Coalesce has the loaders share statements with a sibling's, from the next flush on. nil is none.
func (l *Loaders) Coalesce(s *Sibling) { l.sibling = s }

// Expect says how many flushes come, so that no sibling waits for more.
func (l *Loaders) Expect(flushes int) { l.sibling.expect(flushes) }

// Pause has no sibling wait for these loaders until [Loaders.Resume]: their request waits for something else, which may take
// long, such as a handler.
func (l *Loaders) Pause() { l.sibling.setAway(true) }

// Resume ends a pause.
func (l *Loaders) Resume() { l.sibling.setAway(false) }

// load is a key set that was loaded, and its part of a batch once it was flushed.
type load struct {
	ctx       context.Context // until the flush, as dataloader's own
	statement *Statement
	keys      *KeySet
	leader    *load // whose keys these are as well; nil of one that follows none
	share     share
	err       error
}

func (l *load) wait() (*Result, error) {
	if l.err != nil {
		return nil, l.err
	}
	return l.share.result()
}

// Load asks for the rows of a key set, which must be the statement's own and not empty. Nothing is sent before
// [Loaders.Flush], which must come before the thunk is called. The statement runs under the context of the first Load of
// its batch.
func (l *Loaders) Load(ctx context.Context, s *Statement, keys *KeySet) Thunk {
	load := &load{ctx: ctx, statement: s, keys: keys}
	l.loaded, l.keys = append(l.loaded, load), append(l.keys, keys)
	return load.wait
}

// Flush sends the statements of everything loaded since the last flush, side by side, and doesn't wait for them. The
// first is left to the first thunk that needs it, to run where its caller waits anyway: a goroutine costs a request with
// one statement a tenth of its time, most of it for growing the new stack.
//
// With siblings, see [Loaders.Coalesce], it may wait until they have come as far.
func (l *Loaders) Flush() {
	l.merge()
	l.pair()
	if l.sibling != nil {
		l.meet()
	}
	var first *shared
	for _, load := range l.loaded {
		switch {
		case load.err != nil:
		case first == nil:
			first = load.share.shared
		case load.share.shared != first && !load.share.started:
			load.share.started = true
			go load.share.do()
		}
	}
	l.loaded = l.loaded[:0]
}

// merge makes batches of what was loaded. Where several key sets are for one statement, that is a dataloader's work; a
// key set that is alone in this needs none, and most are.
func (l *Loaders) merge() {
	switch len(l.loaded) {
	case 0:
		return
	case 1:
		l.loaded[0].read(l)
		return
	}
	sets := map[*Statement]int{}
	for _, load := range l.loaded {
		sets[load.statement]++
	}
	var thunks []dataloader.Thunk[share]
	var several []*load
	for _, load := range l.loaded {
		if sets[load.statement] == 1 {
			load.read(l)
			continue
		}
		several, thunks = append(several, load), append(thunks, l.loader(load.statement).Load(load.ctx, load.keys))
	}
	for _, load := range several {
		l.loader(load.statement).Flush()
	}
	for i, load := range several {
		load.share, load.err = thunks[i]() // merges key sets; sends nothing
	}
}

// meet shares batches with siblings that want the same.
func (l *Loaders) meet() {
	var ctx context.Context
	var batches []*shared
	for _, load := range l.loaded {
		if load.err == nil && !slices.Contains(batches, load.share.shared) {
			ctx, batches = load.ctx, append(batches, load.share.shared)
		}
	}
	l.sibling.meet(ctx, batches)
	for _, b := range batches {
		if b.joint != nil {
			l.joints = append(l.joints, b.joint)
		}
	}
}

// read makes a batch of the key set alone.
func (l *load) read(loaders *Loaders) {
	l.share = share{shared: loaders.newShared(l.ctx, l.statement, l.keys)}
}

// shared is the work of a batch: one read for all its key sets. Whoever comes first does it.
type shared struct {
	once    sync.Once
	loaders *Loaders
	ctx     context.Context // of the batch
	batch   batch
	started bool
	merged  bool  // the keys are of several sets
	joint   *part // what is read for siblings as well; nil where they share nothing
	rows    Result
	err     error

	leader   *shared // that it is read with, in one round trip; nil where there is none
	follower *shared // that is read with it
	read     bool    // with its leader
}

func (l *Loaders) newShared(ctx context.Context, s *Statement, keys *KeySet) *shared {
	return &shared{loaders: l, ctx: ctx, batch: batch{statement: s, session: l.session, keys: keys, maxKeys: l.options.MaxKeys}}
}

func (s *shared) do() { s.once.Do(s.run) }

func (s *shared) run() {
	defer recovered(&s.batch, &s.err)
	if s.leader != nil {
		s.leader.do()
	}
	if s.read {
		return
	}
	if s.follower != nil {
		s.loaders.readPair(s, s.follower)
		return
	}
	shared := false
	if s.joint != nil {
		s.rows, shared, s.err = s.joint.read()
	}
	if !shared {
		s.rows, s.err = s.loaders.read(s.ctx, &s.batch)
		s.loaders.keep(s.batch.rows)
	}
	if s.merged {
		s.batch.keys.release()
	}
}

// recovered makes a panic the error of a batch.
func recovered(b *batch, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("BUG: panic while loading %s: %v\n%s", b.statement.relationship.Name, r, debug.Stack())
	}
}

// keep notes rows that are to be released.
func (l *Loaders) keep(r *Rows) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = append(l.rows, r)
}

// share is one key set's part of a batch.
type share struct {
	*shared
	ordinals []int32 // of the set's keys in the batch; nil where they are the same
}

func (s *share) result() (*Result, error) {
	s.do()
	if s.err != nil {
		return nil, s.err
	}
	if s.ordinals == nil {
		return &s.rows, nil
	}
	own := s.rows
	own.ordinals = s.ordinals
	if s.rows.ordinals != nil { // from the batch's keys to the joint's
		own.ordinals = make([]int32, len(s.ordinals))
		for i, ordinal := range s.ordinals {
			own.ordinals[i] = s.rows.ordinals[ordinal]
		}
	}
	return &own, nil
}

func (l *Loaders) loader(s *Statement) *dataloader.Loader[*KeySet, share] {
	loader, ok := l.loaders[s]
	if !ok {
		if l.loaders == nil {
			l.loaders = map[*Statement]*dataloader.Loader[*KeySet, share]{}
		}
		loader = l.newLoader(s)
		l.loaders[s] = loader
	}
	return loader
}

// newLoader makes a dataloader that only ever runs when it is flushed: the wait is there because the library has no
// way to do without, and its timer is dropped by the flush. What is loaded is a key set, not a key, so a small input
// channel does: Load blocks on it only until the batch's goroutine has taken what is in it.
func (l *Loaders) newLoader(s *Statement) *dataloader.Loader[*KeySet, share] {
	return dataloader.NewBatchedLoader(
		func(ctx context.Context, sets []*KeySet) []*dataloader.Result[share] { return l.batch(ctx, s, sets) },
		dataloader.WithWait[*KeySet, share](24*time.Hour),
		dataloader.WithInputCapacity[*KeySet, share](4),
	)
}

// batch merges key sets; the read that answers them all is done later, see Flush.
func (l *Loaders) batch(ctx context.Context, s *Statement, sets []*KeySet) []*dataloader.Result[share] {
	keys, ordinals := mergeSets(s, sets)
	work := l.newShared(ctx, s, keys)
	work.merged = true
	results := make([]*dataloader.Result[share], len(sets))
	for i := range sets {
		results[i] = &dataloader.Result[share]{Data: share{work, ordinals[i]}}
	}
	return results
}

// mergeSets returns one set with all keys and, for each set, its keys' ordinals there.
func mergeSets(s *Statement, sets []*KeySet) (*KeySet, [][]int32) {
	ordinals := make([][]int32, len(sets))
	merged := s.NewKeySet()
	for i, set := range sets {
		ordinals[i] = merged.merge(set)
	}
	return merged, ordinals
}

// read runs a batch.
func (l *Loaders) read(ctx context.Context, b *batch) (Result, error) {
	r := l.begin(ctx, b)
	return r.end()
}

// reading is a batch under way, within its span. The span never holds keys or values.
type reading struct {
	*batch
	loaders *Loaders
	ctx     context.Context
	span    trace.Span // nil where there is none
	began   time.Time
}

func (l *Loaders) begin(ctx context.Context, b *batch) reading {
	r := reading{batch: b, loaders: l, ctx: ctx}
	if l.options.Tracer != nil {
		r.ctx, r.span = l.options.Tracer.Start(ctx, "loader.batch", spanOptions(b.others)...) //nolint:spancheck // end ends it
	}
	r.began = time.Now()
	b.start()
	return r
}

// end reads what isn't read yet, and tells of it.
func (r *reading) end() (Result, error) {
	if r.span != nil {
		defer r.endSpan(r.answered)
	}
	result, err := r.finish(r.ctx)
	if r.answered.IsZero() {
		r.answered = time.Now()
	}
	seen := Observed{
		Relationship: r.statement.relationship.Name, Statement: r.statement, Keys: r.keys.asked, KeysUnique: r.keys.Len(),
		Rows: r.rows.Len(), Statements: r.statements, Requests: 1 + len(r.others), Duration: r.answered.Sub(r.began), Err: err,
	}
	if r.span != nil && r.span.IsRecording() {
		describe(r.span, r.statement, seen)
	}
	if r.loaders.options.Explain && err == nil {
		seen.Plan, seen.PlanErr = r.explain(r.ctx)
	}
	if r.loaders.options.Observe != nil {
		r.loaders.options.Observe(seen)
	}
	return result, err
}

// endSpan ends the span when the rows came; now where that is zero.
func (r *reading) endSpan(answered time.Time) {
	if answered.IsZero() {
		r.span.End()
		return
	}
	r.span.End(trace.WithTimestamp(answered))
}
