package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/joinery-graphql/joinery/internal/localpg"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

// fault is an error of an answer, as far as it is the same each time.
type fault struct {
	Message    string
	Path       []any
	Extensions struct{ Code string }
}

// answer splits an answer into its data and its errors.
func answer(t *testing.T, body string) (data string, faults []fault) {
	t.Helper()
	var parsed struct {
		Data   json.RawMessage
		Errors []fault
	}
	if err := json.Unmarshal([]byte(body), &parsed); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return string(parsed.Data), parsed.Errors
}

func newFault(message, code string, path ...any) fault {
	f := fault{Message: message, Path: path}
	f.Extensions.Code = code
	return f
}

// TestHandlerFaults: whatever a handler does, its field alone fails, in Hasura's words, and the next request works.
func TestHandlerFaults(t *testing.T) {
	t.Parallel()
	var slow atomic.Pointer[http.HandlerFunc]
	s := serve(t, map[string]string{
		"DATABASE_URL": database(t).URL,
		"HANDLER": handlers(t, map[string]http.HandlerFunc{
			"/slow": func(w http.ResponseWriter, r *http.Request) { (*slow.Load())(w, r) },
		}),
	})
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	sleep := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for _, c := range []struct {
		name          string
		handler       http.HandlerFunc
		message, code string
	}{
		{"hangs up", hangUp, "http exception when calling webhook", "unexpected"},
		{"slow", sleep, "http exception when calling webhook", "unexpected"},
		{"status 500", answering(500, `{"message": "planted"}`), "internal error", "unexpected"},
		{"redirect", answering(302, ``), "internal error", "unexpected"},
		{"HTML", answering(200, `<html>`), "not a valid json response from webhook", "unexpected"},
		{"HTML and status 404", answering(404, `<html>`), "not a valid json response from webhook", "unexpected"},
		{"nothing", answering(200, ``), "not a valid json response from webhook", "unexpected"},
		{"array for object", answering(200, `[]`), "got array for the action webhook response, expecting User", "unexpected"},
		{"string for object", answering(200, `"x"`), "got scalar String for the action webhook response, expecting User", "unexpected"},
		{"non-null field missing", answering(200, `{}`), `field "id" expected in webhook response, but not found`, "unexpected"},
		{"non-null field null", answering(200, `{"id": null}`), `expecting not null value for field "id"`, "unexpected"},
		{"refuses", answering(400, `{"message": "no such user", "code": "not-found"}`), "no such user", "not-found"},
		{"refuses without a message", answering(400, `{}`), "parsing the error response of the action webhook: the key 'message' was not present", "parse-failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			slow.Store(&c.handler)
			data, faults := answer(t, s.query(t, `{ slow { id user { name } } }`))
			if diff := cmp.Diff([]fault{newFault(c.message, c.code, "slow")}, faults); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if data != `{"slow":null}` {
				t.Errorf("data %s", data)
			}
			good := answering(200, `{"id": 1}`)
			slow.Store(&good)
			if got := s.query(t, `{ slow { id user { name } } }`); got != `{"data":{"slow":{"id":1,"user":{"name":"ann"}}}}` {
				t.Errorf("the next request: %s", got)
			}
		})
	}
}

func TestHandlerDown(t *testing.T) {
	t.Parallel()
	address := closedAddress(t)
	s := serve(t, map[string]string{"DATABASE_URL": database(t).URL, "HANDLER": "http://" + address})
	_, faults := answer(t, s.query(t, listUsers))
	if diff := cmp.Diff([]fault{newFault("http exception when calling webhook", "unexpected", "listUsers")}, faults); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	handler := httptest.NewUnstartedServer(answering(200, `[{"id": 2}, {"id": 1}]`))
	_ = handler.Listener.Close()
	handler.Listener = listener
	handler.Start()
	t.Cleanup(handler.Close)
	if got := s.query(t, listUsers); got != listUsersAnswer {
		t.Errorf("the next request: %s", got)
	}
}

