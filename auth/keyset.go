package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

// How often keys are fetched. What the provider's Cache-Control or Expires says counts within these bounds.
const (
	keysKept     = time.Hour        // where the answer doesn't say for how long
	keysKeptMin  = 10 * time.Second // also between two tokens with unknown keys, so that forged ones don't flood the provider
	keysRetry    = time.Minute      // after a failure, which the keys that are there outlive
	keysTimeout  = 10 * time.Second
	maxKeysBytes = 1 << 20
)

// keySet are the keys of a jwk_url. They are fetched when a request needs them: at first, when they are too old, which
// the request doesn't wait for, and when a token names an unknown key.
type keySet struct {
	url     string
	client  *http.Client
	log     *slog.Logger
	now     func() time.Time
	keys    *jwkset.MemoryJWKSet
	keyfunc keyfunc.Keyfunc

	mu        sync.Mutex
	fetching  chan struct{} // closed at the end of the fetch under way; nil where there is none
	attempted time.Time
	expires   time.Time
}

func newKeySet(url string, c *Config) *keySet {
	k := &keySet{
		url: url, log: c.Log, now: c.now, keys: jwkset.NewMemoryStorage(),
		client: &http.Client{Transport: c.Transport, Timeout: keysTimeout, CheckRedirect: noDowngrade},
	}
	signing := []jwkset.USE{"", jwkset.UseSig}
	var err error
	if k.keyfunc, err = keyfunc.New(keyfunc.Options{Storage: k.keys, UseWhitelist: signing}); err != nil {
		panic("BUG: " + err.Error())
	}
	return k
}

// noDowngrade follows redirects, but not from https to where keys could be replaced on the way.
func noDowngrade(r *http.Request, via []*http.Request) error {
	if len(via) >= 5 || via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return errors.New("redirect refused")
	}
	return nil
}

func (k *keySet) start(ctx context.Context) { k.wait(ctx, k.refresh(0)) }

// key finds the key of a token whose algorithm is one of jwkAlgorithms. Several keys are returned where the token names
// none, or a name that no key has while some have no name.
func (k *keySet) key(token *jwt.Token) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), keysTimeout)
	defer cancel()
	k.mu.Lock()
	never, old := k.expires.IsZero(), !k.now().Before(k.expires)
	k.mu.Unlock()
	if old {
		if done := k.refresh(keysKeptMin); never {
			k.wait(ctx, done)
		}
	}
	id, named := token.Header[jwkset.HeaderKID].(string)
	if !named {
		return k.unnamed(ctx, token, nil)
	}
	if _, err := k.keys.KeyRead(ctx, id); err != nil {
		k.wait(ctx, k.refresh(keysKeptMin))
	}
	if _, err := k.keys.KeyRead(ctx, id); err != nil {
		return k.unnamed(ctx, token, func(j jwkset.JWK) bool { return j.Marshal().KID == "" })
	}
	return k.keyfunc.Keyfunc(token)
}

// unnamed are all keys for signatures by the token's algorithm that fit.
func (k *keySet) unnamed(ctx context.Context, token *jwt.Token, fits func(jwkset.JWK) bool) (any, error) {
	all, err := k.keys.KeyReadAll(ctx)
	if err != nil {
		return nil, err
	}
	var set jwt.VerificationKeySet
	for _, j := range all {
		described := j.Marshal()
		algorithm := described.ALG == "" || described.ALG.String() == token.Method.Alg()
		signs := described.USE == "" || described.USE == jwkset.UseSig
		if algorithm && signs && (fits == nil || fits(j)) {
			set.Keys = append(set.Keys, j.Key())
		}
	}
	return set, nil
}

// refresh fetches the keys, unless that was tried less than the given time ago. The channel is closed at the end; it is nil
// where nothing is fetched.
func (k *keySet) refresh(atMostEvery time.Duration) <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fetching != nil {
		return k.fetching
	}
	now := k.now()
	if !k.attempted.IsZero() && now.Sub(k.attempted) < atMostEvery {
		return nil
	}
	done := make(chan struct{})
	k.attempted, k.fetching = now, done
	go func() {
		kept, err := k.fetch()
		if err != nil {
			k.log.Warn("keys of a JWT secret could not be fetched", "url", withoutQuery(k.url), "error", err.Error())
			kept = keysRetry
		}
		k.mu.Lock()
		if err == nil || !k.expires.IsZero() {
			k.expires = k.now().Add(max(kept, keysKeptMin))
		}
		k.fetching = nil
		k.mu.Unlock()
		close(done)
	}()
	return done
}

func (k *keySet) wait(ctx context.Context, done <-chan struct{}) {
	if done == nil {
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// fetch replaces the keys, and says for how long they may be kept. Keys that can't be used are left out. The errors don't
// hold the URL, which may have a token in it.
func (k *keySet) fetch() (kept time.Duration, err error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, k.url, nil)
	if err != nil {
		return 0, errors.New("invalid URL")
	}
	request.Header.Set("Accept", "application/json, application/jwk-set+json")
	response, err := k.client.Do(request)
	if err != nil {
		return 0, withoutURL(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("unexpected status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxKeysBytes))
	if err != nil {
		return 0, withoutURL(err)
	}
	keys, err := parseKeys(body)
	if err != nil {
		return 0, err
	}
	if err := k.keys.KeyReplaceAll(context.Background(), keys); err != nil {
		return 0, err
	}
	kept, ok := lifetime(response.Header.Get("Cache-Control"), response.Header.Get("Expires"), k.now())
	if !ok {
		kept = keysKept
	}
	return kept, nil
}

// parseKeys reads the public keys of a JWK set (RFC 7517, section 5). Those of kinds that nobody knows are to be ignored,
// and so are secret ones: what an URL gives is no secret.
func parseKeys(body []byte) ([]jwkset.JWK, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil || set.Keys == nil {
		return nil, errors.New("unexpected answer: want a JWK set")
	}
	var keys []jwkset.JWK
	for _, raw := range set.Keys {
		key, err := jwkset.NewJWKFromRawJSON(raw, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err == nil {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("unexpected answer: no key of the JWK set can be used")
	}
	return slices.Clip(keys), nil
}

// withoutURL is the cause of an error of net/http, whose text begins with the URL.
func withoutURL(err error) error {
	if wrapped := new(url.Error); errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// withoutQuery is a URL for logs: neither password nor query, either of which may be a secret.
func withoutQuery(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}
