package metadataapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

// Service is what serves the directory. Errors that the metadata's author can mend are metadata.Faults.
type Service interface {
	// Try makes what would be served of another directory; the error says why it couldn't be.
	Try(ctx context.Context, dir fs.FS) error
	// Reload reads the files anew and waits until they are served.
	Reload(ctx context.Context) error
}

// Authenticator finds who calls; *auth.Authenticator does.
type Authenticator interface {
	Authenticate(*http.Request) (*auth.Session, error)
}

// Options of [New].
type Options struct {
	Dir  string        // the metadata directory; required
	Auth Authenticator // required
	// Open says that nothing proves who calls: then only JSON to a loopback name is answered, which no page of another
	// site can send.
	Open bool
	Log  *slog.Logger // nil means slog.Default()
}

// API is the handler of /v1/metadata. It is safe for concurrent use: commands run one after the other.
type API struct {
	service Service
	options Options
	handler http.Handler
	running sync.Mutex
}

// New returns the API of a service.
func New(service Service, o Options) *API {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	a := &API{service: service, options: o}
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		write(w, failure(http.StatusForbidden, "access-denied", "$", "cross-origin request"))
	}))
	a.handler = protection.Handler(http.HandlerFunc(a.serve))
	return a
}

// ServeHTTP answers a command.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if err := a.admit(w, r); err != nil {
		write(w, err)
		return
	}
	var c command
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	if err := decoder.Decode(&c); err != nil {
		write(w, failure(http.StatusBadRequest, "invalid-json", "$", "invalid JSON: "+err.Error()))
		return
	}
	a.running.Lock()
	defer a.running.Unlock()
	answer, err := a.run(r.Context(), c)
	if err != nil {
		write(w, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// maxBody is what a metadata file may have, and a half more.
const maxBody = 24 << 20

// admit is the error of a request that isn't the admin's.
func (a *API) admit(w http.ResponseWriter, r *http.Request) *Error {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return failure(http.StatusMethodNotAllowed, "not-found", "$", "resource does not exist")
	}
	if a.options.Open && !auth.IsLoopback(r.Host) {
		return failure(http.StatusForbidden, "access-denied", "$", "without an admin secret the metadata API answers on localhost only")
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); a.options.Open && kind != "application/json" {
		return failure(http.StatusUnsupportedMediaType, "bad-request", "$", "expecting content type application/json")
	}
	session, err := a.options.Auth.Authenticate(r)
	if denied, ok := errors.AsType[*auth.Error](err); ok {
		return failure(denied.Status, denied.Code, "$", denied.Message)
	}
	if err != nil {
		return failure(http.StatusUnauthorized, "access-denied", "$", err.Error())
	}
	if !session.IsAdmin() {
		return failure(http.StatusBadRequest, "access-denied", "$.args", "restricted access : admin only")
	}
	return nil
}

// Error is what Hasura answers where a command fails.
type Error struct {
	Path     string `json:"path"`
	Message  string `json:"error"`
	Code     string `json:"code"`
	Internal any    `json:"internal,omitempty"`

	status int
}

func (e *Error) Error() string { return e.Message }

func failure(status int, code, path, message string) *Error {
	return &Error{Path: path, Message: message, Code: code, status: status}
}

func write(w http.ResponseWriter, e *Error) { writeJSON(w, e.status, e) }

func writeJSON(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		status = http.StatusInternalServerError
		b.Reset()
		b.WriteString(`{"path":"$","error":"the answer can't be written as JSON","code":"unexpected"}` + "\n")
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// run does what a command asks for, as a whole or not at all.
func (a *API) run(ctx context.Context, c command) (any, *Error) {
	t := &transaction{dir: os.DirFS(a.options.Dir)}
	answer, err := t.run(c, "$")
	if err != nil {
		return nil, err
	}
	if len(t.change.Files) > 0 {
		if err := a.save(ctx, t.change, t.about); err != nil {
			return nil, err
		}
	}
	if t.reloads != nil && len(t.change.Files) == 0 {
		t.reloads.fill(a.service.Reload(ctx))
	}
	return answer, nil
}

// save writes a change that can be served, and has it served; one that then isn't is taken back.
func (a *API) save(ctx context.Context, change edit.Change, about string) *Error {
	if err := edit.Writable(a.options.Dir); err != nil {
		return failure(http.StatusInternalServerError, "unexpected", "$", err.Error())
	}
	if err := a.service.Try(ctx, change.Over(os.DirFS(a.options.Dir))); err != nil {
		return inconsistent(err, about)
	}
	if err := change.Apply(a.options.Dir); err != nil {
		return notWritten(err)
	}
	err := a.service.Reload(ctx)
	if err == nil {
		return nil
	}
	// the client may be gone, but the files must not stay
	ctx = context.WithoutCancel(ctx)
	if undo := change.Inverse().Apply(a.options.Dir); undo != nil {
		a.options.Log.ErrorContext(ctx, "a change of the metadata could not be served, nor taken back", "error", errors.Join(err, undo))
	} else if again := a.service.Reload(ctx); again != nil {
		a.options.Log.ErrorContext(ctx, "the metadata as it was can't be served any more", "error", again)
	}
	return inconsistent(err, about)
}

func notWritten(err error) *Error {
	if conflict, ok := errors.AsType[*edit.Conflict](err); ok {
		return failure(http.StatusConflict, "conflict", "$", conflict.Error())
	}
	return failure(http.StatusInternalServerError, "unexpected", "$", err.Error())
}
