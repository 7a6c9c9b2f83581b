package auth0profile

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/joinery-graphql/joinery/supergraph/auth0profile/internal/graph"
)

// cache keeps profiles for a short time, the least recently used go first when it is full. It is
// safe for concurrent use; a nil cache keeps nothing. (The library's own expirable cache has one
// time to live for all entries and a goroutine that never ends.)
type cache struct {
	entries *lru.Cache[string, entry]
	ttl     time.Duration
}

type entry struct {
	profile *graph.Auth0Profile // nil: no such user
	ends    time.Time
}

// missingShare is the part of the time to live for which it is kept that a user doesn't exist: the
// user may be about to be created.
const missingShare = 10

func newCache(size int, ttl time.Duration) *cache {
	if ttl <= 0 {
		return nil
	}
	entries, err := lru.New[string, entry](size)
	if err != nil {
		panic("BUG: size of the cache: " + err.Error())
	}
	return &cache{entries: entries, ttl: ttl}
}

func (c *cache) get(id string) (profile *graph.Auth0Profile, ok bool) {
	if c == nil {
		return nil, false
	}
	kept, ok := c.entries.Get(id)
	if !ok || !time.Now().Before(kept.ends) {
		return nil, false
	}
	return kept.profile, true
}

func (c *cache) put(id string, profile *graph.Auth0Profile) {
	if c == nil {
		return
	}
	ttl := c.ttl
	if profile == nil {
		ttl /= missingShare
	}
	c.entries.Add(id, entry{profile: profile, ends: time.Now().Add(ttl)})
}
