package loaders_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// countedWrites counts the writes of all connections: one for each round trip that they begin.
type countedWrites struct{ n atomic.Int32 }

type countedConn struct {
	net.Conn
	writes *countedWrites
}

func (c countedConn) Write(p []byte) (int, error) {
	c.writes.n.Add(1)
	return c.Conn.Write(p)
}

func (w *countedWrites) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return countedConn{conn, w}, err
}

// follow loads users by id and, with them, what follows, and returns the rows of both or their errors.
func follow(ctx context.Context, leader, follower *loaders.Statement, o loaders.Options, keys ...string) []string {
	l := loaders.New(loaders.Session{}, o)
	defer l.Release()
	set := leader.NewKeySet()
	for _, key := range keys {
		if _, err := set.Add([]byte(key)); err != nil {
			return []string{err.Error()}
		}
	}
	first := l.Load(ctx, leader, set)
	second, same := l.Follow(ctx, follower, set)
	l.Flush()
	var out []string
	for _, thunk := range []loaders.Thunk{first, second} {
		result, err := thunk()
		if err != nil {
			out = append(out, err.Error())
			continue
		}
		text := ""
		for key := range same.Len() {
			from, to, err := result.Key(key)
			for row := from; row < to; row++ {
				text += string(result.Rows.Cell(row, 0))
			}
			if err != nil {
				text += err.Error()
			}
			text += ";"
		}
		out = append(out, text)
	}
	return out
}

type pairStudy struct {
	db           *pgtest.DB
	pool         *pgxpool.Pool
	writes       countedWrites
	users, posts *loaders.Statement
}

func newPairStudy(t *testing.T, edit func(*loaders.Source), configure ...func(*pgxpool.Config)) *pairStudy {
	t.Helper()
	s := &pairStudy{db: pgtest.New(t)}
	s.db.Exec(t, usersAndPosts+`create index on posts (user_id)`)
	s.pool = s.db.Pool(t, append(configure, loaders.Configure, func(c *pgxpool.Config) {
		c.MaxConns, c.ConnConfig.DialFunc = 1, s.writes.dial
	})...)
	structure, err := catalog.Read(t.Context(), s.pool)
	if err != nil {
		t.Fatal(err)
	}
	d := &database{Source: &loaders.Source{Name: "default", Pool: s.pool}, catalog: structure}
	if edit != nil {
		edit(d.Source)
	}
	s.users = d.byID()
	s.posts = loaders.NewStatement(d.relationship(metadata.ArrayRelationship, "posts", "user_id"), d.columns("posts", "title"), nil)
	return s
}

// change runs on the pool's connection, or on another where that is to be ended.
func (s *pairStudy) change(t *testing.T, sql string) {
	t.Helper()
	if strings.Contains(sql, "pg_terminate_backend") {
		s.db.Exec(t, sql)
		return
	}
	if _, err := s.pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// TestFollow: what follows goes with what it follows in one round trip.
func TestFollow(t *testing.T) {
	t.Parallel()
	s := newPairStudy(t, nil)
	want := []string{`"u2";;"u1";`, `"p2""p12""p22";;"p1""p11""p21";`}
	for range 3 {
		s.writes.n.Store(0)
		var seen []string
		options := loaders.Options{Observe: func(o loaders.Observed) {
			seen = append(seen, fmt.Sprintln(o.Relationship, o.Keys, o.KeysUnique, o.Rows, o.Statements, o.Err))
		}}
		if diff := cmp.Diff(want, follow(t.Context(), s.users, s.posts, options, `2`, `999`, `1`)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"test.users 3 3 2 1 <nil>\n", "test.posts 3 3 6 1 <nil>\n"}, seen); diff != "" {
			t.Error(diff)
		}
	}
	if n := s.writes.n.Load(); n != 1 {
		t.Errorf("%d round trips, want 1", n)
	}
}

