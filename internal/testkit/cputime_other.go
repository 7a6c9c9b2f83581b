//go:build !unix

package testkit

import (
	"runtime"
	"testing"
	"time"
)

// CPUTime skips the test: it can't be read here.
func CPUTime(t testing.TB) time.Duration {
	t.Helper()
	Skip(t, "the CPU time can't be read on %s", runtime.GOOS)
	return 0
}
