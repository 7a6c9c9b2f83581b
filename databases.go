package joinery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/attribute"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/internal/rawnet"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// database is where a Postgres source is.
type database struct {
	source string
	url    string
}

// findDatabases finds the URL of every Postgres source, in the order of the metadata.
func findDatabases(md *metadata.Metadata, c Config) ([]database, metadata.Faults) {
	sources := postgresSources(md)
	if fault := c.checkDatabaseURL(sources); fault != nil {
		return nil, metadata.Faults{*fault}
	}
	if len(sources) > 1 {
		c.DefaultDatabaseURL = "" // which of them it is meant for is anyone's guess
	}
	var databases []database
	var faults metadata.Faults
	for _, s := range sources {
		url, fault := c.databaseURL(s)
		if fault != nil {
			faults = append(faults, *fault)
		}
		databases = append(databases, database{s.Name, url})
	}
	return databases, faults
}

// checkRowSecurity refuses names that no source has: what was to be guarded would not be.
func (c *Config) checkRowSecurity(md *metadata.Metadata) (faults metadata.Faults) {
	var names []string
	for _, s := range postgresSources(md) {
		names = append(names, s.Name)
	}
	for _, name := range c.RowSecurity {
		if !slices.Contains(names, name) {
			faults = append(faults, metadata.Fault{
				Item: "row security", Message: fmt.Sprintf("unknown Postgres source %q", name), Hint: metadata.DidYouMean(name, names),
			})
		}
	}
	return faults
}

func postgresSources(md *metadata.Metadata) []*metadata.Source {
	var sources []*metadata.Source
	for _, s := range md.Sources {
		if s.Postgres() {
			sources = append(sources, s)
		}
	}
	return sources
}

// checkDatabaseURL refuses one URL for several sources.
func (c *Config) checkDatabaseURL(sources []*metadata.Source) *metadata.Fault {
	if c.DatabaseURL == "" || len(sources) < 2 {
		return nil
	}
	return &metadata.Fault{
		Pos: sources[1].Pos, Item: fmt.Sprintf("source %q", sources[1].Name),
		Message: "a database URL was given, but the metadata has several Postgres sources",
		Hint:    "leave --database-url out, and set the environment variables that the sources name",
	}
}

func (c *Config) databaseURL(s *metadata.Source) (string, *metadata.Fault) {
	if c.DatabaseURL != "" {
		return c.DatabaseURL, nil
	}
	if url, ok := c.LookupEnv(s.DatabaseURL.FromEnv); ok && s.DatabaseURL.FromEnv != "" && strings.TrimSpace(url) != "" {
		return url, nil
	}
	if url := cmp.Or(s.DatabaseURL.Value, c.DefaultDatabaseURL); url != "" {
		return url, nil
	}
	fault := &metadata.Fault{
		Pos: s.DatabaseURL.Pos, Item: fmt.Sprintf("source %q", s.Name),
		Message: fmt.Sprintf("missing environment variable %q", s.DatabaseURL.FromEnv), Hint: "set it, or give --database-url",
	}
	if s.DatabaseURL.FromEnv == "" {
		fault.Message, fault.Hint = "missing database_url", "add it to configuration.connection_info, or give --database-url"
	}
	return "", fault
}

// connect takes a pool for each source and reads what the database has, where that is not known already.
func (s *Service) connect(ctx context.Context, c Config, md *metadata.Metadata, databases []database) (map[string]*entities.Database, error) {
	out := map[string]*entities.Database{}
	var errs []error
	for _, d := range databases {
		db, err := s.database(ctx, c, d)
		if err != nil {
			errs = append(errs, fmt.Errorf("source %q: %w", d.source, err))
			continue
		}
		if err := db.ReadEnums(ctx, md.Source(d.source)); err != nil {
			errs = append(errs, fmt.Errorf("source %q: %w", d.source, err))
			continue
		}
		if s.inputs != nil {
			s.inputs.enums[d] = db
		}
		out[d.source] = db
	}
	return out, errors.Join(errs...)
}

func (s *Service) database(ctx context.Context, c Config, d database) (*entities.Database, error) {
	pool, err := s.shared.pools.take(ctx, c, d)
	if err != nil {
		return nil, err
	}
	s.leased = append(s.leased, d)
	if known := s.databases[d.source]; known != nil && known.Source.Pool == pool {
		return &entities.Database{Source: known.Source, Catalog: known.Catalog}, nil
	}
	structure, source, err := s.readDatabase(ctx, c, d, pool)
	return &entities.Database{Source: source, Catalog: structure}, err
}

func (s *Service) readDatabase(ctx context.Context, c Config, d database, pool *pgxpool.Pool) (*catalog.Catalog, *loaders.Source, error) {
	source := &loaders.Source{Name: d.source, Pool: pool, Timeout: c.StatementTimeout, RowSecurity: slices.Contains(c.RowSecurity, d.source)}
	s.sources = append(s.sources, source)
	if source.RowSecurity {
		if err := s.warnOfSuperuser(ctx, source); err != nil {
			return nil, nil, err
		}
	}
	if s.inputs != nil { // before it is read: what changes in between is seen then
		fingerprint, err := catalog.Fingerprint(ctx, pool)
		if err != nil {
			return nil, nil, err
		}
		s.inputs.structures[d] = fingerprint
	}
	structure, err := catalog.Read(ctx, pool)
	return structure, source, err
}

