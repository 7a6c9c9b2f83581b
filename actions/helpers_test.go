package actions_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/metadata"
)

// parseType reads a type as SDL writes it.
func parseType(s string) *metadata.Type {
	t := new(metadata.Type)
	if t.NonNull = strings.HasSuffix(s, "!"); t.NonNull {
		s = s[:len(s)-1]
	}
	if strings.HasPrefix(s, "[") {
		t.Elem = parseType(s[1 : len(s)-1])
		return t
	}
	t.Name = s
	return t
}

// userObject is the object type of most tests.
var userObject = &metadata.Object{Name: "UserId", Fields: []*metadata.Field{
	{Name: "id", Type: parseType("ID!")},
	{Name: "age", Type: parseType("Int!")},
	{Name: "name", Type: parseType("String")},
	{Name: "friend", Type: parseType("UserId")},
}}

// action is an action called createUser that outputs "UserId", changed by edit.
func action(handler string, edit func(*metadata.Action)) *metadata.Action {
	a := &metadata.Action{
		Pos:       metadata.Pos{File: "actions.yaml", Line: 2, Column: 3},
		Name:      "createUser",
		Operation: metadata.Mutation,
		Output:    parseType("UserId"),
		Kind:      metadata.Synchronous,
		Handler:   handler,
	}
	if edit != nil {
		edit(a)
	}
	return a
}

func newMetadata(as ...*metadata.Action) *metadata.Metadata {
	return &metadata.Metadata{Version: 3, Actions: as, CustomTypes: metadata.CustomTypes{
		Objects: []*metadata.Object{userObject},
		Scalars: []*metadata.Scalar{{Name: "Anything"}},
	}}
}

func newClient(tb testing.TB, opts actions.Options, as ...*metadata.Action) *actions.Client {
	tb.Helper()
	if opts.LookupEnv == nil {
		opts.LookupEnv = environment(nil)
	}
	if opts.Transport == nil {
		transport := actions.NewTransport()
		tb.Cleanup(transport.CloseIdleConnections)
		opts.Transport = transport
	}
	c, faults := actions.New(newMetadata(as...), opts)
	if len(faults) > 0 {
		tb.Fatalf("New: %v", faults)
	}
	return c
}

func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}
}

func serve(tb testing.TB, h http.HandlerFunc) *httptest.Server {
	tb.Helper()
	srv := httptest.NewServer(h)
	tb.Cleanup(srv.Close)
	return srv
}

// answering is a handler that answers every request with status and body.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func call() actions.Call {
	return actions.Call{
		Action:           "createUser",
		Input:            json.RawMessage(`{"name":"Hodor"}`),
		SessionVariables: map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "1"},
		RequestQuery:     `mutation { createUser(name: "Hodor") { id } }`,
	}
}

const user = `{"id": "7ffd68ba", "age": 17}`

// callError calls c and returns its error.
func callError(tb testing.TB, c *actions.Client, cl actions.Call) *actions.Error {
	tb.Helper()
	answer, err := c.Call(context.Background(), cl)
	if err == nil {
		tb.Fatalf("Call gave %s, want an error", answer.Output)
	}
	var e *actions.Error
	if !errors.As(err, &e) {
		tb.Fatalf("Call: %T, want *actions.Error", err)
	}
	return e
}

func marshal(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}
