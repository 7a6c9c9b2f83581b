package proc

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestCPUCountsWork(t *testing.T) {
	before, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for start := time.Now(); time.Since(start) < 20*time.Millisecond; { // burns CPU, doesn't sleep
		_ = make([]byte, 1024)
	}
	after, err := CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if spent := after - before; spent <= 0 || spent > time.Minute {
		t.Errorf("20 ms of work took %s of CPU time", spent)
	}
}

func TestTreeCPUHoldsChildren(t *testing.T) {
	self := os.Getpid()
	before, err := TreeCPU(self)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), "sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	after, err := TreeCPU(self)
	if err != nil {
		t.Fatal(err)
	}
	used := child.ProcessState.UserTime() + child.ProcessState.SystemTime()
	if got := after - before; got < used-2*tick {
		t.Errorf("TreeCPU rose by %s, the child alone used %s", got, used)
	}
}

func TestPeak(t *testing.T) {
	self := os.Getpid()
	if err := ResetPeak(self); err != nil {
		t.Skip(err) // some containers forbid it
	}
	before, err := Peak(self)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 64<<20)
	for i := 0; i < len(block); i += 4096 {
		block[i] = 1
	}
	after, err := Peak(self)
	if err != nil {
		t.Fatal(err)
	}
	if block[0] == 1 && after-before < 32<<20 {
		t.Errorf("peak rose from %d to %d after 64 MiB were touched", before, after)
	}
}
