package loaders_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// onOneConnection is a database with a pool of one connection, which keeps room statements prepared.
func onOneConnection(t *testing.T, schema string, room int) *database {
	t.Helper()
	db := pgtest.New(t)
	db.Exec(t, schema)
	counter := &pgtest.Counter{}
	pool := db.Pool(t, loaders.Configure, func(c *pgxpool.Config) {
		c.MaxConns, c.ConnConfig.StatementCacheCapacity, c.ConnConfig.Tracer = 1, room, counter
	})
	structure, err := catalog.Read(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	return &database{&loaders.Source{Name: "default", Pool: pool}, structure, counter}
}

// TestPreparedOutdated: a statement that was prepared before a table was altered, or that somebody deallocated, is
// prepared anew; no client sees it.
func TestPreparedOutdated(t *testing.T) {
	t.Parallel()
	d := onOneConnection(t, usersAndPosts, 10)
	s := loaders.NewStatement(d.relationship(metadata.ObjectRelationship, "users", "id"), d.columns("users", "code"), nil)
	for _, change := range []string{`select`, `alter table users alter code type bigint`, `deallocate all`, `select`} {
		if _, err := d.Pool.Exec(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		l := loaders.New(loaders.Session{}, loaders.Options{})
		if diff := cmp.Diff([]string{"1;", "2;"}, load(t, l, s, `12`, `20`)); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", change, diff)
		}
	}
}

// TestPreparedRoom: a connection keeps no more statements than the pool's configuration allows.
func TestPreparedRoom(t *testing.T) {
	t.Parallel()
	const room = 3
	d := onOneConnection(t, usersAndPosts, room)
	r := d.relationship(metadata.ArrayRelationship, "users", "id")
	for round := range 2 {
		for limit := range int64(2 * room) {
			q := &loaders.Query{Limit: &limit, Offset: int64(round)}
			for range limit { // as many different statements
				q.OrderBy = append(q.OrderBy, loaders.Order{Column: d.columns("users", "id")[0]})
			}
			want := ""
			if limit > 0 && round == 0 {
				want = "7;"
			}
			l := loaders.New(loaders.Session{}, loaders.Options{})
			if diff := cmp.Diff([]string{want}, load(t, l, loaders.NewStatement(r, d.columns("users", "id"), q), `7`)); diff != "" {
				t.Errorf("limit %d, offset %d (-want +got):\n%s", limit, round, diff)
			}
		}
	}
	prepared := 0
	if err := d.Pool.QueryRow(t.Context(), `select count(*) from pg_prepared_statements where statement like '%unnest%'`, pgx.QueryExecModeExec).Scan(&prepared); err != nil {
		t.Fatal(err)
	}
	if prepared != room {
		t.Errorf("%d prepared statements, want %d", prepared, room)
	}
}

// TestMergedSets: key sets of one statement are read at once, with other statements beside them.
func TestMergedSets(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	users := loaders.NewStatement(d.relationship(metadata.ObjectRelationship, "users", "id"), d.columns("users", "name"), nil)
	posts := loaders.NewStatement(d.relationship(metadata.ArrayRelationship, "posts", "user_id"), d.columns("posts", "title"), nil)
	l := loaders.New(loaders.Session{}, loaders.Options{})
	for wave := range 3 {
		d.counter.Reset()
		loaded := []asked{ask(t, l, users, `1`, `2`), ask(t, l, posts, `1`), ask(t, l, users, `2`, `3`)}
		got := ""
		for _, a := range loaded {
			got += fmt.Sprint(wait(t, a, l))
		}
		if want := `["u1"; "u2";]["p1";"p11";"p21";]["u2"; "u3";]`; got != want {
			t.Errorf("wave %d: got %s, want %s", wave, got, want)
		}
		if n := d.counter.Count(); n != 2 {
			t.Errorf("wave %d: %d statements, want 2", wave, n)
		}
	}
}

// TestPlans: single keys, as most requests have, don't have Postgres plan each statement anew.
func TestPlans(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, `create table users (id bigint primary key, name text); insert into users select i, 'u' || i from generate_series(1, 100000) i; analyze`)
	pool := db.Pool(t, loaders.Configure, func(c *pgxpool.Config) { c.MaxConns = 1 })
	structure, err := catalog.Read(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	d := &database{Source: &loaders.Source{Name: "default", Pool: pool}, catalog: structure}
	s := d.byID()
	for i := range 20 {
		load(t, loaders.New(loaders.Session{}, loaders.Options{}), s, fmt.Sprint(i+1))
	}
	var generic, custom int
	err = pool.QueryRow(t.Context(), `select generic_plans, custom_plans from pg_prepared_statements where statement = $1`, s.SQL()).Scan(&generic, &custom)
	if err != nil {
		t.Fatal(err)
	}
	if generic < 10 {
		t.Errorf("planned %d times anew, %d times not", custom, generic)
	}
}