// warnOfSuperuser tells of a connection whose user may take any role there is.
func (s *Service) warnOfSuperuser(ctx context.Context, source *loaders.Source) error {
	super := false
	if err := source.Pool.QueryRow(ctx, `SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user`).Scan(&super); err != nil {
		return err
	}
	if super {
		s.faults = append(s.faults, metadata.Fault{
			Severity: metadata.Warning, Item: fmt.Sprintf("row security of source %q", source.Name),
			Message: "the connection's user is a superuser: a session can take any role of the database, and policies don't hold for the admin",
			Hint:    "connect as a user that is a member of the sessions' roles only",
		})
	}
	return nil
}

// defaultConnectTimeout is how long a connection may take to come about where the URL has no connect_timeout. pgx
// would wait as long as the operating system does, which is minutes.
const defaultConnectTimeout = 5 * time.Second

// poolConfig is how connections to a database are made.
func (c *Config) poolConfig(d database) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(d.url)
	if err != nil {
		return nil, invalidURL(err)
	}
	loaders.Configure(cfg)
	cfg.ConnConfig.DialFunc = rawnet.Dial(cfg.ConnConfig.DialFunc)
	if cfg.ConnConfig.RuntimeParams["application_name"] == "" {
		cfg.ConnConfig.RuntimeParams["application_name"] = "joinery"
	}
	cfg.ConnConfig.ConnectTimeout = cmp.Or(cfg.ConnConfig.ConnectTimeout, defaultConnectTimeout)
	if c.queryTracer != nil {
		cfg.ConnConfig.Tracer = c.queryTracer
	}
	return cfg, nil
}

func open(ctx context.Context, c Config, d database) (*pgxpool.Pool, error) {
	cfg, err := c.poolConfig(d)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := ping(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	if c.MeterProvider != nil {
		err = otelpgx.RecordStats(pool, otelpgx.WithStatsMeterProvider(c.MeterProvider),
			otelpgx.WithStatsAttributes(attribute.String("joinery.source", d.source)))
	}
	return pool, err
}

// ping reports whether a database answers, or why not.
func ping(ctx context.Context, pool *pgxpool.Pool) error {
	err := pool.Ping(ctx)
	if err == nil {
		return nil
	}
	cfg := pool.Config().ConnConfig
	return newConnectError(cfg.Host, cfg.Port, err)
}

// invalidURL says what is wrong with a URL without showing any of it: where a password isn't percent-encoded, pgx and
// net/url take parts of it for something else and quote them.
func invalidURL(err error) error {
	const form = "want postgres://user:password@host:port/database, with special characters percent-encoded"
	reason := err.Error()
	i := strings.LastIndex(reason, "`: ")
	if parse := new(url.Error); i < 0 || errors.As(err, &parse) {
		return errors.New("invalid database URL: " + form)
	}
	return fmt.Errorf("invalid database URL: %s; %s", reason[i+len("`: "):], form)
}

// connectError is why no connection came about, in one line: what pgx says has a line for each address and attempt.
type connectError struct {
	address, reason, hint string
	cause                 error
}

// Error has the address, the reason and the mend.
func (e *connectError) Error() string {
	text := fmt.Sprintf("connect to the database at %s: %s", e.address, e.reason)
	if e.hint != "" {
		text += "; " + e.hint
	}
	return text
}

// Unwrap is pgx's error.
func (e *connectError) Unwrap() error { return e.cause }

func newConnectError(host string, port uint16, cause error) *connectError {
	e := &connectError{address: net.JoinHostPort(host, strconv.Itoa(int(port))), reason: cause.Error(), cause: cause}
	var (
		refused *pgconn.PgError
		lookup  *net.DNSError
		dial    *os.SyscallError
	)
	switch {
	case errors.As(cause, &refused):
		e.reason, e.hint = refused.Message, hints[refused.Code]
	case errors.Is(cause, context.DeadlineExceeded) || pgconn.Timeout(cause):
		e.reason, e.hint = "no answer in time", "check the address and what may stand in between, such as a firewall"
	case errors.As(cause, &lookup):
		e.reason, e.hint = "unknown host", "check the host's name in the URL"
	case errors.As(cause, &dial):
		e.reason, e.hint = dial.Err.Error(), "is Postgres running there?"
	case strings.Contains(cause.Error(), "server refused TLS connection"):
		e.reason, e.hint = "the server has no TLS", "add sslmode=disable to the URL if it needs none"
	default:
		e.reason = strings.Join(strings.Fields(e.reason), " ")
	}
	return e
}

// hints are mends by SQLSTATE (Postgres, appendix A).
var hints = map[string]string{
	"28P01": "check the user and the password in the URL",
	"28000": "check the user in the URL, and pg_hba.conf of the server",
	"3D000": "check the database's name in the URL",
	"53300": "lower pool_max_conns in the URL, or raise max_connections of the server",
	"57P03": "wait until the server has started",
}
