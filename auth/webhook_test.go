package auth_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/auth"
)

// hooked is an authenticator that asks the handler, and how often it did.
func hooked(t *testing.T, hook auth.Webhook, log io.Writer, clock func() time.Time, handler http.HandlerFunc) (*auth.Authenticator, *atomic.Int32) {
	t.Helper()
	asked := &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	hook.URL = server.URL + "/auth?token=planted"
	return auth.New(auth.Config{AdminSecret: "s", Webhook: hook, Log: slog.New(slog.NewTextHandler(log, nil))}.WithNow(clock)), asked
}

func fixed() time.Time { return now }

func TestWebhookGet(t *testing.T) {
	var got *http.Request
	a, asked := hooked(t, auth.Webhook{}, io.Discard, fixed, func(w http.ResponseWriter, r *http.Request) {
		got = r
		_, _ = io.WriteString(w, `{"X-Hasura-Role": "user", "x-hasura-user-id": "7", "X-Hasura-Teams": ["a"], "x-hasura-access-key": "s", "other": 1}`)
	})
	r := request("Authorization", "Basic x", "Cookie", "a=b", "X-Hasura-Role", "admin", "Content-Type", "application/json", "User-Agent", "u", "Origin", "o",
		"Connection", "close", "Router-Authorization", "planted", "Traceparent", "t")
	s, err := a.Authenticate(r)
	want := map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "7", "x-hasura-teams": "{a}"}
	if err != nil || s.Role != "user" || cmp.Diff(want, s.Variables) != "" {
		t.Fatalf("got %v, %v", s, err)
	}
	sent := header("Authorization", "Basic x", "Cookie", "a=b", "X-Hasura-Role", "admin", "Traceparent", "t")
	got.Header.Del("Accept-Encoding")
	got.Header.Del("User-Agent") // net/http's own
	if diff := cmp.Diff(sent, got.Header); diff != "" || got.Method != http.MethodGet {
		t.Errorf("%s -want +got:\n%s", got.Method, diff)
	}
	if _, err := a.Authenticate(r); err != nil || asked.Load() != 2 {
		t.Errorf("%v, asked %d times: an answer that doesn't say how long it holds must not be kept", err, asked.Load())
	}
	if s, err := a.Authenticate(request("X-Hasura-Admin-Secret", "s")); err != nil || !s.IsAdmin() || asked.Load() != 2 {
		t.Errorf("the admin: got %v, %v", s, err)
	}
}

