package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

const (
	plantedRouter = "planted-router-secret-1"
	plantedNext   = "planted-router-secret-2"
	plantedKey    = "planted-key-of-32-characters...."
)

// token is a user's, whose default role is the first.
func token(t *testing.T, roles ...string) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"exp":                          time.Now().Add(time.Hour).Unix(),
		"https://hasura.io/jwt/claims": map[string]any{"x-hasura-default-role": roles[0], "x-hasura-allowed-roles": roles, "x-hasura-user-id": "7"},
	}).SignedString([]byte(plantedKey))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestServeRouter: the program behind a router, by all that callers can try.
func TestServeRouter(t *testing.T) {
	var forwarded http.Header
	s := serve(t, map[string]string{
		"DATABASE_URL": database(t).URL, "JOINERY_ROUTER_SECRET": plantedRouter + ", " + plantedNext, "HASURA_GRAPHQL_ADMIN_SECRET": "planted-admin-secret",
		"HASURA_GRAPHQL_JWT_SECRET": fmt.Sprintf(`{"type": "HS256", "key": %q}`, plantedKey), "HASURA_GRAPHQL_UNAUTHORIZED_ROLE": "anonymous",
		"HANDLER": handlers(t, map[string]http.HandlerFunc{
			"/list-users": answering(200, `[{"id": 1}]`),
			"/create-user": func(w http.ResponseWriter, r *http.Request) {
				forwarded = r.Header
				_, _ = io.WriteString(w, `{"id": 1}`)
			},
		}),
	})
	const (
		seen   = `{"data":{"listUsers":[{"id":1,"user":{"name":"ann"}}]}}`
		hidden = `"code":"permission-denied"`
	)
	router := func(headers ...string) []string {
		return append([]string{"Router-Authorization", plantedRouter}, headers...)
	}
	for _, c := range []struct {
		name    string
		headers []string
		status  int
		want    string
	}{
		{"nobody", nil, 401, "missing proof of the router"},
		{"forged role", []string{"X-Hasura-Role", "admin"}, 401, "missing proof of the router"},
		{"forged role in another case", []string{"x-HASURA-role", "admin"}, 401, "missing proof of the router"},
		{"a token past the router", []string{"Authorization", "Bearer " + token(t, "admin")}, 401, "missing proof of the router"},
		{"a wrong secret", []string{"Router-Authorization", plantedRouter + "x", "X-Hasura-Role", "admin"}, 401, "invalid proof of the router"},
		{"a wrong admin secret of the router", router("X-Hasura-Admin-Secret", "x"), 401, `invalid \"x-hasura-admin-secret\"`},
		{"a forged token", router("Authorization", "Bearer "+token(t, "admin")+"x", "X-Hasura-Role", "admin"), 401, "Could not verify JWT: JWSError JWSInvalidSignature"},
		{"a role that isn't the token's", router("Authorization", "Bearer "+token(t, "user"), "X-Hasura-Role", "admin"), 401, "Your requested role is not in allowed roles"},
		{"two tokens", router("Authorization", "Bearer "+token(t, "user"), "Authorization", "Bearer "+token(t, "admin")), 401, "Multiple JWTs found"},
		{"two roles", router("X-Hasura-Role", "user", "x-hasura-role", "admin"), 401, "duplicate header x-hasura-role"},
		{"the router without a token", router(), 200, hidden},
		{"the router with a user's", router("Authorization", "Bearer "+token(t, "user", "admin")), 200, hidden},
		{"the router with a user's token as admin", router("Authorization", "Bearer "+token(t, "user", "admin"), "X-Hasura-Role", "admin"), 200, seen},
		{"the router says who calls", router("X-Hasura-Role", "admin"), 200, seen},
		{"the router's next secret", []string{"Router-Authorization", plantedNext, "X-Hasura-Role", "admin"}, 200, seen},
		{"an admin", []string{"X-Hasura-Admin-Secret", "planted-admin-secret"}, 200, seen},
		{"an admin as a user", []string{"X-Hasura-Admin-Secret", "planted-admin-secret", "X-Hasura-Role", "user"}, 200, hidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body, err := s.post(t.Context(), `{ listUsers { id user { name } } }`, c.headers...)
			if err != nil || status != c.status || !strings.Contains(body, c.want) || strings.Contains(body, "planted") {
				t.Errorf("%d %s %v, want %d %s", status, body, err, c.status, c.want)
			}
		})
	}
	if body := s.query(t, `mutation { createUser(name: "x") { id } }`, router("X-Hasura-Role", "admin", "X-Other", "o")...); !strings.Contains(body, `"id":1`) {
		t.Error(body)
	}
	if forwarded.Get("X-Other") != "o" || forwarded.Get("Router-Authorization") != "" || forwarded.Get("X-Hasura-Role") != "" {
		t.Errorf("the handler got %v", forwarded)
	}
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		if status, _ := s.get(t, path); status != 200 {
			t.Errorf("%s: %d", path, status)
		}
	}
	_, metrics := s.get(t, "/metrics")
	for _, series := range []string{
		`joinery_auth_duration_seconds_count{joinery_auth_method="jwt"} 2`, `joinery_auth_duration_seconds_count{error_type="invalid-jwt",joinery_auth_method="jwt"} 1`,
		`joinery_auth_duration_seconds_count{error_type="access-denied",joinery_auth_method="router"} 5`,
	} {
		if !strings.Contains(metrics, series) {
			t.Errorf("missing metric %s", series)
		}
	}
	if log := s.log.String(); strings.Contains(log, "planted-router") || strings.Contains(log, "planted-key") || strings.Contains(log, "planted-admin") || strings.Contains(log, "eyJ") {
		t.Errorf("a secret is in the log: %s", log)
	}
}

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
}

