package rawnet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/joinery-graphql/joinery/internal/rawnet"
)

var networks = []string{"tcp", "unix"}

// pair are the two ends of a connection.
func pair(network, address string) (client, server net.Conn, stop func(), err error) {
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), network, address)
	if err != nil {
		return nil, nil, nil, err
	}
	l = rawnet.Listen(l)
	client, err = rawnet.Dial((&net.Dialer{}).DialContext)(context.Background(), network, l.Addr().String())
	if err != nil {
		return nil, nil, nil, errors.Join(err, l.Close())
	}
	server, err = l.Accept()
	if err != nil {
		return nil, nil, nil, errors.Join(err, client.Close(), l.Close())
	}
	return client, server, func() { _, _, _ = client.Close(), server.Close(), l.Close() }, nil
}

func address(t *testing.T, network string) string {
	if network == "unix" {
		return filepath.Join(t.TempDir(), "s")
	}
	return "127.0.0.1:0"
}

func mustPair(t *testing.T, network string) (client, server net.Conn) {
	t.Helper()
	client, server, stop, err := pair(network, address(t, network))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return client, server
}

// The connections are held to what package net promises of its own.
func TestConn(t *testing.T) {
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) { return pair(network, address(t, network)) })
		})
	}
}

func TestWhole(t *testing.T) {
	for _, network := range networks {
		t.Run(network, func(t *testing.T) {
			client, server := mustPair(t, network)
			sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // 4 MiB: more than the kernel keeps
			done := make(chan error, 1)
			go func() {
				n, err := client.Write(sent)
				if err == nil && n != len(sent) {
					err = io.ErrShortWrite
				}
				done <- errors.Join(err, client.(interface{ CloseWrite() error }).CloseWrite())
			}()
			got, err := io.ReadAll(server)
			if err := errors.Join(err, <-done); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, sent) {
				t.Fatalf("%d bytes came of %d, or others", len(got), len(sent))
			}
		})
	}
}

// A write of one goroutine isn't torn by another's, also where it is longer than one system call moves.
func TestWritesAreWhole(t *testing.T) {
	client, server := mustPair(t, "tcp")
	const length, writes = 300_000, 8
	for i := range writes {
		go func() { _, _ = client.Write(bytes.Repeat([]byte{byte('a' + i)}, length)) }()
	}
	for range writes {
		b := make([]byte, length)
		if _, err := io.ReadFull(server, b); err != nil {
			t.Fatal(err)
		}
		if rest := bytes.TrimLeft(b, string(b[0])); len(rest) > 0 {
			t.Fatalf("after %d bytes of %q comes %q", length-len(rest), b[0], rest[0])
		}
	}
}

// Errors are those of package net, which net/http and pgconn ask about.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		name    string
		cause   func(client, server net.Conn) error
		is      error
		timeout bool
		text    string
	}{
		{name: "deadline", cause: func(client, _ net.Conn) error {
			_ = client.SetReadDeadline(time.Now().Add(-time.Second))
			_, err := client.Read(make([]byte, 1))
			return err
		}, timeout: true, text: "i/o timeout"},
		{name: "closed", cause: func(client, _ net.Conn) error {
			_ = client.Close()
			_, err := client.Read(make([]byte, 1))
			return err
		}, is: net.ErrClosed, text: "use of closed network connection"},
		{name: "closed, write", cause: func(client, _ net.Conn) error {
			_ = client.Close()
			_, err := client.Write(make([]byte, 1))
			return err
		}, is: net.ErrClosed, text: "use of closed network connection"},
		{name: "reset", cause: func(client, server net.Conn) error {
			_, _ = client.Write([]byte("unread")) // closing over it is a reset
			_, _ = server.Read(make([]byte, 1))
			_ = server.Close()
			_, err := client.Read(make([]byte, 1))
			return err
		}, is: syscall.ECONNRESET, text: "read: connection reset by peer"},
		{name: "broken pipe", cause: func(client, server net.Conn) error {
			_ = server.Close()
			for {
				if _, err := client.Write([]byte("x")); err != nil && !errors.Is(err, syscall.ECONNRESET) {
					return err
				}
			}
		}, is: syscall.EPIPE, text: "write: broken pipe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, server := mustPair(t, "tcp")
			err := c.cause(client, server)
			op := (*net.OpError)(nil)
			if !errors.As(err, &op) || op.Timeout() != c.timeout || !strings.HasSuffix(err.Error(), c.text) || strings.Contains(err.Error(), "raw-") {
				t.Fatalf("%T %v", err, err)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Fatalf("%v isn't %v", err, c.is)
			}
		})
	}
}

func TestEnd(t *testing.T) {
	for _, network := range networks {
		client, server := mustPair(t, network)
		_ = server.Close()
		if n, err := client.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			t.Fatalf("%s: %d bytes, %v", network, n, err)
		}
	}
}

// What isn't a socket of package net is left as it is.
func TestOthers(t *testing.T) {
	a, b := net.Pipe()
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	if rawnet.Conn(a) != a {
		t.Fatal("a pipe was changed")
	}
	refused := errors.New("refused")
	dial := rawnet.Dial(func(context.Context, string, string) (net.Conn, error) { return nil, refused })
	if c, err := dial(t.Context(), "tcp", "127.0.0.1:1"); c != nil || !errors.Is(err, refused) {
		t.Fatal(c, err)
	}
}

func TestNoAllocations(t *testing.T) {
	client, server := mustPair(t, "tcp")
	out, in := []byte("x"), make([]byte, 1)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := client.Write(out); err != nil {
			t.Fatal(err)
		}
		if _, err := server.Read(in); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Fatalf("%v allocations", n)
	}
}
