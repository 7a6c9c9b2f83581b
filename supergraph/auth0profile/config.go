package auth0profile

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Defaults of Config.
const (
	DefaultCacheTTL           = 30 * time.Second
	DefaultCacheSize          = 10_000
	DefaultTimeout            = 15 * time.Second
	DefaultMaxBodyBytes       = 1 << 20
	DefaultMaxRepresentations = 1_000
)

// Config says which tenant is asked, and for what. Domain, ClientID and ClientSecret must be set;
// the zero value of everything else works.
type Config struct {
	// Domain is the tenant's domain, such as "example.eu.auth0.com", or a URL without a path. With
	// http:// the client secret goes over the wire in the clear: for the stand-in only.
	Domain string
	// ClientID and ClientSecret are the credentials of a machine-to-machine application that is
	// authorised for the Management API with the scope read:users.
	ClientID, ClientSecret string
	// Audience is the identifier of the Management API; empty: https://Domain/api/v2/. With a custom
	// domain it must name the tenant's own.
	Audience string

	// Fields lists the fields of a profile that are asked from Auth0 and answered; nil: all of
	// [ProfileFields].
	Fields []string

	// CacheTTL is how long a profile is answered without asking again. 0: DefaultCacheTTL; below 0:
	// nothing is kept. That a user doesn't exist is kept for a tenth of it.
	CacheTTL time.Duration
	// CacheSize is the number of profiles kept. 0: DefaultCacheSize.
	CacheSize int
	// Timeout bounds all the calls to Auth0 of one request, back-off included. 0: DefaultTimeout.
	Timeout time.Duration
	// Transport makes the calls to Auth0. nil: one like http.DefaultTransport.
	Transport http.RoundTripper

	// RouterSecret must be in the header router-authorization of each request; empty: anyone who
	// reaches the handler may ask.
	RouterSecret string
	// MaxBodyBytes bounds a request's body, after decompression too. 0: DefaultMaxBodyBytes.
	MaxBodyBytes int64
	// MaxRepresentations bounds the representations of one _entities field; an error stands at the
	// place of each further one. 0: DefaultMaxRepresentations.
	MaxRepresentations int
	// Introspection answers __schema and __type. _service is answered always, as federation asks.
	Introspection bool

	// TracerProvider makes the spans. nil: there are none and nothing is paid.
	TracerProvider trace.TracerProvider
	// Logger gets what an operator should see. nil: slog.Default().
	Logger *slog.Logger
	// Ready is asked by /readyz, which answers 503 with an error. nil: always ready. Auth0 is not
	// asked: without it, most of an answer is still worth having.
	Ready func() error
}

// ProfileFields returns the names of all fields of Auth0Profile, in the schema's order.
func ProfileFields() []string {
	return []string{
		"email", "email_verified", "name", "nickname", "picture",
		"last_login", "logins_count", "created_at", "updated_at",
	}
}

// withDefaults fills what is zero. It returns all faults of the configuration at once.
func (c Config) withDefaults() (Config, error) {
	c.Fields = orDefault(c.Fields == nil, ProfileFields(), c.Fields)
	c.CacheTTL = orDefault(c.CacheTTL == 0, DefaultCacheTTL, c.CacheTTL)
	c.CacheSize = orDefault(c.CacheSize <= 0, DefaultCacheSize, c.CacheSize)
	c.Timeout = orDefault(c.Timeout <= 0, DefaultTimeout, c.Timeout)
	c.MaxBodyBytes = orDefault(c.MaxBodyBytes <= 0, DefaultMaxBodyBytes, c.MaxBodyBytes)
	c.MaxRepresentations = orDefault(c.MaxRepresentations <= 0, DefaultMaxRepresentations, c.MaxRepresentations)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Transport == nil {
		c.Transport = defaultTransport()
	}
	return c, c.check()
}

// defaultTransport keeps more connections to the one host than http.DefaultTransport, which keeps two.
func defaultTransport() http.RoundTripper {
	shared, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	own := shared.Clone()
	own.MaxIdleConnsPerHost = 8 * parallelCalls
	return own
}

func orDefault[T any](missing bool, value, given T) T {
	if missing {
		return value
	}
	return given
}

func (c Config) check() error {
	var errs []error
	for _, field := range c.Fields {
		if !slices.Contains(ProfileFields(), field) {
			errs = append(errs, fmt.Errorf("unknown field %q of a profile: known are %s",
				field, strings.Join(ProfileFields(), ", ")))
		}
	}
	if c.ClientID == "" {
		errs = append(errs, errors.New("missing client id"))
	}
	if c.ClientSecret == "" {
		errs = append(errs, errors.New("missing client secret"))
	}
	if _, err := c.tenantURL(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// tenantURL is the scheme and the host of the tenant.
func (c Config) tenantURL() (*url.URL, error) {
	text := c.Domain
	if text == "" {
		return nil, errors.New("missing domain")
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("invalid domain %q: not like example.eu.auth0.com or http://127.0.0.1:4003", c.Domain)
	}
	return u, nil
}