func newAuthority(t *testing.T, dir, name string) *authority {
	t.Helper()
	a := &authority{key: newKey(t), pool: x509.NewCertPool()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.certificate)
	writePEM(t, filepath.Join(dir, name+".pem"), "CERTIFICATE", der)
	return a
}

// issue writes a certificate and its key, NAME.pem and NAME.key.
func (a *authority) issue(t *testing.T, dir, name string, usage x509.ExtKeyUsage) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{usage}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, filepath.Join(dir, name+".pem"), "CERTIFICATE", der)
	writePEM(t, filepath.Join(dir, name+".key"), "PRIVATE KEY", private)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writePEM(t *testing.T, path, typ string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestServeTLS: a certificate is the router's proof, and none of another authority.
func TestServeTLS(t *testing.T) {
	dir := t.TempDir()
	servers, routers, others := newAuthority(t, dir, "servers"), newAuthority(t, dir, "routers"), newAuthority(t, dir, "others")
	servers.issue(t, dir, "joinery", x509.ExtKeyUsageServerAuth)
	s := serve(t, map[string]string{
		"DATABASE_URL": database(t).URL, "HANDLER": handlers(t, map[string]http.HandlerFunc{"/list-users": answering(200, `[{"id": 1}]`)}),
		"JOINERY_TLS_CERT": filepath.Join(dir, "joinery.pem"), "JOINERY_TLS_KEY": filepath.Join(dir, "joinery.key"), "JOINERY_TLS_CLIENT_CA": filepath.Join(dir, "routers.pem"),
	})
	for _, c := range []struct {
		name        string
		certificate []tls.Certificate
		path        string
		want        string
	}{
		{"the router", []tls.Certificate{routers.issue(t, dir, "router", x509.ExtKeyUsageClientAuth)}, "/graphql", `200 HTTP/2.0 {"data":{"listUsers":[{"id":1}]}}`},
		{"no certificate", nil, "/graphql", `401 HTTP/2.0 {"errors":[{"message":"missing proof of the router","extensions":{"code":"access-denied"}}]}`},
		{"a probe", nil, "/readyz", `200 HTTP/2.0 {"status":"UP"}`},
		{"another authority's", []tls.Certificate{others.issue(t, dir, "other", x509.ExtKeyUsageClientAuth)}, "/graphql", "no answer"},
		{"not for clients", []tls.Certificate{routers.issue(t, dir, "server", x509.ExtKeyUsageServerAuth)}, "/graphql", "no answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := &tls.Config{RootCAs: servers.pool}
			if c.certificate != nil { // sent also where the server doesn't ask for one of its authority
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c.certificate[0], nil }
			}
			transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
			defer transport.CloseIdleConnections()
			got, err := exchange(t, &http.Client{Transport: transport}, s.url+c.path)
			if err != nil { // the alert, or a connection that was closed while the request was sent
				got = "no answer: " + err.Error()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func exchange(t *testing.T, client *http.Client, url string) (string, error) {
	t.Helper()
	method, body := http.MethodPost, `{"query": "{ listUsers { id } }"}`
	if strings.HasSuffix(url, "/readyz") {
		method, body = http.MethodGet, ""
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Hasura-Role", "admin")
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	return fmt.Sprintf("%d %s %s", response.StatusCode, response.Proto, answer), err
}

// TestServeInsecure: it is said loudly.
func TestServeInsecure(t *testing.T) {
	for name, c := range map[string]struct {
		vars map[string]string
		args []string
		want []string
	}{
		"nothing":                    {args: nil, want: nil},
		"any address":                {args: []string{"--insecure", "--listen", "0.0.0.0:0"}, want: []string{"INSECURE: nothing proves who calls"}},
		"any address, by a variable": {vars: map[string]string{"JOINERY_INSECURE": "true"}, args: []string{"--listen", "0.0.0.0:0"}, want: []string{"INSECURE: nothing proves who calls"}},
		"anonymous admin":            {vars: map[string]string{"JOINERY_ROUTER_SECRET": plantedRouter, "JOINERY_UNAUTHORIZED_ROLE": "admin"}, want: []string{"INSECURE: the unauthorized role is admin"}},
	} {
		t.Run(name, func(t *testing.T) {
			vars := map[string]string{"DATABASE_URL": database(t).URL, "HANDLER": "http://127.0.0.1:1"}
			for name, value := range c.vars {
				vars[name] = value
			}
			s := serve(t, vars, c.args...)
			var got []string
			for _, line := range s.log.lines(t) {
				if text := fmt.Sprint(line["msg"]); strings.HasPrefix(text, "INSECURE") {
					before, _, _ := strings.Cut(text, ",")
					got = append(got, before)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestServeWebhook: a webhook that is asked with the body leaves it to be executed.
func TestServeWebhook(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Headers map[string]string
			Request struct{ Query string }
		}
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Headers["Cookie"] == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		role := "user"
		if strings.Contains(asked.Request.Query, "listUsers") {
			role = asked.Headers["Cookie"]
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"x-hasura-role": role})
	}))
	defer hook.Close()
	s := serve(t, map[string]string{
		"DATABASE_URL": database(t).URL, "HANDLER": handlers(t, map[string]http.HandlerFunc{"/list-users": answering(200, `[{"id": 1}]`)}),
		"HASURA_GRAPHQL_AUTH_HOOK": hook.URL + "/who?planted", "HASURA_GRAPHQL_AUTH_HOOK_MODE": "POST",
	})
	for _, c := range []struct {
		cookie string
		status int
		want   string
	}{
		{"admin", 200, `{"data":{"listUsers":[{"id":1}]}}`},
		{"user", 200, `"code":"permission-denied"`},
		{"", 401, "Authentication hook unauthorized this request"},
	} {
		status, body, err := s.post(t.Context(), `{ listUsers { id } }`, "Cookie", c.cookie, "X-Hasura-Role", "admin")
		if err != nil || status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%q: %d %s %v, want %d %s", c.cookie, status, body, err, c.status, c.want)
		}
	}
	if strings.Contains(s.log.String(), "planted") {
		t.Errorf("log: %s", s.log.String())
	}
}
