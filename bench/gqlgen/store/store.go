// Package store reads users and posts.
package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/bench/gqlgen/graph/model"
)

// Store reads from Postgres. It is safe for concurrent use.
type Store struct{ Pool *pgxpool.Pool }

// UsersByIDs gives a user for each id, in the order of ids; nil where there is none.
func (s *Store) UsersByIDs(ctx context.Context, ids []int64) ([]*model.User, error) {
	rows, err := s.Pool.Query(ctx, "SELECT id, name, email FROM users WHERE id = ANY($1)", ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*model.User, len(ids))
	var u model.User
	_, err = pgx.ForEachRow(rows, []any{&u.ID, &u.Name, &u.Email}, func() error {
		user := u
		byID[u.ID] = &user
		return nil
	})
	users := make([]*model.User, len(ids))
	for i, id := range ids {
		users[i] = byID[id]
	}
	return users, err
}

// PostsKey is the posts of an author, by the field's arguments.
type PostsKey struct {
	AuthorID int64
	PostsArguments
}

// PostsArguments are the arguments of posts.
type PostsArguments struct {
	Limit    int
	Limited  bool
	Order    model.OrderBy // by id; "" for none
	After    int64         // of id
	Filtered bool
}

func (a PostsArguments) sql(ids []int64) (sql string, args []any) {
	args = []any{ids}
	if a == (PostsArguments{}) {
		return "SELECT id, author_id, editor_id, title, likes FROM posts WHERE author_id = ANY($1)", args
	}
	sql = "SELECT p.* FROM unnest($1::int8[]) AS k(id) CROSS JOIN LATERAL " +
		"(SELECT id, author_id, editor_id, title, likes FROM posts WHERE author_id = k.id"
	if a.Filtered {
		args = append(args, a.After)
		sql += fmt.Sprintf(" AND id > $%d", len(args))
	}
	switch a.Order {
	case model.OrderByAsc:
		sql += " ORDER BY id"
	case model.OrderByDesc:
		sql += " ORDER BY id DESC"
	}
	if a.Limited {
		args = append(args, a.Limit)
		sql += fmt.Sprintf(" LIMIT $%d", len(args))
	}
	return sql + ") AS p", args
}

// PostsByAuthorIDs gives the posts of each author, in the order of ids.
func (s *Store) PostsByAuthorIDs(ctx context.Context, ids []int64, arguments PostsArguments) ([][]*model.Post, error) {
	sql, args := arguments.sql(ids)
	rows, err := s.Pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	byAuthor := make(map[int64][]*model.Post, len(ids))
	var p model.Post
	_, err = pgx.ForEachRow(rows, []any{&p.ID, &p.AuthorID, &p.EditorID, &p.Title, &p.Likes}, func() error {
		post := p
		byAuthor[p.AuthorID] = append(byAuthor[p.AuthorID], &post)
		return nil
	})
	posts := make([][]*model.Post, len(ids))
	for i, id := range ids {
		if posts[i] = byAuthor[id]; posts[i] == nil {
			posts[i] = []*model.Post{} // a null would be an error
		}
	}
	return posts, err
}

// TotalsByAuthorIDs gives aggregates of the posts of each author, in the order of ids.
func (s *Store) TotalsByAuthorIDs(ctx context.Context, ids []int64, arguments PostsArguments) ([]*model.PostsAggregateFields, error) {
	sql, args := "SELECT author_id, count(*), max(likes) FROM posts WHERE author_id = ANY($1)", []any{ids}
	if arguments.Filtered {
		sql, args = sql+" AND id > $2", append(args, arguments.After)
	}
	rows, err := s.Pool.Query(ctx, sql+" GROUP BY author_id", args...)
	if err != nil {
		return nil, err
	}
	byAuthor := make(map[int64]*model.PostsAggregateFields, len(ids))
	var author int64
	var count, likes int
	_, err = pgx.ForEachRow(rows, []any{&author, &count, &likes}, func() error {
		most := likes
		byAuthor[author] = &model.PostsAggregateFields{Count: count, Max: &model.PostsMaxFields{Likes: &most}}
		return nil
	})
	totals := make([]*model.PostsAggregateFields, len(ids))
	for i, id := range ids {
		if totals[i] = byAuthor[id]; totals[i] == nil {
			totals[i] = &model.PostsAggregateFields{Max: &model.PostsMaxFields{}}
		}
	}
	return totals, err
}
