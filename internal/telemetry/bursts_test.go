package telemetry

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// TestBursts: every span is handed on once: with the burst it is of, after a time, by a flush, and at the end.
func TestBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recorder := tracetest.NewSpanRecorder()
		provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(newBursts(recorder)))
		tracer := provider.Tracer("test")
		end := func(n int) {
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() {
					_, span := tracer.Start(t.Context(), "span")
					span.End()
				})
			}
			wg.Wait()
		}
		want := func(n int) {
			t.Helper()
			if got := len(recorder.Ended()); got != n {
				t.Fatalf("%d spans, want %d", got, n)
			}
		}
		end(burst - 1)
		want(0)
		end(1)
		want(burst)
		end(1)
		time.Sleep(burstTime)
		synctest.Wait()
		want(burst + 1)
		end(1)
		if err := provider.ForceFlush(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		want(burst + 2)
		end(1)
		if err := provider.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		want(burst + 3)
	})
}
