package subgraph

import (
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/time/rate"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/metadata"
)

// operationSize is what Hasura's limits by role count: fields that have fields, and how deep they nest, where introspection
// doesn't count.
type operationSize struct{ nodes, depth int }

// operationSizes measures each operation of a document that passed Limits.check, so that its expansion is small.
func operationSizes(doc *ast.QueryDocument) map[string]operationSize {
	out := map[string]operationSize{}
	for _, op := range doc.Operations {
		out[op.Name] = sizeOf(doc, op.SelectionSet, map[string]bool{})
	}
	return out
}

func sizeOf(doc *ast.QueryDocument, set ast.SelectionSet, within map[string]bool) (out operationSize) {
	for _, selection := range set {
		var s operationSize
		switch selection := selection.(type) {
		case *ast.Field:
			if len(selection.SelectionSet) == 0 || strings.HasPrefix(selection.Name, "__") {
				continue
			}
			s = sizeOf(doc, selection.SelectionSet, within)
			s.nodes++
			s.depth++
		case *ast.InlineFragment:
			s = sizeOf(doc, selection.SelectionSet, within)
		case *ast.FragmentSpread:
			f := doc.Fragments.ForName(selection.Name)
			if f == nil || within[f.Name] { // validation refuses both
				continue
			}
			within[f.Name] = true
			s = sizeOf(doc, f.SelectionSet, within)
			delete(within, f.Name)
		}
		out.nodes += s.nodes
		out.depth = max(out.depth, s.depth)
	}
	return out
}

// checkSize holds an operation to the limits of a role.
func checkSize(l *metadata.APILimits, role string, s operationSize) *limitError {
	if n, ok := l.Depth.Of(role); ok && s.depth > n {
		return tooMany("role_depth", "operation is nested deeper than %d, which is the limit of the role", n)
	}
	if n, ok := l.Nodes.Of(role); ok && s.nodes > n {
		return tooMany("role_nodes", "operation has more than %d nodes, which is the limit of the role", n)
	}
	return nil
}

// rates hold callers to Hasura's rate limits: each may ask as often as a minute allows at once, and then at that rate.
type rates struct {
	limits  *metadata.RateLimits
	mu      sync.Mutex
	callers *simplelru.LRU[string, *rate.Limiter]
}

// maxCallers bounds the callers whose rates are known. One that comes again after as many others begins anew.
const maxCallers = 100_000

func newRates(l *metadata.RateLimits) *rates {
	callers, _ := simplelru.NewLRU[string, *rate.Limiter](maxCallers, nil) // errs on a size below 1 only
	return &rates{limits: l, callers: callers}
}

// wait is how long a caller must wait before it may ask: zero where it may now.
func (r *rates) wait(session *auth.Session, req *http.Request) time.Duration {
	limit := r.limits.Of(session.Role)
	if limit == nil {
		return 0
	}
	reserved := r.caller(limit, session, req).Reserve()
	delay := reserved.Delay()
	if delay > 0 {
		reserved.Cancel()
	}
	return delay
}

func (r *rates) caller(l *metadata.RateLimit, session *auth.Session, req *http.Request) *rate.Limiter {
	parts := []string{session.Role}
	if l.ByIP {
		host, _, _ := net.SplitHostPort(req.RemoteAddr)
		parts = append(parts, host)
	}
	for _, name := range l.Variables {
		parts = append(parts, session.Variables[name])
	}
	for i, p := range parts {
		parts[i] = strconv.Quote(p) // so that no value can look like two
	}
	key := strings.Join(parts, ",")
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.callers.Get(key); ok {
		return known
	}
	limiter := rate.NewLimiter(rate.Every(l.Every()), l.PerMinute)
	r.callers.Add(key, limiter)
	return limiter
}

// retryAfter is the header's value: whole seconds, at least one.
func retryAfter(wait time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
}
