package joinery

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/metadata"
)

// Live is a [Service] that is replaced when its metadata or its databases change. A change makes a whole new Service; from
// then on it gets the requests, those in flight end on the one that they began on, and then that one is closed.
// Connections to databases and handlers, keys of tokens and metrics are kept. It is safe for concurrent use.
type Live struct {
	config Config
	shared *shared

	served    atomic.Pointer[generation]
	inputs    atomic.Pointer[inputs] // by the last reload, whatever came of it
	reloading chan struct{}          // holds an element while somebody reloads
	closing   sync.WaitGroup         // generations that aren't closed yet
	stopLoad  func()
	closed    atomic.Bool

	mu      sync.Mutex
	state   State
	changed chan struct{} // closed when state changes
	alive   []*generation // the served one last
}

// State tells what a [Live] serves, and how its last reload went.
type State struct {
	Generation int       // of what is served: 1, and one more with each change
	LoadedAt   time.Time // when that was made
	// Err says why what was found since isn't served, so that what was before is kept; [metadata.Faults] where the
	// metadata's author can mend it. It is nil where the last reload went well.
	Err error
	// Faults are those of the metadata as it was last read: warnings of what is served, or errors that keep a change from
	// being so.
	Faults metadata.Faults
}

// inputs are what an attempt to make a service has read.
type inputs struct {
	files      *readFiles
	structures map[database]string             // fingerprints
	enums      map[database]*entities.Database // whose enum tables were read
}

func newInputs(c *Config) *inputs {
	return &inputs{&readFiles{c.Metadata, map[string]digest{}}, map[database]string{}, map[database]*entities.Database{}}
}

// generation is a service and who uses it: the requests in flight and, while it is served, Live.
type generation struct {
	*Service
	users atomic.Int64
	ended func() // called once, when users has become 0
}

// take reports whether the generation may be used. It is to be released.
func (g *generation) take() bool {
	for {
		users := g.users.Load()
		if users <= 0 {
			return false
		}
		if g.users.CompareAndSwap(users, users+1) {
			return true
		}
	}
}

func (g *generation) release() {
	if g.users.Add(-1) == 0 {
		go g.ended() // it may wait for connections, and a request must not wait for that
	}
}

// Open makes the first service, as [New] does. ctx bounds the start only.
func Open(ctx context.Context, c Config) (*Live, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	l := &Live{shared: newShared(&c), reloading: make(chan struct{}, 1), changed: make(chan struct{})}
	l.config = c
	first, err := l.read(ctx)
	if err != nil {
		l.shared.close()
		return nil, err
	}
	l.shared.authenticator.Start(ctx)
	l.serve(first)
	l.stopLoad = observeLoad(c.MeterProvider, l.load)
	return l, nil
}

// read makes a service of what is there now.
func (l *Live) read(ctx context.Context) (*Service, error) {
	in := newInputs(&l.config)
	s, err := newService(ctx, l.config, l.shared, in)
	if ctx.Err() == nil { // else not all was seen
		l.inputs.Store(in)
	}
	return s, err
}

// Reload reads the metadata and the structure of the databases anew and serves them from then on, also where nothing
// changed. After an error what was before is served on; State has it, too.
func (l *Live) Reload(ctx context.Context) error {
	return l.reloadIf(ctx, func(*inputs) bool { return true })
}

