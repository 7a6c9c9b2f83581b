package loaders_test

import (
	"fmt"
	"testing"

	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

const manyUsers = `
	create table users (id bigint primary key, code uuid not null unique, name text not null unique, email text not null);
	create table posts (id bigint primary key, user_id bigint not null, title text not null);
	insert into users select i, md5(i::text)::uuid, 'User ' || md5(i::text), 'user' || i || '@example.com' from generate_series(1, 5000) i;
	insert into posts select i, 1 + i % 5000, 'Post ' || md5(i::text) from generate_series(1, 25000) i;
	create index on posts (user_id);
	analyze;`

// keysOf are n JSON values of a column of users.
func keysOf(b *testing.B, d *database, column string, n int) [][]byte {
	b.Helper()
	rows, err := d.Pool.Query(b.Context(), `select to_json(`+column+`)::text from users order by id * 7919 % 5003 limit $1`, n)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var keys [][]byte
	for rows.Next() {
		keys = append(keys, append([]byte(nil), rows.RawValues()[0]...))
	}
	if rows.Err() != nil || len(keys) != n {
		b.Fatal(rows.Err(), len(keys))
	}
	return keys
}

func add(b *testing.B, s *loaders.Statement, keys [][]byte) *loaders.KeySet {
	b.Helper()
	set := s.NewKeySet()
	for _, key := range keys {
		if _, err := set.Add(key); err != nil {
			b.Fatal(err)
		}
	}
	return set
}

// BenchmarkLoad reads rows by keys of several types from Postgres: keys in, JSON out, memory given back. What it makes of
// garbage must not grow with the number of keys.
func BenchmarkLoad(b *testing.B) {
	d := newDatabase(b, manyUsers)
	for _, c := range []struct {
		table, column, key string
		typ                metadata.RelationshipType
	}{
		{"users", "id", "id", metadata.ObjectRelationship},
		{"users", "code", "code", metadata.ObjectRelationship},
		{"users", "name", "name", metadata.ObjectRelationship},
		{"posts", "user_id", "id", metadata.ArrayRelationship},
	} {
		columns := map[string][]string{"users": {"name", "email"}, "posts": {"id", "title"}}[c.table]
		s := loaders.NewStatement(d.relationship(c.typ, c.table, c.column), d.columns(c.table, columns...), nil)
		for _, n := range []int{1, 100, 1000} {
			keys := keysOf(b, d, c.key, n)
			b.Run(fmt.Sprintf("%s by %s/%d", c.table, c.column, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					l := loaders.New(loaders.Session{}, loaders.Options{})
					thunk := l.Load(b.Context(), s, add(b, s, keys))
					l.Flush()
					if result, err := thunk(); err != nil || result.Rows.Len() < n {
						b.Fatal(err)
					}
					l.Release()
				}
			})
		}
	}
}

// BenchmarkMerge reads rows for four key sets of one statement, which dataloader brings together.
func BenchmarkMerge(b *testing.B) {
	d := newDatabase(b, manyUsers)
	s := loaders.NewStatement(d.relationship(metadata.ObjectRelationship, "users", "id"), d.columns("users", "name"), nil)
	keys := keysOf(b, d, "id", 100)
	b.ReportAllocs()
	for b.Loop() {
		l := loaders.New(loaders.Session{}, loaders.Options{})
		var thunks [4]loaders.Thunk
		for i := range thunks {
			thunks[i] = l.Load(b.Context(), s, add(b, s, keys[i*20:i*20+40]))
		}
		l.Flush()
		for _, thunk := range thunks {
			if _, err := thunk(); err != nil {
				b.Fatal(err)
			}
		}
		l.Release()
	}
}
