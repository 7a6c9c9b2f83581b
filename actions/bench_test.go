package actions_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/metadata"
)

// canned is a transport that answers at once, so that only this package is measured.
type canned struct{}

func (canned) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", Header: http.Header{}, ContentLength: int64(len(user)),
		Body: io.NopCloser(bytes.NewReader([]byte(user))), Request: r,
	}, nil
}

func BenchmarkCall(b *testing.B) {
	forward := func(a *metadata.Action) { a.ForwardClientHeaders = true }
	bench := func(name string, opts actions.Options, edit func(*metadata.Action)) {
		b.Run(name, func(b *testing.B) {
			c := newClient(b, opts, action("http://localhost/", edit))
			cl := call()
			cl.ClientHeader = http.Header{"Authorization": {"Bearer x"}, "Accept": {"*/*"}, "User-Agent": {"curl"}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Call(context.Background(), cl); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	bench("plain", actions.Options{Transport: canned{}}, nil)
	bench("forward", actions.Options{Transport: canned{}}, forward)
	bench("traced", actions.Options{Transport: canned{}, TracerProvider: trace.NewTracerProvider()}, nil)
}

// BenchmarkNetHTTP is a call over a socket beside the least that net/http can do.
func BenchmarkNetHTTP(b *testing.B) {
	srv := httptest.NewServer(answering(200, user))
	defer srv.Close()
	b.Run("actions", func(b *testing.B) {
		c := newClient(b, actions.Options{}, action(srv.URL, nil))
		cl := call()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Call(context.Background(), cl); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		client := &http.Client{Transport: actions.NewTransport()}
		b.ReportAllocs()
		for b.Loop() {
			resp, err := client.Post(srv.URL, "application/json", bytes.NewReader([]byte(`{"action":{"name":"createUser"}}`)))
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
	})
}
