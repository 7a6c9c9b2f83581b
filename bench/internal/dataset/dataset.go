package dataset

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/jackc/pgx/v5"

	"github.com/joinery-graphql/joinery/bench/internal/proc"
	"github.com/joinery-graphql/joinery/internal/localpg"
)

// Users is how many users there are; their ids are 1 to Users.
const Users = 100_000

const name = "joinery_bench"

//go:embed data.sql
var script string

// version is kept as the database's comment. It changes whenever data.sql does.
const version = "joinery bench data 1"

// A Database holds the data.
type Database struct {
	URL     string
	Version string // of Postgres, such as "17.11"

	server     *localpg.Server // nil where it is not ours
	postmaster int             // process id; 0 where the server is not on this machine
}

// Open makes the data on the server at serverURL, or finds it there. An empty serverURL means a server of our own,
// whose data is gone after Close.
func Open(ctx context.Context, serverURL string, progress io.Writer) (_ *Database, err error) {
	d := &Database{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if serverURL == "" {
		if d.server, err = localpg.Start(ctx, localpg.Options{Progress: progress}); err != nil {
			return nil, err
		}
		serverURL = d.server.URL()
	}
	if d.URL, err = withDatabase(serverURL); err != nil {
		return nil, err
	}
	if err := create(ctx, serverURL); err != nil {
		return nil, err
	}
	return d, d.prepare(ctx, progress)
}

// Close stops the server if it is ours.
func (d *Database) Close() error {
	if d.server == nil {
		return nil
	}
	return d.server.Stop()
}

// Postmaster is the process id of the server; 0 where it can't be measured: on another machine or system.
func (d *Database) Postmaster() int { return d.postmaster }

func withDatabase(serverURL string) (string, error) {
	u, err := url.Parse(serverURL)
	if err != nil || u.Host == "" {
		return "", errors.New("invalid database URL: expecting postgres://user:password@host:port/database")
	}
	u.Path = "/" + name
	return u.String(), nil
}

func create(ctx context.Context, serverURL string) error {
	return with(ctx, serverURL, func(conn *pgx.Conn) error {
		var exists bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists)
		if err != nil || exists {
			return err
		}
		_, err = conn.Exec(ctx, "CREATE DATABASE "+name)
		return err
	})
}

// prepare fills the database unless it is filled, and learns of the server.
func (d *Database) prepare(ctx context.Context, progress io.Writer) error {
	return with(ctx, d.URL, func(conn *pgx.Conn) error {
		var have string
		err := conn.QueryRow(ctx, `SELECT coalesce(shobj_description(oid, 'pg_database'), ''), current_setting('server_version')
			FROM pg_database WHERE datname = current_database()`).Scan(&have, &d.Version)
		if err != nil {
			return err
		}
		d.postmaster = postmaster(conn)
		if have == version {
			return nil
		}
		fmt.Fprintf(progress, "filling the database %s\n", name)
		return fill(ctx, conn)
	})
}

func fill(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, script, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("fill the database: %w", err)
	}
	for _, statement := range []string{
		"VACUUM (ANALYZE, FREEZE) users", "VACUUM (ANALYZE, FREEZE) posts", "CHECKPOINT",
		fmt.Sprintf("COMMENT ON DATABASE %s IS '%s'", name, version),
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("fill the database: %w", err)
		}
	}
	return nil
}

// postmaster is the parent of the connection's backend, if that is a process of this machine.
func postmaster(conn *pgx.Conn) int {
	backend := int(conn.PgConn().PID())
	parent, err := proc.Parent(backend)
	if err != nil {
		return 0
	}
	for _, pid := range []int{backend, parent} {
		if name, err := proc.Name(pid); err != nil || name != "postgres" {
			return 0
		}
	}
	return parent
}

func with(ctx context.Context, url string, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	return errors.Join(do(conn), conn.Close(ctx))
}
