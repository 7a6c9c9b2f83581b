package loaders

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Source is a database that rows are read from. It is safe for concurrent use and must not be copied after its first use.
type Source struct {
	Name    string // of the metadata, such as "default"
	Pool    *pgxpool.Pool
	Timeout time.Duration // of a statement, with the wait for a connection; zero means none
	// RowSecurity has every statement run as the session's role, which must be a role of the database, in a transaction
	// that only reads, with the session variables as settings: for rules that stand in the database.
	RowSecurity bool

	once     sync.Once
	prepares int             // how many statements a connection may keep prepared; zero: pgx chooses the protocol
	tracer   pgx.QueryTracer // nil means none
}

// Configure sets what this package's reading of values relies on: UTF-8, and the text form of times and dates as ISO.
// Call it on the configuration of every pool that becomes a [Source]. PgBouncer tracks both parameters, so they hold in
// transaction mode, too.
func Configure(cfg *pgxpool.Config) {
	cfg.ConnConfig.RuntimeParams["client_encoding"] = "UTF8"
	cfg.ConnConfig.RuntimeParams["datestyle"] = "ISO"
}

// start learns of the pool what each statement needs: asking it copies its whole configuration.
func (s *Source) start() {
	c := s.Pool.Config().ConnConfig
	s.tracer = c.Tracer
	if c.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		s.prepares = c.StatementCacheCapacity
	}
}

// query is a statement to be sent.
type query struct {
	sql        string
	keys       *KeySet
	from, to   int     // of the keys
	parameters []any   // after the keys: strings in Postgres' text form
	formats    []int16 // of the columns, where the statement is prepared; else all come as text
	session    *Session
	settings   []string // values of setSession; nil where the statement runs as the user of the connection
}

// rowReader takes the rows of a query. A row's values are valid during the call only; binary says that they have the
// query's formats.
type rowReader interface {
	row(values [][]byte, binary bool) error
	reset() // what was read is to be read again
}

// query sends a statement and reads its rows. A connection that turns out to be lost is replaced and the statement sent
// once more: our statements only read.
func (s *Source) query(ctx context.Context, q *query, r rowReader) error {
	s.once.Do(s.start)
	if s.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.Timeout) // a setting of the session would not pass PgBouncer
		defer cancel()
	}
	err := s.queryOnce(ctx, q, r)
	if err == nil || ctx.Err() != nil || !connectionLost(err) {
		return err
	}
	s.Pool.Reset() // the pool's other idle connections are likely lost as well
	r.reset()
	return s.queryOnce(ctx, q, r)
}

func (s *Source) queryOnce(ctx context.Context, q *query, r rowReader) error {
	conn, err := s.Pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if s.guarded(q.session) {
		return s.queryGuarded(ctx, conn.Conn(), q, r)
	}
	if s.prepares > 0 {
		return s.queryPrepared(ctx, conn.Conn(), q, r)
	}
	return queryByPgx(ctx, conn.Conn(), q, r)
}

// textFormat asks for every column in Postgres' text form.
var textFormat = pgx.QueryResultFormats{pgx.TextFormatCode}

// queryByPgx leaves the protocol to pgx: for connection poolers that can't do with prepared statements.
func queryByPgx(ctx context.Context, conn *pgx.Conn, q *query, r rowReader) error {
	args := []any{textFormat}
	literals, _ := q.keys.parameters(q.from, q.to, false, nil)
	for _, literal := range literals {
		args = append(args, string(literal))
	}
	rows, err := conn.Query(ctx, q.sql, append(args, q.parameters...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := r.row(rows.RawValues(), false); err != nil {
			return err
		}
	}
	return rows.Err()
}

// connectionLost reports whether err says that the connection, not the statement, is at fault: no answer of the
// server at all, class 08, or a server that is shutting down or starting (57P0x; Postgres, appendix A).
func connectionLost(err error) bool {
	var refused *pgconn.ConnectError
	if errors.As(err, &refused) {
		return false // a fresh connection was refused: another try would be, too
	}
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return true
	}
	return strings.HasPrefix(pgErr.Code, "08") || strings.HasPrefix(pgErr.Code, "57P0")
}
