// Package subprocess runs programs that end with us.
package subprocess

import (
	"context"
	"errors"
	"net/http"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Grace is how long a program may take to end after SIGTERM. A router finishes requests in flight in that time.
const Grace = 5 * time.Second

// ErrEnded says that a program ended which should have gone on.
var ErrEnded = errors.New("the program has ended")

// Process is a program that ends with us. It has a process group of its own, so that Ctrl-C at the terminal reaches us
// alone and we decide when it ends. It is safe for use by several goroutines.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // to be read after done
}

// Start starts a program. What cmd has of SysProcAttr is replaced.
func Start(cmd *exec.Cmd) (*Process, error) {
	setAttributes(cmd)
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// run holds its thread until the program ends: Linux sends Pdeathsig when the *thread* that started it goes
// (golang/go#27505).
func (p *Process) run(started chan<- error) {
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

// Done is closed once the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err waits for the program's end and gives what [exec.Cmd.Wait] said of it.
func (p *Process) Err() error {
	<-p.done
	return p.err
}

// Status waits for the program's end and gives it in words, such as "exit status 0".
func (p *Process) Status() string {
	if err := p.Err(); err != nil {
		return err.Error()
	}
	return "exit status 0"
}

// Stop asks the program and what it started to end, makes them after the grace period, and returns once the program has
// ended. It may be called again.
func (p *Process) Stop(grace time.Duration) {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(grace):
		p.signal(syscall.SIGKILL)
		<-p.done
	}
}

func (p *Process) signal(s syscall.Signal) {
	select {
	case <-p.done: // its id may already be another's
	default:
		signalGroup(p.cmd.Process, s)
	}
}

// pollEvery is how long to wait between two questions whether a program is ready.
const pollEvery = 50 * time.Millisecond

// Ready returns once url answers 200. Errors: [ErrEnded], or the cause of ctx's end; the program isn't stopped then.
func (p *Process) Ready(ctx context.Context, url string) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !answers(ctx, url) {
		select {
		case <-p.done:
			return ErrEnded
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	return nil
}

var pollClient = &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func answers(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		panic("BUG: invalid health URL: " + err.Error())
	}
	req.Header.Set("Apollo-Require-Preflight", "true") // Apollo Gateway is asked over its GraphQL endpoint
	resp, err := pollClient.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
