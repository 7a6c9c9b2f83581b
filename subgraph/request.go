package subgraph

import (
	"context"
	"net/http"
	"sync"
)

// request is what the execution needs of the HTTP request and its answer.
type request struct {
	http    *http.Request
	mu      sync.Mutex
	cookies []string
}

type requestKey struct{}

func withRequest(ctx context.Context, r *request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// requestFrom is nil where no transport of ours is at work; its methods then do nothing.
func requestFrom(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

func (r *request) host() string {
	if r == nil {
		return ""
	}
	return r.http.Host
}

// setCookies passes a handler's cookies on to the client, as Hasura does (hasura-actions.md section 3).
func (r *request) setCookies(cookies []string) {
	if r == nil || len(cookies) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cookies = append(r.cookies, cookies...)
}
