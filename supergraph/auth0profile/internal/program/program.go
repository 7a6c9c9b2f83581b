// Package program is what the two programs share: settings from flags and the environment, and
// serving until a signal.
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/alecthomas/kong"
)

// envTag is the struct tag that names the environment variable of a flag. (Kong's own tag, env,
// reads the process's environment, which a test can't give.)
const envTag = "from"

// drainTimeout is how long requests in flight may take after the signal to end.
const drainTimeout = 20 * time.Second

// Parse fills settings, a pointer to a struct with kong's tags and `from:"VARIABLE"`. A flag wins
// over its variable, which wins over the default; an empty variable is none. helped is true after
// --help, which is printed to stdout: there is nothing more to do then.
func Parse(settings any, name, about string, args []string, env func(string) string, stdout io.Writer) (helped bool, err error) {
	parser, err := kong.New(settings,
		kong.Name(name), kong.Description(about),
		kong.Writers(stdout, stdout),
		kong.Exit(func(int) { helped = true }),
		kong.Resolvers(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
			if value := env(flag.Tag.Get(envTag)); value != "" && flag.Tag.Has(envTag) {
				return value, nil
			}
			return nil, nil
		})),
		kong.ValueFormatter(func(value *kong.Value) string {
			if !value.Tag.Has(envTag) {
				return value.Help
			}
			return value.Help + " ($" + value.Tag.Get(envTag) + ")"
		}),
	)
	if err != nil {
		return false, fmt.Errorf("BUG: define the flags: %w", err)
	}
	if _, err = parser.Parse(args); helped {
		return true, nil
	}
	return false, err
}

// Listen opens the address, host:port; port 0 takes a free one.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w (another --listen address mends a port in use)", err)
	}
	return listener, nil
}

// Serve answers on the listener until ctx ends. Then it calls drain and lets the requests in flight
// end. It logs the address when it begins.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger, drain func()) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	log.Info("listening", "address", listener.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.Info("draining", "at_most", drainTimeout.String())
	drain()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return fmt.Errorf("drain: %w", errors.Join(err, server.Close()))
	}
	return nil
}
