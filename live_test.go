package joinery

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"

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

// TestLiveWatches: what is saved and what is done to the database is served without anybody asking for it; what says the
// same isn't.
func TestLiveWatches(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, serviceSchema)
	root := t.TempDir()
	dir := filepath.Join(root, "metadata") // as Kubernetes mounts a ConfigMap: a link to a link that is replaced
	mount(t, root, serviceMetadata)
	live := openLive(t, Config{Metadata: os.DirFS(dir), DatabaseURL: db.URL, Transport: transport(func(*http.Request) string { return found })})
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		live.Watch(ctx, WatchOptions{Files: 5 * time.Millisecond, Databases: time.Hour})
	}()
	defer func() { stop(); <-watched }()

	mount(t, root, renamed())
	awaitGeneration(t, live, 2)
	if got := ask(t, live, owner); got != ownAnswer {
		t.Errorf("after another directory was mounted: %s", got)
	}

	before := live.Changed()
	write(t, filepath.Join(dir, "actions.yaml"), "actions: [\n")
	<-before
	if state := live.State(); state.Generation != 2 || state.Err == nil {
		t.Errorf("state after a bad file was saved: %+v", state)
	}

	mount(t, root, serviceMetadata)
	awaitGeneration(t, live, 3)
	if got := ask(t, live, byID); got != byIDAnswer {
		t.Errorf("after it was mended: %s", got)
	}

	db.Exec(t, `alter table users add column nick text default 'n'; notify `+ReloadChannel)
	awaitGeneration(t, live, 4)
	if got := ask(t, live, `{ find { by_id { nick } } }`); got != `{"data":{"find":[{"by_id":{"nick":"n"}},{"by_id":{"nick":"n"}}]}}` {
		t.Errorf("after a column was added: %s", got)
	}

	mount(t, root, serviceMetadata)
	if live.inputs.Load().files.changed() {
		t.Error("files that say the same count as changed")
	}
	db.Exec(t, `create temp table other (id int); notify `+ReloadChannel)
	mount(t, root, renamed())
	awaitGeneration(t, live, 5)
	if got := ask(t, live, owner); got != ownAnswer {
		t.Errorf("what says the same was served instead: %s", got)
	}
}

// TestLiveWatchesWithoutNotification: the structure is polled, too.
func TestLiveWatchesWithoutNotification(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, serviceSchema)
	live := openLive(t, Config{Metadata: serviceMetadata, DatabaseURL: db.URL})
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		live.Watch(ctx, WatchOptions{Databases: 5 * time.Millisecond})
	}()
	defer func() { stop(); <-watched }()
	before := live.Changed()
	db.Exec(t, `drop table posts`) // the metadata tracks it
	<-before
	if state := live.State(); state.Generation != 1 || len(state.Faults) == 0 {
		t.Errorf("state after a tracked table was dropped: %+v", state)
	}
	db.Exec(t, `create table posts (id int primary key, user_id bigint references users, title text)`)
	awaitGeneration(t, live, 2)
}

// TestLiveWatchesEnumTables: the rows of enum tables are part of the schema; other rows aren't.
func TestLiveWatchesEnumTables(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, `create table mood (name text primary key, about text); create table size (name text primary key);
		create table users (id int primary key, mood text references mood);
		insert into mood values ('happy'), ('sad'); insert into size values ('small')`)
	live := openLive(t, Config{DatabaseURL: db.URL, Introspection: true, Metadata: fstest.MapFS{
		"version.yaml": {Data: []byte("version: 3\n")},
		"databases/databases.yaml": {Data: []byte(oneSource + `
  - {table: mood, is_enum: true}
  - {table: size, is_enum: true}
  - table: users
`)},
	}})
	ctx, stop := context.WithCancel(t.Context())
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		live.Watch(ctx, WatchOptions{Databases: 5 * time.Millisecond})
	}()
	defer func() { stop(); <-watched }()
	for i, step := range []struct{ sql, want string }{
		{`insert into mood values ('calm', 'almost asleep'); insert into users values (1, 'calm')`, `[{"name":"calm","description":"almost asleep"},{"name":"happy","description":null},{"name":"sad","description":null}]`},
		{`update mood set about = 'asleep' where name = 'calm'`, `[{"name":"calm","description":"asleep"},{"name":"happy","description":null},{"name":"sad","description":null}]`},
		{`insert into users values (2, 'sad'); delete from mood where name = 'happy'`, `[{"name":"calm","description":"asleep"},{"name":"sad","description":null}]`},
		{`insert into size values ('large'); insert into users values (3, 'sad')`, `[{"name":"calm","description":"asleep"},{"name":"sad","description":null}]`},
	} {
		db.Exec(t, step.sql)
		awaitGeneration(t, live, 2+i)
		if got, want := ask(t, live, `{ __type(name: "mood_enum") { enumValues { name description } } }`), `{"data":{"__type":{"enumValues":`+step.want+`}}}`; got != want {
			t.Errorf("after %s: %s, want %s", step.sql, got, want)
		}
	}

	before := live.Changed()
	db.Exec(t, `insert into mood values ('no name')`)
	<-before
	if state := live.State(); state.Generation != 5 || len(state.Faults) == 0 {
		t.Errorf("state after a row that is no name: %+v", state)
	}
	db.Exec(t, `delete from mood where name = 'no name'`)
	awaitGeneration(t, live, 6)

	before = live.Changed()
	db.Exec(t, `drop table size`)
	<-before
	if state := live.State(); state.Generation != 6 || len(state.Faults) == 0 {
		t.Errorf("state after an enum table was dropped: %+v", state)
	}
	db.Exec(t, `create table size (name text primary key); insert into size values ('small')`)
	awaitGeneration(t, live, 7)
}