// reloadIf reloads if, while nobody else does so, what was last seen is found to be outdated.
func (l *Live) reloadIf(ctx context.Context, outdated func(*inputs) bool) error {
	select {
	case l.reloading <- struct{}{}:
		defer func() { <-l.reloading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if l.closed.Load() {
		return errors.New("reload: closed")
	}
	if !outdated(l.inputs.Load()) {
		return nil
	}
	next, err := l.read(ctx)
	if err != nil {
		if ctx.Err() == nil { // else it says nothing about what was read
			l.refuse(err)
		}
		return err
	}
	l.serve(next)
	l.config.Log.InfoContext(ctx, "serving a change", "generation", l.Generation(), "warnings", len(next.Warnings()))
	return nil
}

// serve has requests go to a service from now on.
func (l *Live) serve(s *Service) {
	g := &generation{Service: s}
	g.users.Store(1)
	g.ended = func() { l.retire(g) }
	l.closing.Add(1)
	l.mu.Lock()
	l.alive = append(l.alive, g)
	l.tell(State{Generation: l.state.Generation + 1, LoadedAt: time.Now(), Faults: s.Warnings()})
	before := l.served.Swap(g)
	l.mu.Unlock()
	if before != nil {
		before.release()
	}
}

// refuse keeps what is served.
func (l *Live) refuse(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	state := State{Generation: l.state.Generation, LoadedAt: l.state.LoadedAt, Err: err}
	_ = errors.As(err, &state.Faults)
	l.tell(state)
	l.config.Log.Error("a change is not served, what was before is kept", "error", err)
}

// tell needs the lock.
func (l *Live) tell(s State) {
	l.state = s
	close(l.changed)
	l.changed = make(chan struct{})
}

// retire closes a generation that nobody uses.
func (l *Live) retire(g *generation) {
	defer l.closing.Done()
	l.mu.Lock()
	l.alive = slices.DeleteFunc(l.alive, func(other *generation) bool { return other == g })
	l.mu.Unlock()
	g.Close()
}

// load is that of all services that still answer requests.
func (l *Live) load() (executing, queued int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range l.alive {
		e, q := g.handler.Load()
		executing, queued = executing+e, queued+q
	}
	return executing, queued
}

// State is what is served and how the last reload went.
func (l *Live) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// Generation counts what was served, from 1.
func (l *Live) Generation() int { return l.State().Generation }

// Changed gives a channel that is closed at the next change of State. Take it before you look at State.
func (l *Live) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// Service is what is served now. Ask it what it is (SDL, Metadata, Catalogs, Timeout): it may be replaced and closed at any
// time, so requests go to Live.
func (l *Live) Service() *Service { return l.served.Load().Service }

// Preview makes a service of another metadata directory to look at, see [Service.Preview]. Close it before l.
func (l *Live) Preview(ctx context.Context, dir fs.FS) (*Service, error) {
	return l.Service().Preview(ctx, dir)
}

// ServeHTTP answers GraphQL over HTTP POST, at any path, with what is served when the request comes.
func (l *Live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g := l.take()
	defer g.release()
	g.ServeHTTP(w, r)
}

// Authenticate finds who sends a request, see [auth.Authenticator.Authenticate].
func (l *Live) Authenticate(r *http.Request) (*auth.Session, error) {
	return l.shared.authenticator.Authenticate(r)
}

// FromAdmin reports whether a request that Authenticate lets in comes from the admin, see [auth.Authenticator.FromAdmin].
func (l *Live) FromAdmin(r *http.Request) bool { return l.shared.authenticator.FromAdmin(r) }

// Ready reports whether the databases answer.
func (l *Live) Ready(ctx context.Context) error {
	g := l.take()
	defer g.release()
	return g.Ready(ctx)
}

// take gives what is served, to be released.
func (l *Live) take() *generation {
	for {
		if g := l.served.Load(); g.take() || l.closed.Load() {
			return g
		} // replaced since, and unused already
	}
}

// Mux serves the service at /graphql and its state at /livez and /readyz.
func (l *Live) Mux() *http.ServeMux {
	return newMux(l, l.Ready, func() string {
		if err := l.State().Err; err != nil {
			return "the last change is not served: " + err.Error()
		}
		return ""
	})
}

// Close ends the connections to the databases, and waits for that: for requests and for a reload that are under way. Joins of
// later requests fail, as do reloads. It may be called again.
func (l *Live) Close() {
	l.reloading <- struct{}{}
	defer func() { <-l.reloading }()
	if l.closed.Swap(true) {
		return
	}
	l.stopLoad()
	l.served.Load().release()
	l.closing.Wait()
	l.shared.close()
}
