package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

// serving is `joinery serve`, run within the test.
type serving struct {
	url  string // of the server, without a path
	dir  string // of its metadata
	log  *logBuffer
	stop context.CancelFunc // what SIGTERM does
	exit chan int           // gets the exit status
}

// serve runs the metadata of testdata/service.txtar and waits until it answers. The metadata's variables and settings
// come from vars. The server is stopped when t ends.
func serve(t *testing.T, vars map[string]string, args ...string) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &serving{dir: metadataDir(t), log: &logBuffer{}, stop: cancel, exit: make(chan int, 1)}
	vars = maps.Clone(vars)
	vars["HANDLER_KEY"] = "planted-handler-key"
	args = append([]string{"serve", "--metadata", s.dir, "--listen", "127.0.0.1:0"}, args...)
	lookupEnv := func(name string) (string, bool) { value, ok := vars[name]; return value, ok }
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.exit <- run(ctx, args, lookupEnv, io.Discard, s.log)
	}()
	t.Cleanup(func() { cancel(); <-done })
	s.awaitReady(t)
	return s
}

// awaitReady waits until the log says where the program listens.
func (s *serving) awaitReady(t *testing.T) {
	t.Helper()
	await(t, func() bool {
		select {
		case code := <-s.exit:
			t.Fatalf("exit status %d: %s", code, s.log.String())
		default:
		}
		for _, line := range s.log.lines(t) {
			if line["msg"] == "serving the subgraph" {
				s.url = strings.TrimSuffix(line["url"].(string), "/graphql")
			}
		}
		return s.url != ""
	})
}

// metadataDir writes the metadata to a directory.
func metadataDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	content := service(t).FS(t)
	metadata, err := fs.Sub(content, "metadata")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "metadata"), metadata); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "metadata")
}

func service(t *testing.T) testkit.Archive {
	t.Helper()
	return testkit.ReadArchive(t, "testdata/service.txtar")
}

// schema is the SQL of the service's database.
func schema(t *testing.T) string {
	t.Helper()
	for _, f := range service(t).Files {
		if f.Name == "schema.sql" {
			return string(f.Data)
		}
	}
	t.Fatal("no schema.sql")
	return ""
}

// database is a new database with the service's tables.
func database(t *testing.T) *pgtest.DB {
	t.Helper()
	db := pgtest.New(t)
	db.Exec(t, schema(t))
	return db
}

// await polls a condition.
func await(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatal("waited for 30 s")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// logBuffer takes JSON lines from any goroutine.
type logBuffer struct{ testkit.Buffer }

// lines are the log so far. What isn't JSON, such as the error that the program ends with, has the key "text".
func (b *logBuffer) lines(t *testing.T) []map[string]any {
	t.Helper()
	var lines []map[string]any
	scanner := bufio.NewScanner(strings.NewReader(b.String()))
	for scanner.Scan() {
		line := map[string]any{}
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			line["text"] = scanner.Text()
		}
		lines = append(lines, line)
	}
	return lines
}

// handlers answers actions by the handler's path; unknown paths are a fault of the test.
func handlers(t *testing.T, byPath map[string]http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if h, ok := byPath[r.URL.Path]; ok {
			h(w, r)
			return
		}
		t.Errorf("unexpected call of %s", r.URL.Path)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// answering answers always the same.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const listUsers = `{ listUsers { id user { name posts { title } } } }`

const listUsersAnswer = `{"data":{"listUsers":[` +
	`{"id":2,"user":{"name":"bo","posts":[{"title":"b"}]}},` +
	`{"id":1,"user":{"name":"ann","posts":[{"title":"a"},{"title":"c"}]}}]}}`

// query sends a GraphQL document and returns the answer's body.
func (s *serving) query(t *testing.T, document string, header ...string) string {
	t.Helper()
	status, body, err := s.post(t.Context(), document, header...)
	if err != nil {
		t.Fatal(err)
	}
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, body)
	}
	return body
}

// post is query for any goroutine, and for requests that fail.
func (s *serving) post(ctx context.Context, document string, header ...string) (status int, body string, err error) {
	payload, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		return 0, "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", bytes.NewReader(payload))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return do(r)
}

// get returns a state of the program.
func (s *serving) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	status, body, err = do(r)
	if err != nil {
		t.Fatal(err)
	}
	return status, body
}

