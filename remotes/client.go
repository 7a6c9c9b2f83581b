package remotes

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"golang.org/x/sync/errgroup"

	"github.com/joinery-graphql/joinery/internal/forward"
	"github.com/joinery-graphql/joinery/metadata"
)

// UnreachableRule is the rule of a fault that says that a service's schema can't be had, so that relationships to it are
// left out.
const UnreachableRule = "remote-schema-unreachable"

const (
	// DefaultMaxResponseBytes bounds a service's answer where the options don't.
	DefaultMaxResponseBytes = 16 << 20
	// DefaultMaxKeys bounds the keys of a request where the options don't. A key takes about 100 bytes of a body, more with
	// a long value, and some servers take no more than 100 kB (Express).
	DefaultMaxKeys = 500
	// maxParallel is how many requests of one wave a service gets at once.
	maxParallel = 4
	// introspectionTimeout bounds how long a start waits for a service's schema.
	introspectionTimeout = 10 * time.Second
)

// Options are the settings of [New]. The zero value works.
type Options struct {
	LookupEnv        func(string) (string, bool)   // nil means os.LookupEnv
	Transport        http.RoundTripper             // nil means http.DefaultTransport; redirects are not followed
	MaxResponseBytes int64                         // after decompression; zero means DefaultMaxResponseBytes
	MaxKeys          int                           // of one request; more are asked for in several; zero means DefaultMaxKeys
	Version          string                        // of User-Agent: joinery/<Version>; "" means dev
	TracerProvider   trace.TracerProvider          // nil means no spans
	Propagator       propagation.TextMapPropagator // nil means W3C trace context
	PrivateHeaders   []string                      // client headers that are never forwarded
	Known            *Client                       // whose services aren't asked for their schemas again; may be nil
	Before           *Client                       // whose schemas count where services don't answer now; may be nil
}

// Client follows relationships to remote schemas. It doesn't change; any number of goroutines may use it.
type Client struct {
	remotes       []*remote
	relationships map[*metadata.RemoteRelationship]*Relationship
	transport     http.RoundTripper
	maxResponse   int64
	maxKeys       int
	userAgent     string
	private       map[string]bool
	tracer        trace.Tracer
	propagator    propagation.TextMapPropagator
}

// remote is a service.
type remote struct {
	name        string
	metadata    *metadata.RemoteSchema
	url         *url.URL
	configured  http.Header
	sdl         string
	stale       bool // the service didn't answer, and sdl is from before
	schema      *schema
	permissions map[string]*permission
}

// permission is what a role may use; the admin may use everything, which is nil.
func (r *remote) permission(role string) (*permission, bool) {
	if role == metadata.AdminRole {
		return nil, true
	}
	p := r.permissions[role]
	return p, p != nil
}

// New prepares the relationships of md to remote schemas: of each service that one leads to it reads the SDL that md has,
// or else asks for it, all services side by side. Relationships to subgraphs are left to these. Whatever has a fault is
// left out; the faults of services that can't be reached have the rule [UnreachableRule].
func New(ctx context.Context, md *metadata.Metadata, opts Options) (*Client, metadata.Faults) {
	c := &Client{
		relationships: map[*metadata.RemoteRelationship]*Relationship{},
		transport:     opts.Transport, maxResponse: opts.MaxResponseBytes, maxKeys: opts.MaxKeys, userAgent: "joinery/" + cmp.Or(opts.Version, "dev"),
		private: forward.Set(opts.PrivateHeaders), propagator: opts.Propagator,
	}
	if c.transport == nil {
		c.transport = http.DefaultTransport
	}
	if c.maxResponse <= 0 {
		c.maxResponse = DefaultMaxResponseBytes
	}
	if c.maxKeys <= 0 {
		c.maxKeys = DefaultMaxKeys
	}
	if c.propagator == nil {
		c.propagator = propagation.TraceContext{}
	}
	if opts.LookupEnv == nil {
		opts.LookupEnv = os.LookupEnv
	}
	if _, isNoop := opts.TracerProvider.(noop.TracerProvider); opts.TracerProvider != nil && !isNoop {
		c.tracer = opts.TracerProvider.Tracer(scope)
	}
	b := &builder{Client: c, md: md, lookupEnv: opts.LookupEnv, known: opts.Known, before: opts.Before}
	return c, b.build(ctx)
}

// Relationship is the prepared relationship, nil where it isn't served.
func (c *Client) Relationship(r *metadata.RemoteRelationship) *Relationship {
	return c.relationships[r]
}

// Type is a type that a relationship leads to, as clients see it.
type Type struct {
	*ast.Definition
	Schema string       // the remote schema
	Pos    metadata.Pos // its place
}

// Types are the types that relationships lead to, by name: of each service those that can be reached. c may be nil.
func (c *Client) Types() (types []Type) {
	if c == nil {
		return nil
	}
	for _, r := range c.remotes {
		for _, d := range r.reached(c.relationships) {
			types = append(types, Type{d, r.name, r.metadata.Pos})
		}
	}
	slices.SortFunc(types, func(a, b Type) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Schema, b.Schema))
	})
	return types
}

// reached are the types of a service that its relationships lead to, as clients see them.
func (r *remote) reached(relationships map[*metadata.RemoteRelationship]*Relationship) (out []*ast.Definition) {
	found := map[string]*ast.Definition{}
	for _, rel := range relationships {
		if rel.remote != r {
			continue
		}
		last := rel.last().field
		r.schema.reach(last.Type.Name(), found)
		for _, a := range last.Arguments {
			if slices.ContainsFunc(rel.open, func(o *metadata.Argument) bool { return o.Name == a.Name }) {
				r.schema.reach(a.Type.Name(), found)
			}
		}
	}
	for _, d := range found {
		out = append(out, r.schema.definition(d))
	}
	return out
}

