package actions

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"golang.org/x/net/http/httpguts"

	"github.com/joinery-graphql/joinery/internal/forward"
	"github.com/joinery-graphql/joinery/metadata"
)

// defaultTimeout stands in for an action that was built without one.
const defaultTimeout = 30 * time.Second

// action is an action, ready to be called. But for outcomes it doesn't change after [New].
type action struct {
	metadata *metadata.Action
	refusal  string // why it can't be called, "" where it can
	timeout  time.Duration
	request  *http.Request // copied for each call; without headers and body
	base     http.Header   // sent to every caller
	ignored  map[string]bool
	head     []byte // of the payload
	output   *shape

	attributes []attribute.KeyValue // of the span
	labels     []attribute.KeyValue // of the metric
	outcomes   sync.Map             // outcome -> metric.MeasurementOption; bounded by what statuses and reasons there are
}

// preparer makes actions and collects what is wrong with them.
type preparer struct {
	lookupEnv       func(string) (string, bool)
	userAgent       string
	configuredFirst bool
	objects         map[string]*metadata.Object
	faults          metadata.Faults
}

func (p *preparer) action(m *metadata.Action) *action {
	a := &action{
		metadata: m,
		refusal:  refusal(m),
		timeout:  m.Timeout,
		ignored:  forward.DefaultIgnored,
		head:     payloadHead(m.Name),
	}
	if a.timeout <= 0 {
		a.timeout = defaultTimeout
	}
	if m.IgnoredClientHeaders != nil {
		a.ignored = forward.Set(m.IgnoredClientHeaders)
	}
	if m.Output != nil {
		a.output = newShape(m.Output, p.objects)
	} else {
		p.fault(m, m.Pos, "missing output type", "")
	}
	u, configured := p.handler(m), p.configured(m)
	if u != nil {
		a.request, a.base = p.request(u, configured)
	}
	return a
}

// refusal says what of an action is not implemented.
func refusal(m *metadata.Action) string {
	switch {
	case m.Kind == metadata.Asynchronous:
		return "asynchronous actions are not supported"
	case m.RequestTransform != nil:
		return "actions with a request_transform are not supported"
	case m.ResponseTransform != nil:
		return "actions with a response_transform are not supported"
	}
	return ""
}

func (p *preparer) fault(m *metadata.Action, pos metadata.Pos, message, hint string) {
	p.faults = append(p.faults, metadata.Fault{
		Pos: pos, Item: fmt.Sprintf("action %q", m.Name), Message: message, Hint: hint,
	})
}

func (p *preparer) warn(m *metadata.Action, pos metadata.Pos, message, hint string) {
	p.fault(m, pos, message, hint)
	p.faults[len(p.faults)-1].Severity = metadata.Warning
}

// resolve expands the templates of text. It reports false after a fault.
func (p *preparer) resolve(m *metadata.Action, pos metadata.Pos, text string) (string, bool) {
	value, missing, err := expand(text, p.lookupEnv)
	switch {
	case err != nil:
		p.fault(m, pos, err.Error(), "")
	case len(missing) > 0:
		p.missing(m, pos, missing...)
	}
	return value, err == nil && len(missing) == 0
}

// missing reports environment variables that are not set, in Hasura's words (hasura-actions.md section 3).
func (p *preparer) missing(m *metadata.Action, pos metadata.Pos, names ...string) {
	p.fault(m, pos, missingVariables+strings.Join(names, ", "), "")
}

const missingVariables = "Value for environment variables not found: "

// mergeMissing makes one fault of those that miss the same variables: most actions have one in common.
func (p *preparer) mergeMissing() {
	places := map[string]int{} // by message
	for _, f := range p.faults {
		if strings.HasPrefix(f.Message, missingVariables) {
			places[f.Message]++
		}
	}
	var out metadata.Faults
	for _, f := range p.faults {
		switch n, missing := places[f.Message]; {
		case missing && n == 0: // told already
			continue
		case n > 1:
			f.Hint = fmt.Sprintf("in %d places", n)
		}
		if places[f.Message] > 0 {
			places[f.Message] = 0
		}
		out = append(out, f)
	}
	p.faults = out
}

