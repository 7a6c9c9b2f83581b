package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// The headers of Hasura that say who calls.
const (
	AdminSecretHeader = "X-Hasura-Admin-Secret"
	accessKeyHeader   = "X-Hasura-Access-Key" // AdminSecretHeader's older name
	roleVariable      = "x-hasura-role"
	variablePrefix    = "x-hasura-"
)

// Config says how callers prove who they are. The zero value trusts every caller as the admin; see [CheckListen].
type Config struct {
	AdminSecret string
}

// Authenticator finds the session of requests. It is safe for concurrent use.
type Authenticator struct {
	config Config
}

// New returns an authenticator.
func New(c Config) *Authenticator { return &Authenticator{config: c} }

// Error is a refusal. Its text and code are Hasura's and meant for the client.
type Error struct {
	Code    string // access-denied
	Message string
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Authenticate returns the caller's session, or an *[Error]. x-hasura-* headers count for an admin only, who may ask for
// another role by x-hasura-role.
func (a *Authenticator) Authenticate(h http.Header) (*Session, error) {
	if !a.isAdmin(h) {
		return nil, &Error{Code: "access-denied", Message: `invalid "x-hasura-admin-secret"/"x-hasura-access-key"`}
	}
	s := &Session{Role: AdminRole, Variables: variables(h)}
	if role := s.Variables[roleVariable]; role != "" {
		s.Role = role
	}
	s.Variables[roleVariable] = s.Role
	return s, nil
}

func (a *Authenticator) isAdmin(h http.Header) bool {
	if a.config.AdminSecret == "" {
		return true
	}
	return same(h.Get(AdminSecretHeader), a.config.AdminSecret) || same(h.Get(accessKeyHeader), a.config.AdminSecret)
}

// same compares in constant time, whatever the lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// variables are the session variables among the headers: all x-hasura-* but the secrets.
func variables(h http.Header) map[string]string {
	out := map[string]string{}
	for name, values := range h {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, variablePrefix) && len(values) > 0 {
			out[lower] = values[0]
		}
	}
	delete(out, strings.ToLower(AdminSecretHeader))
	delete(out, strings.ToLower(accessKeyHeader))
	return out
}

// CheckListen refuses an address that others than this machine can reach while nothing proves who calls.
func (c Config) CheckListen(address string) error {
	if c.AdminSecret != "" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("invalid listen address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("refusing to listen on %q without an admin secret: every caller would be the admin, whom no permission "+
		"of the metadata limits; set JOINERY_ADMIN_SECRET, or listen on 127.0.0.1", address)
}
