package subgraph

import (
	"context"
	"net/http"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/joinery-graphql/joinery/loaders"
)

// request is what the execution needs of the HTTP request and its answer.
type request struct {
	http      *http.Request
	buffers   *buffers
	document  *document
	variables map[string]any // as they came, while the request is read
	mu        sync.Mutex
	cookies   []string
	explain   explainMode
	watched   string // trace whose join plans are kept; "" where the plan goes into the answer

	sibling *loaders.Sibling // nil where no statement is shared with other requests

	cacheControl string // header of the answer; "" for none
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

// answer is an empty buffer for the answer.
func (r *request) answer() []byte {
	if r == nil {
		return nil
	}
	return r.buffers.answer[:0]
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

// coalesce has a query share statements with the request's siblings. A mutation's joins come between its calls, so nobody is to
// wait for them.
func (r *request) coalesce(l *loaders.Loaders, o ast.Operation) {
	switch {
	case r == nil:
	case o == ast.Query:
		l.Coalesce(r.sibling)
	default:
		r.sibling.Leave()
	}
}

func (r *request) setCacheControl(value string) {
	if r != nil {
		r.cacheControl = value
	}
}

// inOrder is a variable as the request had it, or its default as the document has it.
func (r *request) inOrder(d *ast.VariableDefinition) (rawVariable, bool) {
	if r == nil {
		return rawVariable{}, false
	}
	v, ok := r.variables[d.Variable].(rawVariable)
	if ok || d.DefaultValue == nil {
		return v, ok
	}
	json, err := appendValue(nil, d.DefaultValue, d.Type, nil)
	return rawVariable{json}, err == nil
}
