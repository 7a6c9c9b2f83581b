package console

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

// Service is what the console tells of and changes. It is safe for concurrent use.
type Service interface {
	// Served is what is served now.
	Served() Served
	// Changed gives a channel that is closed once Served would give something else.
	Changed() <-chan struct{}
	// Reload reads the files anew and waits until they are served. The error says why they aren't; Served has its faults.
	Reload(ctx context.Context) error
	// Try makes what would be served of another directory. An error that the author can mend is metadata.Faults.
	Try(ctx context.Context, dir fs.FS) (Trial, error)
	// Supergraph composes the supergraph with an SDL of this subgraph.
	Supergraph(ctx context.Context, sdl string) Supergraph
	// Watch keeps the join plans of a trace's operations, until JoinPlans gives them.
	Watch(traceID string)
	JoinPlans(traceID string) []json.RawMessage
}

// Served is what a [Service] serves.
type Served struct {
	Generation int
	LoadedAt   time.Time
	Kept       bool            // the files were read since, but could not be served
	Faults     metadata.Faults // of the files as they were last read
	Catalogs   map[string]*catalog.Catalog
	SDL        string // as a router composes it
	Executable string // as documents are validated against it
}

// Trial is what would be served.
type Trial interface {
	Metadata() *metadata.Metadata
	SDL() string
	Warnings() metadata.Faults
	// Sees reports whether a role may follow a relationship of a type.
	Sees(role, typeName, relationship string) bool
	// Ask answers the body of a GraphQL request, with its join plan. Session variables have names in lower case.
	Ask(ctx context.Context, role string, variables map[string]string, body []byte) []byte
	Close()
}

// Options of [New].
type Options struct {
	Dir     string // the metadata directory; required
	Version string
	Log     *slog.Logger // nil means slog.Default()

	// Admin reports whether a request comes from the admin; required.
	Admin func(*http.Request) bool
	// Open says that nothing proves who calls, so that Admin lets everyone in: only requests to a loopback name are answered.
	Open bool

	RouterURL  string // GraphQL endpoint of the router; "" means none
	JaegerURL  string // its page; "" means none
	Supergraph bool   // Service.Supergraph knows what else is composed
}

// Console is the handler of /console and all below it.
type Console struct {
	service Service
	options Options
	handler http.Handler
	page    *page

	editing sync.Mutex
	undo    []undo // the last one last

	closed context.Context
	close  context.CancelFunc
}

// undo is a change that can be taken back.
type undo struct {
	description string
	change      edit.Change
}

// maxUndo bounds how many changes can be taken back.
const maxUndo = 20

// New returns the console of a service.
func New(service Service, o Options) *Console {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	c := &Console{service: service, options: o, page: newPage()}
	c.closed, c.close = context.WithCancel(context.Background())
	api := http.NewServeMux()
	api.HandleFunc("GET /console/api/state", answer(c.getState))
	api.HandleFunc("GET /console/api/events", c.events)
	api.HandleFunc("GET /console/api/metadata", answer(c.getMetadata))
	api.HandleFunc("GET /console/api/supergraph", answer(c.getSupergraph))
	api.HandleFunc("POST /console/api/relationships/preview", answer(with(c.previewRelationship)))
	api.HandleFunc("POST /console/api/relationships/sample", answer(with(c.sample)))
	api.HandleFunc("POST /console/api/relationships", answer(with(c.saveRelationship)))
	api.HandleFunc("PUT /console/api/relationships", answer(with(c.saveRelationship)))
	api.HandleFunc("DELETE /console/api/relationships", answer(with(c.saveRelationship)))
	api.HandleFunc("POST /console/api/types/preview", answer(with(c.previewTypes)))
	api.HandleFunc("POST /console/api/types", answer(with(c.saveTypes)))
	api.HandleFunc("GET /console/api/schema", c.schema)
	api.HandleFunc("POST /console/api/explain", answer(with(c.watch)))
	api.HandleFunc("GET /console/api/explain/{trace}", answer(c.joinPlans))
	api.HandleFunc("POST /console/api/undo", answer(with(c.takeBack)))
	api.HandleFunc("POST /console/api/reload", answer(c.reload))
	if o.RouterURL != "" {
		api.Handle("POST /console/api/router", c.router())
	}
	api.HandleFunc("/console/api/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, &apiError{http.StatusNotFound, ErrorBody{Code: "not-found", Message: "no such part of the console's API"}})
	})
	mux := http.NewServeMux()
	mux.Handle("/console/api/", c.guard(http.NewCrossOriginProtection().Handler(api)))
	mux.Handle("/console/", c.page)
	mux.Handle("/console", http.RedirectHandler("/console/", http.StatusMovedPermanently))
	c.handler = c.local(mux)
	return c
}

// Built reports whether the page is there, and not only a hint that it has to be built.
func (c *Console) Built() bool { return c.page.built }

// Close ends streams of events, which would else keep a server from stopping.
func (c *Console) Close() { c.close() }

// ServeHTTP serves /console and all below it.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

// local refuses hosts that aren't loopback names where nothing proves who calls: another site's name could be made to lead
// here.
func (c *Console) local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.options.Open && !auth.IsLoopback(r.Host) {
			writeError(w, &apiError{http.StatusForbidden, ErrorBody{Code: "access-denied", Message: "without an admin secret the console answers on localhost only"}})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guard lets the admin in.
func (c *Console) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		if !c.options.Admin(r) {
			writeError(w, &apiError{http.StatusUnauthorized, ErrorBody{Code: "access-denied", Message: "the console is for the admin: send x-hasura-admin-secret"}})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// dir is the metadata directory.
func (c *Console) dir() fs.FS { return os.DirFS(c.options.Dir) }

// apiError is an answer that isn't 2xx.
type apiError struct {
	status int
	body   ErrorBody
}

func (e *apiError) Error() string { return e.body.Message }

func badRequest(message string) error {
	return &apiError{http.StatusBadRequest, ErrorBody{Code: "bad-request", Message: message}}
}

// maxBody bounds requests.
const maxBody = 4 << 20

// answer writes what a part of the API gives.
func answer[T any](part func(*http.Request) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		value, err := part(r)
		if err != nil {
			writeError(w, err)
			return
		}
		writeJSON(w, http.StatusOK, value)
	}
}

// with reads the JSON that a part of the API takes. No form of another site can send its content type.
func with[In, Out any](part func(context.Context, In) (Out, error)) func(*http.Request) (Out, error) {
	return func(r *http.Request) (out Out, err error) {
		var in In
		if r.Header.Get("Content-Type") != "application/json" {
			return out, badRequest("expecting content type application/json")
		}
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			return out, badRequest("invalid JSON: " + err.Error())
		}
		return part(r.Context(), in)
	}
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // an error says that the client is gone
}

func writeError(w http.ResponseWriter, err error) {
	var known *apiError
	if !errors.As(err, &known) {
		known = &apiError{http.StatusInternalServerError, ErrorBody{Code: "unexpected", Message: err.Error()}}
	}
	writeJSON(w, known.status, Error{known.body})
}
