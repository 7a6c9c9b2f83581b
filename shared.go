package joinery

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/remotes"
)

// shared is what services made of one Config have in common, so that it outlives each of them: what costs to make, and
// what knows something, such as keys that tokens are signed with. Its zero value has the pools only.
type shared struct {
	authenticator *auth.Authenticator
	observe       func(loaders.Observed)
	stopMetrics   func()
	pools         pools
	transport     http.RoundTripper              // to remote schemas; nil in its zero value
	remotes       atomic.Pointer[remotes.Client] // of the service that was made last
}

// newShared makes what is shared, and has c use one transport to the handlers.
func newShared(c *Config) *shared {
	if c.Transport == nil {
		c.Transport = actions.NewTransport()
	}
	s := &shared{authenticator: c.authenticator(), transport: actions.NewTransport()}
	s.observe, s.stopMetrics = observer(c.MeterProvider)
	return s
}

func (s *shared) close() { s.stopMetrics() }

// pools are the connections to databases: those of a database are opened for its first user, and closed after its last.
type pools struct {
	mu   sync.Mutex // also held while a connection is made, so that nobody makes a second one
	open map[database]*pool
}

type pool struct {
	*pgxpool.Pool
	users int
}

// take gives the pool of a database that answers. It is to be released.
func (p *pools) take(ctx context.Context, c Config, d database) (*pgxpool.Pool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.open[d]
	if known == nil {
		opened, err := open(ctx, c, d)
		if err != nil {
			return nil, err
		}
		if p.open == nil {
			p.open = map[database]*pool{}
		}
		known = &pool{Pool: opened}
		p.open[d] = known
	} else if err := ping(ctx, known.Pool); err != nil {
		return nil, err
	}
	known.users++
	return known.Pool, nil
}

// release gives a pool back. The last user's requests must have ended: it waits until all connections are idle.
func (p *pools) release(d database) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.open[d]
	if known.users--; known.users == 0 {
		delete(p.open, d)
		known.Close()
	}
}
