//go:build !race

package rawnet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// most is how many bytes a hidden call moves. The scheduler, and so a garbage collection, waits for it: this takes the
// kernel some microseconds.
const most = 64 << 10

// Conn returns c made cheaper, if it is a *[net.TCPConn] or *[net.UnixConn], or else c. Its errors are *[net.OpError],
// as those of c.
func Conn(c net.Conn) net.Conn {
	switch c := c.(type) {
	case *net.TCPConn:
		if s := newSocket(c, c); s != nil {
			return &tcpConn{c, s}
		}
	case *net.UnixConn:
		if s := newSocket(c, c); s != nil && c.LocalAddr().Network() == "unix" { // a stream: a datagram of no bytes is no end
			return &unixConn{c, s}
		}
	}
	return c
}

type tcpConn struct {
	*net.TCPConn
	socket *socket
}

func (c *tcpConn) Read(b []byte) (int, error)  { return c.socket.read(b) }
func (c *tcpConn) Write(b []byte) (int, error) { return c.socket.write(b) }

type unixConn struct {
	*net.UnixConn
	socket *socket
}

func (c *unixConn) Read(b []byte) (int, error)  { return c.socket.read(b) }
func (c *unixConn) Write(b []byte) (int, error) { return c.socket.write(b) }

// socket reads and writes what conn would.
type socket struct {
	conn           net.Conn
	reader, writer half
}

func newSocket(conn net.Conn, s syscall.Conn) *socket {
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	out := &socket{conn: conn}
	out.reader.init("read", raw.Read, syscall.SYS_READ)
	out.writer.init("write", raw.Write, syscall.SYS_WRITE)
	return out
}

func (s *socket) read(b []byte) (int, error) {
	if len(b) == 0 {
		return s.conn.Read(b)
	}
	s.reader.mu.Lock()
	defer s.reader.mu.Unlock()
	n, err := s.reader.move(b[:min(len(b), most)])
	if err != nil {
		return 0, s.fault(&s.reader, err)
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// write lets no other write come between, as package net does.
func (s *socket) write(b []byte) (written int, err error) {
	if len(b) == 0 {
		return s.conn.Write(b)
	}
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	for written < len(b) {
		n, err := s.writer.move(b[written:min(len(b), written+most)])
		if err != nil {
			return written, s.fault(&s.writer, err)
		}
		written += n
	}
	return written, nil
}

// fault words err as package net does.
func (s *socket) fault(h *half, err error) error {
	if waited, ok := err.(*net.OpError); ok { //nolint:errorlint // package net just made it, of waiting
		waited.Op = h.name // was "raw-read" or "raw-write"
		return waited
	}
	return &net.OpError{Op: h.name, Net: s.conn.LocalAddr().Network(), Source: s.conn.LocalAddr(), Addr: s.conn.RemoteAddr(), Err: err}
}

// half is one direction of a socket. Made once, its functions aren't allocated for each call.
type half struct {
	name  string                                  // of the system call
	wait  func(ready func(fd uintptr) bool) error // package net's: calls ready until it is true, and waits in between
	ready func(fd uintptr) bool

	mu    sync.Mutex
	bytes []byte
	n     int
	errno syscall.Errno
}

func (h *half) init(name string, wait func(func(uintptr) bool) error, call uintptr) {
	h.name, h.wait = name, wait
	h.ready = func(fd uintptr) bool {
		for {
			n, _, errno := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(h.bytes))), uintptr(len(h.bytes)))
			if errno == syscall.EAGAIN {
				return false
			}
			if errno != syscall.EINTR {
				h.n, h.errno = int(n), errno
				return true
			}
		}
	}
}

// move reads into b or writes from it once, with at least one byte. The caller holds mu.
func (h *half) move(b []byte) (int, error) {
	h.bytes = b
	err := h.wait(h.ready)
	h.bytes = nil
	switch {
	case err != nil:
		return 0, err
	case h.errno != 0:
		return 0, os.NewSyscallError(h.name, h.errno)
	}
	return h.n, nil
}
