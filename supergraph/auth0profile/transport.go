package auth0profile

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// maxAnswerBytes bounds one answer of Auth0: 100 users with the nine fields are some 50 KB.
const maxAnswerBytes = 8 << 20

const usersPath = "/api/v2/users"

// tenantTransport makes the calls to the tenant, and to nobody else: the OAuth 2 transport above it
// puts the token on whatever it is given, so a redirect to another host must end here.
type tenantTransport struct {
	host string
	next http.RoundTripper
}

func newTenantTransport(base http.RoundTripper, host string, provider trace.TracerProvider) http.RoundTripper {
	if provider != nil {
		base = redactedSpans(base, provider)
	}
	return tenantTransport{host: host, next: base}
}

func (t tenantTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != t.host {
		return nil, errors.New("unexpected redirect to another host")
	}
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = http.MaxBytesReader(nil, response.Body, maxAnswerBytes)
	return response, nil
}

// redactedSpans wraps base with a client span per call. The ids of users stand in the URL, and a
// trace must not have them, so otelhttp sees a redacted URL and base the true one.
func redactedSpans(base http.RoundTripper, provider trace.TracerProvider) http.RoundTripper {
	traced := otelhttp.NewTransport(
		roundTripper(func(r *http.Request) (*http.Response, error) {
			return base.RoundTrip(withURL(r, r.Context().Value(trueURL{}).(*url.URL), r.Context()))
		}),
		otelhttp.WithTracerProvider(provider),
		otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			return r.Method + " " + strings.Replace(r.URL.Path, "REDACTED", "{id}", 1)
		}),
	)
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		ctx := context.WithValue(r.Context(), trueURL{}, r.URL)
		return traced.RoundTrip(withURL(r, redact(r.URL), ctx))
	})
}

func redact(u *url.URL) *url.URL {
	redacted := *u
	if strings.HasPrefix(u.Path, usersPath+"/") {
		redacted.Path, redacted.RawPath = usersPath+"/REDACTED", ""
	}
	if u.RawQuery != "" {
		redacted.RawQuery = "q=REDACTED"
	}
	return &redacted
}

type trueURL struct{} // key of the context: the URL before redact

func withURL(r *http.Request, u *url.URL, ctx context.Context) *http.Request {
	r = r.WithContext(ctx)
	r.URL = u
	return r
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
