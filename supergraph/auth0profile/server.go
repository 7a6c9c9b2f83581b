package auth0profile

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile/internal/graph"
)

// secretHeader is the header in which a router proves itself (Apollo's recommendation).
const secretHeader = "router-authorization"

// New returns the subgraph's HTTP service:
//
//	POST /graphql   GraphQL, application/json, gzip or plain
//	GET  /livez     200 as long as the process answers
//	GET  /readyz    200, or 503 with the reason, as Config.Ready says
//
// It returns all faults of the configuration at once. It doesn't call Auth0: a tenant that is down
// or refuses the credentials shows in the answers and in the log.
func New(config Config) (http.Handler, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("configure the Auth0 profile subgraph: %w", err)
	}
	store, err := newStore(config)
	if err != nil {
		return nil, fmt.Errorf("configure the Auth0 profile subgraph: %w", err)
	}
	query := requireSecret(config.RouterSecret, readBody(config.MaxBodyBytes, newGraphQL(config, store)))
	if config.TracerProvider != nil {
		query = otelhttp.NewHandler(query, "POST /graphql",
			otelhttp.WithTracerProvider(config.TracerProvider),
			otelhttp.WithPropagators(propagation.TraceContext{}))
	}
	mux := http.NewServeMux()
	mux.Handle("POST /graphql", query)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { ready(w, config.Ready) })
	return mux, nil
}

func newGraphQL(config Config, store *store) http.Handler {
	federation := &federation{allowed: map[string]bool{}, max: config.MaxRepresentations}
	for _, field := range config.Fields {
		federation.allowed[field] = true
	}
	server := handler.New(graph.NewExecutableSchema(graph.Config{Resolvers: resolvers{federation}}))
	server.AddTransport(transport.POST{}) // GET and forms would be open to forged requests
	server.SetQueryCache(lru.New[*ast.QueryDocument](1000))
	server.SetParserTokenLimit(10_000)
	server.SetDisableSuggestion(!config.Introspection)
	server.SetErrorPresenter(present)
	server.SetRecoverFunc(recovered(config.Logger))
	if config.Introspection {
		server.Use(extension.Introspection{})
	}
	server.AroundFields(federation.around)
	server.AroundOperations(func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		return next(withBatch(ctx, newBatch(store)))
	})
	return server
}

func ready(w http.ResponseWriter, check func() error) {
	if check != nil {
		if err := check(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "ok")
}

// requireSecret lets pass who knows the secret; all if it is empty.
func requireSecret(secret string, next http.Handler) http.Handler {
	if secret == "" {
		return next
	}
	want := sha256.Sum256([]byte(secret)) // of one length, whatever is given
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get(secretHeader)))
		if subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
			refuse(w, http.StatusUnauthorized, "UNAUTHENTICATED", "missing or wrong "+secretHeader)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// readBody reads a body of at most max bytes, gzip or plain (a router with compression sends gzip,
// chunked), and hands it on plain.
func readBody(max int64, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := plainBody(http.MaxBytesReader(w, r.Body, max), r.Header.Get("Content-Encoding"), max)
		_, tooLong := errors.AsType[*http.MaxBytesError](err)
		switch {
		case tooLong:
			refuse(w, http.StatusRequestEntityTooLarge, "REQUEST_TOO_LARGE", fmt.Sprintf("body over %d bytes", max))
		case errors.Is(err, errEncoding):
			refuse(w, http.StatusUnsupportedMediaType, "UNSUPPORTED_ENCODING", err.Error())
		case err != nil:
			refuse(w, http.StatusBadRequest, "BAD_REQUEST", "body could not be read")
		default:
			r.Header.Del("Content-Encoding")
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		}
	})
}

var errEncoding = errors.New("content-encoding is neither gzip nor identity")

func plainBody(body io.ReadCloser, encoding string, max int64) ([]byte, error) {
	switch encoding {
	case "", "identity":
		return io.ReadAll(body)
	case "gzip":
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(http.MaxBytesReader(nil, unzipped, max))
	}
	return nil, errEncoding
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client is gone when this fails: there is nobody to tell.
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{
		"message": message, "extensions": map[string]string{"code": code},
	}}})
}