// TestHandlerStream: an answer without an end costs a bounded amount of memory, and the rest of the operation stays.
func TestHandlerStream(t *testing.T) {
	const size = 100 << 20
	var sent atomic.Int64
	chunk := bytes.Repeat([]byte("x"), 1<<16)
	s := serve(t, map[string]string{
		"DATABASE_URL": database(t).URL,
		"HANDLER": handlers(t, map[string]http.HandlerFunc{
			"/list-users": answering(200, `[{"id": 2}, {"id": 1}]`),
			"/slow": func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte(`{"id": "`))
				for sent.Load() < size {
					n, err := w.Write(chunk)
					sent.Add(int64(n))
					if err != nil {
						return
					}
				}
			},
		}),
	})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	data, faults := answer(t, s.query(t, `{ slow { id } listUsers { id } }`))
	runtime.ReadMemStats(&after)

	want := newFault("response of the action webhook is larger than 16777216 bytes", "unexpected", "slow")
	if diff := cmp.Diff([]fault{want}, faults); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if data != `{"slow":null,"listUsers":[{"id":2},{"id":1}]}` {
		t.Errorf("data %s", data)
	}
	if got := sent.Load(); got >= size {
		t.Errorf("all of the %d bytes were taken", got)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > size { // 16 MiB, and the smaller buffers that grew to it
		t.Errorf("%d MiB were allocated for an answer that is refused at 16 MiB", allocated>>20)
	}
	if got := s.query(t, listUsers); got != listUsersAnswer {
		t.Errorf("the next request: %s", got)
	}
}

// TestPostgresGoesAway stops the server between two requests and starts it again.
func TestPostgresGoesAway(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(openTempDir(t), "data")
	postgres := startPostgres(t, localpg.Options{DataDir: dir})
	conn, err := pgx.Connect(t.Context(), postgres.URL())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), schema(t)); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(t.Context())
	s := serve(t, map[string]string{
		"DATABASE_URL": postgres.URL(),
		"HANDLER":      handlers(t, map[string]http.HandlerFunc{"/list-users": answering(200, `[{"id": 2}, {"id": 1}]`)}),
	})
	if got := s.query(t, listUsers); got != listUsersAnswer {
		t.Fatalf("before: %s", got)
	}

	if err := postgres.Stop(); err != nil {
		t.Fatal(err)
	}
	data, faults := answer(t, s.query(t, listUsers))
	want := []fault{
		newFault("database query error", "unexpected", "listUsers", 0.0, "user"),
		newFault("database query error", "unexpected", "listUsers", 1.0, "user"),
	}
	if diff := cmp.Diff(want, faults); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if data != `{"listUsers":[{"id":2,"user":null},{"id":1,"user":null}]}` {
		t.Errorf("data %s", data)
	}
	status, body := s.get(t, "/readyz")
	if status != http.StatusServiceUnavailable || body != `{"detail":"source \"default\" does not answer","status":"DOWN"}`+"\n" {
		t.Errorf("/readyz: %d %s", status, body)
	}
	if status, _ := s.get(t, "/livez"); status != http.StatusOK { // a restart would not help
		t.Errorf("/livez: %d", status)
	}
	if password(t, postgres.URL()) == "" || strings.Contains(s.log.String(), password(t, postgres.URL())) {
		t.Error("the password is in the log")
	}

	startPostgres(t, localpg.Options{DataDir: dir, Port: port(t, postgres.URL())})
	if got := s.query(t, listUsers); got != listUsersAnswer {
		t.Errorf("after: %s", got)
	}
	if status, body := s.get(t, "/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, body)
	}
}

// TestPostgresRestarts: a restart between two requests isn't seen at all, though every connection is lost.
func TestPostgresRestarts(t *testing.T) {
	t.Parallel()
	db := database(t)
	s := serve(t, map[string]string{
		"DATABASE_URL": db.URL,
		"HANDLER":      handlers(t, map[string]http.HandlerFunc{"/list-users": answering(200, `[{"id": 2}, {"id": 1}]`)}),
	})
	for range 3 {
		if got := s.query(t, listUsers); got != listUsersAnswer {
			t.Fatal(got)
		}
		db.Exec(t, `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'joinery' and datname = current_database()`)
	}
}

