package localstack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	grace        = 5 * time.Second // from SIGTERM to SIGKILL
	startTimeout = 30 * time.Second
	pollEvery    = 50 * time.Millisecond
)

// child is a program that ends with us. It has a process group of its own, so that Ctrl-C at the terminal reaches us
// alone and we decide when it ends.
type child struct {
	name string
	cmd  *exec.Cmd
	log  string        // path of its output
	done chan struct{} // closed once it has ended
	err  error         // how it ended; to be read after done
}

// startChild starts cmd with its output in a new file at log.
func startChild(name string, cmd *exec.Cmd, log string) (*child, error) {
	output, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	setAttributes(cmd)
	c := &child{name: name, cmd: cmd, log: log, done: make(chan struct{})}
	started := make(chan error)
	go c.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return c, nil
}

// run holds its thread until the child ends: Linux sends Pdeathsig when the thread that started the child goes
// (golang/go#27505).
func (c *child) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := c.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	c.err = c.cmd.Wait()
	close(c.done)
}

// ready returns once url answers 200. Errors: the child has ended; it isn't ready in time; the cause of ctx's end.
func (c *child) ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout,
		fmt.Errorf("%s doesn't answer at %s after %s%s", c.name, url, startTimeout, lastLines(c.log)))
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !answers(ctx, url) {
		select {
		case <-c.done:
			return c.ended()
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	return nil
}

func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// ended tells how a child ended that should have gone on.
func (c *child) ended() error {
	<-c.done
	status := "exit status 0"
	if c.err != nil {
		status = c.err.Error()
	}
	return fmt.Errorf("%s ended: %s%s", c.name, status, lastLines(c.log))
}

// stop asks the child and its own children to end, makes them after the grace period, and returns once it has ended.
func (c *child) stop() {
	c.signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(grace):
		c.signal(syscall.SIGKILL)
		<-c.done
	}
}

func (c *child) signal(s syscall.Signal) {
	select {
	case <-c.done: // its id may already be another's
	default:
		signalGroup(c.cmd.Process, s)
	}
}

const shownLines, shownBytes = 12, 4096

// lastLines is the end of a log, for an error message; empty where there is none.
func lastLines(path string) string {
	text, err := readEnd(path, shownBytes)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > shownLines {
		lines = lines[len(lines)-shownLines:]
	}
	if len(lines) == 1 && lines[0] == "" {
		return "; its log " + shown(path) + " is empty"
	}
	return "; the end of " + shown(path) + ":\n    " + strings.Join(lines, "\n    ")
}

func readEnd(path string, size int64) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	start := max(0, info.Size()-size)
	content := make([]byte, info.Size()-start)
	if _, err := file.ReadAt(content, start); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return string(content), nil
}
