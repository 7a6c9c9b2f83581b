package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/joinery-graphql/joinery/metadata"
)

// The headers that say who calls. Hasura's, but for the router's, whose name is Apollo's.
const (
	AdminSecretHeader  = "X-Hasura-Admin-Secret"
	RouterSecretHeader = "Router-Authorization"
	accessKeyHeader    = "X-Hasura-Access-Key" // AdminSecretHeader's older name
	roleHeader         = "X-Hasura-Role"
	roleVariable       = "x-hasura-role"
	variablePrefix     = "x-hasura-"
)

// Method is how a caller was known.
type Method string

// The methods, as metrics and docs name them.
const (
	MethodNone         Method = "none" // nothing is configured, or nothing was sent
	MethodAdminSecret  Method = "admin_secret"
	MethodRouter       Method = "router"
	MethodJWT          Method = "jwt"
	MethodWebhook      Method = "webhook"
	MethodUnauthorized Method = "unauthorized_role"
)

// Authenticated is one request's authentication, for metrics: that of a token or by a webhook, which take time, or a
// refusal.
type Authenticated struct {
	Method   Method
	Code     string // of the refusal; "" where there is a session
	Duration time.Duration
}

// Authenticator finds the session of requests. It is safe for concurrent use.
type Authenticator struct {
	config  Config
	admin   digest
	routers []digest
	jwt     []*verifier
	keySets []*keySet
	hook    *hook // nil where there is none
}

// New returns an authenticator. The settings must pass [Config.Check].
func New(c Config) *Authenticator {
	c.setDefaults()
	a := &Authenticator{config: c, admin: digestOf(c.AdminSecret)}
	for _, secret := range c.RouterSecrets {
		a.routers = append(a.routers, digestOf(secret))
	}
	for _, secret := range c.JWTSecrets {
		v := newVerifier(secret, &a.config)
		a.jwt = append(a.jwt, v)
		if v.keySet != nil {
			a.keySets = append(a.keySets, v.keySet)
		}
	}
	if c.Webhook.URL != "" {
		a.hook = newHook(&a.config)
	}
	return a
}

// digest is a secret's, so that comparing takes the same time whatever the lengths.
type digest [sha256.Size]byte

func digestOf(secret string) digest { return sha256.Sum256([]byte(secret)) }

func (d digest) is(secret string) bool {
	given := digestOf(secret)
	return subtle.ConstantTimeCompare(d[:], given[:]) == 1
}

// Authenticate returns the caller's session, or an *[Error]. Where a webhook is asked about the body, r.Body is read and
// replaced.
func (a *Authenticator) Authenticate(r *http.Request) (*Session, error) {
	if a.config.Observe == nil {
		session, _, err := a.find(r)
		return session, err
	}
	start := a.config.now()
	session, method, err := a.find(r)
	if err == nil && method != MethodJWT && method != MethodWebhook {
		return session, nil
	}
	observed := Authenticated{Method: method, Duration: a.config.now().Sub(start)}
	if refused := (*Error)(nil); errors.As(err, &refused) {
		observed.Code = refused.Code
	}
	a.config.Observe(observed)
	return session, err
}

// FromAdmin reports whether a request that Authenticate let in comes from the admin, who may ask in another role's place:
// that role is then its session's.
func (a *Authenticator) FromAdmin(r *http.Request) bool {
	if a.config.IsOpen() {
		return true
	}
	sent, err := a.adminSecret(r.Header)
	return sent && err == nil
}

// find goes through the ways to be known, in the order of the package's documentation. The session is nil where there is
// an error.
func (a *Authenticator) find(r *http.Request) (*Session, Method, error) {
	if a.config.IsOpen() {
		session, err := trusted(r.Header, metadata.AdminRole)
		return session, MethodNone, err
	}
	if sent, err := a.adminSecret(r.Header); sent {
		if err != nil {
			return nil, MethodAdminSecret, err
		}
		session, err := trusted(r.Header, metadata.AdminRole)
		return session, MethodAdminSecret, err
	}
	if err := a.provesRouter(r); err != nil {
		return nil, MethodRouter, err
	}
	if session, err := a.token(r.Header); session != nil || err != nil {
		return session, MethodJWT, err
	}
	if a.config.needsRouter() && r.Header.Get(roleHeader) != "" {
		session, err := trusted(r.Header, "")
		return session, MethodRouter, err
	}
	if a.hook != nil {
		session, err := a.hook.session(r)
		return session, MethodWebhook, err
	}
	if role := a.config.UnauthorizedRole; role != "" {
		return newSession(role, nil), MethodUnauthorized, nil
	}
	return nil, MethodNone, a.missing()
}

// adminSecret reports whether a caller says to be the admin, and refuses one that doesn't know the secret.
func (a *Authenticator) adminSecret(h http.Header) (sent bool, err error) {
	given, older := h[AdminSecretHeader], h[accessKeyHeader]
	if len(given) == 0 {
		given, older = older, nil
	}
	if len(given) == 0 {
		return false, nil
	}
	if len(given)+len(older) > 1 || a.config.AdminSecret == "" || !a.admin.is(given[0]) {
		return true, refusal(CodeAccessDenied, `invalid "x-hasura-admin-secret"/"x-hasura-access-key"`)
	}
	return true, nil
}

// provesRouter refuses who isn't the router, where there is one.
func (a *Authenticator) provesRouter(r *http.Request) error {
	if !a.config.needsRouter() {
		return nil
	}
	if a.config.RouterCertificates && r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return nil
	}
	given := r.Header[RouterSecretHeader]
	if len(given) != 1 {
		return refusal(CodeAccessDenied, "missing proof of the router")
	}
	known := false
	for _, secret := range a.routers {
		known = secret.is(given[0]) || known // all are compared, whichever it is
	}
	if !known {
		return refusal(CodeAccessDenied, "invalid proof of the router")
	}
	return nil
}

// missing is the refusal of a caller who sent nothing.
func (a *Authenticator) missing() error {
	switch {
	case len(a.jwt) > 0:
		return refusal(CodeInvalidHeaders, "Missing 'Authorization' or 'Cookie' header in JWT authentication mode")
	case a.config.needsRouter():
		return refusal(CodeAccessDenied, "missing x-hasura-role of the router")
	}
	return refusal(CodeAccessDenied, "x-hasura-admin-secret/x-hasura-access-key required, but not found")
}

// trusted is the session that the headers of a trusted caller say. role is for a caller who says none.
func trusted(h http.Header, role string) (*Session, error) {
	variables, err := variables(h)
	if err != nil {
		return nil, err
	}
	if said := variables[roleVariable]; said != "" {
		role = said
	}
	if variables == nil && role == metadata.AdminRole { // as nearly all requests behind a router without users are
		return admin, nil
	}
	return newSession(role, variables), nil
}

// variables are the session variables among the headers: all x-hasura-* but the secrets. One that is sent twice is refused,
// as what is behind a proxy may believe the other.
func variables(h http.Header) (map[string]string, error) {
	var out map[string]string
	for name, values := range h {
		if len(name) <= len(variablePrefix) || !strings.EqualFold(name[:len(variablePrefix)], variablePrefix) || len(values) == 0 {
			continue
		}
		lower := strings.ToLower(name)
		if _, twice := out[lower]; twice || len(values) > 1 {
			return nil, refusal(CodeInvalidHeaders, "duplicate header "+lower)
		}
		if out == nil {
			out = map[string]string{}
		}
		out[lower] = values[0]
	}
	return out, nil
}
