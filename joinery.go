package joinery

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/remotes"
	"github.com/joinery-graphql/joinery/subgraph"
)

// Config is what a [Service] is made of. Metadata is required; the rest works as its zero value.
type Config struct {
	Metadata  fs.FS                       // a metadata directory
	LookupEnv func(string) (string, bool) // what the metadata's environment variables are; nil means os.LookupEnv

	// DatabaseURL is the database of the metadata's only Postgres source, whatever that says itself. It must be empty
	// where there are several sources.
	DatabaseURL string
	// DefaultDatabaseURL is the database of the metadata's only Postgres source where nothing else says it: neither
	// DatabaseURL nor the source. It counts for nothing where there are several sources.
	DefaultDatabaseURL string

	Auth              auth.Config
	Transport         http.RoundTripper   // to the actions' handlers; nil means actions.NewTransport()
	Version           string              // said to handlers; "" means dev
	DevMode           bool                // details of action errors for every caller
	ConfiguredHeaders bool                // a handler's configured header wins over a forwarded one of the same name
	AllowList         bool                // let callers other than the admin ask only for what the metadata's allow-list has
	Introspection     bool                // answer __schema and __type, and suggest names in errors; _service is always answered
	DisableTableRoots bool                // leave out the fields of Query that read tables: users, users_by_pk, users_aggregate
	JoinPlans         *subgraph.JoinPlans // nil means that no trace can be watched
	MaxKeys           int                 // per SQL statement; see loaders.Options
	MaxRemoteKeys     int                 // per request to a remote schema; see remotes.Options
	MaxRows           int                 // of an array relationship, for each parent, and of a table's field of Query; more are an error; zero means 10,000
	Limits            subgraph.Limits
	StatementTimeout  time.Duration // of an SQL statement; zero means none but its request's
	Coalesce          time.Duration // how long a query's join waits at most to share its statement with requests of the same trace and session; zero: not at all

	// RowSecurity names sources whose own rules guard their rows: see loaders.Source. A table of theirs that has select
	// permissions in the metadata is held to these, too; one without any, to the database's rules alone.
	RowSecurity []string

	Log            *slog.Logger         // nil means slog.Default()
	TracerProvider trace.TracerProvider // nil means that nothing is traced, at no cost
	MeterProvider  metric.MeterProvider // nil means that nothing is measured, at no cost

	queryTracer pgx.QueryTracer // of tests that count statements
}

// defaultMaxRows bounds what one parent can give. It is generous: rows that clients show come in pages.
const defaultMaxRows = 10_000