func TestWebhookPost(t *testing.T) {
	var posted struct {
		Headers map[string]string
		Request any
	}
	answer := func(w http.ResponseWriter, r *http.Request) {
		posted.Headers, posted.Request = nil, nil
		if err := json.NewDecoder(r.Body).Decode(&posted); err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Cookie") != "" {
			t.Errorf("%s with %v: %v", r.Method, r.Header, err)
		}
		_, _ = io.WriteString(w, `{"x-hasura-role": "user"}`)
	}
	a, _ := hooked(t, auth.Webhook{Mode: http.MethodPost}, io.Discard, fixed, answer)
	const query = `{"query":"query q($a: Int) { a }","operationName":"q","variables":{"a":12345678901234567890},"extensions":{}}`
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, _ = io.WriteString(zip, query)
	_ = zip.Close()
	for encoding, body := range map[string]string{"": query, "gzip": packed.String()} {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
		r.Header = header("Cookie", "a=b", "Content-Encoding", encoding)
		if s, err := a.Authenticate(r); err != nil || s.Role != "user" {
			t.Fatalf("got %v, %v", s, err)
		}
		if left, _ := io.ReadAll(r.Body); string(left) != body {
			t.Errorf("%q is left of the body", left)
		}
		want := map[string]any{"query": "query q($a: Int) { a }", "operationName": "q", "variables": map[string]any{"a": 12345678901234567890.0}}
		if diff := cmp.Diff(want, posted.Request); diff != "" || posted.Headers["Cookie"] != "a=b" {
			t.Errorf("headers %v, -want +got:\n%s", posted.Headers, diff)
		}
	}
	r := request()
	r.Body = io.NopCloser(strings.NewReader("no JSON"))
	if _, err := a.Authenticate(r); err != nil || posted.Request != nil {
		t.Errorf("got %v, posted %v", err, posted.Request)
	}
	r.Body = io.NopCloser(io.LimitReader(zeros{}, 5<<20))
	s, err := a.Authenticate(r)
	refused(t, s, err, "access-denied", "request body could not be read for the authentication hook")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestWebhookRefuses(t *testing.T) {
	const invalid, failed = "Invalid response from authorization hook", "webhook authentication request failed"
	for _, c := range []struct {
		name          string
		status        int
		body          string
		code, message string
		http          int
	}{
		{"401", 401, `{"x-hasura-role": "user"}`, "access-denied", "Authentication hook unauthorized this request", 401},
		{"403", 403, ``, "unexpected", invalid, 503},
		{"500", 500, `planted`, "unexpected", invalid, 503},
		{"a redirect", 302, ``, "unexpected", invalid, 503},
		{"no JSON", 200, `planted`, "unexpected", invalid, 503},
		{"two objects", 200, `{"x-hasura-role": "user"} {}`, "unexpected", invalid, 503},
		{"a list", 200, `[]`, "unexpected", invalid, 503},
		{"null", 200, `null`, "unexpected", invalid, 503},
		{"no role", 200, `{"x-hasura-user-id": "planted"}`, "unexpected", invalid, 503},
		{"an empty role", 200, `{"x-hasura-role": ""}`, "unexpected", invalid, 503},
		{"two roles", 200, `{"x-hasura-role": "user", "X-Hasura-Role": "admin"}`, "unexpected", invalid, 503},
		{"a number", 200, `{"x-hasura-role": "user", "x-hasura-user-id": 7}`, "unexpected", invalid, 503},
		{"gone", 0, ``, "unexpected", failed, 503},
	} {
		var log bytes.Buffer
		a, _ := hooked(t, auth.Webhook{}, &log, fixed, func(w http.ResponseWriter, r *http.Request) {
			if c.status == 0 {
				panic(http.ErrAbortHandler)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		s, err := a.Authenticate(request("Cookie", "planted"))
		refused(t, s, err, c.code, c.message)
		var denied *auth.Error
		if errors.As(err, &denied) && denied.Status != c.http {
			t.Errorf("%s: status %d", c.name, denied.Status)
		}
		if text := log.String(); strings.Contains(text, "planted") || (c.http == 503) != strings.Contains(text, "the authentication webhook failed") {
			t.Errorf("%s: log: %s", c.name, text)
		}
	}
}

func TestWebhookTimeout(t *testing.T) {
	wait := make(chan struct{})
	a, _ := hooked(t, auth.Webhook{Timeout: time.Millisecond}, io.Discard, fixed, func(http.ResponseWriter, *http.Request) { <-wait })
	defer close(wait)
	s, err := a.Authenticate(request())
	refused(t, s, err, "unexpected", "webhook authentication request failed")
}

// TestWebhookKeeps: an answer holds as long as it says, for the same credentials alone.
func TestWebhookKeeps(t *testing.T) {
	for _, c := range []struct{ name, header, body string }{
		{"in the answer, as Hasura has it", "", `"Cache-Control": "max-age=60"`},
		{"in its headers", "max-age=60", `"other": "x"`},
		{"the answer wins", "max-age=600", `"cache-control": "max-age=60"`},
		{"by a time", "", fmt.Sprintf(`"Expires": %q`, now.Add(time.Minute).Format(http.TimeFormat))},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := now
			a, asked := hooked(t, auth.Webhook{}, io.Discard, func() time.Time { return clock }, func(w http.ResponseWriter, r *http.Request) {
				if c.header != "" {
					w.Header().Set("Cache-Control", c.header)
				}
				_, _ = fmt.Fprintf(w, `{"x-hasura-role": "user", "x-hasura-user-id": %q, %s}`, r.Header.Get("Cookie")+r.Header.Get("Authorization"), c.body)
			})
			is := func(want string, times int32, headers ...string) {
				t.Helper()
				s, err := a.Authenticate(request(headers...))
				if err != nil || s.Variables["x-hasura-user-id"] != want || asked.Load() != times {
					t.Errorf("got %v, %v; asked %d times, want %s and %d", s, err, asked.Load(), want, times)
				}
			}
			is("a", 1, "Cookie", "a", "Traceparent", "1", "X-Request-Id", "1")
			is("a", 1, "Cookie", "a", "Traceparent", "2", "X-Request-Id", "2")
			is("b", 2, "Cookie", "b")
			is("a", 3, "Authorization", "a")
			is("", 4)
			is("a", 5, "Cookie", "a", "X-Hasura-Role", "admin") // the webhook may answer otherwise
			clock = clock.Add(59 * time.Second)
			is("a", 5, "Cookie", "a")
			clock = clock.Add(time.Second)
			is("a", 6, "Cookie", "a")
		})
	}
	a, asked := hooked(t, auth.Webhook{Mode: http.MethodPost}, io.Discard, fixed, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"x-hasura-role": "user", "Cache-Control": "max-age=60"}`)
	})
	for i, query := range []string{"{ a }", "{ a }", "{ b }"} {
		r := request("Cookie", "a")
		r.Body = io.NopCloser(strings.NewReader(fmt.Sprintf(`{"query": %q}`, query)))
		if _, err := a.Authenticate(r); err != nil || asked.Load() != []int32{1, 1, 2}[i] {
			t.Errorf("%s: %v, asked %d times", query, err, asked.Load())
		}
	}
}