// TestFollowAlone: where a pair may not or can't go in one round trip, the answers are the same.
func TestFollowAlone(t *testing.T) {
	t.Parallel()
	want := []string{`"u2";"u3";`, `"p2""p12""p22";"p3""p13""p23";`}
	for _, c := range []struct {
		name    string
		study   *pairStudy
		maxKeys int
	}{
		{name: "a timeout", study: newPairStudy(t, func(s *loaders.Source) { s.Timeout = time.Minute })},
		{name: "room for one", study: newPairStudy(t, nil, func(c *pgxpool.Config) { c.ConnConfig.StatementCacheCapacity = 1 })},
		{name: "nothing prepared", study: newPairStudy(t, nil, func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec })},
		{name: "several statements", study: newPairStudy(t, nil), maxKeys: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 {
				c.study.writes.n.Store(0)
				if diff := cmp.Diff(want, follow(t.Context(), c.study.users, c.study.posts, loaders.Options{MaxKeys: c.maxKeys}, `2`, `3`)); diff != "" {
					t.Error(diff)
				}
			}
			if n := c.study.writes.n.Load(); n < 2 {
				t.Errorf("%d round trips, want one for each statement", n)
			}
		})
	}
}

// TestFollowFaults: what befalls one of a pair doesn't befall the other, and what one alone would survive, both do.
func TestFollowFaults(t *testing.T) {
	t.Parallel()
	const users, posts = `"u2";"u1";`, `"p2""p12""p22";"p1""p11""p21";`
	const noUsers = `load test.users from source "default": ERROR: relation "public.users" does not exist (SQLSTATE 42P01)`
	const noPosts = `load test.posts from source "default": ERROR: relation "public.posts" does not exist (SQLSTATE 42P01)`
	for _, c := range []struct {
		name, change string
		want         []string
	}{
		{"nothing", `select`, []string{users, posts}},
		{"the first is outdated", `alter table users alter code type bigint`, []string{users, posts}},
		{"the second is outdated", `alter table posts alter title type varchar(100)`, []string{users, posts}},
		{"both were deallocated", `deallocate all`, []string{users, posts}},
		{"the first fails", `alter table users rename to gone`, []string{noUsers, posts}},
		{"the second fails", `alter table posts rename to gone`, []string{users, noPosts}},
		{"both fail", `drop table users, posts`, []string{noUsers, noPosts}},
		{
			"the connection is lost", `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
			[]string{users, posts},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newPairStudy(t, nil)
			for i := range 3 {
				want := c.want
				if i == 0 {
					want = []string{users, posts}
				}
				if diff := cmp.Diff(want, follow(t.Context(), s.users, s.posts, loaders.Options{}, `2`, `1`)); diff != "" {
					t.Errorf("run %d (-want +got):\n%s", i, diff)
				}
				if i == 0 {
					s.change(t, c.change)
				}
			}
		})
	}
}

// TestFollowCanceled: a client that goes away ends both statements of a pair, in Postgres as well.
func TestFollowCanceled(t *testing.T) {
	t.Parallel()
	s := newPairStudy(t, nil)
	ours := s.db.Pool(t)
	locked, err := ours.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := locked.Exec(t.Context(), `lock table posts`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	blocked := func(want int) {
		for n := -1; n != want; {
			if err := ours.QueryRow(t.Context(), `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).Scan(&n); err != nil {
				t.Error(err)
				return
			}
		}
	}
	go func() {
		blocked(1)
		cancel()
	}()
	for _, got := range follow(ctx, s.users, s.posts, loaders.Options{}, `1`) {
		if !strings.Contains(got, context.Canceled.Error()) {
			t.Errorf("got %q, want that it was canceled", got)
		}
	}
	blocked(0)
	if err := locked.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`"u1";`, `"p1""p11""p21";`}, follow(t.Context(), s.users, s.posts, loaders.Options{}, `1`)); diff != "" {
		t.Error(diff)
	}
}
