//go:build !linux && !darwin

package localpg

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
)

// A Server is a running Postgres: on this system there is none.
type Server struct{}

// Start returns an error: embedded servers run on Linux and macOS only.
func Start(context.Context, Options) (*Server, error) {
	return nil, fmt.Errorf("start embedded Postgres: %w: %w", ErrUnavailable,
		errors.New("it runs on Linux and macOS only; set DATABASE_URL (for tests: TEST_DATABASE_URL) to use a server of your own"))
}

// Command prepares a program: there is no root here.
func Command(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	return exec.CommandContext(ctx, name, args...), nil
}

// URL is never called, as Start returns no Server.
func (*Server) URL() string { return "" }

// Done is never called, as Start returns no Server.
func (*Server) Done() <-chan struct{} { return nil }

// Stop is never called, as Start returns no Server.
func (*Server) Stop() error { return nil }
