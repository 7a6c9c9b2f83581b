package localstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/joinery-graphql/joinery/internal/localpg"
)

const databaseURL = "DATABASE_URL"

// startPostgres takes the database of DATABASE_URL, or starts one.
func (r *runner) startPostgres(ctx context.Context) error {
	if given := r.environ[databaseURL]; given != "" {
		address, err := withoutPassword(given)
		if err != nil {
			return err
		}
		r.tell("postgres", "%s (DATABASE_URL)", address)
		return nil
	}
	return r.startEmbedded(ctx)
}

func (r *runner) startEmbedded(ctx context.Context) error {
	r.say("starting postgres")
	log, err := os.Create(r.logPath("postgres"))
	if err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	server, err := localpg.Start(ctx, localpg.Options{DataDir: r.Data, Log: log, Progress: r.Stderr})
	if err != nil {
		return errors.Join(err, log.Close())
	}
	r.onStop(func() {
		if err := errors.Join(server.Stop(), log.Close()); err != nil {
			r.say("stop postgres: %v", err)
		}
	})
	r.watch(server.Done(), func() error { return errors.New("postgres ended" + lastLines(r.logPath("postgres"))) })
	r.environ[databaseURL] = server.URL()
	return r.tellEmbedded(server.URL())
}

// tellEmbedded tells the address and, where there is time to use it, keeps the URL with the password in a file that only
// the user can read.
func (r *runner) tellEmbedded(url string) error {
	address, err := withoutPassword(url)
	if err != nil {
		return err
	}
	kept := "temporary data"
	if r.Data != "" {
		kept = "data in " + r.Data
	}
	if r.Once {
		r.tell("postgres", "%s (%s)", address, kept)
		return nil
	}
	path := filepath.Join(r.folder, "database-url")
	if err := errors.Join(ignoreMissing(os.Remove(path)), os.WriteFile(path, []byte(url+"\n"), 0o600)); err != nil {
		return fmt.Errorf("write the database's URL: %w", err)
	}
	r.onStop(func() { _ = os.Remove(path) })
	r.tell("postgres", "%s (%s; with the password: %s)", address, kept, shown(path))
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// withoutPassword is a connection URL for people to read, also from pgx's key=value form.
func withoutPassword(connection string) (string, error) {
	config, err := pgx.ParseConfig(connection)
	if err != nil {
		return "", fmt.Errorf("invalid DATABASE_URL: %w", err) // pgx leaves the password out
	}
	address := url.URL{
		Scheme: "postgres", User: url.User(config.User), Path: "/" + config.Database,
		Host: net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))),
	}
	if strings.HasPrefix(config.Host, "/") { // a socket's folder
		address.Host, address.RawQuery = "", url.Values{"host": {config.Host}}.Encode()
	}
	return address.String(), nil
}

// migrationLock keeps stacks that start side by side on one database from migrating at the same time. The number is
// any that nobody else uses: "joinery" in ASCII.
const migrationLock = 0x6a6f696e657279

// migrate applies the migrations.
func (r *runner) migrate(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, r.environ[databaseURL])
	if err != nil {
		return fmt.Errorf("connect to the database: %w; is DATABASE_URL right, and the server running?", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if r.file.Migrations.value == "" {
		return nil
	}
	paths, err := migrations(r.in(r.file.Migrations.value))
	if err != nil {
		return err
	}
	r.say("applying %d migrations", len(paths))
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("lock the database for migrations: %w", err)
	}
	for _, path := range paths {
		sql, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read migration: %w", err)
		}
		// Without arguments the statements of a file go together, in one transaction.
		if _, err := conn.PgConn().Exec(ctx, string(sql)).ReadAll(); err != nil {
			return fmt.Errorf("apply migration %s: %w", path, err)
		}
	}
	return nil
}

// migrations lists the SQL files of a folder and of those in it, by path: plain ones, and up.sql of Hasura's layout.
func migrations(folder string) (paths []string, err error) {
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Ext(path) == ".sql" && entry.Name() != "down.sql" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	slices.Sort(paths)
	return paths, nil
}
