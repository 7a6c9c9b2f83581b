package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/internal/rawnet"
	"github.com/joinery-graphql/joinery/internal/telemetry"
	"github.com/joinery-graphql/joinery/subgraph"
)

type serveCommand struct {
	metadataFlags
	limitFlags
	Listen string `help:"Address to listen on (JOINERY_LISTEN); ${default} by default." default:"127.0.0.1:4001" placeholder:"HOST:PORT" vars:"JOINERY_LISTEN"`
	accessFlags
	watchFlags
	consoleFlags
	metadataAPIFlags
	DevMode           bool          `help:"Show every caller what went wrong in an action (JOINERY_DEV_MODE, HASURA_GRAPHQL_DEV_MODE)." vars:"JOINERY_DEV_MODE,HASURA_GRAPHQL_DEV_MODE"`
	ConfiguredHeaders bool          `help:"Let a handler's configured header win over a forwarded one of the same name (JOINERY_CONFIGURED_HEADER_PRECEDENCE, HASURA_GRAPHQL_CONFIGURED_HEADER_PRECEDENCE)." vars:"JOINERY_CONFIGURED_HEADER_PRECEDENCE,HASURA_GRAPHQL_CONFIGURED_HEADER_PRECEDENCE"`
	Introspection     bool          `help:"Answer __schema and __type, and suggest names in errors (JOINERY_INTROSPECTION). For development: routers need _service only, which is always answered." vars:"JOINERY_INTROSPECTION"`
	StatementTimeout  time.Duration `help:"How long an SQL statement may take, with the wait for a connection (JOINERY_STATEMENT_TIMEOUT); 0s means as long as the request may." default:"0s" vars:"JOINERY_STATEMENT_TIMEOUT"`
	Coalesce          time.Duration `help:"How long the joins of a query wait at most to share statements with other requests of the same trace and session, such as 500us (JOINERY_COALESCE); 0s means not at all." default:"0s" vars:"JOINERY_COALESCE"`
	DrainTimeout      time.Duration `help:"How long requests may take to end after SIGTERM (JOINERY_DRAIN_TIMEOUT)." default:"30s" vars:"JOINERY_DRAIN_TIMEOUT"`
	LogLevel          logLevel      `help:"debug, info, warn or error (JOINERY_LOG_LEVEL, HASURA_GRAPHQL_LOG_LEVEL)." default:"info" vars:"JOINERY_LOG_LEVEL,HASURA_GRAPHQL_LOG_LEVEL"`
}

// logLevel is a level by its name.
type logLevel struct{ slog.Level }

// UnmarshalText takes the names only: slog would take INFO+2, too.
func (l *logLevel) UnmarshalText(text []byte) error {
	switch string(text) {
	case "debug", "info", "warn", "error":
		return l.Level.UnmarshalText(text)
	}
	return fmt.Errorf("unknown level %q: want debug, info, warn or error", text)
}

// Run serves until the context ends, then lets requests in flight end.
func (c *serveCommand) Run(p *program) error {
	access, err := c.accessFlags.config()
	if err != nil {
		return err
	}
	if err := c.checkListen(&access); err != nil {
		return err
	}
	certificates, err := c.certificates()
	if err != nil {
		return err
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // from now on: it would end the program
	defer signal.Stop(hangup)
	config, err := c.metadataFlags.config(p)
	if err != nil {
		return err
	}
	telemetry, err := telemetry.Start(p.ctx, telemetry.Options{Service: "joinery", Version: version(), LookupEnv: p.lookupEnv})
	if err != nil {
		return err
	}
	defer telemetry.Stop(context.WithoutCancel(p.ctx))
	defer tuneCollector(p.lookupEnv, telemetry.TracerProvider != nil)()
	config.Log, config.Auth = telemetry.Logger(p.stderr, c.LogLevel.Level), access
	config.TracerProvider, config.MeterProvider = telemetry.TracerProvider, telemetry.MeterProvider
	c.configure(&config)
	listener, err := listen(p.ctx, c.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	live, err := joinery.Open(p.ctx, config)
	if err != nil {
		return c.placeError(err)
	}
	defer live.Close()
	for _, w := range c.place(live.State().Faults) {
		config.Log.Warn(w.String())
	}
	defer c.keepCurrent(p.ctx, live, hangup, certificates, config.Log)()
	mux := live.Mux()
	mux.Handle("GET /metrics", telemetry.Metrics)
	if err := c.mountEditors(p.ctx, mux, live, &config); err != nil {
		return err
	}
	c.warn(config.Log, &access)
	scheme := "http"
	if certificates != nil {
		scheme, listener = "https", tls.NewListener(listener, certificates.config())
	}
	config.Log.Info("serving the subgraph", "url", scheme+"://"+listener.Addr().String()+"/graphql", "callers", access.Proofs())
	return c.serve(p.ctx, config.Log, listener, telemetry.Handler(patient(mux, live)), live.Service().Timeout())
}

// configure sets what the flags say beyond the metadata.
func (c *serveCommand) configure(config *joinery.Config) {
	config.DevMode, config.ConfiguredHeaders, config.Introspection = c.DevMode, c.ConfiguredHeaders, c.Introspection
	config.Limits, config.AllowList = c.limits(), c.EnableAllowlist
	config.MaxKeys, config.MaxRemoteKeys, config.MaxRows = c.MaxKeys, c.MaxRemoteKeys, c.MaxRows
	config.StatementTimeout, config.Coalesce = c.StatementTimeout, c.Coalesce
	if c.Console {
		config.JoinPlans = &subgraph.JoinPlans{}
	}
}

// mountEditors serves what changes the metadata, where it is enabled: Hasura's metadata API and the console.
func (c *serveCommand) mountEditors(ctx context.Context, mux *http.ServeMux, live *joinery.Live, config *joinery.Config) error {
	c.mountMetadataAPI(mux, live, c.Metadata, &config.Auth, config.Log)
	page, err := c.console(live, config.JoinPlans, c.Metadata, &config.Auth, config.Log)
	if err != nil || page == nil {
		return err
	}
	context.AfterFunc(ctx, page.Close) // its streams would keep the server from stopping
	mux.Handle("/console", page)
	mux.Handle("/console/", page)
	return nil
}

func (c *serveCommand) checkListen(access *auth.Config) error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("invalid --listen %q: want HOST:PORT, such as 127.0.0.1:4001", c.Listen)
	}
	return access.CheckListen(c.Listen)
}

// listen opens the address before anything else is started, so that a port in use is said at once.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err == nil {
		return rawnet.Listen(listener), nil
	}
	if cause := new(os.SyscallError); errors.As(err, &cause) {
		err = cause.Err // "address already in use", without the address again
	}
	return nil, fmt.Errorf("listen on %s: %w; give another address by --listen or JOINERY_LISTEN", address, err)
}

const (
	readHeaderTimeout = 10 * time.Second
	transferTimeout   = 30 * time.Second // for a request's body, and for an answer
	idleTimeout       = 2 * time.Minute  // longer than a router's, so that it is the router who closes
)

// serve answers requests until ctx ends, and then those that are in flight.
func (c *serveCommand) serve(ctx context.Context, log *slog.Logger, listener net.Listener, handler http.Handler, timeout time.Duration) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       timeout + transferTimeout, // net/http counts the handler's time, too, and ends the request after it
		WriteTimeout:      timeout + 2*transferTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.Info("draining", "timeout", c.DrainTimeout.String())
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.DrainTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		_ = server.Close()
		return fmt.Errorf("requests were still in flight after %s and were ended; see --drain-timeout", c.DrainTimeout)
	}
	log.Info("stopped")
	return nil
}
