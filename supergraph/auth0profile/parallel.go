package auth0profile

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// parallel calls do for each item, parallelCalls at a time, and waits for all. A panic of one is
// raised again here, with its stack, where it can be recovered (errgroup would end the process).
func parallel[T any](items []T, do func(T)) {
	work := make(chan T, len(items))
	for _, item := range items {
		work <- item
	}
	close(work)
	var (
		wait     sync.WaitGroup
		once     sync.Once
		panicked string
	)
	for range min(parallelCalls, len(items)) {
		wait.Go(func() {
			defer func() {
				if cause := recover(); cause != nil {
					once.Do(func() { panicked = fmt.Sprintf("%v\n%s", cause, debug.Stack()) })
				}
			}()
			for item := range work {
				do(item)
			}
		})
	}
	wait.Wait()
	if panicked != "" {
		panic(panicked)
	}
}
