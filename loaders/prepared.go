package loaders

import (
	"cmp"
	"context"
	"errors"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// prepared are the statements that are prepared on one connection, by their SQL. pgx has the like, but takes no parameter
// in binary form as it stands, and makes several values per statement that nobody needs here.
type prepared = simplelru.LRU[string, *pgconn.StatementDescription]

const preparedKey = "joinery.prepared"

func (s *Source) preparedOn(conn *pgx.Conn) *prepared {
	data := conn.PgConn().CustomData()
	if have, ok := data[preparedKey].(*prepared); ok {
		return have
	}
	have, _ := simplelru.NewLRU[string, *pgconn.StatementDescription](s.prepares, nil) // errs on a size below 1 only
	data[preparedKey] = have
	return have
}

// queryPrepared runs a statement that the connection has prepared, or prepares now. One that fits the database no longer,
// because a table was altered or somebody deallocated it, is prepared anew, once: no row of it came yet.
func (s *Source) queryPrepared(ctx context.Context, conn *pgx.Conn, q *query, r rowReader) error {
	err := s.run(ctx, conn, q, r)
	if !outdated(err) {
		return err
	}
	s.preparedOn(conn).Remove(q.sql)
	if err := conn.Deallocate(ctx, q.sql); err != nil {
		return err
	}
	r.reset()
	return s.run(ctx, conn, q, r)
}

// outdated reports whether err says that a prepared statement can't be used: feature_not_supported is "cached plan must not
// change result type", the other invalid_sql_statement_name (Postgres, appendix A).
func outdated(err error) bool {
	if err == nil {
		return false
	}
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && (pgErr.Code == "0A000" || pgErr.Code == "26000")
}

// run sends a statement and reads its rows.
func (s *Source) run(ctx context.Context, conn *pgx.Conn, q *query, r rowReader) error {
	return s.traced(ctx, conn, q, func(ctx context.Context) (tag pgconn.CommandTag, err error) {
		statement, err := s.prepared(ctx, conn, q.sql)
		if err != nil {
			return tag, err
		}
		values, formats := q.keys.parameters(q.from, q.to, true, q.parameters)
		if q.settings != nil {
			return s.pipeline(ctx, conn, q, r, true, func(p *pgconn.Pipeline) { p.SendQueryStatement(statement, values, formats, q.formats) })
		}
		return readRows(conn.PgConn().ExecStatement(ctx, statement, values, formats, q.formats), r, true)
	})
}

// traced has the tracer see what is sent as a query of pgx's.
func (s *Source) traced(ctx context.Context, conn *pgx.Conn, q *query, send func(context.Context) (pgconn.CommandTag, error)) (err error) {
	var tag pgconn.CommandTag
	ctx = s.traceStart(ctx, conn, q)
	defer func() { s.traceEnd(ctx, conn, tag, err) }()
	tag, err = send(ctx)
	return err
}

func (s *Source) traceStart(ctx context.Context, conn *pgx.Conn, q *query) context.Context {
	if s.tracer == nil {
		return ctx
	}
	return s.tracer.TraceQueryStart(ctx, conn, pgx.TraceQueryStartData{SQL: q.sql})
}

func (s *Source) traceEnd(ctx context.Context, conn *pgx.Conn, tag pgconn.CommandTag, err error) {
	if s.tracer != nil {
		s.tracer.TraceQueryEnd(ctx, conn, pgx.TraceQueryEndData{CommandTag: tag, Err: err})
	}
}

// readRows reads a result to its end.
func readRows(result *pgconn.ResultReader, r rowReader, binary bool) (pgconn.CommandTag, error) {
	var err error
	for err == nil && result.NextRow() {
		err = r.row(result.Values(), binary)
	}
	tag, closeErr := result.Close()
	return tag, cmp.Or(err, closeErr)
}

// prepared is a statement that the connection has prepared, or prepares now, in the place of the one that was used least
// recently where there is no room.
func (s *Source) prepared(ctx context.Context, conn *pgx.Conn, sql string) (*pgconn.StatementDescription, error) {
	statements := s.preparedOn(conn)
	if statement, ok := statements.Get(sql); ok {
		return statement, nil
	}
	if statements.Len() >= s.prepares {
		if oldest, _, ok := statements.RemoveOldest(); ok {
			if err := conn.Deallocate(ctx, oldest); err != nil {
				return nil, err
			}
		}
	}
	statement, err := conn.Prepare(ctx, sql, sql) // pgx names it by a digest, and knows it by its text
	if err == nil {
		statements.Add(sql, statement)
	}
	return statement, err
}
