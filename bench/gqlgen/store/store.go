// Package store reads users and posts.
package store

import (
	"context"

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

// PostsByAuthorIDs gives the posts of each author, in the order of ids.
func (s *Store) PostsByAuthorIDs(ctx context.Context, ids []int64) ([][]*model.Post, error) {
	rows, err := s.Pool.Query(ctx, "SELECT id, author_id, editor_id, title, likes FROM posts WHERE author_id = ANY($1)", ids)
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