func (c *Config) setDefaults() error {
	if c.Metadata == nil {
		return errors.New("missing Config.Metadata")
	}
	c.MaxRows = cmp.Or(c.MaxRows, defaultMaxRows)
	if c.LookupEnv == nil {
		c.LookupEnv = os.LookupEnv
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return nil
}

// Service is a subgraph at work. It is safe for concurrent use. What it serves never changes: [Live] replaces it.
type Service struct {
	config    Config
	shared    *shared
	inputs    *inputs // nil where nobody wants to know
	metadata  *metadata.Metadata
	databases map[string]*entities.Database // by source; of a preview, those that were there before

	model   *entities.Model
	remotes *remotes.Client
	schema  *subgraph.Schema
	handler *subgraph.Handler
	timeout time.Duration
	sources []*loaders.Source
	leased  []database // whose pools are to be given back
	faults  metadata.Faults

	stopMetrics []func()
	closing     sync.Once
}

// New reads the metadata and the structure of its databases and makes the service. An error that the metadata's author
// can mend is [metadata.Faults]: all of them at once. ctx bounds the start only.
func New(ctx context.Context, c Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	sh := newShared(&c)
	s, err := newService(ctx, c, sh, nil)
	if err != nil {
		sh.close()
		return nil, err
	}
	sh.authenticator.Start(ctx)
	s.stopMetrics = []func(){sh.close, observeLoad(c.MeterProvider, s.handler.Load)}
	return s, nil
}

// check sets defaults and refuses settings that can't be together.
func (c *Config) check() error {
	if err := c.setDefaults(); err != nil {
		return err
	}
	if c.AllowList && (len(c.Auth.RouterSecrets) > 0 || c.Auth.RouterCertificates) {
		return errors.New("the allow-list can't be enabled where a router proves itself: only the router asks then, and what it asks is in no list; " +
			"let the router allow operations")
	}
	return c.Auth.Check()
}

// newService makes a service of the metadata and the databases as they are now, and notes in `in` what it read of them.
func newService(ctx context.Context, c Config, sh *shared, in *inputs) (*Service, error) {
	dir := c.Metadata
	if in != nil {
		dir = in.files
	}
	md, faults := metadata.Read(dir)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	s := &Service{config: c, shared: sh, inputs: in, faults: faults.Of(metadata.Warning)}
	if err := s.start(ctx, c, md); err != nil {
		s.Close()
		return nil, err
	}
	sh.remotes.Store(s.remotes)
	return s, nil
}

func (s *Service) start(ctx context.Context, c Config, md *metadata.Metadata) error {
	client, faults := actions.New(md, c.actionOptions())
	if err := join(s.note(faults), s.build(ctx, c, md)); err != nil {
		return err
	}
	options := c.handlerOptions(client, s.shared.authenticator)
	options.Remotes = s.remotes
	options.Limits.Timeout = timeout(md, c.Limits.Timeout)
	options.Loaders.Observe = s.shared.observe
	s.handler = subgraph.NewHandler(s.schema, options)
	s.timeout = options.Limits.Timeout
	return nil
}

// join makes one error of two, and one list of two lists of faults.
func join(a, b error) error {
	var first, second metadata.Faults
	if errors.As(a, &first) && errors.As(b, &second) {
		return append(first, second...)
	}
	return errors.Join(a, b)
}

// build connects to the databases and makes the schema.
func (s *Service) build(ctx context.Context, c Config, md *metadata.Metadata) error {
	if faults := c.checkRowSecurity(md); faults != nil {
		return faults
	}
	found, faults := findDatabases(md, c)
	if err := s.note(faults); err != nil {
		return err
	}
	databases, err := s.connect(ctx, c, md, found)
	if err != nil {
		return err
	}
	client, faults := remotes.New(ctx, md, s.remoteOptions(&c))
	if err := s.note(faults); err != nil {
		return err
	}
	s.remotes = client
	model, faults := entities.NewModel(md, databases, entities.Options{
		DisableTableRoots: c.DisableTableRoots, MaxRows: c.MaxRows, Remote: remoteOf(client),
	})
	if err := s.note(faults); err != nil {
		return err
	}
	if faults, err = model.CheckFilters(ctx); err != nil {
		return err
	}
	if err := s.note(faults); err != nil {
		return err
	}
	if faults, err = model.CheckExpressions(ctx); err != nil {
		return err
	}
	if err := s.note(faults); err != nil {
		return err
	}
	s.metadata, s.databases, s.model = md, databases, model
	s.schema, faults = subgraph.NewSchema(md, model, client)
	return s.note(faults)
}

// note keeps warnings and returns errors.
func (s *Service) note(faults metadata.Faults) error {
	s.faults = append(s.faults, faults.Of(metadata.Warning)...)
	return faults.Err()
}

func (c *Config) actionOptions() actions.Options {
	return actions.Options{
		PrivateHeaders: []string{auth.RouterSecretHeader, subgraph.ExplainHeader},
		LookupEnv:      c.LookupEnv, Transport: c.Transport, Version: c.Version, DevMode: c.DevMode,
		ConfiguredHeaderPrecedence: c.ConfiguredHeaders,
		TracerProvider:             c.TracerProvider, MeterProvider: c.MeterProvider, Propagator: propagation.TraceContext{},
	}
}

func (c *Config) authenticator() *auth.Authenticator {
	config := c.Auth
	if config.Log == nil {
		config.Log = c.Log
	}
	if config.Observe == nil {
		config.Observe = authObserver(c.MeterProvider)
	}
	return auth.New(config)
}

const scope = "github.com/joinery-graphql/joinery"

func (c *Config) handlerOptions(client *actions.Client, authenticator *auth.Authenticator) subgraph.Options {
	o := subgraph.Options{
		Actions: client, Auth: authenticator, Log: c.Log, Introspection: c.Introspection, AllowList: c.AllowList,
		Limits: c.Limits, JoinPlans: c.JoinPlans, Coalesce: c.Coalesce,
		Loaders: loaders.Options{MaxKeys: c.MaxKeys},
	}
	if c.TracerProvider != nil {
		o.Tracer = c.TracerProvider.Tracer(scope)
	}
	if c.MeterProvider != nil {
		o.Meter = c.MeterProvider.Meter(scope)
	}
	return o
}

// SDL is the subgraph's schema, as a router composes it.
func (s *Service) SDL() string { return s.schema.SDL() }

// ExecutableSDL is the schema that documents are validated against: with _entities and _service, for tools such as GraphiQL.
func (s *Service) ExecutableSDL() string { return s.schema.Executable() }

// Warnings are the faults of the metadata that don't keep it from being served.
func (s *Service) Warnings() metadata.Faults { return s.faults }

// ServeHTTP answers GraphQL over HTTP POST, at any path.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Timeout is how long a request may take once it was read: Config.Limits.Timeout or its default. A server that bounds
// how long it reads and writes must not do so earlier.
func (s *Service) Timeout() time.Duration { return s.timeout }

// timeout is the limit of a request's time: as given, or the default, which leaves each action the time that the metadata
// gives it.
func timeout(md *metadata.Metadata, given time.Duration) time.Duration {
	if given > 0 {
		return given
	}
	longest := subgraph.DefaultLimits.Timeout
	for _, a := range md.Actions {
		longest = max(longest, a.Timeout+timeoutBeyondAction)
	}
	return longest
}

const timeoutBeyondAction = 10 * time.Second // for the joins

// Ready reports whether the databases answer.
func (s *Service) Ready(ctx context.Context) error {
	var errs []error
	for _, source := range s.sources {
		if err := source.Pool.Ping(ctx); err != nil {
			errs = append(errs, fmt.Errorf("source %q does not answer", source.Name))
		}
	}
	return errors.Join(errs...)
}

// Close ends the connections to the databases, and waits for those that are in use. Joins of later requests fail. It may be called again.
func (s *Service) Close() {
	s.closing.Do(func() {
		for _, stop := range s.stopMetrics {
			stop()
		}
		for _, db := range s.leased {
			s.shared.pools.release(db)
		}
	})
}

// Mux serves the service at /graphql and its state at /livez and /readyz.
func (s *Service) Mux() *http.ServeMux {
	return newMux(s, s.Ready, func() string { return "" })
}

// newMux serves graphql and its state. detail is what is to be known of it while it is ready.
func newMux(graphql http.Handler, ready func(context.Context) error, detail func() string) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("/graphql", graphql)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { writeState(w, nil, "") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		writeState(w, ready(ctx), detail())
	})
	return mux
}

const readyTimeout = 2 * time.Second

func writeState(w http.ResponseWriter, err error, detail string) {
	state := map[string]string{"status": "UP"}
	status := http.StatusOK
	if err != nil {
		state["status"], detail = "DOWN", err.Error()
		status = http.StatusServiceUnavailable
	}
	if detail != "" {
		state["detail"] = detail
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(state)
}
