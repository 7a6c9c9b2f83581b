package graph

import (
	"context"
	"net/http"
	"time"

	"github.com/graph-gophers/dataloader/v7"

	"github.com/joinery-graphql/joinery/bench/gqlgen/graph/model"
	"github.com/joinery-graphql/joinery/bench/gqlgen/store"
)

type loadersKey struct{}

// loaders are the dataloaders of one request.
type loaders struct {
	users  *dataloader.Loader[int64, *model.User]
	posts  *dataloader.Loader[store.PostsKey, []*model.Post]
	totals *dataloader.Loader[store.PostsKey, *model.PostsAggregateFields]
}

func newLoaders(s *store.Store) *loaders {
	return &loaders{
		users: dataloader.NewBatchedLoader(batch(s.UsersByIDs), dataloader.WithWait[int64, *model.User](time.Millisecond)),
		posts: dataloader.NewBatchedLoader(batch(byArguments(s.PostsByAuthorIDs)),
			dataloader.WithWait[store.PostsKey, []*model.Post](time.Millisecond)),
		totals: dataloader.NewBatchedLoader(batch(byArguments(s.TotalsByAuthorIDs)),
			dataloader.WithWait[store.PostsKey, *model.PostsAggregateFields](time.Millisecond)),
	}
}

// postsKey is a user's posts, by the field's arguments.
func postsKey(author int64, limit *int, orderBy []*model.PostsOrderBy, where *model.PostsBoolExp) store.PostsKey {
	key := store.PostsKey{AuthorID: author}
	if limit != nil {
		key.Limit, key.Limited = *limit, true
	}
	if len(orderBy) > 0 && orderBy[0].ID != nil {
		key.Order = *orderBy[0].ID
	}
	if where != nil && where.ID != nil && where.ID.Gt != nil {
		key.After, key.Filtered = *where.ID.Gt, true
	}
	return key
}

// byArguments loads the keys of the same arguments together.
func byArguments[V any](load func(context.Context, []int64, store.PostsArguments) ([]V, error)) func(context.Context, []store.PostsKey) ([]V, error) {
	return func(ctx context.Context, keys []store.PostsKey) ([]V, error) {
		ids, places := map[store.PostsArguments][]int64{}, map[store.PostsArguments][]int{}
		for i, key := range keys {
			ids[key.PostsArguments] = append(ids[key.PostsArguments], key.AuthorID)
			places[key.PostsArguments] = append(places[key.PostsArguments], i)
		}
		out := make([]V, len(keys))
		for arguments, group := range ids {
			values, err := load(ctx, group, arguments)
			if err != nil {
				return nil, err
			}
			for i, place := range places[arguments] {
				out[place] = values[i]
			}
		}
		return out, nil
	}
}

// batch makes a dataloader's batch function of a function that gives a value for each key.
func batch[K comparable, V any](load func(context.Context, []K) ([]V, error)) dataloader.BatchFunc[K, V] {
	return func(ctx context.Context, keys []K) []*dataloader.Result[V] {
		values, err := load(ctx, keys)
		results := make([]*dataloader.Result[V], len(keys))
		for i := range keys {
			results[i] = &dataloader.Result[V]{Error: err}
			if err == nil {
				results[i].Data = values[i]
			}
		}
		return results
	}
}

// Middleware gives every request loaders of its own.
func Middleware(s *store.Store, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), loadersKey{}, newLoaders(s))))
	})
}

func loadersFrom(ctx context.Context) *loaders { return ctx.Value(loadersKey{}).(*loaders) }
