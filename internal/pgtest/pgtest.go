package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/internal/localpg"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

// A DB is a database of one test. Safe for concurrent use.
type DB struct {
	URL  string // with the password
	Name string
}

// New creates an empty database on the server of TEST_DATABASE_URL and drops it when t ends.
// It skips t where the variable isn't set; where CI is set it fails t instead.
func New(t testing.TB) *DB {
	t.Helper()
	server := os.Getenv("TEST_DATABASE_URL")
	if server == "" {
		testkit.Skip(t, "TEST_DATABASE_URL is not set: run the tests with `make test`, or with `go run ./internal/localpg/cmd/withpg -- go test ./...`")
	}
	return create(t, server)
}

// Cleanup runs one statement on the server's own database when t ends, for what its databases share, such as roles. Call
// it before [New], whose database then is gone by that time.
func Cleanup(t testing.TB, sql string) {
	t.Helper()
	if server := os.Getenv("TEST_DATABASE_URL"); server != "" {
		t.Cleanup(func() { admin(t, server, sql) })
	}
}

// Version creates an empty database on an embedded server of a major version, 13 to 17, and drops it when t ends.
// The server is started at the first use, and ends with the test binary.
// It skips t with -short. Where Postgres can't be downloaded it skips t, too, or fails it where CI is set.
func Version(t testing.TB, major int) *DB {
	t.Helper()
	if testing.Short() {
		t.Skip("with -short no servers of other versions are started") // by choice, in CI as well
	}
	server, err := embedded(major)
	if errors.Is(err, localpg.ErrUnavailable) {
		testkit.Skip(t, "%v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return create(t, server.URL())
}

var (
	serversMu sync.Mutex
	servers   = map[int]func() (*localpg.Server, error){}
)

// embedded returns the one server of a major version that this process runs.
func embedded(major int) (*localpg.Server, error) {
	serversMu.Lock()
	start, ok := servers[major]
	if !ok {
		start = sync.OnceValues(func() (*localpg.Server, error) {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			return localpg.Start(ctx, localpg.Options{Version: major, Progress: os.Stderr})
		})
		servers[major] = start
	}
	serversMu.Unlock()
	return start()
}

func create(t testing.TB, server string) *DB {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		t.Fatal("invalid TEST_DATABASE_URL: want postgres://user:password@host:port/database") // it may hold a password
	}
	db := &DB{Name: databaseName(t.Name())}
	name := pgx.Identifier{db.Name}.Sanitize()
	// From template0, to which nobody can connect: a connected session would be in the way.
	admin(t, server, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8'")
	t.Cleanup(func() { admin(t, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	u.Path = "/" + db.Name
	db.URL = u.String()
	return db
}

// databaseName makes a name that is new and tells the test; identifiers end at 63 bytes (Lexical Structure, 4.1.1).
func databaseName(test string) string {
	test = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, test)
	name := "test_" + strings.ToLower(rand.Text()[:10]) + "_" + test
	return name[:min(len(name), 63)]
}

// admin runs one statement on the server's own database.
func admin(t testing.TB, server, sql string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // in Cleanup it is cancelled
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("connect to TEST_DATABASE_URL: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Pool returns a pool of connections, closed when t ends. Each configure may change its configuration.
func (db *DB) Pool(t testing.TB, configure ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range configure {
		c(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Conn returns one connection, closed when t ends.
func (db *DB) Conn(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// Exec runs a script on a connection of its own, as ExecFile does.
func (db *DB) Exec(t testing.TB, sql string) {
	t.Helper()
	db.run(t, "SQL", sql)
}

// ExecFile runs an SQL script, such as the output of pg_dump, on a connection of its own: what it sets there (pg_dump
// empties search_path) is gone afterwards. It may hold COPY ... FROM stdin with its rows, and psql's \restrict,
// \unrestrict and \echo. What stands between two COPY is one transaction, unless the script has its own.
func (db *DB) ExecFile(t testing.TB, path string) {
	t.Helper()
	script, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	db.run(t, path, string(script))
}

func (db *DB) run(t testing.TB, name, script string) {
	t.Helper()
	steps, err := split(script)
	if err != nil {
		t.Fatalf("%s:%v", name, err)
	}
	conn, err := pgx.Connect(t.Context(), db.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, s := range steps {
		if err := s.run(t.Context(), conn.PgConn()); err != nil {
			t.Fatal(fmt.Errorf("%s:%w", name, err))
		}
	}
}
