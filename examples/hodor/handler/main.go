// Command handler is the REST service of the example: it answers the actions createUser and listUsers as a Hasura
// action handler does, over the table users. Settings come from the environment: HANDLER_LISTEN, DATABASE_URL, and
// OpenTelemetry's OTEL_* variables.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/internal/telemetry"
)

const (
	defaultListen = "127.0.0.1:4004"
	drainTimeout  = 10 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.LookupEnv, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "handler:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, lookupEnv func(string) (string, bool), stdout io.Writer) error {
	telemetry, err := telemetry.Start(ctx, telemetry.Options{Service: "handler", LookupEnv: lookupEnv})
	if err != nil {
		return err
	}
	defer telemetry.Stop(context.WithoutCancel(ctx))
	log := telemetry.Logger(stdout, slog.LevelInfo)

	pool, err := connect(ctx, lookupEnv, telemetry)
	if err != nil {
		return err
	}
	defer pool.Close()

	address, ok := lookupEnv("HANDLER_LISTEN")
	if !ok || address == "" {
		address = defaultListen
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %q: %w; give another address by HANDLER_LISTEN", address, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", health(pool))
	mux.Handle("/", telemetry.Handler(newHandler(users{pool}, log)))
	log.Info("answering actions", "url", "http://"+listener.Addr().String())
	return serve(ctx, listener, mux, log)
}

// connect opens the database; it need not answer yet.
func connect(ctx context.Context, lookupEnv func(string) (string, bool), t *telemetry.Telemetry) (*pgxpool.Pool, error) {
	url, ok := lookupEnv("DATABASE_URL")
	if !ok || url == "" {
		return nil, errors.New("missing DATABASE_URL: the connection URL of the database with the table users")
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("invalid DATABASE_URL: %w", err) // pgx leaves the password out
	}
	if t.TracerProvider != nil {
		config.ConnConfig.Tracer = otelpgx.NewTracer(otelpgx.WithTracerProvider(t.TracerProvider))
	}
	return pgxpool.NewWithConfig(ctx, config)
}

func health(pool *pgxpool.Pool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if pool.Ping(ctx) != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	}
}

func serve(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return fmt.Errorf("drain: %w", errors.Join(err, server.Close()))
	}
	return nil
}
