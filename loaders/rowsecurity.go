package loaders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/joinery-graphql/joinery/metadata"
)

// RoleError says that the database doesn't let a role of the session do what it asked for. Its text is meant for the
// client.
type RoleError struct {
	Role   string
	Source string
	Cause  error // of Postgres, for the log
}

// Error names the role and the source.
func (e *RoleError) Error() string {
	return fmt.Sprintf("not permitted to the role %q by the database of source %q", e.Role, e.Source)
}

// Unwrap is what Postgres says.
func (e *RoleError) Unwrap() error { return e.Cause }

// setSession makes a transaction the session's. The settings end with it, so that nothing is left on a connection which
// others use next, be it of a pool or of PgBouncer. hasura.user is the name that Hasura gives session variables by;
// request.jwt.claims is PostgREST's, whose policies find role and sub there.
const setSession = `SELECT set_config('transaction_read_only', 'on', true), set_config('role', $1, true),` +
	` set_config('hasura.user', $2, true), set_config('request.jwt.claims', $3, true)`

// settings are setSession's values, the role first; nil where the source's own row security isn't to guard what the session
// reads. The admin reads as the user of the connection. SET ROLE takes none for that user, which is no role of a caller's.
func (s *Source) settings(session Session) ([]string, error) {
	switch {
	case !s.RowSecurity || session.Role == metadata.AdminRole:
		return nil, nil
	case session.Role == "" || session.Role == "none":
		return nil, &RoleError{session.Role, s.Name, errors.New("no role of a database")}
	}
	claims := map[string]string{"role": session.Role}
	for name, value := range session.Variables {
		claims[name] = value
	}
	if user, ok := session.Variables["x-hasura-user-id"]; ok {
		claims["sub"] = user
	}
	text, _ := json.Marshal(claims) // texts can't fail
	return []string{session.Role, session.json(), string(text)}, nil
}

// queryUnnamed is for connection poolers that can't do with prepared statements.
func (s *Source) queryUnnamed(ctx context.Context, conn *pgx.Conn, q *query, r rowReader) error {
	return s.traced(ctx, conn, q, func(ctx context.Context) (pgconn.CommandTag, error) {
		values, _ := q.keys.parameters(q.from, q.to, false, q.parameters)
		return s.pipeline(ctx, conn, q, r, false, func(p *pgconn.Pipeline) { p.SendQueryParams(q.sql, values, nil, nil, nil) })
	})
}

// pipeline sends the settings and the statement at once. Without a sync between them they are one transaction, which
// ends, with all its settings, at the sync after them (Postgres, section 55.2.3, "Pipelining").
func (s *Source) pipeline(ctx context.Context, conn *pgx.Conn, q *query, r rowReader, binary bool, send func(*pgconn.Pipeline)) (tag pgconn.CommandTag, err error) {
	values := make([][]byte, len(q.settings))
	for i, v := range q.settings {
		values[i] = []byte(v)
	}
	p := conn.PgConn().StartPipeline(ctx)
	defer func() {
		if closeErr := p.Close(); err == nil {
			err = closeErr
		}
	}()
	p.SendQueryParams(setSession, values, nil, nil, nil)
	send(p)
	if err := p.Sync(); err != nil {
		return tag, err
	}
	if _, err := nextResult(p, nothing{}, false); err != nil {
		return tag, s.roleError(q, err, refusedRole...)
	}
	tag, err = nextResult(p, r, binary)
	return tag, s.roleError(q, err, insufficientPrivilege)
}

// nextResult reads the next result of a pipeline.
func nextResult(p *pgconn.Pipeline, r rowReader, binary bool) (pgconn.CommandTag, error) {
	results, err := p.GetResults()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	result, ok := results.(*pgconn.ResultReader)
	if !ok {
		return pgconn.CommandTag{}, fmt.Errorf("BUG: unexpected result %T", results)
	}
	return readRows(result, r, binary)
}

// queryInTransaction is for the simple protocol, which has no pipelines: it costs round trips.
func (s *Source) queryInTransaction(ctx context.Context, conn *pgx.Conn, q *query, r rowReader) error {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it has only read
	if _, err := tx.Exec(ctx, setSession, q.settings[0], q.settings[1], q.settings[2]); err != nil {
		return s.roleError(q, err, refusedRole...)
	}
	return s.roleError(q, queryByPgx(ctx, conn, q, r), insufficientPrivilege)
}

const insufficientPrivilege = "42501"

// refusedRole are the errors of SET ROLE: no such role, and one that the connection's user is no member of.
var refusedRole = []string{"22023", insufficientPrivilege}

// roleError makes an error a [RoleError] where it has one of the codes.
func (s *Source) roleError(q *query, err error, codes ...string) error {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && slices.Contains(codes, pgErr.Code) {
		return &RoleError{q.settings[0], s.Name, err}
	}
	return err
}
