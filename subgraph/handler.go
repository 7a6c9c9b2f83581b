package subgraph

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/vektah/gqlparser/v2/validator/rules"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/remotes"
)

// Caller calls the handler of an action; *actions.Client does. Errors should be *actions.Error: of another error the
// client learns nothing. Calls come from several goroutines.
type Caller interface {
	Call(ctx context.Context, call actions.Call) (*actions.Answer, error)
}

// Options configure a handler.
type Options struct {
	Actions Caller              // required
	Auth    *auth.Authenticator // required
	Loaders loaders.Options     // of each request's loaders
	Remotes *remotes.Client     // the one that the schema was made with; nil where there are no remote relationships

	Tracer trace.Tracer // nil means none
	Log    *slog.Logger // nil means slog.Default()

	Meter metric.Meter // nil means none

	JoinPlans *JoinPlans // nil means that no trace can be watched

	// Coalesce is how long a join of a query waits at most, so that other requests of its trace and session share its
	// statement; zero means not at all. See loaders.Coalescer.
	Coalesce time.Duration

	Limits        Limits
	AllowList     bool // let callers other than the admin ask only for what the metadata's allow-list has
	Introspection bool // answer __schema and __type, and suggest names in errors; _service is always answered
}

func (o *Options) setDefaults() {
	o.Limits = o.Limits.withDefaults()
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Loaders.Tracer == nil {
		o.Loaders.Tracer = o.Tracer
	}
}

// Handler serves a schema over HTTP POST. It is safe for concurrent use.
type Handler struct {
	options Options
	post    *post
}

// NewHandler returns the handler of a schema.
func NewHandler(s *Schema, o Options) *Handler {
	o.setDefaults()
	metrics := newLimitMetrics(o.Meter)
	schema := &executable{subgraph: s, options: o, plans: newPlanCache(s, &o.Limits), metrics: metrics}
	access := newAccess(s.metadata, o.AllowList)
	docs := newDocuments(s.schema, &o.Limits, access, metrics)
	exec := executor.New(schema)
	exec.SetQueryCache(docs)
	exec.SetParserTokenLimit(o.Limits.Tokens)
	exec.SetDefaultRulesFn(func() *rules.Rules { return validationRules(o.Limits.Fields, o.Introspection) })
	exec.SetDisableSuggestion(!o.Introspection)
	exec.SetErrorPresenter(present)
	exec.Use(extension.AutomaticPersistedQuery{Cache: persisted{newWeighted[string, string](maxPersisted, maxPersistedText)}})
	exec.Use(docs)
	exec.Use(variables{schema: s.schema, limits: &o.Limits, metrics: metrics})
	if o.Introspection {
		exec.Use(extension.Introspection{})
	}
	return &Handler{options: o, post: &post{
		exec: exec, schema: schema, limits: &o.Limits, admission: newAdmission(&o.Limits), access: access, log: o.Log, metrics: metrics,
		timeUp: &timeUp{o.Limits.Timeout}, joinPlans: o.JoinPlans, coalescer: loaders.NewCoalescer(o.Coalesce),
	}}
}

// Load is how many requests are executed now, and how many wait for that.
func (h *Handler) Load() (executing, queued int) {
	return len(h.post.admission.slots), int(h.post.admission.waiting.Load())
}

// ServeHTTP lets requests through whose caller is known, with the session in their context.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	session, err := h.options.Auth.Authenticate(r)
	if err != nil {
		message, extensions := wording(err)
		writeError(w, r, statusOf(err), message, extensions)
		return
	}
	if !supports(r) {
		refuse(w, r)
		return
	}
	if rates := h.post.access.rates; rates != nil && !session.IsAdmin() {
		if wait := rates.wait(session, r); wait > 0 {
			h.post.metrics.count(r.Context(), "role_rate")
			w.Header().Set("Retry-After", retryAfter(wait))
			writeError(w, r, http.StatusTooManyRequests, "too many requests of this role, try again later", code(CodeRateLimitExceeded))
			return
		}
	}
	explain, err := explainOf(r)
	if err != nil {
		writeError(w, r, http.StatusBadRequest, err.Error(), code(CodeBadRequest))
		return
	}
	if explain != "" && !session.IsAdmin() && !h.options.Auth.FromAdmin(r) {
		writeError(w, r, http.StatusForbidden, "restricted access : admin only", code(CodeAccessDenied))
		return
	}
	h.post.do(auth.NewContext(r.Context(), session), session, explain, w, r)
}

// statusOf is that of a caller who isn't let in.
func statusOf(err error) int {
	var denied *auth.Error
	if errors.As(err, &denied) {
		return denied.Status
	}
	return http.StatusUnauthorized
}

// refuse answers a request that isn't POST with JSON.
func refuse(w http.ResponseWriter, r *http.Request) {
	status := http.StatusUnsupportedMediaType
	if r.Method != http.MethodPost {
		status = http.StatusMethodNotAllowed
		w.Header().Set("Allow", http.MethodPost)
	}
	writeError(w, r, status, "expecting POST with content type application/json", code(CodeBadRequest))
}
