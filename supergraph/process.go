package supergraph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// grace is how long a child may take to end after SIGTERM. The router finishes requests in flight in that time.
const grace = 5 * time.Second

// process is a child that ends with us. It has a process group of its own, so that Ctrl-C at the terminal reaches us
// alone and we decide when it ends.
type process struct {
	name string
	cmd  *exec.Cmd
	tail *tail
	done chan struct{} // closed once it has ended
	err  error         // how it ended; to be read after done
}

// startProcess starts cmd, with stderr, and stdout unless cmd has one, going to log (nil discards) and to the tail.
func startProcess(name string, cmd *exec.Cmd, log io.Writer) (*process, error) {
	p := &process{name: name, cmd: cmd, tail: &tail{}, done: make(chan struct{})}
	out := io.Writer(p.tail)
	if log != nil {
		out = io.MultiWriter(p.tail, log)
	}
	cmd.Stderr = out
	if cmd.Stdout == nil {
		cmd.Stdout = out
	}
	cmd.WaitDelay = time.Second // what it leaves behind may hold its output open
	setAttributes(cmd)

	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// run holds its thread until the child ends: Linux sends Pdeathsig when the *thread* that started the child goes
// (golang/go#27505).
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	close(p.done)
}

// stop asks the child to end, makes it after the grace period, and returns once it has ended. It may be called again.
func (p *process) stop(grace time.Duration) {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(grace):
		p.signal(syscall.SIGKILL)
		<-p.done
	}
}

func (p *process) signal(s syscall.Signal) {
	select {
	case <-p.done: // its id may already be another's
	default:
		signalGroup(p.cmd.Process, s)
	}
}

// ended tells how a child ended that should have gone on, with the last it said.
func (p *process) ended() error {
	<-p.done
	status := "exit status 0"
	if p.err != nil {
		status = p.err.Error()
	}
	if last := p.tail.String(); last != "" {
		return fmt.Errorf("%s ended: %s: %s", p.name, status, last)
	}
	return fmt.Errorf("%s ended: %s", p.name, status)
}

// runProcess runs cmd to its end, or stops it when ctx is done. The error has the last lines it printed.
func runProcess(ctx context.Context, name string, cmd *exec.Cmd, log io.Writer) error {
	p, err := startProcess(name, cmd, log)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		p.stop(grace)
		return fmt.Errorf("%s: %w", name, ctx.Err())
	case <-p.done:
	}
	if p.err != nil && !errors.Is(p.err, exec.ErrWaitDelay) {
		return p.ended()
	}
	return nil
}

// tail keeps the last that was written to it. Safe for use by several goroutines.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 2048

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - tailSize; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(b), nil
}

// String is the text without the line that was cut at its beginning.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := string(t.text)
	if len(t.text) == tailSize {
		if _, after, found := strings.Cut(text, "\n"); found {
			text = after
		}
	}
	return strings.TrimSpace(text)
}
