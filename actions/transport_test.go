package actions_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/metadata"
)

func trim(s string) string { return strings.TrimSpace(s) }

func unmarshal(tb testing.TB, s string, v any) {
	tb.Helper()
	if err := json.Unmarshal([]byte(s), v); err != nil {
		tb.Fatalf("%s: %v", s, err)
	}
}

// wantJSON compares JSON values, numbers by their digits.
func wantJSON(tb testing.TB, want, got string) {
	tb.Helper()
	if diff := cmp.Diff(decode(tb, want), decode(tb, got)); diff != "" {
		tb.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func decode(tb testing.TB, s string) (v any) {
	tb.Helper()
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		tb.Fatalf("%s: %v", s, err)
	}
	return v
}

const httpException = "http exception when calling webhook"

func TestHandlerDown(t *testing.T) {
	srv := httptest.NewServer(answering(200, user))
	addr := srv.Listener.Addr().String()
	srv.Close()
	c := newClient(t, actions.Options{}, action(srv.URL+"/?key=s3cret", nil))
	cl := call()
	cl.Admin = true
	e := callError(t, c, cl)
	var opError *net.OpError
	if e.Message != httpException || e.Reason != actions.ReasonConnection || !errors.As(e, &opError) {
		t.Errorf("error is %q (%s), caused by %T", e.Message, e.Reason, e.Unwrap())
	}
	shown := marshal(t, e.Extensions)
	wantJSON(t, `{"type": "http_exception", "message": "dial tcp `+addr+`: connect: connection refused"}`,
		marshal(t, decode(t, shown).(map[string]any)["internal"].(map[string]any)["error"]))

	// The handler comes back: the next call works.
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Skipf("the port was taken: %v", err)
	}
	back := &httptest.Server{Listener: l, Config: &http.Server{Handler: answering(200, user)}}
	back.Start()
	defer back.Close()
	if _, err := c.Call(context.Background(), call()); err != nil {
		t.Errorf("the handler is back: %v", err)
	}
}

// TestTimeout has handlers that block until the test ends.
func TestTimeout(t *testing.T) {
	tests := []struct {
		name  string
		start string // of the body, written before blocking
	}{
		{"before the headers", ""},
		{"in the body", `{"id": "x", `},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			release := make(chan struct{})
			srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if tt.start != "" {
					_, _ = io.WriteString(w, tt.start)
					_ = http.NewResponseController(w).Flush()
				}
				<-release
			})
			t.Cleanup(func() { close(release) })
			a := action(srv.URL, func(a *metadata.Action) { a.Timeout = 30 * time.Millisecond })
			e := callError(t, newClient(t, actions.Options{DevMode: true}, a), call())
			if e.Message != httpException || e.Reason != actions.ReasonTimeout || !errors.Is(e, context.DeadlineExceeded) {
				t.Errorf("error is %q (%s), caused by %v", e.Message, e.Reason, e.Unwrap())
			}
			if shown := marshal(t, e.Extensions["internal"]); !strings.Contains(shown, `"message":"Response timeout"`) {
				t.Errorf("internal is %s", shown)
			}
		})
	}
}

func TestCanceled(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	srv := serve(t, func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-release
	})
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-entered
		cancel()
	}()
	_, err := newClient(t, actions.Options{}, action(srv.URL, nil)).Call(ctx, call())
	var e *actions.Error
	if !errors.As(err, &e) || e.Reason != actions.ReasonCanceled || !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestBrokenAnswers(t *testing.T) {
	tests := []struct {
		name, raw string
		message   string
		reason    actions.Reason
	}{
		{"closed without an answer", "", httpException, actions.ReasonConnection},
		{"not HTTP", "hello\r\n\r\n", httpException, actions.ReasonConnection},
		{"shorter than declared", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", httpException, actions.ReasonConnection},
		{"chunk cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}", httpException, actions.ReasonConnection},
		{"not gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", httpException, actions.ReasonConnection},
		{"switching protocols", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "internal error", actions.ReasonStatus},
		{"headers without end", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20), httpException, actions.ReasonConnection},
		{"early hints first", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n" + user, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					panic(err)
				}
				_, _ = io.WriteString(conn, tt.raw)
				_ = conn.Close()
			})
			c := newClient(t, actions.Options{}, action(srv.URL, nil))
			if tt.message == "" {
				if _, err := c.Call(context.Background(), call()); err != nil {
					t.Errorf("Call: %v", err)
				}
				return
			}
			if e := callError(t, c, call()); e.Message != tt.message || e.Reason != tt.reason {
				t.Errorf("error is %q (%s), want %q (%s)", e.Message, e.Reason, tt.message, tt.reason)
			}
		})
	}
}

