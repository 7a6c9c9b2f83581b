package subgraph

import (
	"context"
	"sync/atomic"
	"time"
)

// admission bounds how many requests are executed at once. Others wait, a bounded number of them for a bounded time: a
// queue that grows only makes every answer late.
type admission struct {
	slots    chan struct{}
	waiting  atomic.Int64
	queue    int64
	patience time.Duration
}

// errOverloaded says that a request found no place.
var errOverloaded = &limitError{limit: "concurrent", reason: "too many requests at once, try again later"}

func newAdmission(l *Limits) *admission {
	return &admission{slots: make(chan struct{}, l.Concurrent), queue: int64(l.Queued), patience: l.QueueTimeout}
}

// enter waits for a place. After nil, leave gives it back.
func (a *admission) enter(ctx context.Context) error {
	select {
	case a.slots <- struct{}{}:
		return nil
	default:
	}
	if a.waiting.Add(1) > a.queue {
		a.waiting.Add(-1)
		return errOverloaded
	}
	defer a.waiting.Add(-1)
	timer := time.NewTimer(a.patience)
	defer timer.Stop()
	select {
	case a.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return errOverloaded
	case <-ctx.Done(): // the client is gone, or the request's time is up
		return errOverloaded
	}
}

func (a *admission) leave() { <-a.slots }
