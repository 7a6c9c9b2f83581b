package auth0profile

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/auth0/go-auth0/management"
	"golang.org/x/oauth2"
)

// client calls the Management API. It is safe for concurrent use.
type client struct {
	address *url.URL
	http    *http.Client
	tokens  *tokens
}

func newClient(c Config) (*client, error) {
	address, err := c.tenantURL()
	if err != nil {
		return nil, err
	}
	caller := &http.Client{Transport: newTenantTransport(c.Transport, address.Host, c.TracerProvider)}
	return &client{address: address, http: caller, tokens: newTokens(c, address, caller)}, nil
}

// get reads the JSON at the path into a pointer to a nil map or slice (what isn't nil the library
// would send as a body). The library waits and tries again where Auth0 answers 429 and where there
// is no answer.
func (c *client) get(ctx context.Context, into any, path []string, options ...management.RequestOption) error {
	token, err := c.tokens.get(ctx)
	if err != nil {
		return err
	}
	err = c.getWith(ctx, token, into, path, options)
	if status(err) != http.StatusUnauthorized || !c.tokens.refused(ctx, token) {
		return err
	}
	if token, err = c.tokens.get(ctx); err != nil {
		return err
	}
	return c.getWith(ctx, token, into, path, options)
}

// getWith makes a client of the library for one call. That is cheap beside the call, and needed: the
// calls of one client share a random source without a lock for their back-off (go-auth0 1.20.0).
func (c *client) getWith(ctx context.Context, token string, into any, path []string, options []management.RequestOption) error {
	own := []management.Option{management.WithClient(c.http)}
	if c.address.Scheme == "http" {
		own = append(own, management.WithInsecure()) // before the token, which it would replace
	}
	api, err := management.New(c.address.Host, append(own, management.WithStaticToken(token))...)
	if err != nil {
		return fmt.Errorf("make a client of Auth0: %w", err)
	}
	return api.Request(ctx, http.MethodGet, api.URI(path...), into, options...)
}

// status is the HTTP status of an error that Auth0 answered, else 0.
func status(err error) int {
	if answered, ok := errors.AsType[management.Error](err); ok {
		return answered.Status()
	}
	return 0
}

// reason is an error of a call to Auth0 in words for the log, without the URL, which has ids of
// users in it.
func reason(err error) string {
	if code := status(err); code != 0 {
		if code == http.StatusForbidden {
			return "Auth0 answered 403: has the application the scope read:users?"
		}
		return fmt.Sprintf("Auth0 answered %d", code)
	}
	if token, ok := errors.AsType[*oauth2.RetrieveError](err); ok && token.Response != nil {
		return fmt.Sprintf("Auth0 answered %d to the client credentials", token.Response.StatusCode)
	}
	for call, ok := errors.AsType[*url.Error](err); ok; call, ok = errors.AsType[*url.Error](err) {
		err = call.Err
	}
	return err.Error()
}
