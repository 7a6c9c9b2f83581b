package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestGOGC(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		inUse, floor uint64
		want         int
	}{
		{0, 24 * mib, 600}, // nothing was collected yet
		{1, 24 * mib, 600},
		{3 * mib, 24 * mib, 600}, // 2100 would let Go's minimum be 84 MiB
		{6 * mib, 24 * mib, 300},
		{8 * mib, 24 * mib, 200},
		{20 * mib, 24 * mib, 200},
		{24 * mib, 24 * mib, 200},
		{1 << 40, 24 * mib, 200},
		{3 * mib, 48 * mib, 1200},
		{9 * mib, 48 * mib, 425},
	} {
		if got := gogc(c.inUse, c.floor); got != c.want {
			t.Errorf("gogc(%d, %d) = %d, want %d", c.inUse, c.floor, got, c.want)
		}
	}
}

// TestTuneCollector has the heap grow beyond the floor and shrink again.
func TestTuneCollector(t *testing.T) {
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	unset := func(string) (string, bool) { return "", false }
	stop := tuneCollector(unset, false)

	// await collects until GOGC is what is wanted: a cleanup runs some time after a collection.
	await := func(want func(int) bool, held any) {
		t.Helper()
		var got int
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			runtime.GC()
			got = debug.SetGCPercent(100)
			debug.SetGCPercent(got)
			if want(got) {
				runtime.KeepAlive(held)
				return
			}
		}
		t.Errorf("GOGC is %d", got)
	}
	await(func(percent int) bool { return percent > 200 }, nil)
	await(func(percent int) bool { return percent == 200 }, make([]byte, 64<<20))
	await(func(percent int) bool { return percent > 200 }, nil)
	stop()
	if got := debug.SetGCPercent(before); got != 100 {
		t.Errorf("GOGC was 100, and is %d afterwards", got)
	}
}

func TestTuneCollectorLeavesGOGC(t *testing.T) {
	before := debug.SetGCPercent(150)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	defer tuneCollector(func(string) (string, bool) { return "150", true }, false)()
	if got := debug.SetGCPercent(150); got != 150 {
		t.Errorf("GOGC is %d", got)
	}
}
