package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// connection speaks as much of HTTP/1.1 as the load needs, and costs a tenth of net/http's client: the load generator
// must not be what is measured.
type connection struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

func dial(ctx context.Context, address string) (*connection, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

func (c *connection) close() { _ = c.conn.Close() }

// httpRequest is the whole request, ready to be sent. header is further lines.
func httpRequest(header string, body []byte) []byte {
	head := fmt.Sprintf("POST /graphql HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAccept: application/json\r\n%sContent-Length: %d\r\n\r\n", header, len(body))
	return append([]byte(head), body...)
}

var errStatus = errors.New("status other than 200")

// post sends a request and returns the answer's body, which is valid until the next call.
func (c *connection) post(request []byte) ([]byte, error) {
	if _, err := c.conn.Write(request); err != nil {
		return nil, err
	}
	return c.answer()
}

// answer reads the answer of the request that was written, see post.
func (c *connection) answer() ([]byte, error) {
	status, err := c.line()
	if err != nil {
		return nil, err
	}
	ok := bytes.HasPrefix(status, []byte("HTTP/1.1 200"))
	length, err := c.headers()
	if err != nil {
		return nil, err
	}
	c.body = c.body[:0]
	if length < 0 {
		err = c.chunks()
	} else {
		err = c.read(length)
	}
	if err == nil && !ok {
		err = fmt.Errorf("%w: %s", errStatus, c.body[:min(len(c.body), 300)])
	}
	return c.body, err
}

func (c *connection) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

// headers reads to the end of the headers and returns the body's length, or -1 where it comes in chunks.
func (c *connection) headers() (length int, err error) {
	length = -1
	for {
		line, err := c.line()
		if err != nil || len(line) == 0 {
			return length, err
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if len(name) == len("Content-Length") && strings.EqualFold(string(name), "Content-Length") {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		}
	}
}

func (c *connection) chunks() error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		length, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return err
		}
		if err := c.read(int(length)); err != nil {
			return err
		}
		if _, err := c.line(); err != nil || length == 0 {
			return err
		}
	}
}

func (c *connection) read(n int) error {
	from := len(c.body)
	c.body = slices.Grow(c.body, n)[:from+n]
	_, err := io.ReadFull(c.in, c.body[from:])
	return err
}

// isAnswer reports whether a body looks like data without errors. Answers were compared in full beforehand.
func isAnswer(body []byte) bool {
	return bytes.HasPrefix(body, []byte(`{"data":{`)) && !bytes.Contains(body, []byte(`"errors":[`))
}

// load sends requests over n connections, each one after the other, for a while, and returns how long each took.
func load(ctx context.Context, address string, requests [][]byte, n int, duration time.Duration) ([]time.Duration, error) {
	connections := make([]*connection, n)
	for i := range connections {
		c, err := dial(ctx, address)
		if err != nil {
			return nil, err
		}
		defer c.close()
		connections[i] = c
	}
	took := make([][]time.Duration, n)
	faults := make([]error, n)
	deadline := time.Now().Add(duration)
	var wg sync.WaitGroup
	for i, c := range connections {
		wg.Go(func() { took[i], faults[i] = c.repeat(ctx, requests, i*len(requests)/n, deadline) })
	}
	wg.Wait()
	return slices.Concat(took...), errors.Join(faults...)
}

func (c *connection) repeat(ctx context.Context, requests [][]byte, first int, deadline time.Time) ([]time.Duration, error) {
	var took []time.Duration
	start := time.Now()
	for i := first; start.Before(deadline) && ctx.Err() == nil; i++ {
		body, err := c.post(requests[i%len(requests)])
		if err == nil && !isAnswer(body) {
			err = fmt.Errorf("unexpected answer %s", body[:min(len(body), 300)])
		}
		if err != nil {
			return nil, err
		}
		end := time.Now()
		took = append(took, end.Sub(start))
		start = end
	}
	return took, ctx.Err()
}
