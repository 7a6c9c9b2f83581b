package subgraph

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// JoinPlans keeps the join plans of operations by their traces, for who watches a trace: behind a router that is the way to
// learn how an operation was answered here, in however many requests. The zero value is ready. It is safe for concurrent
// use; while nothing is watched it costs a request nothing.
type JoinPlans struct {
	watching atomic.Bool
	mu       sync.Mutex
	traces   []*watchedTrace // the oldest first
}

type watchedTrace struct {
	id    string
	plans []json.RawMessage
}

const (
	maxWatched = 100 // traces; the oldest is forgotten
	maxOfTrace = 100 // plans of one trace that are kept
)

// Watch has the operations of a trace explained from now on, with analysis. id is that of traceparent: 32 digits.
func (p *JoinPlans) Watch(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trace(id) == nil {
		p.traces = append(p.traces[max(0, len(p.traces)+1-maxWatched):], &watchedTrace{id: id})
	}
	p.watching.Store(true)
}

// Of returns the plans of a trace, each a [JoinPlan] as JSON, in the order in which they ended, and no longer watches it.
// It is nil where there are none.
func (p *JoinPlans) Of(id string) []json.RawMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.trace(id)
	if t == nil {
		return nil
	}
	p.traces = slices.DeleteFunc(p.traces, func(other *watchedTrace) bool { return other == t })
	p.watching.Store(len(p.traces) > 0)
	return t.plans
}

func (p *JoinPlans) trace(id string) *watchedTrace {
	i := slices.IndexFunc(p.traces, func(t *watchedTrace) bool { return t.id == id })
	if i < 0 {
		return nil
	}
	return p.traces[i]
}

// of is the trace of a request if it is watched, else "". p may be nil.
func (p *JoinPlans) of(r *http.Request) string {
	if p == nil || !p.watching.Load() {
		return ""
	}
	parent := r.Header.Get("Traceparent") // version-trace-parent-flags (https://www.w3.org/TR/trace-context, section 3.2)
	if len(parent) < 35 {
		return ""
	}
	id := parent[3:35]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.trace(id) == nil {
		return ""
	}
	return id
}

func (p *JoinPlans) keep(id string, plan json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.trace(id); t != nil && len(t.plans) < maxOfTrace {
		t.plans = append(t.plans, plan)
	}
}
