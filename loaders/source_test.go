package loaders

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/internal/pgtest"
)

// failing takes no row.
type failing struct{ rows, resets int }

var errRow = errors.New("no row")

func (f *failing) row([][]byte, bool) error {
	f.rows++
	return errRow
}
func (f *failing) reset() { f.resets++ }

// TestErrorOfOurs: an error that isn't the connection's costs no connection, and nothing is sent again.
func TestErrorOfOurs(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		for _, settings := range [][]string{nil, {"none", "{}", "{}"}} {
			pool := db.Pool(t, Configure, func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode, c.MaxConns = mode, 1 })
			source := &Source{Pool: pool}
			before := backend(t, pool)
			f := &failing{}
			err := source.query(t.Context(), &query{sql: "select 1 from generate_series(1, 3)", keys: &KeySet{statement: &Statement{}}, settings: settings}, f)
			if !errors.Is(err, errRow) || f.rows != 1 || f.resets != 0 {
				t.Errorf("%s, settings %q: %d rows, %d resets, error %v", mode, settings, f.rows, f.resets, err)
			}
			if after := backend(t, pool); after != before {
				t.Errorf("%s, settings %q: another connection", mode, settings)
			}
		}
	}
}

// backend is the process of the pool's connection.
func backend(t *testing.T, pool *pgxpool.Pool) (pid uint32) {
	t.Helper()
	err := pool.AcquireFunc(t.Context(), func(c *pgxpool.Conn) error {
		pid = c.Conn().PgConn().PID()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestRoleWithoutName: a session that can be no role of the database is refused before a connection is taken.
func TestRoleWithoutName(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t).Pool(t, Configure)
	source := &Source{Name: "default", Pool: pool, RowSecurity: true}
	backend(t, pool)
	acquired := pool.Stat().AcquireCount()
	for _, role := range []string{"", "none"} {
		s := NewStatement(&Relationship{Name: "test", Source: source, Table: &catalog.Table{}}, nil, nil)
		l := New(Session{Role: role}, Options{})
		keys := s.NewKeySet()
		if _, err := keys.Add(); err != nil {
			t.Fatal(err)
		}
		thunk := l.Load(t.Context(), s, keys)
		l.Flush()
		var refused *RoleError
		if _, err := thunk(); !errors.As(err, &refused) || refused.Role != role {
			t.Errorf("role %q: %v", role, err)
		}
	}
	if n := pool.Stat().AcquireCount() - acquired; n != 0 {
		t.Errorf("%d connections taken", n)
	}
}
