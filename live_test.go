package joinery

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/metadata"
)

// switchedFS is a directory whose files change all at once.
type switchedFS struct{ now atomic.Value }

func newSwitchedFS(dir fs.FS) *switchedFS {
	s := &switchedFS{}
	s.set(dir)
	return s
}

func (s *switchedFS) set(dir fs.FS)                     { s.now.Store(&dir) }
func (s *switchedFS) Open(name string) (fs.File, error) { return (*s.now.Load().(*fs.FS)).Open(name) }

func openLive(t *testing.T, c Config) *Live {
	t.Helper()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	live, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(live.Close)
	return live
}

func reload(t *testing.T, live *Live) {
	t.Helper()
	if err := live.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
}

const (
	byID       = `{ find { by_id { name } } }`
	byIDAnswer = `{"data":{"find":[{"by_id":{"name":"ann"}},{"by_id":{"name":"bo"}}]}}`
	owner      = `{ find { owner { name } } }`
	ownAnswer  = `{"data":{"find":[{"owner":{"name":"ann"}},{"owner":{"name":"bo"}}]}}`
)

// renamed is serviceMetadata with the relationship by_id under the name owner.
func renamed() fs.FS { return overlay(serviceMetadata, "actions.yaml", "name: by_id", "name: owner") }

func TestLiveKeepsWhatWorks(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, serviceSchema)
	dir := newSwitchedFS(serviceMetadata)
	live := openLive(t, Config{Metadata: dir, DatabaseURL: db.URL, Transport: transport(func(*http.Request) string { return found })})
	before, changed := live.State(), live.Changed()
	if before.Generation != 1 || before.Err != nil || before.LoadedAt.IsZero() {
		t.Fatalf("first state %+v", before)
	}

	dir.set(overlay(serviceMetadata, "actions.yaml", "remote_table: users, field_mapping: {id: id}", "remote_table: userz, field_mapping: {id: id}"))
	if err := live.Reload(t.Context()); err == nil {
		t.Fatal("a relationship to a missing table is served")
	}
	<-changed
	state := live.State()
	if state.Generation != 1 || state.LoadedAt != before.LoadedAt || state.Err == nil || len(state.Faults.Of(metadata.Error)) == 0 {
		t.Errorf("state after a bad change: %+v", state)
	}
	if got := ask(t, live, byID); got != byIDAnswer {
		t.Errorf("after a bad change: %s", got)
	}
	if ready := readyz(t, live); ready["status"] != "UP" || !strings.Contains(ready["detail"], `"userz" for relationship "by_id"`) {
		t.Errorf("readyz after a bad change: %v", ready)
	}

	dir.set(renamed())
	changed = live.Changed()
	reload(t, live)
	<-changed
	if state := live.State(); state.Generation != 2 || state.Err != nil || len(state.Faults.Of(metadata.Error)) > 0 {
		t.Errorf("state after a good change: %+v", state)
	}
	if got := ask(t, live, owner); got != ownAnswer {
		t.Errorf("after a good change: %s", got)
	}
	if ready := readyz(t, live); ready["status"] != "UP" || ready["detail"] != "" {
		t.Errorf("readyz after a good change: %v", ready)
	}
}

func readyz(t *testing.T, live *Live) (state map[string]string) {
	t.Helper()
	w := httptest.NewRecorder()
	live.Mux().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", http.NoBody))
	if err := json.Unmarshal(w.Body.Bytes(), &state); err != nil || w.Code != http.StatusOK {
		t.Fatalf("readyz: %d %s", w.Code, w.Body)
	}
	return state
}

func TestLiveReadsTheDatabaseAnew(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, serviceSchema)
	live := openLive(t, Config{Metadata: serviceMetadata, DatabaseURL: db.URL, Transport: transport(func(*http.Request) string { return found })})
	if got := ask(t, live, byID); got != byIDAnswer { // prepared on the connection before its table changes
		t.Error(got)
	}
	db.Exec(t, `alter table users add column nick text default 'n'; alter table users alter column name type varchar(20)`)
	reload(t, live)
	if got := ask(t, live, `{ find { by_id { name nick } } }`); got != `{"data":{"find":[{"by_id":{"name":"ann","nick":"n"}},{"by_id":{"name":"bo","nick":"n"}}]}}` {
		t.Error(got)
	}
	if got := ask(t, live, byID); got != byIDAnswer {
		t.Error(got)
	}
}

// TestLiveLetsRequestsEnd: a request that waits for its handler while the service is replaced ends on the old one, which is
// closed after it.
func TestLiveLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, serviceSchema)
	dir := newSwitchedFS(serviceMetadata)
	called, proceed := make(chan struct{}), make(chan struct{})
	live := openLive(t, Config{Metadata: dir, DatabaseURL: db.URL, Transport: transport(func(*http.Request) string {
		called <- struct{}{}
		<-proceed
		return found
	})})
	old := live.served.Load()
	answer := make(chan string)
	go func() { answer <- ask(t, live, byID) }()
	<-called
	dir.set(renamed())
	reload(t, live)
	reload(t, live)
	if n := old.users.Load(); n != 1 {
		t.Errorf("the replaced service has %d users, want the request", n)
	}
	close(proceed)
	if got := <-answer; got != byIDAnswer {
		t.Errorf("request in flight: %s", got)
	}
	if old.take() {
		t.Error("the replaced service can still be used")
	}
}

func TestLiveRefusesABadStart(t *testing.T) {
	t.Parallel()
	live, err := Open(context.Background(), Config{Metadata: overlay(serviceMetadata, "actions.yaml", "name: by_id", "name: by-id"), DatabaseURL: "postgres://127.0.0.1:1/x"})
	if err == nil {
		live.Close()
		t.Fatal("bad metadata is served")
	}
}
