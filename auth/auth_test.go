package auth_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/auth"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// request is one as net/http's server makes it.
func request(pairs ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{ a }"}`))
	r.Header = header(pairs...)
	return r
}

// refused fails unless the error is a refusal with this code and message.
func refused(t *testing.T, session *auth.Session, err error, code, message string) {
	t.Helper()
	var denied *auth.Error
	if !errors.As(err, &denied) || denied.Code != code || denied.Message != message || session != nil {
		t.Errorf("got %v, %v (%+v), want %s: %s", session, err, denied, code, message)
	}
}

const (
	routerSecret = "the router's secret, the first"
	nextSecret   = "the router's secret, the second"
	denied       = `invalid "x-hasura-admin-secret"/"x-hasura-access-key"`
)

func TestAuthenticate(t *testing.T) {
	admin := map[string]string{"x-hasura-role": "admin"}
	router := auth.Config{AdminSecret: "s", RouterSecrets: []string{routerSecret, nextSecret}}
	open := auth.Config{}
	secret := auth.Config{AdminSecret: "s"}
	anonymous := auth.Config{AdminSecret: "s", UnauthorizedRole: "anonymous"}
	behind := auth.Config{RouterSecrets: []string{routerSecret}, UnauthorizedRole: "anonymous"}
	for _, c := range []struct {
		name      string
		config    auth.Config
		header    http.Header
		variables map[string]string
		code, err string
	}{
		{name: "nothing configured", config: open, header: header(), variables: admin},
		{name: "nothing configured, another role", config: open, header: header("X-Hasura-Role", "user"), variables: map[string]string{"x-hasura-role": "user"}},
		{
			name: "session variables of the admin, without secrets", config: open,
			header:    header("X-Hasura-User-Id", "7", "x-hasura-admin-secret", "s", "X-Hasura-Access-Key", "s", "Cookie", "c"),
			variables: map[string]string{"x-hasura-role": "admin", "x-hasura-user-id": "7"},
		},
		{name: "the secret", config: secret, header: header("X-Hasura-Admin-Secret", "s"), variables: admin},
		{name: "the secret by its older name", config: secret, header: header("X-Hasura-Access-Key", "s"), variables: admin},
		{name: "the admin in a role", config: secret, header: header("X-Hasura-Admin-Secret", "s", "X-Hasura-Role", "user", "X-Hasura-User-Id", "7"), variables: map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "7"}},
		{name: "no secret given", config: secret, header: header("X-Hasura-Role", "admin"), code: "access-denied", err: "x-hasura-admin-secret/x-hasura-access-key required, but not found"},
		{name: "an empty secret given", config: secret, header: header("X-Hasura-Admin-Secret", ""), code: "access-denied", err: denied},
		{name: "a wrong secret", config: secret, header: header("X-Hasura-Admin-Secret", "S"), code: "access-denied", err: denied},
		{name: "a longer secret", config: secret, header: header("X-Hasura-Admin-Secret", "ss"), code: "access-denied", err: denied},
		{name: "a right secret behind a wrong one", config: secret, header: header("X-Hasura-Admin-Secret", "x", "X-Hasura-Admin-Secret", "s"), code: "access-denied", err: denied},
		{name: "a right secret before a wrong one", config: secret, header: header("X-Hasura-Admin-Secret", "s", "X-Hasura-Access-Key", "x"), code: "access-denied", err: denied},
		{name: "an empty secret where none is configured", config: behind, header: header("X-Hasura-Admin-Secret", "", "Router-Authorization", routerSecret), code: "access-denied", err: denied},
		{name: "a role twice", config: secret, header: header("X-Hasura-Admin-Secret", "s", "X-Hasura-Role", "user", "X-Hasura-Role", "admin"), code: "invalid-headers", err: "duplicate header x-hasura-role"},
		{
			name: "a variable twice, in two cases", config: secret,
			header: http.Header{"X-Hasura-Admin-Secret": {"s"}, "X-Hasura-User-Id": {"7"}, "x-hasura-USER-id": {"8"}}, code: "invalid-headers", err: "duplicate header x-hasura-user-id",
		},

		{name: "the unauthorized role", config: anonymous, header: header(), variables: map[string]string{"x-hasura-role": "anonymous"}},
		{name: "the unauthorized role says who it is", config: anonymous, header: header("X-Hasura-Role", "admin", "X-Hasura-User-Id", "7"), variables: map[string]string{"x-hasura-role": "anonymous"}},
		{name: "a wrong secret isn't the unauthorized role", config: anonymous, header: header("X-Hasura-Admin-Secret", "x"), code: "access-denied", err: denied},

		{name: "the router", config: router, header: header("Router-Authorization", routerSecret, "X-Hasura-Role", "user", "X-Hasura-User-Id", "7"), variables: map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "7"}},
		{name: "the router by its next secret", config: router, header: header("router-authorization", nextSecret, "x-hasura-role", "user"), variables: map[string]string{"x-hasura-role": "user"}},
		{name: "the router without a role", config: router, header: header("Router-Authorization", routerSecret, "X-Hasura-User-Id", "7"), code: "access-denied", err: "missing x-hasura-role of the router"},
		{name: "the router with an empty role", config: router, header: header("Router-Authorization", routerSecret, "X-Hasura-Role", ""), code: "access-denied", err: "missing x-hasura-role of the router"},
		{name: "the router without a role, where there is one", config: behind, header: header("Router-Authorization", routerSecret, "X-Hasura-User-Id", "7"), variables: map[string]string{"x-hasura-role": "anonymous"}},
		{name: "the router with two roles", config: router, header: header("Router-Authorization", routerSecret, "X-Hasura-Role", "user", "X-Hasura-Role", "admin"), code: "invalid-headers", err: "duplicate header x-hasura-role"},
		{name: "not the router", config: router, header: header("X-Hasura-Role", "user"), code: "access-denied", err: "missing proof of the router"},
		{name: "not the router, where there is a role for anyone", config: behind, header: header(), code: "access-denied", err: "missing proof of the router"},
		{name: "a wrong router", config: router, header: header("Router-Authorization", "x", "X-Hasura-Role", "user"), code: "access-denied", err: "invalid proof of the router"},
		{name: "an empty proof", config: router, header: header("Router-Authorization", ""), code: "access-denied", err: "invalid proof of the router"},
		{name: "both secrets in one", config: router, header: header("Router-Authorization", routerSecret+","+nextSecret), code: "access-denied", err: "invalid proof of the router"},
		{name: "two proofs", config: router, header: header("Router-Authorization", "x", "Router-Authorization", routerSecret), code: "access-denied", err: "missing proof of the router"},
		{name: "an admin needs not be the router", config: router, header: header("X-Hasura-Admin-Secret", "s"), variables: admin},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.config.Check(); err != nil && c.config.AdminSecret != "s" {
				t.Fatal(err)
			}
			r := request()
			r.Header = c.header
			session, err := auth.New(c.config).Authenticate(r)
			if c.err != "" {
				refused(t, session, err, c.code, c.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.variables, session.Variables); diff != "" || session.Role != c.variables["x-hasura-role"] || session.IsAdmin() != (session.Role == "admin") {
				t.Errorf("role %s, -want +got:\n%s", session.Role, diff)
			}
		})
	}
}

