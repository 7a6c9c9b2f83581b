package auth0profile

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// renewInterval is the least time between two tokens that are fetched because Auth0 refused the
// last: a tenant has a quota of them.
const renewInterval = time.Minute

// tokens holds the one bearer token of the client credentials (RFC 6749, section 4.4). It is fetched
// by the request that needs it, in its context and trace, and renewed when it ends or when Auth0
// doesn't take it any more (a rotated key, a revoked grant). go-auth0's own keeps a token to its end
// and lets requests wait for it past their deadline. It is safe for concurrent use.
type tokens struct {
	config  clientcredentials.Config
	http    *http.Client
	lock    chan struct{} // holds one value while the fields below are in use
	token   *oauth2.Token // nil: none yet, or refused
	renewed time.Time     // when the last one was refused
}

func newTokens(c Config, address *url.URL, caller *http.Client) *tokens {
	audience := c.Audience
	if audience == "" {
		audience = address.String() + "/api/v2/"
	}
	return &tokens{
		config: clientcredentials.Config{
			ClientID: c.ClientID, ClientSecret: c.ClientSecret,
			TokenURL:       address.String() + "/oauth/token",
			EndpointParams: url.Values{"audience": {audience}},
		},
		http: caller,
		lock: make(chan struct{}, 1),
	}
}

// get returns a valid token. One request fetches it, the others wait for that, each no longer than
// its context.
func (t *tokens) get(ctx context.Context) (string, error) {
	select {
	case t.lock <- struct{}{}:
		defer func() { <-t.lock }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if t.token.Valid() {
		return t.token.AccessToken, nil
	}
	token, err := t.config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.http))
	if err != nil {
		return "", err
	}
	t.token = token
	return token.AccessToken, nil
}

// refused tells that Auth0 didn't take the token, and reports whether another is to be had from get.
func (t *tokens) refused(ctx context.Context, token string) bool {
	select {
	case t.lock <- struct{}{}:
		defer func() { <-t.lock }()
	case <-ctx.Done():
		return false
	}
	if t.token == nil || t.token.AccessToken != token {
		return true // another request was first
	}
	if time.Since(t.renewed) < renewInterval {
		return false
	}
	t.token, t.renewed = nil, time.Now()
	return true
}
