//go:build unix

package localstack

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func shell(t *testing.T, script string) *child {
	t.Helper()
	c, err := startChild("it", exec.Command("sh", "-c", script), filepath.Join(t.TempDir(), "it.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	return c
}

// waitFor polls until ok holds.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("waited too long for %s", what)
		case <-tick.C:
		}
	}
}

func TestChildEnds(t *testing.T) {
	t.Parallel()
	c := shell(t, "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do echo line $i; done; exit 3")
	err := c.ready(t.Context(), "http://127.0.0.1:1/")
	if err == nil {
		t.Fatal("no error")
	}
	got := err.Error()
	if !strings.HasPrefix(got, "it ended: exit status 3; the end of ") || !strings.HasSuffix(got, ":\n    line 2\n    "+strings.Join([]string{"line 3", "line 4", "line 5", "line 6", "line 7", "line 8", "line 9", "line 10", "line 11", "line 12", "line 13"}, "\n    ")) {
		t.Errorf("got %s", got)
	}
}

func TestChildReady(t *testing.T) {
	t.Parallel()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	if err := shell(t, "exec sleep 60").ready(t.Context(), server.URL); err != nil || asked != 3 {
		t.Errorf("got %v after %d questions", err, asked)
	}
}

func TestChildNotReady(t *testing.T) {
	t.Parallel()
	cause := errors.New("another has ended")
	ctx, cancel := context.WithCancelCause(t.Context())
	c := shell(t, "exec sleep 60")
	cancel(cause)
	if err := c.ready(ctx, "http://127.0.0.1:1/"); !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause", err)
	}
}

// TestChildSlow: what the child said by then is told.
func TestChildSlow(t *testing.T) {
	t.Parallel()
	c := shell(t, "echo waiting for a lock; exec sleep 60")
	waitFor(t, "the log", func() bool { text, _ := os.ReadFile(c.log); return len(text) > 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if err := c.ready(ctx, "http://127.0.0.1:1/"); err == nil || !strings.HasSuffix(err.Error(), ":\n    waiting for a lock") {
		t.Errorf("got %v, want the end of the log", err)
	}
}

// TestChildStop: the children of a child are asked to end, too.
func TestChildStop(t *testing.T) {
	t.Parallel()
	pids := filepath.Join(t.TempDir(), "pids")
	c := shell(t, "sleep 60 & echo $! > "+pids+".tmp; mv "+pids+".tmp "+pids+"; wait")
	waitFor(t, "the grandchild", func() bool { _, err := os.Stat(pids); return err == nil })
	c.stop()
	text, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the end of the grandchild", func() bool { return !alive(pid) })
}

// alive holds for a process that is there and no zombie: nobody may collect orphans in a container.
func alive(pid int) bool {
	if status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil {
		return !strings.Contains(string(status), ") Z ")
	}
	return syscall.Kill(pid, 0) == nil
}

func TestStartChildFaults(t *testing.T) {
	t.Parallel()
	_, err := startChild("it", exec.Command("/nowhere/it"), filepath.Join(t.TempDir(), "it.log"))
	if err == nil || !strings.HasPrefix(err.Error(), "start it: ") {
		t.Errorf("got %v", err)
	}
}
