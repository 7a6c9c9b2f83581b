package loaders_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// database is a test database, its structure, and how many statements it got.
type database struct {
	*loaders.Source
	catalog *catalog.Catalog
	counter *pgtest.Counter
}

func newDatabase(t testing.TB, schema string) *database {
	t.Helper()
	db := pgtest.New(t)
	db.Exec(t, schema)
	counter := &pgtest.Counter{}
	pool := db.Pool(t, loaders.Configure, func(c *pgxpool.Config) { c.ConnConfig.Tracer = counter })
	structure, err := catalog.Read(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	counter.Reset()
	return &database{&loaders.Source{Name: "default", Pool: pool}, structure, counter}
}

// relationship joins keys to columns of a table of schema public.
func (d *database) relationship(typ metadata.RelationshipType, table string, columns ...string) *loaders.Relationship {
	r := &loaders.Relationship{Name: "test." + table, Type: typ, Source: d.Source, Table: d.catalog.Tables[catalog.Name{Schema: "public", Name: table}]}
	r.Columns = d.columns(table, columns...)
	return r
}

func (d *database) columns(table string, names ...string) []*catalog.Column {
	var out []*catalog.Column
	for _, name := range names {
		out = append(out, d.catalog.Tables[catalog.Name{Schema: "public", Name: table}].Column(name))
	}
	return out
}

// load asks for keys, each a JSON value or several with a blank between, and returns for each its rows as text.
func load(t *testing.T, l *loaders.Loaders, s *loaders.Statement, keys ...string) []string {
	t.Helper()
	return wait(t, ask(t, l, s, keys...), l)
}

type asked struct {
	ordinals []int
	errs     []error
	thunk    loaders.Thunk
}

func ask(t *testing.T, l *loaders.Loaders, s *loaders.Statement, keys ...string) asked {
	t.Helper()
	set := s.NewKeySet()
	var a asked
	for _, key := range keys {
		var parts [][]byte
		for _, part := range strings.Fields(key) {
			parts = append(parts, []byte(part))
		}
		ordinal, err := set.Add(parts...)
		a.ordinals, a.errs = append(a.ordinals, ordinal), append(a.errs, err)
	}
	a.thunk = l.Load(t.Context(), s, set)
	return a
}

func wait(t *testing.T, a asked, l *loaders.Loaders) []string {
	t.Helper()
	l.Flush()
	return rows(t, a)
}

func rows(t *testing.T, a asked) []string {
	t.Helper()
	result, err := a.thunk()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(a.ordinals))
	for i, ordinal := range a.ordinals {
		if a.errs[i] != nil {
			out[i] = "error: " + a.errs[i].Error()
			continue
		}
		from, to, err := result.Key(ordinal)
		if err != nil {
			out[i] = "error: " + err.Error()
		}
		for row := from; row < to; row++ {
			out[i] += string(result.Rows.Cell(row, 0)) + ";"
		}
	}
	return out
}

const usersAndPosts = `
	create table users (id bigint primary key, name text, born date, code int, part int, unique (code, part));
	create table posts (id int primary key, user_id bigint, title text);
	insert into users select i, 'u' || i, date '2000-01-01' + i, i / 10, i % 10 from generate_series(1, 100) i;
	insert into posts select i, i % 10, 'p' || i from generate_series(1, 30) i;
	analyze;`

