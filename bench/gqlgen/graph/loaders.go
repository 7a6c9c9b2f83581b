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
	users *dataloader.Loader[int64, *model.User]
	posts *dataloader.Loader[int64, []*model.Post]
}

func newLoaders(s *store.Store) *loaders {
	return &loaders{
		users: dataloader.NewBatchedLoader(batch(s.UsersByIDs), dataloader.WithWait[int64, *model.User](time.Millisecond)),
		posts: dataloader.NewBatchedLoader(batch(s.PostsByAuthorIDs), dataloader.WithWait[int64, []*model.Post](time.Millisecond)),
	}
}

// batch makes a dataloader's batch function of a function that gives a value for each id.
func batch[V any](load func(context.Context, []int64) ([]V, error)) dataloader.BatchFunc[int64, V] {
	return func(ctx context.Context, ids []int64) []*dataloader.Result[V] {
		values, err := load(ctx, ids)
		results := make([]*dataloader.Result[V], len(ids))
		for i := range ids {
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
