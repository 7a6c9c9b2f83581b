package joinery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestAnswers runs testdata/answers/*.txtar: a metadata directory, a database, what handlers answer, and requests with
// their answers. The files of an archive are
//
//	metadata/...        the directory
//	schema.sql          the database
//	schema.NAME.sql     a database of its own, whose URL is in the environment variable NAME; optional
//	table_roots         if it is there, Query has fields that read tables
//	max_rows            Config.MaxRows; optional
//	handlers.json       by action: a list of {status, body}, one for each call; the last is repeated
//	want.graphql        the SDL; optional
//	other.sdl           another subgraph's, which it composes with; optional
//	NAME.request.json   a GraphQL request, or NAME.graphql a document alone
//	NAME.header         its headers, a line each; optional
//	NAME.answer.json    its answer
//	NAME.statements     how many SQL statements it takes; optional
//
// Run with -update to rewrite the answers and SDL.
func TestAnswers(t *testing.T) {
	for _, archive := range testkit.Archives(t, "testdata/answers/*.txtar") {
		t.Run(archive.Name, func(t *testing.T) {
			t.Parallel()
			runArchive(t, archive)
		})
	}
}

func runArchive(t *testing.T, archive testkit.Archive) {
	content := archive.FS(t)
	dir, err := fs.Sub(content, "metadata")
	if err != nil {
		t.Fatal(err)
	}
	db := pgtest.New(t)
	db.Exec(t, readFile(t, content, "schema.sql"))
	handlers := newHandlers(t, content)
	variables := moreDatabases(t, archive)
	variables["HANDLER"] = handlers.URL
	url := db.URL
	if len(variables) > 1 {
		variables["DATABASE_URL"], url = db.URL, ""
	}
	counter := &pgtest.Counter{}
	_, noRoots := fs.Stat(content, "table_roots")
	maxRows, _ := fs.ReadFile(content, "max_rows")
	most, _ := strconv.Atoi(strings.TrimSpace(string(maxRows)))
	service := startService(t, Config{
		DisableTableRoots: noRoots != nil, MaxRows: most, Introspection: true,
		Metadata: dir, DatabaseURL: url, LookupEnv: env(variables), queryTracer: counter,
	})
	golden := &goldenArchive{archive: archive}
	golden.compare(t, "want.graphql", service.SDL())
	for _, f := range archive.Files {
		if name, body, ok := request(t, f); ok {
			counter.Reset()
			answers := handlers.left()
			golden.compare(t, name+".answer.json", postWith(t, service, header(content, name+".header"), body))
			golden.compare(t, name+".statements", strconv.Itoa(counter.Count())+"\n")
			handlers.answerAgain(answers)
			golden.compareExplained(t, name+".answer.json", postWith(t, service, explained(header(content, name+".header")), body))
		}
	}
	if *update {
		archive.Write(t)
	}
}

// moreDatabases makes the databases of schema.NAME.sql, by NAME.
func moreDatabases(t *testing.T, archive testkit.Archive) map[string]string {
	t.Helper()
	urls := map[string]string{}
	for _, f := range archive.Files {
		name, ok := strings.CutPrefix(strings.TrimSuffix(f.Name, ".sql"), "schema.")
		if ok && name != "sql" {
			db := pgtest.New(t)
			db.Exec(t, string(f.Data))
			urls[name] = db.URL
		}
	}
	return urls
}

// request is the body of a request file, and its name.
func request(t *testing.T, f txtar.File) (name string, body []byte, ok bool) {
	t.Helper()
	if name, ok = strings.CutSuffix(f.Name, ".request.json"); ok {
		return name, f.Data, true
	}
	if name, ok = strings.CutSuffix(f.Name, ".graphql"); !ok || name == "want" || strings.HasPrefix(name, "metadata/") {
		return "", nil, false
	}
	body, err := json.Marshal(map[string]string{"query": string(f.Data)})
	if err != nil {
		t.Fatal(err)
	}
	return name, body, true
}

// goldenArchive compares with the files of an archive, or rewrites them.
type goldenArchive struct{ archive testkit.Archive }

func (g *goldenArchive) compare(t *testing.T, name, got string) {
	t.Helper()
	i := slices.IndexFunc(g.archive.Files, func(f txtar.File) bool { return f.Name == name })
	switch {
	case i < 0 && !strings.HasSuffix(name, ".answer.json"):
		return // optional
	case i < 0 && *update:
		g.archive.Files = append(g.archive.Files, txtar.File{Name: name, Data: []byte(got)})
		return
	case i < 0:
		t.Errorf("no file %s: run with -update and look at what it adds", name)
		return
	}
	if *update {
		g.archive.Files[i].Data = []byte(got)
		return
	}
	if diff := cmp.Diff(string(g.archive.Files[i].Data), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// compareExplained compares an answer that has a join plan besides: the plan's own run must answer just as any other.
func (g *goldenArchive) compareExplained(t *testing.T, name, got string) {
	t.Helper()
	i := slices.IndexFunc(g.archive.Files, func(f txtar.File) bool { return f.Name == name })
	if i < 0 {
		return // compare said it
	}
	var want, have map[string]any
	if err := errors.Join(json.Unmarshal(g.archive.Files[i].Data, &want), json.Unmarshal([]byte(got), &have)); err != nil {
		t.Fatal(err)
	}
	if extensions, ok := have["extensions"].(map[string]any); ok {
		delete(extensions, "joinPlan")
		if len(extensions) == 0 {
			delete(have, "extensions")
		}
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("%s with a join plan (-want +got):\n%s", name, diff)
	}
}

func explained(h http.Header) http.Header {
	h.Set("X-Joinery-Explain", "plan")
	return h
}

func readFile(t *testing.T, content fs.FS, name string) string {
	t.Helper()
	data, err := fs.ReadFile(content, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func env(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { value, ok := vars[name]; return value, ok }
}

func startService(t testing.TB, c Config) *Service {
	t.Helper()
	return start(t, New, c)
}

func openLive(t testing.TB, c Config) *Live {
	t.Helper()
	return start(t, Open, c)
}

func start[S interface{ Close() }](t testing.TB, open func(context.Context, Config) (S, error), c Config) S {
	t.Helper()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	service, err := open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	return service
}

// header reads the headers of a request, which may have none.
func header(content fs.FS, name string) http.Header {
	out := http.Header{}
	text, _ := fs.ReadFile(content, name)
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		out.Set(name, strings.TrimSpace(value))
	}
	return out
}

func postWith(t *testing.T, h http.Handler, header http.Header, body []byte) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header = header
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return indent(t, w.Body.String())
}

// handlers answer actions by name, as handlers.json says.
type handlers struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string][]handlerAnswer
}

type handlerAnswer struct {
	Status int             `json:"status"` // zero means 200
	Body   json.RawMessage `json:"body"`
}

func newHandlers(t *testing.T, content fs.FS) *handlers {
	t.Helper()
	h := &handlers{answers: map[string][]handlerAnswer{}}
	if data, err := fs.ReadFile(content, "handlers.json"); err == nil {
		if err := json.Unmarshal(data, &h.answers); err != nil {
			t.Fatal(err)
		}
	}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Server.Close)
	return h
}

// left are the answers that weren't given yet.
func (h *handlers) left() map[string][]handlerAnswer {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.answers)
}

func (h *handlers) answerAgain(answers map[string][]handlerAnswer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers = answers
}

func (h *handlers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var payload struct {
		Action struct{ Name string }
		Input  json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&payload); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	answers := h.answers[payload.Action.Name]
	if len(answers) == 0 {
		http.Error(w, fmt.Sprintf("no answer for %q", payload.Action.Name), http.StatusInternalServerError)
		return
	}
	if len(answers) > 1 {
		h.answers[payload.Action.Name] = answers[1:]
	}
	if answers[0].Status != 0 {
		w.WriteHeader(answers[0].Status)
	}
	body := answers[0].Body
	if string(body) == `"$input"` {
		body = payload.Input
	}
	_, _ = w.Write(body)
}

func indent(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, []byte(text), "", "  "); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	return out.String() + "\n"
}
