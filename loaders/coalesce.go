package loaders

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Coalescer has requests share statements that are siblings: of one trace and one session, at the same time. Apollo Router
// sends the parallel fetches of one plan as such. A wave of joins is held until all siblings have come to the same wave,
// have no further one or pause, for a given time at most; a request that is alone waits for nothing. A nil one coalesces
// nothing. It is safe for concurrent use.
type Coalescer struct {
	wait   time.Duration
	mu     sync.Mutex
	groups map[trace.TraceID][]*group // of different sessions
}

// NewCoalescer returns a coalescer that holds a wave for wait at most, or nil where that is zero.
func NewCoalescer(wait time.Duration) *Coalescer {
	if wait <= 0 {
		return nil
	}
	return &Coalescer{wait: wait, groups: map[trace.TraceID][]*group{}}
}

// group is the siblings of one trace and one session, and their waves that are held.
type group struct {
	trace    trace.TraceID
	session  Session
	siblings []*Sibling
	meetings []*meeting
}

// Sibling is a request that may share statements. A nil one shares none.
type Sibling struct {
	coalescer *Coalescer
	group     *group
	waves     int  // that it came to
	last      int  // wave that it will come to; 0 where that isn't known
	away      bool // waits for something other than its joins
}

// meeting is a wave that is held.
type meeting struct {
	wave    int
	batches []*shared
	over    chan struct{}
}

// Enter notes a request, from now on until [Sibling.Leave]: the earlier, the more siblings know of it. It is nil without a
// trace.
func (c *Coalescer) Enter(id trace.TraceID, session Session) *Sibling {
	if c == nil || !id.IsValid() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &Sibling{coalescer: c, group: c.group(id, session)}
	s.group.siblings = append(s.group.siblings, s)
	return s
}

// group compares the sessions themselves: whoever calls can choose the trace.
func (c *Coalescer) group(id trace.TraceID, session Session) *group {
	for _, g := range c.groups[id] {
		if g.session.Role == session.Role && maps.Equal(g.session.Variables, session.Variables) {
			return g
		}
	}
	g := &group{trace: id, session: session}
	c.groups[id] = append(c.groups[id], g)
	return g
}

func (s *Sibling) setAway(away bool) {
	if s == nil {
		return
	}
	s.coalescer.mu.Lock()
	s.away = away
	due := s.group.due()
	s.coalescer.mu.Unlock()
	conclude(due)
}

// expect says how many waves come. After the last one no sibling waits for this request.
func (s *Sibling) expect(waves int) {
	if s == nil || waves == 0 {
		s.Leave()
		return
	}
	s.coalescer.mu.Lock()
	defer s.coalescer.mu.Unlock()
	s.last = s.waves + waves
}

// Leave ends the sharing, so that no sibling waits for this request any more. It may be called again.
func (s *Sibling) Leave() {
	if s == nil {
		return
	}
	c, g := s.coalescer, s.group
	c.mu.Lock()
	c.remove(s)
	due := g.due()
	c.mu.Unlock()
	conclude(due)
}

// remove removes a sibling, and with the last one the group.
func (c *Coalescer) remove(s *Sibling) {
	g := s.group
	g.siblings = slices.DeleteFunc(g.siblings, func(other *Sibling) bool { return other == s })
	if len(g.siblings) > 0 {
		return
	}
	rest := slices.DeleteFunc(c.groups[g.trace], func(other *group) bool { return other == g })
	if len(rest) == 0 {
		delete(c.groups, g.trace)
		return
	}
	c.groups[g.trace] = rest
}

// meet brings the request's next wave, and returns when its batches that siblings want as well are joint.
func (s *Sibling) meet(ctx context.Context, batches []*shared) {
	c, g := s.coalescer, s.group
	c.mu.Lock()
	s.waves++
	var m *meeting
	if len(batches) > 0 {
		if m = g.meeting(s.waves); m != nil {
			m.batches = append(m.batches, batches...)
		}
	}
	if s.waves == s.last {
		c.remove(s)
	}
	due := g.due()
	c.mu.Unlock()
	conclude(due)
	if m != nil {
		c.await(ctx, g, m)
	}
}

