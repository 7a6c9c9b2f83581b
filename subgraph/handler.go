package subgraph

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/loaders"
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

	Tracer trace.Tracer // nil means none
	Log    *slog.Logger // nil means slog.Default()

	MaxBodyBytes         int64 // of a request, also after decompression; zero means 4 MiB
	MaxTokens            int   // of a document; zero means 15,000
	MaxFields            int   // that an operation selects, fragments expanded; zero means 15,000
	MaxRepresentations   int   // of each _entities; zero means 50,000
	DisableIntrospection bool  // __schema and __type; _service is always answered
}

const (
	defaultMaxBodyBytes       = 4 << 20
	defaultMaxTokens          = 15_000
	defaultMaxFields          = 15_000
	defaultMaxRepresentations = 50_000

	documents = 1_000 // that are kept parsed, and planned
)

func (o *Options) setDefaults() {
	if o.MaxBodyBytes <= 0 {
		o.MaxBodyBytes = defaultMaxBodyBytes
	}
	if o.MaxTokens <= 0 {
		o.MaxTokens = defaultMaxTokens
	}
	if o.MaxFields <= 0 {
		o.MaxFields = defaultMaxFields
	}
	if o.MaxRepresentations <= 0 {
		o.MaxRepresentations = defaultMaxRepresentations
	}
	if o.Tracer == nil {
		o.Tracer = noop.Tracer{}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Loaders.Tracer == nil {
		o.Loaders.Tracer = o.Tracer
	}
}

// NewHandler serves the schema over HTTP POST.
func NewHandler(s *Schema, o Options) http.Handler {
	o.setDefaults()
	plans := newPlanCache(s, documents, limits{o.MaxFields, o.MaxRepresentations})
	schema := &executable{subgraph: s, options: o, plans: plans}
	exec := executor.New(schema)
	exec.SetQueryCache(lru.New[*ast.QueryDocument](documents))
	exec.SetParserTokenLimit(o.MaxTokens)
	exec.SetDefaultRulesFn(validationRules)
	exec.SetDisableSuggestion(o.DisableIntrospection)
	exec.SetErrorPresenter(present)
	exec.Use(extension.AutomaticPersistedQuery{Cache: lru.New[string](documents)})
	exec.Use(newVariables(s.schema))
	if !o.DisableIntrospection {
		exec.Use(extension.Introspection{})
	}
	return authenticated(o, &post{exec: exec, schema: schema, maxBody: o.MaxBodyBytes, log: o.Log})
}

// validationRules are gqlparser's with one of our own.
func validationRules() *rules.Rules {
	r := rules.NewDefaultRules()
	r.AddRule("IntRange", intRange)
	return r
}

// intRange refuses literals that are no Int (GraphQL, section 3.5.1), which gqlparser takes up to 64 bits.
func intRange(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, v *ast.Value) {
		if v.Kind != ast.IntValue || v.Definition == nil || v.Definition.Name != "Int" {
			return
		}
		if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil {
			addError(core.Message("Int cannot represent non 32-bit signed integer value: %s", v.Raw), core.At(v.Position))
		}
	})
}

// authenticated lets requests through whose caller is known, with the session in their context.
func authenticated(o Options, next *post) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, err := o.Auth.Authenticate(r)
		if err != nil {
			message, extensions := wording(err)
			writeError(w, r, statusOf(err), message, extensions)
			return
		}
		if !supports(r) {
			refuse(w, r)
			return
		}
		next.do(auth.NewContext(r.Context(), session), w, r)
	})
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
