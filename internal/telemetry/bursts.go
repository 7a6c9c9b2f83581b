package telemetry

import (
	"context"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	burst     = 64
	burstTime = 500 * time.Millisecond
)

// bursts hands ended spans on many at a time. The SDK's processor takes each over a channel, and its goroutine, which has
// nothing else to do, is woken for each: a context switch per span, which is a tenth of what tracing costs a small request.
type bursts struct {
	sdktrace.SpanProcessor

	mu    sync.Mutex
	ended []sdktrace.ReadOnlySpan
	timer *time.Timer // hands on what doesn't become a burst
}

func newBursts(next sdktrace.SpanProcessor) *bursts {
	b := &bursts{SpanProcessor: next}
	b.timer = time.AfterFunc(burstTime, b.handOn)
	return b
}

// OnEnd keeps the span for the burst.
func (b *bursts) OnEnd(s sdktrace.ReadOnlySpan) {
	b.mu.Lock()
	b.ended = append(b.ended, s)
	n := len(b.ended)
	b.mu.Unlock()
	switch n {
	case 1:
		b.timer.Reset(burstTime)
	case burst:
		b.handOn()
	}
}

func (b *bursts) handOn() {
	b.mu.Lock()
	ended := b.ended
	b.ended = make([]sdktrace.ReadOnlySpan, 0, burst)
	b.mu.Unlock()
	for _, s := range ended {
		b.SpanProcessor.OnEnd(s)
	}
}

// ForceFlush exports what has ended.
func (b *bursts) ForceFlush(ctx context.Context) error {
	b.handOn()
	return b.SpanProcessor.ForceFlush(ctx)
}

// Shutdown exports what has ended, and ends the processor.
func (b *bursts) Shutdown(ctx context.Context) error {
	b.timer.Stop()
	b.handOn()
	return b.SpanProcessor.Shutdown(ctx)
}