// TestClientDisconnects: nobody waits for the answer any more, so Postgres must not work on it either.
func TestClientDisconnects(t *testing.T) {
	t.Parallel()
	db := database(t)
	s := serve(t, map[string]string{
		"DATABASE_URL": db.URL,
		"HANDLER":      handlers(t, map[string]http.HandlerFunc{"/list-users": answering(200, `[{"id": 2}, {"id": 1}]`)}),
	})
	observer := db.Conn(t)
	asleep := func() bool {
		var n int
		err := observer.QueryRow(t.Context(), `select count(*) from pg_stat_activity
			where application_name = 'joinery' and datname = current_database() and state = 'active' and wait_event = 'PgSleep'`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n > 0
	}
	ctx, hangUp := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, _, err := s.post(ctx, `{ listUsers { sleeper { slept } } }`)
		failed <- err
	}()
	await(t, asleep)
	hangUp()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	await(t, func() bool { return !asleep() })
	if got := s.query(t, listUsers); got != listUsersAnswer {
		t.Errorf("the next request: %s", got)
	}
}

// TestHandlerCallEndsWithClient: likewise the call of a handler.
func TestHandlerCallEndsWithClient(t *testing.T) {
	t.Parallel()
	arrived, gone := make(chan struct{}), make(chan struct{})
	s := serve(t, map[string]string{
		"DATABASE_URL": database(t).URL,
		"HANDLER": handlers(t, map[string]http.HandlerFunc{"/list-users": func(_ http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-r.Context().Done()
			close(gone)
		}}),
	})
	ctx, hangUp := context.WithCancel(t.Context())
	go func() { _, _, _ = s.post(ctx, listUsers) }()
	<-arrived
	hangUp()
	<-gone
}

// TestRequestFaults: a request that is none is answered as such, whatever it is.
func TestRequestFaults(t *testing.T) {
	t.Parallel()
	s := serve(t, map[string]string{"DATABASE_URL": database(t).URL, "HANDLER": "http://" + closedAddress(t)})
	for _, c := range []struct {
		name, method, contentType, body string
		status                          int
		code                            string
	}{
		{"GET", http.MethodGet, "", "", 405, "bad-request"},
		{"a form", http.MethodPost, "application/x-www-form-urlencoded", "query=x", 415, "bad-request"},
		{"no JSON", http.MethodPost, "application/json", "{", 400, "bad-request"},
		{"a list", http.MethodPost, "application/json", "[]", 400, "bad-request"},
		{"5 MiB", http.MethodPost, "application/json", `{"query": "` + strings.Repeat("x", 5<<20) + `"}`, 413, "limit-exceeded"},
		{"no GraphQL", http.MethodPost, "application/json", `{"query": "{"}`, 200, "GRAPHQL_PARSE_FAILED"},
		{"unknown field", http.MethodPost, "application/json", `{"query": "{ x }"}`, 200, "GRAPHQL_VALIDATION_FAILED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), c.method, s.url+"/graphql", strings.NewReader(c.body))
			r.RequestURI = ""
			r.Header.Set("Content-Type", c.contentType)
			status, body, err := do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, faults := answer(t, body)
			if status != c.status || len(faults) != 1 || faults[0].Extensions.Code != c.code {
				t.Errorf("%d %s, want %d and code %q", status, body, c.status, c.code)
			}
		})
	}
}

// startPostgres starts a server that ends with t.
func startPostgres(t *testing.T, opts localpg.Options) *localpg.Server {
	t.Helper()
	server, err := localpg.Start(t.Context(), opts)
	if errors.Is(err, localpg.ErrUnavailable) {
		testkit.Skip(t, "%v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	return server
}

// openTempDir is t.TempDir open to the account that runs Postgres: the parent of that one is closed.
func openTempDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func port(t *testing.T, address string) int {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func password(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	return password
}