// mount has root/metadata be a link to a new directory with these files.
func mount(t *testing.T, root string, files fs.FS) {
	t.Helper()
	dir, err := os.MkdirTemp(root, "..data-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	link := dir + ".link"
	if err := errors.Join(os.Symlink(filepath.Base(dir), link), os.Rename(link, filepath.Join(root, "metadata"))); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func awaitGeneration(t *testing.T, live *Live, generation int) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		changed := live.Changed()
		switch state := live.State(); {
		case state.Generation == generation:
			return
		case state.Generation > generation:
			t.Fatalf("generation %d, want %d", state.Generation, generation)
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("still %+v, want generation %d", live.State(), generation)
		}
	}
}

// TestLiveUnderLoad reloads 200 times while clients ask: every answer is one of the metadata before or after, and nothing
// is left of what was replaced. It is alone while it runs: it counts goroutines and memory of the process.
func TestLiveUnderLoad(t *testing.T) { //nolint:paralleltest // see above
	const warmUp, clients = 20, 4
	reloads := 200
	if testing.Short() {
		reloads = 20
	}
	db := pgtest.New(t)
	db.Exec(t, serviceSchema)
	dirs := []fs.FS{serviceMetadata, overlay(serviceMetadata, "actions.yaml", "{id: id}", "{uid: uid}")}
	answers := map[string]*atomic.Int64{byIDAnswer: {}, `{"data":{"find":[{"by_id":{"name":"bo"}},{"by_id":null}]}}`: {}}
	dir := newSwitchedFS(dirs[0])
	live := openLive(t, Config{
		Metadata: dir, DatabaseURL: db.URL, MeterProvider: metric.NewMeterProvider(metric.WithReader(metric.NewManualReader())),
		Transport: transport(func(*http.Request) string { return found }),
	})
	server := httptest.NewServer(live.Mux())
	defer server.Close()

	change := func(n int) {
		for i := range n {
			dir.set(dirs[(i+1)%2])
			reload(t, live)
		}
	}
	pool := live.Service().sources[0].Pool
	under := func(n int) {
		ctx, stop := context.WithCancel(t.Context())
		var traffic sync.WaitGroup
		for range clients {
			traffic.Go(func() {
				for ctx.Err() == nil {
					got := post(t, server, byID)
					if answers[got] == nil {
						t.Errorf("answer %s", got)
						return
					}
					answers[got].Add(1)
				}
			})
		}
		change(n)
		stop()
		traffic.Wait()
		server.Client().CloseIdleConnections()
	}
	under(warmUp)
	goroutines, heap := quiet(t, 0)
	under(reloads)
	goroutinesAfter, heapAfter := quiet(t, goroutines)

	for answer, n := range answers {
		t.Logf("%d times %s", n.Load(), answer)
		if n.Load() == 0 {
			t.Errorf("never %s", answer)
		}
	}
	t.Logf("goroutines %d -> %d, heap %d kB -> %d kB", goroutines, goroutinesAfter, heap/1000, heapAfter/1000)
	if goroutinesAfter > goroutines {
		t.Errorf("%d goroutines, before %d", goroutinesAfter, goroutines)
	}
	if margin := uint64(2 << 20); heapAfter > heap+margin {
		t.Errorf("heap has %d bytes, before %d", heapAfter, heap)
	}
	if got := live.State().Generation; got != 1+warmUp+reloads {
		t.Errorf("generation %d", got)
	}
	if now := live.Service().sources[0].Pool; now != pool || len(live.shared.pools.open) != 1 {
		t.Error("the connections were not kept")
	}
	if made, most := pool.Stat().NewConnsCount(), int64(pool.Config().MaxConns); made > most {
		t.Errorf("%d connections were made, and the pool has at most %d", made, most)
	}
}

func post(t *testing.T, server *httptest.Server, document string) string {
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		t.Error(err)
	}
	answer, err := server.Client().Post(server.URL+"/graphql", "application/json", strings.NewReader(string(body)))
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// quiet waits until there are no more goroutines than before, where that is known, and tells how many, and what the heap
// holds.
func quiet(t *testing.T, before int) (goroutines int, heap uint64) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); before > 0 && runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	runtime.GC()
	runtime.GC() // what pools keep goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return runtime.NumGoroutine(), m.HeapAlloc
}
