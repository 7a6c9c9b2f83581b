package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// A heap with few megabytes in use is collected at Go's minimum, which is every thousand small requests, for a tenth of
// their CPU time. So the heap may grow to a floor, whatever little of it is in use. A traced request leaves nearly twice as
// much to collect.
const (
	heapFloor       = 24 << 20
	tracedHeapFloor = 48 << 20
)

// smallestGOGC is what a heap beyond the floor is collected at, when it is three times what is in use. Go's own is 100.
const smallestGOGC = 200

// goMinimumHeap is what Go lets a heap grow to at GOGC=100, and in proportion at others (runtime, "heapMinimum").
const goMinimumHeap = 4 << 20

// pacer sets GOGC after each collection.
type pacer struct {
	floor uint64

	mu      sync.Mutex
	percent int
	stopped bool
}

// tuneCollector has the process collect garbage when the heap is at the floor, or three times what is in use where that
// is more, until stop is called. GOGC, where it is set, has Go's own meaning instead; GOMEMLIMIT is kept either way.
func tuneCollector(lookupEnv func(string) (string, bool), traced bool) (stop func()) {
	if _, set := lookupEnv("GOGC"); set {
		return func() {}
	}
	p := &pacer{floor: heapFloor}
	if traced {
		p.floor = tracedHeapFloor
	}
	p.percent = gogc(heapInUse(), p.floor)
	before := debug.SetGCPercent(p.percent)
	p.awaitCollection()
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.stopped = true
		debug.SetGCPercent(before)
	}
}

// awaitCollection adjusts GOGC when the next collection is over.
func (p *pacer) awaitCollection() {
	// Nothing refers to it, so it is gone with each collection. It has a pointer: objects without are allocated several at once.
	sentinel := new(*byte)
	runtime.AddCleanup(sentinel, (*pacer).adjust, p)
}

func (p *pacer) adjust() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	if percent := gogc(heapInUse(), p.floor); percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	p.awaitCollection()
}

// heapInUse is what the last collection found in use, in bytes.
func heapInUse() uint64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return live[0].Value.Uint64()
}

// gogc is the percentage by which a heap grows from what is in use to the floor: not less than smallestGOGC, and not more
// than what has Go's own minimum pass the floor. It is a multiple of 25, since each change stops the process for some
// microseconds.
func gogc(inUse, floor uint64) int {
	percent := floor * 100 / goMinimumHeap
	if inUse > 0 {
		percent = min(percent, (max(floor, inUse)-inUse)*100/inUse)
	}
	return max(int(percent-percent%25), smallestGOGC)
}
