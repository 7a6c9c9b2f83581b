package loaders

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/joinery-graphql/joinery/catalog"
)

// SameKeys reports whether keys for the columns of one relationship are sure to be those of the other's, in the same form:
// equal values of their types have one form only. Of a text, whose collation may have several, they needn't.
func SameKeys(a, b []*catalog.Column) bool {
	return slices.EqualFunc(a, b, func(a, b *catalog.Column) bool {
		kind := keyKindOf(a.Type)
		return kind.checked() && kind == keyKindOf(b.Type)
	})
}

// Follow asks for the rows of the same keys as a set that was loaded since the last flush, of a relationship whose keys are
// the same, see [SameKeys]. The keys have the ordinals that they have there. Both statements go to Postgres in one round trip
// where they can: where both are of one source, prepared, and each alone in its batch.
func (l *Loaders) Follow(ctx context.Context, s *Statement, of *KeySet) (Thunk, *KeySet) {
	keys := s.NewKeySet()
	keys.copy(of)
	leader := l.loaded[slices.IndexFunc(l.loaded, func(load *load) bool { return load.keys == of })]
	thunk := l.Load(ctx, s, keys)
	l.loaded[len(l.loaded)-1].leader = leader
	return thunk, keys
}

// copy makes an empty set one of other's keys. Nothing can be added to it.
func (k *KeySet) copy(other *KeySet) {
	k.asked, k.n = other.n, other.n
	k.bytes, k.ends = append(k.bytes, other.bytes...), append(k.ends, other.ends...)
}

// pair has loads that follow another read with it, at most one with each: the others would wait for it.
func (l *Loaders) pair() {
	if l.sibling != nil {
		return // who may send any of them
	}
	for _, load := range l.loaded {
		if load.leader == nil || load.err != nil || load.leader.err != nil {
			continue
		}
		leader, follower := load.leader.share.shared, load.share.shared
		if leader.follower == nil && leader.leader == nil && leader.pairs(follower) {
			leader.follower, follower.leader, follower.started = follower, leader, true
		}
	}
}

// pairs reports whether two batches can go in one round trip. What may take long doesn't: the leader's rows come with it, or not
// at all where the request's time is over.
func (s *shared) pairs(follower *shared) bool {
	leader, statement := s.batch.statement.relationship, follower.batch.statement
	return leader.Source == statement.relationship.Source && leader.Source.pairs() && statement.indexed && !statement.computes &&
		!s.merged && !follower.merged && s.batch.keys.Len() <= s.batch.maxKeys
}

// pairs reports whether two statements may go to the source in one round trip. With a time limit, the second would have
// less of it.
func (s *Source) pairs() bool {
	s.once.Do(s.start)
	return s.prepares > 1 && s.Timeout <= 0 && !s.RowSecurity
}

// readPair reads two batches in one round trip. Where that fails, be it for the sake of one of them, what has no rows yet is
// read alone: statements only read.
func (l *Loaders) readPair(leader, follower *shared) {
	a, b := l.begin(leader.ctx, &leader.batch), l.begin(follower.ctx, &follower.batch)
	if a.err == nil && b.err == nil {
		sendPair(a.ctx, a.batch, b.batch)
	}
	leader.rows, leader.err = a.end()
	follower.rows, follower.err = b.end()
	follower.read = true
	l.keep(leader.batch.rows)
	l.keep(follower.batch.rows)
}

// sendPair sends the statements of two batches at once. Without a sync between them Postgres sends what it has of the first
// with what it has of the second, and skips the second where the first fails (Postgres, section 55.2.3, "Pipelining").
func sendPair(ctx context.Context, a, b *batch) {
	source := a.statement.relationship.Source
	conn, err := source.Pool.Acquire(ctx)
	if err != nil {
		return // and so will be said of each alone
	}
	defer conn.Release()
	for _, b := range [...]*batch{a, b} {
		if b.description, err = source.prepared(ctx, conn.Conn(), b.statement.sql); err != nil {
			return
		}
	}
	readBoth(ctx, conn.Conn(), a, b)
}

// readBoth sends statements in one pipeline. Batches that have no rows by then are as they were before.
func readBoth(ctx context.Context, conn *pgx.Conn, batches ...*batch) {
	source := batches[0].statement.relationship.Source
	traced := make([]context.Context, len(batches))
	for i, b := range batches {
		traced[i] = source.traceStart(ctx, conn, b.ask(0, b.keys.Len()))
	}
	p := conn.PgConn().StartPipeline(ctx)
	defer func() { _ = p.Close() }() // an error comes again
	for _, b := range batches {
		q := &b.query
		values, formats := q.keys.parameters(q.from, q.to, true, q.parameters)
		p.SendQueryStatement(b.description, values, formats, q.formats)
	}
	err := p.Sync()
	for i, b := range batches {
		var tag pgconn.CommandTag
		if err == nil {
			tag, err = nextResult(p, b, true)
		}
		source.traceEnd(traced[i], conn, tag, err)
		if err != nil {
			b.reset()
			continue
		}
		b.answered = time.Now()
	}
}
