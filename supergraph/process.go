package supergraph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/joinery-graphql/joinery/internal/subprocess"
)

// process is a program that ends with us, and the last it said.
type process struct {
	*subprocess.Process
	name string
	tail *tail
}

// startProcess starts cmd, with stderr, and stdout unless cmd has one, going to log (nil discards) and to the tail.
func startProcess(name string, cmd *exec.Cmd, log io.Writer) (*process, error) {
	tail := &tail{}
	out := io.Writer(tail)
	if log != nil {
		out = io.MultiWriter(tail, log)
	}
	cmd.Stderr = out
	if cmd.Stdout == nil {
		cmd.Stdout = out
	}
	cmd.WaitDelay = time.Second // what it leaves behind may hold its output open
	p, err := subprocess.Start(cmd)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &process{p, name, tail}, nil
}

// ended tells how a child ended that should have gone on, with the last it said.
func (p *process) ended() error {
	status := p.Status()
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
		p.Stop(subprocess.Grace)
		return fmt.Errorf("%s: %w", name, ctx.Err())
	case <-p.Done():
	}
	if err := p.Err(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
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
