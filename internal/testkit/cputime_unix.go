//go:build unix

package testkit

import (
	"syscall"
	"testing"
	"time"
)

// CPUTime is the user and system time that this process has used so far, whatever else the machine does.
func CPUTime(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
