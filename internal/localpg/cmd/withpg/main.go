// Command withpg runs a command with a Postgres server for tests and stops the server afterwards:
//
//	go run ./internal/localpg/cmd/withpg -- go test ./...
//
// The command finds the superuser's URL in TEST_DATABASE_URL. Where that is set already, withpg starts no server.
// It ends with the command's exit status (128 + n if signal n ended it, 1 if the command or the server can't start);
// `go run` itself always makes 1 of a status other than 0. SIGINT, SIGTERM and SIGHUP are passed on to the command.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/joinery-graphql/joinery/internal/localpg"
)

const urlEnv = "TEST_DATABASE_URL"

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: withpg [--] command [argument ...]")
		os.Exit(2)
	}
	status, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpg:", err)
	}
	os.Exit(status)
}

// run runs the command, with a server unless there is one, and returns the exit status.
func run(args []string) (status int, err error) {
	forwarded := []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}
	signals := make(chan os.Signal, len(forwarded)) // one that comes while the server starts waits here
	signal.Notify(signals, forwarded...)
	if os.Getenv(urlEnv) == "" {
		ctx, cancel := signal.NotifyContext(context.Background(), forwarded...)
		defer cancel()
		server, err := localpg.Start(ctx, localpg.Options{Progress: os.Stderr})
		if err != nil {
			return 1, err
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		if err := os.Setenv(urlEnv, server.URL()); err != nil {
			return 1, err
		}
	}
	return runCommand(args, signals)
}

func runCommand(args []string, signals <-chan os.Signal) (int, error) {
	cmd := exec.Command(args[0], args[1:]...) //nolint:noctx // it ends by the signals that are passed on
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			_ = cmd.Process.Signal(s) // it may have just ended
		case err := <-ended:
			return exitStatus(cmd.ProcessState, err)
		}
	}
}

// exitStatus is the shell's: 128 + n after signal n.
func exitStatus(state *os.ProcessState, err error) (int, error) {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 1, err
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return state.ExitCode(), nil
}
