package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// serve starts a server that answers body, and returns it as a process to be measured.
func serve(t *testing.T, answer http.HandlerFunc) *process {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return &process{server: server{name: t.Name()}, address: s.Listener.Addr().String(), requests: [][]byte{httpRequest("", nil)}}
}

func TestPost(t *testing.T) {
	long := strings.Repeat("long ", 20_000)
	for _, c := range []struct {
		name, want string
		answer     http.HandlerFunc
		err        error
	}{
		{name: "known length", want: "short", answer: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("short")) }},
		{name: "no body", want: "", answer: func(http.ResponseWriter, *http.Request) {}},
		{name: "chunks", want: "ab" + long, answer: func(w http.ResponseWriter, _ *http.Request) {
			for _, part := range []string{"a", "b", long} {
				_, _ = w.Write([]byte(part))
				w.(http.Flusher).Flush()
			}
		}},
		{name: "refusal", want: "no", err: errStatus, answer: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = w.Write([]byte("no"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := dial(t.Context(), serve(t, c.answer).address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.close()
			for range 2 { // the connection is kept
				body, err := conn.post(httpRequest("", []byte("{}")))
				if string(body) != c.want || !errors.Is(err, c.err) {
					t.Fatalf("got %d bytes and %v, want %d and %v", len(body), err, len(c.want), c.err)
				}
			}
		})
	}
}

func TestLoadStopsAtWrongAnswers(t *testing.T) {
	for _, answer := range []string{`{"data":{"a":1},"errors":[{}]}`, `{"errors":[{}]}`, `{"data":null}`} {
		p := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) })
		if _, err := load(t.Context(), p.address, [][]byte{httpRequest("", nil)}, 2, time.Minute); err == nil {
			t.Errorf("load went on after %s", answer)
		}
	}
}