func do(r *http.Request) (status int, body string, err error) { return doWith(http.DefaultClient, r) }

func doWith(client *http.Client, r *http.Request) (status int, body string, err error) {
	resp, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

func TestServe(t *testing.T) {
	s := serve(t, map[string]string{
		"DATABASE_URL": database(t).URL,
		"HANDLER":      handlers(t, map[string]http.HandlerFunc{"/list-users": answering(200, `[{"id": 2}, {"id": 1}]`)}),
	})
	if diff := cmp.Diff(listUsersAnswer, s.query(t, listUsers)); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if status, body := s.get(t, path); status != 200 || body != "{\"status\":\"UP\"}\n" {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _ := s.get(t, "/nowhere"); status != 404 {
		t.Errorf("unknown path: status %d", status)
	}

	_, metrics := s.get(t, "/metrics")
	for _, want := range []string{
		`(?m)^http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="200",http_route="/graphql",url_scheme="http"} 1$`,
		`(?m)^http_server_active_requests{http_request_method="POST",url_scheme="http"} 0$`,
		`(?m)^http_client_request_duration_seconds_count{http_request_method="POST",http_response_status_code="200",joinery_action_name="listUsers",server_address="127.0.0.1",server_port="\d+"} 1$`,
		`(?m)^joinery_batch_duration_seconds_count{joinery_relationship="User.user"} 1$`,
		`(?m)^joinery_batch_keys_total{joinery_relationship="users.posts"} 2$`,
		`(?m)^joinery_batch_keys_unique_total{joinery_relationship="users.posts"} 2$`,
		`(?m)^joinery_batch_rows_total{joinery_relationship="users.posts"} 3$`,
		`(?m)^joinery_batch_statements_total{joinery_relationship="users.posts"} 1$`,
		`(?m)^pgxpool_acquired_connections{[^}]*joinery_source="default"[^}]*} 0$`,
		`(?m)^process_resident_memory_bytes `,
		`(?m)^go_goroutines `,
		`(?m)^target_info{service_name="joinery",`,
	} {
		if !regexp.MustCompile(want).MatchString(metrics) {
			t.Errorf("no line in /metrics matches %s", want)
		}
	}
	if t.Failed() {
		t.Log(metrics)
	}
}

// TestServeDrains is what a rolling update needs: the request in flight is answered, nothing new is taken.
func TestServeDrains(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	s := serve(t, map[string]string{
		"DATABASE_URL": database(t).URL,
		"HANDLER": handlers(t, map[string]http.HandlerFunc{"/list-users": func(w http.ResponseWriter, _ *http.Request) {
			close(arrived)
			<-release
			_, _ = io.WriteString(w, `[{"id": 2}, {"id": 1}]`)
		}}),
	})
	answer := make(chan string, 1)
	go func() {
		_, body, err := s.post(context.WithoutCancel(t.Context()), listUsers)
		if err != nil {
			body = err.Error()
		}
		answer <- body
	}()
	<-arrived
	s.stop()
	await(t, func() bool { // new connections are refused
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	close(release)
	if diff := cmp.Diff(listUsersAnswer, <-answer); diff != "" {
		t.Errorf("answer of the request in flight (-want +got):\n%s", diff)
	}
	if code := <-s.exit; code != 0 {
		t.Errorf("exit status %d: %s", code, s.log.String())
	}
}

func TestServeDrainTimeout(t *testing.T) {
	arrived, gone := make(chan struct{}), make(chan struct{})
	s := serve(t, map[string]string{
		"DATABASE_URL": database(t).URL,
		"HANDLER": handlers(t, map[string]http.HandlerFunc{"/list-users": func(_ http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-r.Context().Done() // Joinery hangs up
			close(gone)
		}}),
	}, "--drain-timeout", "20ms")
	failed := make(chan error, 1)
	go func() {
		_, _, err := s.post(context.WithoutCancel(t.Context()), listUsers)
		failed <- err
	}()
	<-arrived
	s.stop()
	if code := <-s.exit; code != 1 {
		t.Errorf("exit status %d, want 1", code)
	}
	<-gone
	if err := <-failed; err == nil {
		t.Error("the request in flight was answered")
	}
	lines := s.log.lines(t)
	want := "joinery: requests were still in flight after 20ms and were ended; see --drain-timeout"
	if got := lines[len(lines)-1]["text"]; got != want {
		t.Errorf("last line %q, want %q", got, want)
	}
}

func TestServeLogsWithTraceID(t *testing.T) {
	db := database(t)
	s := serve(t, map[string]string{
		"DATABASE_URL": db.URL,
		"HANDLER":      handlers(t, map[string]http.HandlerFunc{"/list-users": answering(200, `[{"id": 2}]`)}),
	})
	db.Exec(t, `drop table posts, users cascade`)
	s.query(t, listUsers, "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	for _, line := range s.log.lines(t) {
		if line["level"] != "ERROR" {
			continue
		}
		if line["trace_id"] != "0af7651916cd43dd8448eb211c80319c" || line["path"] != "listUsers[0].user" {
			t.Errorf("unexpected line %v", line)
		}
		if text, _ := line["error"].(string); !strings.Contains(text, `relation "public.users" does not exist`) {
			t.Errorf("the log doesn't say what happened: %v", line)
		}
		return
	}
	t.Errorf("no line of level ERROR in the log:\n%s", s.log.String())
}

func TestServeAdminSecret(t *testing.T) {
	s := serve(t, map[string]string{
		"DATABASE_URL": database(t).URL, "JOINERY_ADMIN_SECRET": "planted-secret",
		"HANDLER": handlers(t, map[string]http.HandlerFunc{"/list-users": answering(200, `[{"id": 2}, {"id": 1}]`)}),
	})
	if diff := cmp.Diff(listUsersAnswer, s.query(t, listUsers, "X-Hasura-Admin-Secret", "planted-secret")); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	for _, header := range [][]string{nil, {"X-Hasura-Admin-Secret", "guessed"}} {
		status, body, err := s.post(t.Context(), listUsers, header...)
		if err != nil || status != http.StatusUnauthorized || !strings.Contains(body, `"code":"access-denied"`) {
			t.Errorf("%v: %d %s %v", header, status, body, err)
		}
	}
	if status, _ := s.get(t, "/readyz"); status != 200 { // probes have no secret
		t.Errorf("/readyz: %d", status)
	}
	if strings.Contains(s.log.String(), "planted-secret") {
		t.Error("the secret is in the log")
	}
}

// TestServeIntrospection: a schema is told to those who ask for it by _service, such as routers, and in development.
func TestServeIntrospection(t *testing.T) {
	vars := map[string]string{"DATABASE_URL": database(t).URL, "HANDLER": "http://127.0.0.1:1"}
	s := serve(t, vars)
	if body := s.query(t, `{ __schema { queryType { name } } }`); !strings.Contains(body, `"code":"introspection-disabled"`) {
		t.Errorf("__schema: %s", body)
	}
	if body := s.query(t, `{ listUser { id } }`); strings.Contains(body, "listUsers") {
		t.Errorf("an error tells what the schema has: %s", body)
	}
	if body := s.query(t, `{ _service { sdl } }`); !strings.Contains(body, "type User") {
		t.Errorf("_service: %s", body)
	}
	s = serve(t, vars, "--introspection")
	if body := s.query(t, `{ __schema { queryType { name } } }`); body != `{"data":{"__schema":{"queryType":{"name":"Query"}}}}` {
		t.Errorf("__schema: %s", body)
	}
	if body := s.query(t, `{ listUser { id } }`); !strings.Contains(body, `Did you mean \"listUsers\"`) {
		t.Errorf("no suggestion: %s", body)
	}
}

// TestServeInterruptedStart: a signal also ends the wait for a database.
func TestServeInterruptedStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	silent, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := silent.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			defer func() { _ = conn.Close() }()
			cancel()
		}
	}()
	defer func() { _ = silent.Close() }()
	vars := map[string]string{"DATABASE_URL": "postgres://ann@" + silent.Addr().String() + "/x", "HANDLER": "http://127.0.0.1:1", "HANDLER_KEY": "x"}
	var stderr logBuffer
	code := run(ctx, []string{"serve", "--metadata", metadataDir(t), "--listen", "127.0.0.1:0"},
		func(name string) (string, bool) { value, ok := vars[name]; return value, ok }, io.Discard, &stderr)
	if code != 1 || stderr.String() != "joinery: interrupted\n" {
		t.Errorf("exit status %d: %s", code, stderr.String())
	}
}