func TestRouterCertificate(t *testing.T) {
	a := auth.New(auth.Config{RouterCertificates: true})
	r := request("X-Hasura-Role", "user")
	for name, state := range map[string]*tls.ConnectionState{
		"no TLS": nil, "no certificate": {}, "an unverified certificate": {PeerCertificates: []*x509.Certificate{{}}},
	} {
		r.TLS = state
		if session, err := a.Authenticate(r); err == nil {
			t.Errorf("%s: got %v", name, session)
		}
	}
	r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{}}}}
	if session, err := a.Authenticate(r); err != nil || session.Role != "user" {
		t.Errorf("got %v, %v", session, err)
	}
	r.Header.Set("Router-Authorization", "") // no secret is configured, so none is the right one
	r.TLS = nil
	if session, err := a.Authenticate(r); err == nil {
		t.Errorf("got %v", session)
	}
}

func TestCheckListen(t *testing.T) {
	proven := map[string]auth.Config{
		"admin secret": {AdminSecret: "s"}, "router secret": {RouterSecrets: []string{routerSecret}}, "client certificates": {RouterCertificates: true},
		"JWT": {JWTSecrets: []*auth.JWTSecret{hs256(t, "")}}, "webhook": {Webhook: auth.Webhook{URL: "http://hook"}}, "insecure": {Insecure: true},
	}
	for address, allowed := range map[string]bool{
		"127.0.0.1:4001": true, "localhost:4001": true, "[::1]:4001": true, "127.8.0.1:0": true,
		":4001": false, "0.0.0.0:4001": false, "[::]:4001": false, "10.0.0.1:4001": false, "example.org:4001": false, "localhost.example.org:1": false, "4001": false,
	} {
		err := (&auth.Config{}).CheckListen(address)
		if (err == nil) != allowed {
			t.Errorf("%s without a secret: %v", address, err)
		}
		if !allowed && address != "4001" && !strings.Contains(err.Error(), "JOINERY_ADMIN_SECRET") {
			t.Errorf("%s: the error names no mend: %v", address, err)
		}
		for name, config := range proven {
			if err := config.CheckListen(address); err != nil {
				t.Errorf("%s with %s: %v", address, name, err)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	jwt := []*auth.JWTSecret{hs256(t, "")}
	for _, c := range []struct {
		config auth.Config
		err    string
	}{
		{auth.Config{}, ""},
		{auth.Config{JWTSecrets: jwt, UnauthorizedRole: "anonymous", RouterSecrets: []string{routerSecret, nextSecret}}, ""},
		{auth.Config{RouterSecrets: []string{routerSecret}, UnauthorizedRole: "admin"}, ""},
		{auth.Config{AdminSecret: "s", Webhook: auth.Webhook{URL: "https://hook/auth", Mode: "POST"}}, ""},
		{auth.Config{JWTSecrets: jwt, Webhook: auth.Webhook{URL: "https://hook"}}, "can't both be set"},
		{auth.Config{Webhook: auth.Webhook{URL: "https://hook"}, UnauthorizedRole: "anonymous"}, "no unauthorized role"},
		{auth.Config{UnauthorizedRole: "anonymous"}, "needs an admin secret"},
		{auth.Config{AdminSecret: "s", UnauthorizedRole: "admin"}, "every caller would be the admin"},
		{auth.Config{RouterSecrets: []string{"short"}}, "at least 16 characters"},
		{auth.Config{RouterSecrets: []string{routerSecret, ""}}, "at least 16 characters"},
		{auth.Config{Webhook: auth.Webhook{URL: "hook:secret"}}, "want an http or https URL"},
		{auth.Config{Webhook: auth.Webhook{URL: "https://hook", Mode: "PUT"}}, `invalid mode "PUT"`},
	} {
		err := c.config.Check()
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%+v: got %v, want %q", c.config, err, c.err)
		}
		if err != nil && (strings.Contains(err.Error(), "short") || strings.Contains(err.Error(), "hook:secret")) {
			t.Errorf("the error holds the setting: %v", err)
		}
	}
}

func TestObserve(t *testing.T) {
	var got []auth.Authenticated
	a := auth.New(auth.Config{
		AdminSecret: "s", UnauthorizedRole: "anonymous", JWTSecrets: []*auth.JWTSecret{hs256(t, "")},
		Observe: func(o auth.Authenticated) { got = append(got, o) },
	})
	for _, r := range []*http.Request{request("X-Hasura-Admin-Secret", "s"), request("X-Hasura-Admin-Secret", "x"), request(), bearer(hsToken(t, user())), bearer("x.y.z")} {
		_, _ = a.Authenticate(r)
	}
	for i := range got {
		got[i].Duration = 0
	}
	want := []auth.Authenticated{{Method: "admin_secret", Code: "access-denied"}, {Method: "jwt"}, {Method: "jwt", Code: "invalid-jwt"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestContext(t *testing.T) {
	if s := auth.FromContext(t.Context()); s != nil {
		t.Errorf("got %v of an empty context", s)
	}
	s := &auth.Session{Role: "admin"}
	if got := auth.FromContext(auth.NewContext(t.Context(), s)); got != s {
		t.Errorf("got %v", got)
	}
}

func BenchmarkAdminSecret(b *testing.B) {
	a := auth.New(auth.Config{AdminSecret: "s", RouterSecrets: []string{routerSecret}})
	r := request("X-Hasura-Admin-Secret", "s", "Content-Type", "application/json", "Accept", "application/json", "Traceparent", "00-0-0-01")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Authenticate(r); err != nil {
			b.Fatal(err)
		}
	}
}