// handler returns the URL of m's handler, or nil after a fault. Messages name the template, never what it became: the
// environment may hold secrets.
func (p *preparer) handler(m *metadata.Action) *url.URL {
	pos := m.HandlerPos
	if pos == (metadata.Pos{}) {
		pos = m.Pos
	}
	text, ok := p.resolve(m, pos, m.Handler)
	if !ok {
		return nil
	}
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil:
		p.fault(m, pos, fmt.Sprintf("invalid handler URL %q", m.Handler), urlHint)
	case u.Scheme != "http" && u.Scheme != "https":
		p.fault(m, pos, fmt.Sprintf("invalid handler URL %q: the scheme is not http or https", m.Handler), urlHint)
	case u.Hostname() == "":
		p.fault(m, pos, fmt.Sprintf("invalid handler URL %q: missing host", m.Handler), urlHint)
	default:
		return u
	}
	return nil
}

const urlHint = "after its environment variables are filled in, it must be like http://localhost:3000/create-user"

// configured returns the headers of the metadata.
func (p *preparer) configured(m *metadata.Action) http.Header {
	h := make(http.Header, len(m.Headers))
	for _, c := range m.Headers {
		before := len(p.faults)
		if value, ok := p.headerValue(m, c); ok {
			h.Set(c.Name, value)
		}
		for i := range p.faults[before:] {
			p.faults[before+i].Item = fmt.Sprintf("header %q of action %q", c.Name, m.Name)
		}
	}
	return h
}

// headerValue returns the value to send for c, and false where nothing can be sent.
func (p *preparer) headerValue(m *metadata.Action, c metadata.Header) (string, bool) {
	if !httpguts.ValidHeaderFieldName(c.Name) {
		p.fault(m, c.Pos, "invalid header name", "")
		return "", false
	}
	if isManaged(http.CanonicalHeaderKey(c.Name)) {
		p.warn(m, c.Pos, "not sent: it is the connection's business", "remove it")
		return "", false
	}
	value, ok := p.headerSource(m, c)
	if ok && !httpguts.ValidHeaderFieldValue(value) {
		p.fault(m, c.Pos, "invalid value: control character", "remove line breaks")
		return "", false
	}
	return value, ok
}

func (p *preparer) headerSource(m *metadata.Action, c metadata.Header) (string, bool) {
	if c.ValueFromEnv == "" {
		return p.resolve(m, c.Pos, c.Value)
	}
	if strings.HasPrefix(c.ValueFromEnv, "HASURA_GRAPHQL_") { // Hasura's own settings, some of them secrets
		p.fault(m, c.Pos, `env variables start with "HASURA_GRAPHQL_" are not allowed for value_from_env`, "")
		return "", false
	}
	value, ok := p.lookupEnv(c.ValueFromEnv)
	if !ok {
		p.missing(m, c.Pos, c.ValueFromEnv)
	}
	return value, ok
}

// request returns what is the same in all requests to a handler. Credentials of the URL become a header, as net/http
// would make it, so that the URL can be shown.
func (p *preparer) request(u *url.URL, configured http.Header) (*http.Request, http.Header) {
	base := http.Header{"Content-Type": {"application/json"}, "User-Agent": {p.userAgent}}
	for name, values := range configured {
		if _, isDefault := base[name]; !isDefault || p.configuredFirst {
			base[name] = values
		}
	}
	if u.User != nil && base.Get("Authorization") == "" {
		base.Set("Authorization", "Basic "+basic(u.User))
	}
	u.User, u.Fragment = nil, ""
	r := &http.Request{
		Method: http.MethodPost, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if host := base.Get("Host"); host != "" {
		r.Host = host
		base.Del("Host")
	}
	return r, base
}

func basic(user *url.Userinfo) string {
	password, _ := user.Password()
	return base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
}
