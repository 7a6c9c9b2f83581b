package pgtest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/internal/pgtest"
)

func value[T any](t *testing.T, db *pgtest.DB, sql string) T {
	t.Helper()
	var v T
	if err := db.Conn(t).QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func TestDatabasesAreApartAndDropped(t *testing.T) {
	t.Parallel()
	var dropped []string
	t.Run("tests", func(t *testing.T) {
		for range 2 {
			db := pgtest.New(t)
			db.Exec(t, "create table t (a int); insert into t values (1)")
			if got := value[string](t, db, "select current_database()"); got != db.Name {
				t.Errorf("got database %q, want %q", got, db.Name)
			}
			dropped = append(dropped, db.Name)
			pool := db.Pool(t)
			if err := pool.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	if left := value[int](t, pgtest.New(t), "select count(*) from pg_database where datname in ('"+strings.Join(dropped, "','")+"')"); left != 0 {
		t.Errorf("%d of %q are still there", left, dropped)
	}
}

func TestExecFile(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	path := filepath.Join(t.TempDir(), "dump.sql")
	script := `--
\restrict qjz

SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.t (a bigint, b text);
CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $$ select 'COPY t FROM stdin;'; $$;

COPY public.t (a, b) FROM stdin;
1	it's; a\ttab
2	\N
\.

COPY public.t (a, b) FROM stdin WITH (FORMAT csv);
3,"x, y"
\.

INSERT INTO public.t VALUES (4, 'end');
\unrestrict qjz
`
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	db.ExecFile(t, path)
	got := value[[]string](t, db, "select array_agg(a || ':' || coalesce(b, 'NULL') order by a) from t")
	want := []string{"1:it's; a\ttab", "2:NULL", "3:x, y", "4:end"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// A fault tells file and line, and ends the test.
func TestExecFaults(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, "create table t (a int)")
	tests := map[string]struct{ script, want string }{
		"statement": {"select 1;\nselect 'ä',\n  nope;\n", "SQL:3: "},
		"rows":      {"select 1;\n\ncopy t from stdin;\nx\n\\.\n", "SQL:3: "},
		"command":   {"\n\\i other.sql\n", "SQL:2: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := fatal(t, func(tb testing.TB) { db.Exec(tb, test.script) }); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %q, want it to begin with %q", got, test.want)
			}
		})
	}
}

func TestCounter(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var sent pgtest.Counter
	pool := pgtest.New(t).Pool(t, func(c *pgxpool.Config) { c.ConnConfig.Tracer = &sent })
	steps := []struct {
		name string
		run  func() error
		want []string
	}{
		{"ping", func() error { return pool.Ping(ctx) }, nil},
		{"exec", func() error { _, err := pool.Exec(ctx, "create table t (a int)"); return err }, []string{"create table t (a int)"}},
		{"query prepared twice", func() error {
			for range 2 {
				rows, err := pool.Query(ctx, "select a from t where a = $1", 1)
				if err != nil {
					return err
				}
				rows.Close()
			}
			return nil
		}, []string{"select a from t where a = $1", "select a from t where a = $1"}},
		{"batch", func() error {
			var batch pgx.Batch
			batch.Queue("insert into t values ($1)", 1)
			batch.Queue("insert into t values (2)")
			return pool.SendBatch(ctx, &batch).Close()
		}, []string{"insert into t values ($1)", "insert into t values (2)"}},
		{"copy", func() error {
			_, err := pool.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"a"}, pgx.CopyFromRows([][]any{{3}}))
			return err
		}, []string{`COPY "t" FROM STDIN`}},
		{"transaction", func() error {
			return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { _, err := tx.Exec(ctx, "select 1"); return err })
		}, []string{"begin", "select 1", "commit"}},
	}
	for _, step := range steps {
		sent.Reset()
		if err := step.run(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, sent.SQL()); diff != "" || sent.Count() != len(step.want) {
			t.Errorf("%s: got %d statements, -want +got\n%s", step.name, sent.Count(), diff)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	db := pgtest.Version(t, 13)
	if got := value[string](t, db, "show server_version_num"); got[:2] != "13" {
		t.Errorf("got version %s", got)
	}
}

func TestWithoutServer(t *testing.T) {
	t.Setenv("TEST_DATABASE_URL", "")
	t.Setenv("CI", "")
	if got := fatal(t, func(tb testing.TB) { pgtest.New(tb) }); !strings.Contains(got, "make test") || !strings.HasPrefix(got, "skip: ") {
		t.Errorf("got %q, want a skip that says what to do", got)
	}
	t.Setenv("CI", "true")
	if got := fatal(t, func(tb testing.TB) { pgtest.New(tb) }); !strings.Contains(got, "make test") || strings.HasPrefix(got, "skip: ") {
		t.Errorf("with CI: got %q, want a failure that says what to do", got)
	}
}

// An invalid URL is not printed: it may hold a password.
func TestInvalidURL(t *testing.T) {
	for _, url := range []string{"host=db password=hunter2", "postgres://u:hunter2@[db", "postgres://u:hunter2@127.0.0.1:1/db"} {
		t.Setenv("TEST_DATABASE_URL", url)
		if got := fatal(t, func(tb testing.TB) { pgtest.New(tb) }); got == "" || strings.Contains(got, "hunter2") {
			t.Errorf("got %q", got)
		}
	}
}

// fatal runs f as the body of a test of its own and returns the message with which it failed, or was skipped.
func fatal(t *testing.T, f func(testing.TB)) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r.message
}