// await waits until a meeting is over, which it is at the latest when the time is up for one of those who wait.
func (c *Coalescer) await(ctx context.Context, g *group, m *meeting) {
	timer := time.NewTimer(c.wait)
	defer timer.Stop()
	select {
	case <-m.over:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	c.mu.Lock()
	due := g.take(func(other *meeting) bool { return other == m })
	c.mu.Unlock()
	conclude(due)
	<-m.over // where another concludes it
}

// meeting is that of a wave; nil where nobody is to be waited for.
func (g *group) meeting(wave int) *meeting {
	for _, m := range g.meetings {
		if m.wave == wave {
			return m
		}
	}
	if !g.behind(wave) {
		return nil
	}
	m := &meeting{wave: wave, over: make(chan struct{})}
	g.meetings = append(g.meetings, m)
	return m
}

// due takes the meetings that nobody is to come to any more.
func (g *group) due() []*meeting {
	return g.take(func(m *meeting) bool { return !g.behind(m.wave) })
}

// behind reports whether a sibling is on its way to a wave.
func (g *group) behind(wave int) bool {
	return slices.ContainsFunc(g.siblings, func(s *Sibling) bool { return !s.away && s.waves < wave })
}

func (g *group) take(which func(*meeting) bool) []*meeting {
	var taken []*meeting
	g.meetings = slices.DeleteFunc(g.meetings, func(m *meeting) bool {
		if which(m) {
			taken = append(taken, m)
			return true
		}
		return false
	})
	return taken
}

// conclude makes joints of the batches that are alike. Those who brought them wait meanwhile, so that nothing of theirs
// changes.
func conclude(meetings []*meeting) {
	for _, m := range meetings {
		var alike [][]*shared
		for _, b := range m.batches {
			i := slices.IndexFunc(alike, func(have []*shared) bool { return have[0].batch.like(&b.batch) })
			if i < 0 {
				alike = append(alike, []*shared{b})
			} else {
				alike[i] = append(alike[i], b)
			}
		}
		for _, batches := range alike {
			if len(batches) > 1 {
				join(batches)
			}
		}
		close(m.over)
	}
}

// like reports whether two batches, whose sessions are equal, differ in nothing but their keys. Statements of two documents may
// be the same.
func (b *batch) like(other *batch) bool {
	if b.maxKeys != other.maxKeys {
		return false
	}
	s, o := b.statement, other.statement
	if s == o {
		return true
	}
	r, p := s.relationship, o.relationship
	if s.sql != o.sql || r.Source != p.Source || r.Name != p.Name || r.MaxRows != p.MaxRows || !slices.Equal(s.encodings, o.encodings) {
		return false
	}
	mine, err := s.bind(b.session)
	others, otherErr := o.bind(other.session)
	return err == nil && otherErr == nil && slices.Equal(mine, others)
}

// joint is one read for the batches of several requests. Whoever comes first does it; whoever is released last gives its rows
// back.
type joint struct {
	once    sync.Once
	sharers []*shared
	batch   batch
	rows    Result
	err     error
	users   atomic.Int32
}

// part is a batch's part of a joint.
type part struct {
	*joint
	ordinals []int32 // of the batch's keys in the joint's
}

func join(batches []*shared) {
	first := &batches[0].batch
	sets := make([]*KeySet, len(batches))
	for i, b := range batches {
		sets[i] = b.batch.keys
	}
	keys, ordinals := mergeSets(first.statement, sets)
	j := &joint{sharers: batches, batch: batch{
		statement: first.statement, session: first.session, keys: keys, maxKeys: first.maxKeys,
	}}
	j.users.Store(int32(len(batches)))
	for i, b := range batches {
		b.joint = &part{j, ordinals[i]}
		if i > 0 {
			j.batch.others = append(j.batch.others, trace.LinkFromContext(b.ctx))
		}
	}
}

// read reads the part's rows. If the search for keys that Postgres refuses is given up, which may be another request's, ok
// is false: each request then asks for itself.
func (p *part) read() (rows Result, ok bool, err error) {
	p.once.Do(p.joint.run)
	rows = p.rows
	rows.ordinals = p.ordinals
	return rows, p.batch.splits >= 0, p.err
}

// run reads for all sharers, within the trace of the first.
func (j *joint) run() {
	defer recovered(&j.batch, &j.err)
	ctx, stop := j.context()
	defer stop()
	j.rows, j.err = j.sharers[0].loaders.read(ctx, &j.batch)
	j.batch.keys.release()
}

// context ends when those of all sharers have ended.
func (j *joint) context() (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(j.sharers[0].ctx))
	var left atomic.Int32
	left.Store(int32(len(j.sharers)))
	var stops []func() bool
	for _, s := range j.sharers {
		stops = append(stops, context.AfterFunc(s.ctx, func() {
			if left.Add(-1) == 0 {
				cancel(context.Cause(s.ctx))
			}
		}))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel(nil)
	}
}

func (j *joint) release() {
	if j.users.Add(-1) == 0 && j.batch.rows != nil {
		j.batch.rows.release()
	}
}
