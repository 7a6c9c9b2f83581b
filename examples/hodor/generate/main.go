// Command generate writes the example's joinery.graphql, as `joinery sdl` prints it for the example's metadata over a
// database with the example's migrations, and supergraph.graphql, as `joinery compose` makes it of rover.yaml.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/internal/localpg"
	"github.com/joinery-graphql/joinery/supergraph"
)

//go:generate go run . ../../..

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1], os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// run writes both files, given the folder of the repository.
func run(ctx context.Context, repository string, log io.Writer) (err error) {
	example := filepath.Join(repository, "examples", "hodor")
	server, err := localpg.Start(ctx, localpg.Options{Progress: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	if err := migrate(ctx, server.URL(), filepath.Join(example, "migrations")); err != nil {
		return err
	}
	metadata := os.DirFS(filepath.Join(example, "metadata"))
	sdl, err := joinery.SDL(ctx, joinery.Config{Metadata: metadata, DatabaseURL: server.URL()})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(example, "joinery.graphql"), []byte(sdl), 0o644); err != nil {
		return err
	}
	config, err := supergraph.ReadConfig(filepath.Join(repository, "rover.yaml"))
	if err != nil {
		return err
	}
	composed, err := supergraph.Compose(ctx, config, supergraph.Options{Log: log})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(example, "supergraph.graphql"), []byte(composed.SDL), 0o644)
}

func migrate(ctx context.Context, url, folder string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	paths, err := filepath.Glob(filepath.Join(folder, "*.sql"))
	if err != nil {
		return err
	}
	slices.Sort(paths)
	for _, path := range paths {
		sql, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if _, err := conn.PgConn().Exec(ctx, string(sql)).ReadAll(); err != nil {
			return fmt.Errorf("apply migration %s: %w", path, err)
		}
	}
	return nil
}
