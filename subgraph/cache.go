package subgraph

import (
	"context"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// weighted is a cache that forgets what wasn't used for longest, bounded by the number of its entries and by their
// weight: what clients send decides on both. It is safe for concurrent use.
type weighted[K comparable, V any] struct {
	mu     sync.Mutex
	lru    *simplelru.LRU[K, weightedEntry[V]]
	weight int
	max    int
}

type weightedEntry[V any] struct {
	value  V
	weight int
}

func newWeighted[K comparable, V any](entries, maxWeight int) *weighted[K, V] {
	c := &weighted[K, V]{max: maxWeight}
	c.lru, _ = simplelru.NewLRU(entries, func(_ K, e weightedEntry[V]) { c.weight -= e.weight }) // errs on a size below 1 only
	return c
}

func (c *weighted[K, V]) get(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.lru.Get(key)
	return e.value, ok
}

// add adds an entry, or replaces it. One that is heavier than all may be isn't kept.
func (c *weighted[K, V]) add(key K, value V, weight int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lru.Remove(key)
	if weight > c.max {
		return
	}
	c.weight += weight
	c.lru.Add(key, weightedEntry[V]{value, weight})
	for c.weight > c.max {
		c.lru.RemoveOldest()
	}
}

// persisted are the texts of persisted documents by their hash, as gqlgen's extension takes them.
type persisted struct{ *weighted[string, string] }

// Get implements gqlgen's graphql.Cache.
func (p persisted) Get(_ context.Context, hash string) (string, bool) { return p.get(hash) }

// Add implements gqlgen's graphql.Cache.
func (p persisted) Add(_ context.Context, hash, text string) { p.add(hash, text, len(text)) }
