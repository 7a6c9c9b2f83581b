// Package rawnet makes TCP and Unix connections cheaper on Linux: their system calls are hidden from Go's scheduler.
//
// Go announces each system call to its scheduler, which takes the processor from one that isn't back after 20 µs and
// gives it to another thread. A socket's call often isn't: it doesn't block, but on a busy machine the kernel runs whom it
// woke first. What follows, threads that are woken and put to sleep and a scheduler's monitor that wakes up every 20 µs to
// look for the next one, was a fifth of the CPU time of a request that reads 600 rows (golang/go#18236, golang/go#19563).
// Calls of package net's sockets never wait for the peer, so little is lost where the scheduler doesn't know: a garbage
// collection may have to wait some microseconds for one.
//
// Everything else is package net's: waiting for the peer, deadlines, closing. Connections of other types, such as those of
// package tls, and other systems are left as they are. So is everything under the race detector, which takes what one
// goroutine writes to a socket and another reads from it for an order of events.
package rawnet

import (
	"context"
	"net"
)

// DialFunc opens a connection, as [net.Dialer.DialContext] does.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// Dial returns a function that opens connections by dial and makes them cheaper. It is safe for concurrent use if dial is.
func Dial(dial DialFunc) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return Conn(c), nil
	}
}

// Listen returns l, whose connections are made cheaper.
func Listen(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return Conn(c), nil
}
