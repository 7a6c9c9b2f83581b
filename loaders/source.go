package loaders

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
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
	simple   bool            // and that is the simple one
	tracer   pgx.QueryTracer // nil means none
	database string          // its name
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
	s.database = c.Database
	s.simple = c.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol
	if c.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		s.prepares = c.StatementCacheCapacity
	}
}

// query is a statement to be sent.
type query struct {
	sql        string
	keys       *KeySet
	from, to   int      // of the keys
	parameters []any    // after the keys: strings in Postgres' text form
	formats    []int16  // of the columns, where the statement is prepared; else all come as text
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
	lost, err := s.queryOnce(ctx, q, r)
	if !lost || ctx.Err() != nil {
		return err
	}
	s.Pool.Reset() // the pool's other idle connections are likely lost as well
	r.reset()
	_, err = s.queryOnce(ctx, q, r)
	return err
}

// queryOnce reports as lost a connection that pgx closed, as it does where the server doesn't answer or takes its leave. One
// that couldn't be made isn't lost: another try would be refused, too.
func (s *Source) queryOnce(ctx context.Context, q *query, r rowReader) (lost bool, err error) {
	conn, err := s.Pool.Acquire(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Release()
	err = s.send(ctx, conn.Conn(), q, r)
	return err != nil && conn.Conn().IsClosed(), err
}

// send sends a statement the way that the pool's configuration asks for.
func (s *Source) send(ctx context.Context, conn *pgx.Conn, q *query, r rowReader) error {
	switch {
	case s.prepares > 0:
		return s.queryPrepared(ctx, conn, q, r)
	case q.settings == nil:
		return queryByPgx(ctx, conn, q, r)
	case s.simple:
		return s.queryInTransaction(ctx, conn, q, r)
	}
	return s.queryUnnamed(ctx, conn, q, r)
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