func TestResponseLimit(t *testing.T) {
	const limit, total = 64 << 10, 100 << 20
	message := fmt.Sprintf("response of the action webhook is larger than %d bytes", limit)
	chunk := []byte(strings.Repeat(`"0123456789abc",`, 1<<10))
	stream := func(w io.Writer, written *atomic.Int64) {
		for written.Load() < total {
			n, err := w.Write(chunk)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	}
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		t.Run(fmt.Sprintf("stream with status %d", status), func(t *testing.T) {
			var written atomic.Int64
			done := make(chan struct{})
			srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				defer close(done)
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "[")
				stream(w, &written)
			})
			e := callError(t, newClient(t, actions.Options{MaxResponseBytes: limit}, action(srv.URL, nil)), call())
			if e.Message != message || e.Reason != actions.ReasonTooLarge {
				t.Errorf("error is %q (%s)", e.Message, e.Reason)
			}
			<-done
			// What the handler gets rid of beyond the limit lies in socket buffers.
			if n := written.Load(); n < limit || n > total/4 {
				t.Errorf("the handler wrote %d of %d bytes", n, total)
			}
		})
	}
	t.Run("declared", func(t *testing.T) {
		srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(total))
			_ = http.NewResponseController(w).Flush()
		})
		e := callError(t, newClient(t, actions.Options{MaxResponseBytes: limit}, action(srv.URL, nil)), call())
		if e.Message != message {
			t.Errorf("error is %q", e.Message)
		}
	})
	t.Run("compressed", func(t *testing.T) {
		srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			stream(z, new(atomic.Int64))
		})
		e := callError(t, newClient(t, actions.Options{MaxResponseBytes: limit}, action(srv.URL, nil)), call())
		if e.Message != message {
			t.Errorf("error is %q", e.Message)
		}
	})
	for _, size := range []int{limit - 1, limit, limit + 1} {
		t.Run(fmt.Sprintf("%d bytes", size), func(t *testing.T) {
			body := `"` + strings.Repeat("x", size-2) + `"`
			srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				_ = http.NewResponseController(w).Flush() // chunked
				_, _ = io.WriteString(w, body)
			})
			a := action(srv.URL, func(a *metadata.Action) { a.Output = parseType("String") })
			_, err := newClient(t, actions.Options{MaxResponseBytes: limit}, a).Call(context.Background(), call())
			if (err == nil) != (size <= limit) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// TestEndlessErrorPage: the status of a 500 is enough, its body is not read to the end.
func TestEndlessErrorPage(t *testing.T) {
	done := make(chan struct{})
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		defer close(done)
		w.WriteHeader(http.StatusInternalServerError)
		b := bufio.NewWriterSize(w, 1<<16)
		for {
			if _, err := b.WriteString("<p>sorry</p>"); err != nil {
				return
			}
		}
	})
	e := callError(t, newClient(t, actions.Options{}, action(srv.URL, nil)), call())
	if e.Message != "internal error" {
		t.Errorf("error is %q", e.Message)
	}
	<-done
}

func TestGzip(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding is %q", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, user)
		_ = z.Close()
	})
	answer, err := newClient(t, actions.Options{}, action(srv.URL, nil)).Call(context.Background(), call())
	if err != nil {
		t.Fatal(err)
	}
	if string(answer.Output) != user {
		t.Errorf("output is %s", answer.Output)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	other := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") })
	for _, status := range []int{301, 302, 303, 307, 308} {
		srv := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, status) })
		if e := callError(t, newClient(t, actions.Options{}, action(srv.URL, nil)), call()); e.Message != "internal error" {
			t.Errorf("%d: error is %q", status, e.Message)
		}
	}
}

// TestKeepAlive: calls one after another share a connection, whatever the handler answers.
func TestKeepAlive(t *testing.T) {
	var calls, opened atomic.Int64
	answers := []http.HandlerFunc{
		answering(200, user), answering(200, "<html>"), answering(400, `{"message": "no"}`), answering(500, "oh"),
		answering(204, ""), answering(302, "there"),
		answering(200, `{"id": "x", "age": 1, "name": "`+strings.Repeat("x", 1<<18)+`"}`),
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers[int(calls.Add(1))%len(answers)](w, r)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c := newClient(t, actions.Options{}, action(srv.URL, nil))
	for range 3 * len(answers) {
		_, _ = c.Call(context.Background(), call())
	}
	if calls.Load() != int64(3*len(answers)) || opened.Load() != 1 {
		t.Errorf("%d calls opened %d connections", calls.Load(), opened.Load())
	}
}

// TestParallel: a burst opens a connection for each call and the next burst uses them again.
func TestParallel(t *testing.T) {
	const width = 32
	var opened atomic.Int64
	var together sync.WaitGroup
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		together.Done()
		together.Wait() // all calls are in flight at once
		var p struct{ Input struct{ Name string } }
		_ = json.Unmarshal(body, &p)
		_, _ = fmt.Fprintf(w, `{"id": %q, "age": 1}`, p.Input.Name)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c := newClient(t, actions.Options{}, action(srv.URL, func(a *metadata.Action) { a.ForwardClientHeaders = true }))
	burst := func() {
		var calls sync.WaitGroup
		together.Add(width)
		for i := range width {
			calls.Go(func() {
				cl := call()
				cl.Input = json.RawMessage(fmt.Sprintf(`{"name": "%d"}`, i))
				cl.ClientHeader = http.Header{"X-N": {fmt.Sprint(i)}}
				answer, err := c.Call(context.Background(), cl)
				if err != nil {
					t.Error(err)
				} else if want := fmt.Sprintf(`{"id": "%d", "age": 1}`, i); string(answer.Output) != want {
					t.Errorf("call %d got %s", i, answer.Output)
				}
			})
		}
		calls.Wait()
	}
	burst()
	first := opened.Load()
	burst()
	if first != width || opened.Load() > first+width/4 {
		t.Errorf("the first burst opened %d connections, the second %d more", first, opened.Load()-first)
	}
}
