package main

import (
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// process is the program as a process of its own.
type process struct {
	serving
	cmd *exec.Cmd
}

// startProcess runs `joinery serve` and waits until it answers. It is killed when t ends, if it still runs.
func startProcess(t *testing.T, program string, vars map[string]string) *process {
	t.Helper()
	p := launch(t, program, vars)
	p.awaitReady(t)
	return p
}

// launch doesn't wait until the program is ready.
func launch(t *testing.T, program string, vars map[string]string) *process {
	t.Helper()
	vars = maps.Clone(vars)
	vars["HANDLER_KEY"] = "planted-handler-key"
	p := &process{serving: serving{dir: metadataDir(t), log: &logBuffer{}, exit: make(chan int, 1)}}
	p.cmd = exec.Command(program, "serve", "--metadata", p.dir, "--listen", "127.0.0.1:0")
	for name, value := range vars {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = p.cmd.Wait()
		p.exit <- p.cmd.ProcessState.ExitCode()
		close(ended)
	}()
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); <-ended })
	return p
}

// TestSIGTERM: what orchestrators send ends the program after the requests in flight.
func TestSIGTERM(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan struct{}), make(chan struct{})
	p := startProcess(t, "joinery", map[string]string{
		"DATABASE_URL": database(t).URL,
		"HANDLER": handlers(t, map[string]http.HandlerFunc{"/list-users": func(w http.ResponseWriter, _ *http.Request) {
			close(arrived)
			<-release
			_, _ = io.WriteString(w, `[{"id": 2}, {"id": 1}]`)
		}}),
	})
	answer := make(chan string, 1)
	go func() {
		_, body, err := p.post(context.WithoutCancel(t.Context()), listUsers)
		if err != nil {
			body = err.Error()
		}
		answer <- body
	}()
	<-arrived
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool {
		for _, line := range p.log.lines(t) {
			if line["msg"] == "draining" {
				return true
			}
		}
		return false
	})
	close(release)
	if diff := cmp.Diff(listUsersAnswer, <-answer); diff != "" {
		t.Errorf("answer of the request in flight (-want +got):\n%s", diff)
	}
	if code := <-p.exit; code != 0 {
		t.Errorf("exit status %d: %s", code, p.log.String())
	}
}

// TestSecondSignal: who can't wait for the requests in flight sends another.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	p := startProcess(t, "joinery", map[string]string{
		"DATABASE_URL": database(t).URL,
		"HANDLER": handlers(t, map[string]http.HandlerFunc{"/list-users": func(_ http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-r.Context().Done()
		}}),
	})
	go func() { _, _, _ = p.post(context.WithoutCancel(t.Context()), listUsers) }()
	<-arrived
	var code int
	await(t, func() bool {
		_ = p.cmd.Process.Signal(syscall.SIGINT) // the first may come before the second can be told from it
		select {
		case code = <-p.exit:
			return true
		default:
			return false
		}
	})
	if code != -1 { // ended by the signal
		t.Errorf("exit status %d: %s", code, p.log.String())
	}
}

// TestFigures measures what design section 11 and the README promise: less than 60 MB of memory after 1,000 requests,
// and ready in less than a second. It takes a quiet machine, so it runs only where JOINERY_FIGURES is set:
//
//	JOINERY_FIGURES=1 go run ./internal/localpg/cmd/withpg -- go test ./cmd/joinery -run Figures -v
func TestFigures(t *testing.T) {
	if os.Getenv("JOINERY_FIGURES") == "" {
		t.Skip("JOINERY_FIGURES is not set")
	}
	program := filepath.Join(t.TempDir(), "joinery")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	vars := map[string]string{
		"DATABASE_URL": database(t).URL,
		"HANDLER":      handlers(t, map[string]http.HandlerFunc{"/list-users": answering(200, `[{"id": 2}, {"id": 1}]`)}),
	}
	start := time.Now()
	p := startProcess(t, program, vars)
	if status, body := p.get(t, "/readyz"); status != http.StatusOK {
		t.Fatalf("/readyz: %d %s", status, body)
	}
	ready := time.Since(start)
	atStart := peakMemory(t, p.cmd.Process.Pid)

	const requests, clients = 1000, 16
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range requests / clients {
				if _, got, err := p.post(t.Context(), listUsers); err != nil || got != listUsersAnswer {
					t.Errorf("%s %v", got, err)
					return
				}
			}
		})
	}
	wg.Wait()
	peak := peakMemory(t, p.cmd.Process.Pid)
	t.Logf("ready after %s; peak memory %.1f MB at the start, %.1f MB after %d requests of %d clients",
		ready.Round(time.Millisecond), atStart, peak, requests, clients)
	if ready > time.Second {
		t.Error("want it to be ready in less than 1 s")
	}
	if peak > 60 {
		t.Error("want less than 60 MB")
	}
}

// peakMemory is the most that was resident, in MB.
func peakMemory(t *testing.T, pid int) float64 {
	t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		t.Skip("only Linux tells the peak of a process's memory")
	}
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	if found == nil {
		t.Fatal("no VmHWM in /proc/.../status")
	}
	kilobytes, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes / 1000 * 1.024
}
