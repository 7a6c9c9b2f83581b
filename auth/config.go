package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/joinery-graphql/joinery/metadata"
)

// Config says how callers prove who they are. The zero value trusts every caller as the admin; see [Config.CheckListen].
type Config struct {
	AdminSecret      string
	JWTSecrets       []*JWTSecret // from ParseJWTSecret or ParseJWTSecrets
	Webhook          Webhook
	UnauthorizedRole string // of callers without a token; "" refuses them

	// RouterSecrets are what the router sends as Router-Authorization. Several are for the time of a change.
	RouterSecrets []string
	// RouterCertificates counts a client certificate that was verified in the TLS handshake as the router's proof.
	// Whoever serves must have tls.Config.ClientCAs of the router's own authority.
	RouterCertificates bool

	// Insecure lets CheckListen pass any address although nothing proves who calls.
	Insecure bool

	Transport http.RoundTripper   // to the webhook and to jwk_url; nil means http.DefaultTransport
	Log       *slog.Logger        // nil means slog.Default()
	Observe   func(Authenticated) // called for tokens, webhooks and refusals; nil means never

	now func() time.Time // of tests
}

// Webhook asks a service who calls, as Hasura's HASURA_GRAPHQL_AUTH_HOOK does.
type Webhook struct {
	URL     string        // "" means none
	Mode    string        // GET or POST; "" means GET
	Timeout time.Duration // zero means 10 s
	// WithoutBody leaves the GraphQL request out of what is posted. Its answers are then kept for all requests of the
	// same headers, and not of the same body only.
	WithoutBody bool
}

const defaultWebhookTimeout = 10 * time.Second

func (c *Config) setDefaults() {
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.Webhook.Mode == "" {
		c.Webhook.Mode = http.MethodGet
	}
	if c.Webhook.Timeout <= 0 {
		c.Webhook.Timeout = defaultWebhookTimeout
	}
}

// needsRouter reports whether only the router, and admins, may call.
func (c *Config) needsRouter() bool { return len(c.RouterSecrets) > 0 || c.RouterCertificates }

// IsOpen reports whether nothing proves who calls, so that every caller is the admin.
func (c *Config) IsOpen() bool {
	return c.AdminSecret == "" && len(c.JWTSecrets) == 0 && c.Webhook.URL == "" && !c.needsRouter() && c.UnauthorizedRole == ""
}

// Proofs names what is configured to prove who calls, for logs; nil where nothing is.
func (c *Config) Proofs() []string {
	var proofs []string
	for _, p := range []struct {
		name string
		set  bool
	}{
		{"admin secret", c.AdminSecret != ""},
		{"router secret", len(c.RouterSecrets) > 0},
		{"router certificate", c.RouterCertificates},
		{"JWT", len(c.JWTSecrets) > 0},
		{"webhook", c.Webhook.URL != ""},
		{"unauthorized role " + c.UnauthorizedRole, c.UnauthorizedRole != ""},
	} {
		if p.set {
			proofs = append(proofs, p.name)
		}
	}
	return proofs
}

// minSecret is the shortest router secret: 16 random characters can't be guessed.
const minSecret = 16

// Check says what is wrong with the settings: combinations that Hasura refuses, too, and secrets that don't hold.
func (c *Config) Check() error {
	switch {
	case c.Webhook.URL != "" && len(c.JWTSecrets) > 0:
		return errors.New("invalid authentication: a webhook and a JWT secret can't both be set")
	case c.Webhook.URL != "" && c.UnauthorizedRole != "":
		return errors.New("invalid authentication: with a webhook there is no unauthorized role: let the webhook answer it")
	case c.UnauthorizedRole != "" && c.AdminSecret == "" && len(c.JWTSecrets) == 0 && !c.needsRouter():
		return errors.New("invalid authentication: an unauthorized role needs an admin secret, a JWT secret or a router secret beside it")
	case c.UnauthorizedRole == metadata.AdminRole && !c.needsRouter():
		return errors.New("invalid authentication: with the unauthorized role admin every caller would be the admin")
	}
	if slices.ContainsFunc(c.RouterSecrets, func(s string) bool { return len(s) < minSecret }) {
		return fmt.Errorf("invalid router secret: want at least %d characters", minSecret)
	}
	return c.Webhook.check()
}

func (w *Webhook) check() error {
	if w.URL == "" {
		return nil
	}
	u, err := url.Parse(w.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("invalid webhook: want an http or https URL") // which may hold a token, so isn't shown
	}
	if w.Mode != "" && w.Mode != http.MethodGet && w.Mode != http.MethodPost {
		return fmt.Errorf("invalid mode %q of the webhook: want GET or POST", w.Mode)
	}
	return nil
}

// CheckListen refuses an address that others than this machine can reach while nothing proves who calls. An admin secret,
// a JWT secret, a webhook, a router secret and client certificates each are such a proof: with any of them, a caller
// without it is refused, or is the unauthorized role.
func (c *Config) CheckListen(address string) error {
	if !c.IsOpen() || c.Insecure {
		return nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return fmt.Errorf("invalid listen address %q: %w", address, err)
	}
	if IsLoopback(address) {
		return nil
	}
	return fmt.Errorf("refusing to listen on %q without a secret: every caller would be the admin, whom no permission of the "+
		"metadata limits; set JOINERY_ROUTER_SECRET, JOINERY_JWT_SECRET or JOINERY_ADMIN_SECRET, or listen on 127.0.0.1", address)
}

// IsLoopback reports whether an address, or the Host of a request, with or without a port, is this machine's own. What
// lets everyone in because only this machine reaches it must look at Host, too: another site's name could be made to lead
// here (DNS rebinding).
func IsLoopback(address string) bool {
	host := address
	if h, _, err := net.SplitHostPort(address); err == nil {
		host = h
	}
	return host == "localhost" || net.ParseIP(strings.Trim(host, "[]")).IsLoopback()
}

// Start fetches the keys of every jwk_url, so that the first requests need not wait for them. What fails is logged and
// tried again when a token comes.
func (a *Authenticator) Start(ctx context.Context) {
	for _, keys := range a.keySets {
		keys.start(ctx)
	}
}