func TestLoad(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	one, many := metadata.ObjectRelationship, metadata.ArrayRelationship
	for _, test := range []struct {
		name          string
		relationship  *loaders.Relationship
		column        string
		options       loaders.Options
		keys          []string
		want          []string
		maxStatements int
	}{
		{
			name: "rows in the order of keys, duplicates and nulls", relationship: d.relationship(one, "users", "id"), column: "name",
			keys: []string{`3`, `1`, `"2"`, `null`, `404`, `3`, `1.0`},
			want: []string{`"u3";`, `"u1";`, `"u2";`, ``, ``, `"u3";`, `"u1";`},
		},
		{
			name: "several rows per key", relationship: d.relationship(many, "posts", "user_id"), column: "id",
			keys: []string{`2`, `77`, `9`}, want: []string{`2;12;22;`, ``, `9;19;29;`},
		},
		{
			name: "one of several rows, the first by primary key", relationship: d.relationship(one, "posts", "user_id"), column: "id",
			keys: []string{`2`, `9`}, want: []string{`2;`, `9;`},
		},
		{
			name: "keys of several columns", relationship: d.relationship(one, "users", "code", "part"), column: "id",
			keys: []string{`1 2`, `2 1`, `1 null`, `"1" 2`}, want: []string{`12;`, `21;`, ``, `12;`},
		},
		{
			name: "a batch is cut", relationship: d.relationship(one, "users", "id"), column: "id", options: loaders.Options{MaxKeys: 2},
			keys: []string{`5`, `4`, `3`, `2`, `1`}, want: []string{`5;`, `4;`, `3;`, `2;`, `1;`}, maxStatements: 3,
		},
		{
			name: "a value that isn't of the type costs its own key only", relationship: d.relationship(one, "users", "born"), column: "id",
			keys: []string{`"2000-01-02"`, `"never"`, `"2000-01-04"`},
			want: []string{`1;`, `error: invalid input syntax for type date`, `3;`}, maxStatements: 5,
		},
		{
			name: "a value that isn't of the type is not sent", relationship: d.relationship(one, "users", "id"), column: "id",
			keys: []string{`"x"`, `1`, `{}`, `9223372036854775808`},
			want: []string{
				`error: invalid input syntax for type bigint`, `1;`, `error: invalid input syntax for type bigint`,
				`error: invalid input syntax for type bigint`,
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d.counter.Reset()
			s := loaders.NewStatement(test.relationship, d.columns(test.relationship.Table.Name.Name, test.column), nil)
			got := load(t, loaders.New(loaders.Session{}, test.options), s, test.keys...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if n := d.counter.Count(); n > max(1, test.maxStatements) {
				t.Errorf("%d statements, want at most %d:\n%s", n, max(1, test.maxStatements), strings.Join(d.counter.SQL(), "\n"))
			}
		})
	}
}

// TestMerge loads several key sets for one statement before the flush: they share it, whatever they share of keys.
func TestMerge(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	s := loaders.NewStatement(d.relationship(metadata.ArrayRelationship, "posts", "user_id"), d.columns("posts", "id"), nil)
	l := loaders.New(loaders.Session{}, loaders.Options{})
	a, b, c := ask(t, l, s, `1`, `2`), ask(t, l, s, `3`, `2`, `null`), ask(t, l, s, `2`, `1`)
	for i, want := range []struct {
		asked asked
		rows  []string
	}{{a, []string{`1;11;21;`, `2;12;22;`}}, {b, []string{`3;13;23;`, `2;12;22;`, ``}}, {c, []string{`2;12;22;`, `1;11;21;`}}} {
		if diff := cmp.Diff(want.rows, wait(t, want.asked, l)); diff != "" {
			t.Errorf("set %d: -want +got:\n%s", i, diff)
		}
	}
	if n := d.counter.Count(); n != 1 {
		t.Errorf("%d statements, want 1", n)
	}
}

// TestCitext compares as Postgres does, not as Go does, also where the type's schema is not in the search path.
func TestCitext(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, `
		create schema ext; create extension citext schema ext;
		create domain mail as ext.citext;
		create table users (id int primary key, email ext.citext, other mail);
		insert into users values (1, 'Ann@Example.org', 'Ann'), (2, 'bo@example.org', 'Bo');`)
	for _, column := range []struct{ name, key string }{{"email", `"ANN@example.ORG"`}, {"other", `"ANN"`}} {
		s := loaders.NewStatement(d.relationship(metadata.ObjectRelationship, "users", column.name), d.columns("users", "id"), nil)
		if got := load(t, loaders.New(loaders.Session{}, loaders.Options{}), s, column.key); got[0] != "1;" {
			t.Errorf("%s: got %q, want 1", column.name, got[0])
		}
	}
}