// Session is who asks.
type Session struct {
	Role      string
	Variables map[string]string // with names in lower case
	Header    http.Header       // of the client; may be nil
	Host      string            // of the client's request
}

// Do follows the calls and sets their outputs: one request for each service, all side by side, and several where a service
// is asked for more keys than a request may have. It returns when all have answered or failed.
func (c *Client) Do(ctx context.Context, session Session, calls []*Call) {
	byRemote := map[*remote][]*Call{}
	for _, call := range calls {
		call.Outputs = make([]Output, len(call.Inputs))
		byRemote[call.Relationship.remote] = append(byRemote[call.Relationship.remote], call)
	}
	var wg sync.WaitGroup
	for r, calls := range byRemote {
		if len(byRemote) == 1 {
			c.askAll(ctx, session, r, calls)
			return
		}
		wg.Go(func() { c.askAll(ctx, session, r, calls) })
	}
	wg.Wait()
}

// askAll asks a service for all keys. A request that fails costs its own keys only.
func (c *Client) askAll(ctx context.Context, session Session, r *remote, calls []*Call) {
	parts := cut(calls, c.maxKeys)
	if len(parts) == 1 {
		c.ask(ctx, session, r, parts[0])
		return
	}
	var g errgroup.Group
	g.SetLimit(maxParallel)
	for _, part := range parts {
		g.Go(func() error { c.ask(ctx, session, r, part); return nil })
	}
	_ = g.Wait()
}

// cut divides calls, in order, into parts of at most n keys. The parts' outputs are those of the calls.
func cut(calls []*Call, n int) (parts [][]*Call) {
	var part []*Call
	left := n
	for _, c := range calls {
		for from := 0; from < len(c.Inputs); {
			to := min(from+left, len(c.Inputs))
			piece := *c
			piece.Inputs, piece.Outputs = c.Inputs[from:to], c.Outputs[from:to]
			part = append(part, &piece)
			if left -= to - from; left == 0 {
				parts, part, left = append(parts, part), nil, n
			}
			from = to
		}
	}
	if part != nil {
		parts = append(parts, part)
	}
	return parts
}

// ask sends one request and delivers the answer, or why there is none.
func (c *Client) ask(ctx context.Context, session Session, r *remote, calls []*Call) {
	err := c.exchange(ctx, session, r, calls)
	if err == nil {
		return
	}
	failure := &RemoteError{Schema: r.name, Message: fmt.Sprintf("remote schema %q gave no usable answer", r.name), Cause: err}
	for _, call := range calls {
		for k := range call.Outputs {
			if len(call.Outputs[k].Errors) == 0 {
				call.Outputs[k].Errors = []Error{{Err: failure}}
			}
		}
	}
}

// exchange has its own goroutine where there are several: a panic there would end the process.
func (c *Client) exchange(ctx context.Context, session Session, r *remote, calls []*Call) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("BUG: panic while asking remote schema %q: %v\n%s", r.name, p, debug.Stack())
		}
	}()
	body, sent := newRequest(session, calls)
	if !sent {
		return nil
	}
	keys := 0
	for _, call := range calls {
		keys += len(call.Inputs)
	}
	ctx, cancel := context.WithTimeout(ctx, r.metadata.Timeout)
	defer cancel()
	text, err := c.send(ctx, r, body, c.clientHeaders(r, session), keys)
	if err != nil {
		return err
	}
	answer, err := readAnswer(text)
	if err != nil {
		return err
	}
	answer.deliver(r, calls)
	return nil
}

// headers are those that every caller's request has. session is nil where Joinery itself asks. Hasura's precedence:
// configured headers, then session variables, then the client's.
func (r *remote) headers(h http.Header) http.Header {
	if h == nil {
		h = http.Header{}
	}
	maps.Copy(h, r.configured)
	h["Content-Type"] = []string{"application/json"}
	h["Accept"] = []string{"application/graphql-response+json, application/json"}
	return h
}

func (c *Client) clientHeaders(r *remote, session Session) http.Header {
	h := http.Header{}
	if r.metadata.ForwardClientHeaders {
		h = forward.Client(session.Header, session.Host, forward.DefaultIgnored, c.private)
	}
	for name, value := range session.Variables {
		h.Set(name, value)
	}
	return r.headers(h)
}

var errTooLarge = errors.New("the answer is larger than the limit")

// send sends a body and returns that of the answer. What answers isn't followed elsewhere: headers may hold secrets.
func (c *Client) send(ctx context.Context, r *remote, body []byte, h http.Header, keys int) (answer []byte, err error) {
	ctx, span := c.startRequest(ctx, r, keys)
	status := 0
	defer func() { endRequest(span, status, err) }()
	c.propagator.Inject(ctx, propagation.HeaderCarrier(h))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", c.userAgent)
	}
	req.Header = h
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	status = resp.StatusCode
	answer, err = io.ReadAll(io.LimitReader(resp.Body, c.maxResponse+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(answer)) > c.maxResponse:
		return nil, errTooLarge
	case resp.StatusCode/100 != 2 && !bytes.HasPrefix(bytes.TrimSpace(answer), []byte("{")):
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	case resp.StatusCode/100 == 3 || resp.StatusCode/100 == 5:
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	return answer, nil
}
