package actions

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/joinery-graphql/joinery/internal/forward"
	"github.com/joinery-graphql/joinery/metadata"
)

// DefaultMaxResponseBytes bounds a handler's answer where the options don't. A list of 100,000 small objects fits;
// a few answers of this size at once still fit into a small container.
const DefaultMaxResponseBytes = 16 << 20

// Options are the settings of [New]. The zero value works.
type Options struct {
	LookupEnv        func(string) (string, bool)   // nil means os.LookupEnv
	Transport        http.RoundTripper             // nil means NewTransport(); redirects are not followed
	MaxResponseBytes int64                         // after decompression; zero means DefaultMaxResponseBytes
	Version          string                        // of User-Agent: joinery/<Version>; "" means dev
	TracerProvider   trace.TracerProvider          // nil means no spans, at no cost
	MeterProvider    metric.MeterProvider          // nil means no metrics, at no cost
	Propagator       propagation.TextMapPropagator // nil means W3C trace context

	// ConfiguredHeaderPrecedence lets a header of the metadata win over a forwarded one of the same name, as Hasura's
	// HASURA_GRAPHQL_CONFIGURED_HEADER_PRECEDENCE does. By default the forwarded one wins.
	ConfiguredHeaderPrecedence bool

	// PrivateHeaders are client headers that are never forwarded, because they are meant for Joinery alone, such as
	// the one in which a router proves itself. Those named x-hasura-* never are anyway.
	PrivateHeaders []string

	// DevMode adds extensions.internal to the errors of every caller, not only of admins.
	DevMode bool
}

// Client calls the handlers of a metadata's actions. Any number of goroutines may use it.
type Client struct {
	actions         map[string]*action
	transport       http.RoundTripper
	maxResponse     int64
	configuredFirst bool
	private         map[string]bool
	devMode         bool
	telemetry       telemetry
}

// Call is one call of an action.
type Call struct {
	Action string // its name

	// Input is the JSON object of the arguments. It is sent as it is; empty means {}. An argument that the client
	// left out must be absent, an explicit null must be null.
	Input json.RawMessage

	// SessionVariables are the caller's, with names in lower case; x-hasura-role must be there. The admin secret is
	// never sent, should it be among them.
	SessionVariables map[string]string

	RequestQuery string      // the client's document; "" is sent as null
	ClientHeader http.Header // may be nil; read only where the action forwards client headers
	ClientHost   string      // the Host of the client's request, which net/http keeps apart from its headers
	Admin        bool        // the caller sees extensions.internal of errors

	// Observe is called once the exchange with the handler ended, whatever came of it; nil means no one listens.
	Observe func(Exchange)
}

// Answer is what a handler answered.
type Answer struct {
	// Output is one valid JSON value that passed Hasura's checks against the action's output type; null only where
	// that type is nullable. It is the handler's bytes, white space inside included.
	Output json.RawMessage

	SetCookie []string // the values of the Set-Cookie headers, nil where there were none
}

// New prepares the actions of md. Handler URLs and header values take their environment variables from opts now, once.
// The Client is nil if one of the faults is an error; the faults are those of all actions, in the order of md.
func New(md *metadata.Metadata, opts Options) (*Client, metadata.Faults) {
	c := &Client{
		actions:         make(map[string]*action, len(md.Actions)),
		transport:       opts.Transport,
		maxResponse:     opts.MaxResponseBytes,
		configuredFirst: opts.ConfiguredHeaderPrecedence,
		private:         forward.Set(opts.PrivateHeaders),
		devMode:         opts.DevMode,
		telemetry:       newTelemetry(opts),
	}
	if c.transport == nil {
		c.transport = NewTransport()
	}
	if c.maxResponse <= 0 {
		c.maxResponse = DefaultMaxResponseBytes
	}
	p := newPreparer(md, opts)
	for _, m := range md.Actions {
		c.actions[m.Name] = p.action(m)
	}
	p.mergeMissing()
	if p.faults.Err() != nil {
		return nil, p.faults
	}
	for _, a := range c.actions {
		c.telemetry.prepare(a)
	}
	return c, p.faults
}

func newPreparer(md *metadata.Metadata, opts Options) *preparer {
	p := &preparer{
		lookupEnv:       opts.LookupEnv,
		userAgent:       "joinery/dev",
		configuredFirst: opts.ConfiguredHeaderPrecedence,
		objects:         make(map[string]*metadata.Object, len(md.CustomTypes.Objects)),
	}
	if p.lookupEnv == nil {
		p.lookupEnv = os.LookupEnv
	}
	if opts.Version != "" {
		p.userAgent = "joinery/" + opts.Version
	}
	for _, o := range md.CustomTypes.Objects {
		p.objects[o.Name] = o
	}
	return p
}

// Call sends call to its handler and returns the checked answer. It takes no longer than the action's timeout, from
// the connection to the last byte, and ends early with ctx. Every error is an [*Error].
func (c *Client) Call(ctx context.Context, call Call) (*Answer, error) {
	a := c.actions[call.Action]
	if a == nil {
		return nil, refuse(ReasonUnknownAction, "not-exists", fmt.Sprintf("action with name %q does not exist", call.Action))
	}
	if a.refusal != "" {
		return nil, refuse(ReasonNotSupported, "not-supported", a.refusal)
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	x := &exchange{client: c, action: a, call: &call}
	ctx, span := c.telemetry.startCall(ctx)
	answer, err := x.run(ctx)
	c.telemetry.endCall(span, x, err)
	if call.Observe != nil {
		call.Observe(x.shown())
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}