// TestLostConnections ends all connections from the server's side: the next load doesn't notice.
func TestLostConnections(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	s := loaders.NewStatement(d.relationship(metadata.ObjectRelationship, "users", "id"), d.columns("users", "id"), nil)
	var wg sync.WaitGroup
	for i := range 4 { // open several connections
		wg.Go(func() { load(t, loaders.New(loaders.Session{}, loaders.Options{}), s, fmt.Sprint(i+1)) })
	}
	wg.Wait()
	conn, err := d.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `select pg_terminate_backend(pg_backend_pid())`); err == nil {
		t.Fatal("the connection survived")
	}
	conn.Release()
	if got := load(t, loaders.New(loaders.Session{}, loaders.Options{}), s, `7`); got[0] != "7;" {
		t.Errorf("got %q, want 7", got[0])
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	s := loaders.NewStatement(d.relationship(metadata.ObjectRelationship, "users", "id"), d.columns("users", "id"), nil)
	t.Run("a statement that fails", func(t *testing.T) {
		if _, err := d.Pool.Exec(t.Context(), `alter table users rename to gone`); err != nil {
			t.Fatal(err)
		}
		defer func() { _, _ = d.Pool.Exec(context.WithoutCancel(t.Context()), `alter table gone rename to users`) }()
		l := loaders.New(loaders.Session{}, loaders.Options{})
		a := ask(t, l, s, `1`)
		l.Flush()
		_, err := a.thunk()
		if want := `load test.users from source "default": ERROR: relation "public.users" does not exist (SQLSTATE 42P01)`; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
	t.Run("a statement that takes too long", func(t *testing.T) {
		slow := loaders.Source{Name: d.Name, Pool: d.Pool, Timeout: 50 * time.Millisecond}
		r := *d.relationship(metadata.ObjectRelationship, "users", "id")
		r.Source = &slow
		lock, err := d.Pool.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = lock.Rollback(context.WithoutCancel(t.Context())) }()
		if _, err := lock.Exec(t.Context(), `lock table users`); err != nil {
			t.Fatal(err)
		}
		l := loaders.New(loaders.Session{}, loaders.Options{})
		a := ask(t, l, loaders.NewStatement(&r, d.columns("users", "id"), nil), `1`)
		l.Flush()
		if _, err := a.thunk(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a context that ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		l := loaders.New(loaders.Session{}, loaders.Options{})
		set := s.NewKeySet()
		if _, err := set.Add([]byte(`1`)); err != nil {
			t.Fatal(err)
		}
		thunk := l.Load(ctx, s, set)
		l.Flush()
		if _, err := thunk(); err == nil {
			t.Error("no error")
		}
	})
}

// TestSpan looks at the one span of a batch: what it counts, and that it holds no key.
func TestSpan(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test")
	s := loaders.NewStatement(d.relationship(metadata.ObjectRelationship, "users", "id"), d.columns("users", "id"), nil)
	var seen []loaders.Observed
	load(t, loaders.New(loaders.Session{}, loaders.Options{Tracer: tracer, Observe: func(o loaders.Observed) { seen = append(seen, o) }}), s, `1`, `2`, `1`, `404`)
	spans := recorder.Ended()
	if len(spans) != 1 {
		t.Fatalf("%d spans, want 1", len(spans))
	}
	var got []string
	for _, a := range spans[0].Attributes() {
		got = append(got, fmt.Sprintf("%s=%s", a.Key, a.Value.String()))
	}
	c := d.Pool.Config().ConnConfig
	want := []string{
		"db.system.name=postgresql", "db.namespace=" + c.Database, "db.collection.name=public.users", "db.query.text=" + s.SQL(), "joinery.relationship=test.users",
		"joinery.batch.keys=4", "joinery.batch.keys_unique=3", "joinery.batch.rows=2",
	}
	if diff := cmp.Diff(want, got); diff != "" || spans[0].Name() != "loader.batch" {
		t.Errorf("%s: -want +got:\n%s", spans[0].Name(), diff)
	}
	if len(seen) != 1 || seen[0].Keys != 4 || seen[0].Rows != 2 {
		t.Errorf("observed %+v", seen)
	}
}

func TestErrorType(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{&loaders.DatabaseError{Cause: &pgconn.PgError{Code: "42P01"}}, "42P01"},
		{&loaders.DatabaseError{Cause: fmt.Errorf("query: %w", context.Canceled)}, "canceled"},
		{context.DeadlineExceeded, "timeout"},
		{errors.New("unexpected EOF"), "connection_error"},
	} {
		if got := (loaders.Observed{Err: c.err}).ErrorType(); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
