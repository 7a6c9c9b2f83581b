package loaders

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Source is a database that rows are read from. It is safe for concurrent use.
type Source struct {
	Name    string // of the metadata, such as "default"
	Pool    *pgxpool.Pool
	Timeout time.Duration // of a statement, with the wait for a connection; zero means none
}

// Configure sets what this package's reading of values relies on: UTF-8, and the text form of times and dates as ISO.
// Call it on the configuration of every pool that becomes a [Source]. PgBouncer tracks both parameters, so they hold in
// transaction mode, too.
func Configure(cfg *pgxpool.Config) {
	cfg.ConnConfig.RuntimeParams["client_encoding"] = "UTF8"
	cfg.ConnConfig.RuntimeParams["datestyle"] = "ISO"
}

// textFormat asks for every column in Postgres' text form.
var textFormat = pgx.QueryResultFormats{pgx.TextFormatCode}

// query runs sql and calls each for every row; the row's values are valid during the call only. A connection that
// turns out to be lost is replaced and the statement sent once more, after reset: our statements only read.
func (s *Source) query(ctx context.Context, sql string, args []any, reset func(), each func([][]byte) error) error {
	if s.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.Timeout) // a setting of the session would not pass PgBouncer
		defer cancel()
	}
	err := s.queryOnce(ctx, sql, args, each)
	if err == nil || ctx.Err() != nil || !connectionLost(err) {
		return err
	}
	s.Pool.Reset() // the pool's other idle connections are likely lost as well
	reset()
	return s.queryOnce(ctx, sql, args, each)
}

func (s *Source) queryOnce(ctx context.Context, sql string, args []any, each func([][]byte) error) error {
	rows, err := s.Pool.Query(ctx, sql, append([]any{textFormat}, args...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.RawValues()); err != nil {
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
