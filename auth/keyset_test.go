package auth_test

import (
	"bytes"
	"crypto/elliptic"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/joinery-graphql/joinery/auth"
)

// provider serves keys, and a clock that only it moves.
type provider struct {
	*httptest.Server
	fetched atomic.Int32
	mu      sync.Mutex
	keys    []map[string]any
	header  http.Header
	status  int
	clock   time.Time
}

func newProvider(t *testing.T, keys ...map[string]any) *provider {
	p := &provider{keys: keys, clock: now, status: http.StatusOK, header: http.Header{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.fetched.Add(1)
		p.mu.Lock()
		defer p.mu.Unlock()
		for name, values := range p.header {
			w.Header()[name] = values
		}
		w.WriteHeader(p.status)
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": p.keys})
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *provider) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clock
}

func (p *provider) pass(d time.Duration) { p.set(func() { p.clock = p.clock.Add(d) }) }

// jwk is a public key as a provider describes it.
func jwk(t *testing.T, key any, id, algorithm string) map[string]any {
	t.Helper()
	made, err := jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: id, ALG: jwkset.ALG(algorithm), USE: jwkset.UseSig}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(made.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (p *provider) authenticator(t *testing.T, log *bytes.Buffer) *auth.Authenticator {
	secret := parsed(t, map[string]any{"jwk_url": p.URL + "/keys?token=planted"})
	if log == nil {
		log = &bytes.Buffer{}
	}
	return auth.New(auth.Config{JWTSecrets: []*auth.JWTSecret{secret}, Log: slog.New(slog.NewTextHandler(log, nil))}.WithNow(p.now))
}

func accepts(t *testing.T, a *auth.Authenticator, token string) bool {
	t.Helper()
	_, err := a.Authenticate(bearer(token))
	return err == nil
}

func TestKeySet(t *testing.T) {
	old, next, unnamed := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P256()), ecKey(t, elliptic.P384())
	p := newProvider(t,
		jwk(t, &old.PublicKey, "old", "ES256"), jwk(t, rsaKey().Public(), "rsa", "RS256"), jwk(t, &unnamed.PublicKey, "", ""),
		map[string]any{"kty": "unheard-of", "kid": "x"}, map[string]any{"kty": "oct", "kid": "oct", "k": "c2VjcmV0"}, map[string]any{"kty": "RSA", "kid": "broken"},
	)
	a := p.authenticator(t, nil)
	a.Start(t.Context())
	a.Start(t.Context())
	p.fetched.Store(0)
	es := func(key any, header ...string) string { return sign(t, jwt.SigningMethodES256, key, user(), header...) }
	for name, token := range map[string]string{
		"by its name": es(old, "kid", "old"), "without a name": es(old), "by the name of a key without one": sign(t, jwt.SigningMethodES384, unnamed, user(), "kid", "other"),
		"RSA": sign(t, jwt.SigningMethodRS256, rsaKey(), user(), "kid", "rsa"),
	} {
		if name != "by the name of a key without one" && !accepts(t, a, token) {
			t.Errorf("%s: refused", name)
		}
	}
	if n := p.fetched.Load(); n != 0 {
		t.Errorf("fetched %d more times for known keys", n)
	}
	p.pass(10 * time.Second)
	if !accepts(t, a, sign(t, jwt.SigningMethodES384, unnamed, user(), "kid", "other")) {
		t.Error("a key without a name: refused")
	}
	for name, token := range map[string]string{
		"another key":             es(next, "kid", "old"),
		"another key, no name":    es(next),
		"another key of the set":  es(old, "kid", "rsa"),
		"another algorithm":       sign(t, jwt.SigningMethodRS512, rsaKey(), user(), "kid", "rsa"),
		"another, without a name": sign(t, jwt.SigningMethodRS512, rsaKey(), user()),
		"symmetric":               sign(t, jwt.SigningMethodHS256, []byte("secret"), user(), "kid", "oct"),
		"the public key":          sign(t, jwt.SigningMethodHS256, []byte(publicPEM(t, old)), user(), "kid", "old"),
		"none":                    sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, user(), "kid", "old"),
	} {
		if accepts(t, a, token) {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestRotation: a token with a new key makes the keys be fetched, once in ten seconds whatever comes.
func TestRotation(t *testing.T) {
	old, next := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P256())
	p := newProvider(t, jwk(t, &old.PublicKey, "old", ""))
	a := p.authenticator(t, nil)
	a.Start(t.Context())
	oldToken, nextToken := sign(t, jwt.SigningMethodES256, old, user(), "kid", "old"), sign(t, jwt.SigningMethodES256, next, user(), "kid", "next")
	p.set(func() { p.keys = []map[string]any{jwk(t, &next.PublicKey, "next", "")} })
	for range 100 {
		if accepts(t, a, nextToken) {
			t.Fatal("an unknown key was accepted, or asked for at once")
		}
	}
	if n := p.fetched.Load(); n != 1 {
		t.Errorf("100 unknown keys made %d fetches", n-1)
	}
	p.pass(10 * time.Second)
	if !accepts(t, a, nextToken) {
		t.Error("the new key is refused")
	}
	if accepts(t, a, oldToken) {
		t.Error("the old key is still accepted")
	}
	if n := p.fetched.Load(); n != 2 {
		t.Errorf("%d fetches, want 2", n)
	}
}

// TestKeysAge: keys are fetched anew when the provider says, without a request that waits for them; and they stay while
// the provider is away.
func TestKeysAge(t *testing.T) {
	for _, c := range []struct {
		header http.Header
		age    time.Duration
	}{
		{http.Header{"Cache-Control": {"public, max-age=600"}}, 10 * time.Minute},
		{http.Header{"Expires": {now.Add(2 * time.Minute).Format(http.TimeFormat)}}, 2 * time.Minute},
		{http.Header{"Cache-Control": {"no-store"}}, 10 * time.Second},
		{http.Header{}, time.Hour},
	} {
		old, next := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P256())
		p := newProvider(t, jwk(t, &old.PublicKey, "old", ""))
		p.header = c.header
		var log bytes.Buffer
		a := p.authenticator(t, &log)
		token := sign(t, jwt.SigningMethodES256, old, user(), "kid", "old")
		if !accepts(t, a, token) {
			t.Fatal("the first request was refused")
		}
		p.set(func() { p.status = http.StatusInternalServerError })
		p.pass(c.age - time.Second)
		if !accepts(t, a, token) || p.fetched.Load() != 1 {
			t.Errorf("%v: %d fetches before the keys were old", c.header, p.fetched.Load())
		}
		p.pass(time.Second)
		if !accepts(t, a, token) {
			t.Error("refused while the keys are fetched")
		}
		eventually(t, func() bool { return p.fetched.Load() == 2 })
		a.Start(t.Context()) // waits for the fetch under way, or fails once more
		if !accepts(t, a, token) {
			t.Error("a failure of the provider made the keys go")
		}
		p.set(func() { p.status, p.keys = http.StatusOK, []map[string]any{jwk(t, &next.PublicKey, "next", "")} })
		p.pass(time.Hour)
		accepts(t, a, token) // this one doesn't wait
		eventually(t, func() bool { return !accepts(t, a, token) })
		if text := log.String(); !strings.Contains(text, "unexpected status 500") || strings.Contains(text, "planted") {
			t.Errorf("log: %s", text)
		}
	}
}

func eventually(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}

func TestLifetime(t *testing.T) {
	at := now.Format(http.TimeFormat)
	for _, c := range []struct {
		cacheControl, expires string
		want                  time.Duration
		ok                    bool
	}{
		{"max-age=5", "", 5 * time.Second, true},
		{"public, Max-Age=\"5\"", "", 5 * time.Second, true},
		{"s-maxage=7", "", 7 * time.Second, true},
		{"no-store, max-age=5", "", 0, true},
		{"no-cache", at, 0, true},
		{"no-cache, must-revalidate, max-age=5", "", 5 * time.Second, true},
		{"max-age=-5", "", 0, false},
		{"max-age=99999999999999999999", "", 0, false},
		{"private", "", 0, false},
		{"private", at, time.Hour, true},
		{"", at, time.Hour, true},
		{"", "0", 0, false},
		{"", "", 0, false},
	} {
		if got, ok := auth.Lifetime(c.cacheControl, c.expires, now.Add(-time.Hour)); got != c.want || ok != c.ok {
			t.Errorf("%q, %q: got %s, %v", c.cacheControl, c.expires, got, ok)
		}
	}
	if got, ok := auth.Lifetime("", at, now.Add(time.Hour)); got != 0 || !ok {
		t.Errorf("a time that is past: got %s, %v", got, ok)
	}
}
