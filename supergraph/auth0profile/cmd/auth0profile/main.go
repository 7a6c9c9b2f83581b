// Command auth0profile serves the Auth0 profile subgraph. `auth0profile --help` lists its settings.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile"
	"github.com/joinery-graphql/joinery/supergraph/auth0profile/internal/program"
)

const about = `The Auth0 profile subgraph: adds auth0_profile to the type users, by auth0_id.

The credentials are those of a machine-to-machine application with the scope read:users of the
Management API. Secrets are read from the environment only: AUTH0_CLIENT_SECRET, and
AUTH0PROFILE_ROUTER_SECRET, which a router must then send in the header router-authorization.
OTEL_* variables switch tracing on: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER and so on.`

type settings struct {
	Listen        string        `default:"127.0.0.1:4002" help:"Address to listen on." from:"AUTH0PROFILE_LISTEN"`
	Auth0Domain   string        `name:"auth0-domain" help:"Domain of the tenant, or the URL of a stand-in." placeholder:"DOMAIN" from:"AUTH0_DOMAIN"`
	Auth0ClientID string        `name:"auth0-client-id" help:"Client id of the application." placeholder:"ID" from:"AUTH0_CLIENT_ID"`
	Auth0Audience string        `name:"auth0-audience" help:"Identifier of the Management API, where a custom domain is used." placeholder:"URL" from:"AUTH0_AUDIENCE"`
	Fields        []string      `help:"Fields of a profile to ask for and answer; all if not given." placeholder:"FIELD" from:"AUTH0PROFILE_FIELDS"`
	CacheTTL      time.Duration `name:"cache-ttl" default:"30s" help:"How long a profile is kept; 0s: not at all." from:"AUTH0PROFILE_CACHE_TTL"`
	Timeout       time.Duration `default:"15s" help:"Bound on all calls to Auth0 of one request." from:"AUTH0PROFILE_TIMEOUT"`
	Introspection bool          `help:"Answer introspection." from:"AUTH0PROFILE_INTROSPECTION"`
	Insecure      bool          `help:"Listen on other than loopback without a router secret." from:"AUTH0PROFILE_INSECURE"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "auth0profile:", err)
		os.Exit(1)
	}
}

// run is the program: it serves until ctx ends.
func run(ctx context.Context, args []string, env func(string) string, stdout io.Writer) (err error) {
	var s settings
	if helped, err := program.Parse(&s, "auth0profile", about, args, env, stdout); helped || err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(stdout, nil))
	provider, flush, err := tracing(ctx, env, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, flush(context.WithoutCancel(ctx))) }()

	var draining atomic.Bool
	config, err := s.config(env)
	if err != nil {
		return err
	}
	config.Logger = log
	config.TracerProvider = provider
	config.Ready = func() error {
		if draining.Load() {
			return errors.New("draining")
		}
		return nil
	}
	handler, err := auth0profile.New(config)
	if err != nil {
		return err
	}
	if strings.HasPrefix(s.Auth0Domain, "http://") {
		log.Warn("Auth0 is called over plain HTTP: right for a stand-in, never for a tenant")
	}
	listener, err := program.Listen(ctx, s.Listen)
	if err != nil {
		return err
	}
	return program.Serve(ctx, listener, handler, log, func() { draining.Store(true) })
}

// config checks the settings and makes the subgraph's configuration of them.
func (s settings) config(env func(string) string) (auth0profile.Config, error) {
	secret, routerSecret := env("AUTH0_CLIENT_SECRET"), env("AUTH0PROFILE_ROUTER_SECRET")
	var missing []string
	for _, needed := range []struct{ name, value string }{
		{"AUTH0_DOMAIN", s.Auth0Domain}, {"AUTH0_CLIENT_ID", s.Auth0ClientID}, {"AUTH0_CLIENT_SECRET", secret},
	} {
		if needed.value == "" {
			missing = append(missing, needed.name)
		}
	}
	if len(missing) > 0 {
		return auth0profile.Config{}, fmt.Errorf("missing %s: set it in the environment (see --help)", strings.Join(missing, ", "))
	}
	if routerSecret == "" && !s.Insecure && !loopback(s.Listen) {
		return auth0profile.Config{}, fmt.Errorf("invalid --listen %s: without AUTH0PROFILE_ROUTER_SECRET anyone who reaches "+
			"it can read profiles; set the secret, listen on 127.0.0.1, or give --insecure", s.Listen)
	}
	ttl := s.CacheTTL
	if ttl == 0 {
		ttl = -1 // 0 is the default for Config
	}
	return auth0profile.Config{
		Domain: s.Auth0Domain, ClientID: s.Auth0ClientID, ClientSecret: secret, Audience: s.Auth0Audience,
		Fields: s.Fields, CacheTTL: ttl, Timeout: s.Timeout,
		RouterSecret: routerSecret, Introspection: s.Introspection,
	}, nil
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
