package supergraph

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/joinery-graphql/joinery/internal/subprocess"
)

// addresses gives each wanted address an explicit port: programs that we start can't tell us which one they took.
// Empty means a free port on loopback, as "127.0.0.1:0" does; ports asked for by number must be free. All are free at
// once, so they differ.
func addresses(wanted ...string) ([]string, error) {
	found := make([]string, len(wanted))
	for i, address := range wanted {
		if address == "" {
			address = "127.0.0.1:0"
		}
		var config net.ListenConfig
		l, err := config.Listen(context.Background(), "tcp", address)
		if err != nil {
			return nil, fmt.Errorf("%w: stop what uses it, or choose another", err)
		}
		defer l.Close()
		found[i] = explicit(address, l.Addr().(*net.TCPAddr))
	}
	return found, nil
}

// explicit is the address as the router wants it: an IP address, not a name, and a port. What listens on every
// interface keeps its form, since Go tells [::] also of 0.0.0.0.
func explicit(wanted string, got *net.TCPAddr) string {
	host, _, err := net.SplitHostPort(wanted)
	if err != nil {
		panic("BUG: listening without a port: " + wanted)
	}
	switch {
	case host == "":
		host = "0.0.0.0"
	case net.ParseIP(host) == nil:
		host = got.IP.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(got.Port))
}

// reachable is the URL of a listen address: one that listens everywhere is reached at loopback.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		panic("BUG: listen address without a port: " + address)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// startTimeout bounds the start of a program where the context doesn't.
const startTimeout = time.Minute

// ready returns once url answers 200, and an error when the program ends or ctx does. On error the program is stopped.
func (p *process) ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	switch err := p.Ready(ctx, url); {
	case err == nil:
		return nil
	case errors.Is(err, subprocess.ErrEnded):
		return p.ended()
	}
	p.Stop(subprocess.Grace)
	return fmt.Errorf("%s is not ready: %w: %s", p.name, ctx.Err(), p.tail)
}

// retryPorts starts a program again whose freely chosen port somebody else took before it did.
func retryPorts[T any](start func() (T, []string, error)) (T, error) {
	for attempt := 1; ; attempt++ {
		program, used, err := start()
		if err == nil || attempt == 3 {
			return program, err
		}
		if _, taken := addresses(used...); len(used) == 0 || taken == nil || errors.Is(err, context.Canceled) {
			return program, err
		}
	}
}
