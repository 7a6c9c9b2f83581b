package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/auth"
)

const (
	hsKey     = "a key of thirty-two characters.."
	namespace = "https://hasura.io/jwt/claims"
)

// now is the time of all tokens.
var now = time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)

// parsed reads a secret of these members.
func parsed(t testing.TB, members map[string]any) *auth.JWTSecret {
	t.Helper()
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := auth.ParseJWTSecret(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// hs256 is a secret with the key above and more members, as JSON without its braces.
func hs256(t testing.TB, more string) *auth.JWTSecret {
	t.Helper()
	secret, err := auth.ParseJWTSecret(fmt.Sprintf(`{"type": "HS256", "key": %q%s}`, hsKey, more))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func verifying(secrets ...*auth.JWTSecret) *auth.Authenticator {
	return auth.New(auth.Config{JWTSecrets: secrets}.WithNow(func() time.Time { return now }))
}

// sign makes a token.
func sign(t testing.TB, method jwt.SigningMethod, key any, claims jwt.MapClaims, header ...string) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	for i := 0; i < len(header); i += 2 {
		token.Header[header[i]] = header[i+1]
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// user are the claims of a user, and more.
func user(more ...any) jwt.MapClaims {
	claims := jwt.MapClaims{namespace: map[string]any{
		"x-hasura-default-role": "user", "x-hasura-allowed-roles": []string{"user", "editor"}, "X-Hasura-User-Id": "7",
	}}
	for i := 0; i < len(more); i += 2 {
		claims[more[i].(string)] = more[i+1]
	}
	return claims
}

func hsToken(t testing.TB, claims jwt.MapClaims) string {
	return sign(t, jwt.SigningMethodHS256, []byte(hsKey), claims)
}

func bearer(token string) *http.Request { return request("Authorization", "Bearer "+token) }

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func ecKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func publicPEM(t testing.TB, key crypto.Signer) string {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func certificatePEM(t testing.TB, key crypto.Signer) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "issuer"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// TestAlgorithms signs with every kind of key, and then with that of every other.
func TestAlgorithms(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p256, p384, p521 := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P384()), ecKey(t, elliptic.P521())
	long := strings.Repeat(hsKey, 2)
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey)}))
	cases := []struct {
		name, typ, key string
		method         jwt.SigningMethod
		signer         any
	}{
		{"HS256", "HS256", hsKey, jwt.SigningMethodHS256, []byte(hsKey)},
		{"HS384", "HS384", long, jwt.SigningMethodHS384, []byte(long)},
		{"HS512", "HS512", long, jwt.SigningMethodHS512, []byte(long)},
		{"RS256", "RS256", publicPEM(t, rsaKey()), jwt.SigningMethodRS256, rsaKey()},
		{"RS384, certificate", "RS384", certificatePEM(t, rsaKey()), jwt.SigningMethodRS384, rsaKey()},
		{"RS512, PKCS 1", "RS512", pkcs1, jwt.SigningMethodRS512, rsaKey()},
		{"ES256", "ES256", publicPEM(t, p256), jwt.SigningMethodES256, p256},
		{"ES384, certificate", "ES384", certificatePEM(t, p384), jwt.SigningMethodES384, p384},
		{"ES512", "ES512", publicPEM(t, p521), jwt.SigningMethodES512, p521},
		{"Ed25519", "Ed25519", publicPEM(t, ed), jwt.SigningMethodEdDSA, ed},
		{"Ed25519, certificate", "Ed25519", certificatePEM(t, ed), jwt.SigningMethodEdDSA, ed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := verifying(parsed(t, map[string]any{"type": c.typ, "key": c.key}))
			if s, err := a.Authenticate(bearer(sign(t, c.method, c.signer, user()))); err != nil || s.Role != "user" {
				t.Errorf("got %v, %v", s, err)
			}
			for _, other := range cases {
				if other.typ == c.typ {
					continue
				}
				s, err := a.Authenticate(bearer(sign(t, other.method, other.signer, user())))
				refused(t, s, err, "invalid-jwt", "Could not verify JWT: JWSError JWSInvalidSignature")
			}
			for _, forged := range []string{
				sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, user()),
				sign(t, jwt.SigningMethodHS256, []byte(c.key+"."), user()),
				sign(t, c.method, c.signer, user(), "crit", "b64"),
				sign(t, c.method, c.signer, user()) + "AAAA",
			} {
				s, err := a.Authenticate(bearer(forged))
				refused(t, s, err, "invalid-jwt", "Could not verify JWT: JWSError JWSInvalidSignature")
			}
			if c.method.Alg()[:2] != "HS" { // the public key is known to everyone, and is no secret
				s, err := a.Authenticate(bearer(sign(t, jwt.SigningMethodHS256, []byte(c.key), user())))
				refused(t, s, err, "invalid-jwt", "Could not verify JWT: JWSError JWSInvalidSignature")
			}
		})
	}
}

func TestTokens(t *testing.T) {
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	claims := func(c map[string]any) jwt.MapClaims { return jwt.MapClaims{namespace: c} }
	segment := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	cookieToken := hsToken(t, user())
	for _, c := range []struct {
		name      string
		secret    string // further members
		token     string
		request   *http.Request // instead of token
		role      string        // asked for
		code, err string
		want      map[string]string // nil: the user's
	}{
		{name: "a user", token: hsToken(t, user())},
		{name: "another role", token: hsToken(t, user()), role: "editor", want: map[string]string{"x-hasura-role": "editor", "x-hasura-user-id": "7"}},
		{name: "a role that isn't allowed", token: hsToken(t, user()), role: "admin", code: "access-denied", err: "Your requested role is not in allowed roles"},
		{name: "a role in another case", token: hsToken(t, user()), role: "User", code: "access-denied", err: "Your requested role is not in allowed roles"},
		{
			name:    "two roles",
			request: request("Authorization", "Bearer "+hsToken(t, user()), "X-Hasura-Role", "user", "X-Hasura-Role", "editor"), code: "invalid-headers", err: "duplicate header x-hasura-role",
		},
		{name: "variables of the request are dropped", request: request("Authorization", "Bearer "+hsToken(t, user()), "X-Hasura-User-Id", "8", "X-Hasura-Org", "1")},
		{name: "bearer in lower case", request: request("Authorization", "bearer "+hsToken(t, user()))},

		{name: "valid until later", token: hsToken(t, user("exp", at(time.Second), "nbf", at(0), "iat", at(0)))},
		{name: "expired", token: hsToken(t, user("exp", at(0))), code: "invalid-jwt", err: "Could not verify JWT: JWTExpired"},
		{name: "expired within the skew", secret: `, "allowed_skew": 60`, token: hsToken(t, user("exp", at(-59*time.Second)))},
		{name: "expired beyond the skew", secret: `, "allowed_skew": 60`, token: hsToken(t, user("exp", at(-60*time.Second))), code: "invalid-jwt", err: "Could not verify JWT: JWTExpired"},
		{name: "not yet valid", token: hsToken(t, user("nbf", at(time.Second))), code: "invalid-jwt", err: "Could not verify JWT: JWTNotYetValid"},
		{name: "not yet valid, within the skew", secret: `, "allowed_skew": 1.5`, token: hsToken(t, user("nbf", at(time.Second)))},
		{name: "issued later", token: hsToken(t, user("iat", at(time.Hour))), code: "invalid-jwt", err: "Could not verify JWT: JWTIssuedAtFuture"},
		{name: "an expiry that is no time", token: hsToken(t, user("exp", "tomorrow")), code: "invalid-jwt", err: "Could not verify JWT: JWTClaimsSetDecodeError"},

		{name: "the audience", secret: `, "audience": "joinery"`, token: hsToken(t, user("aud", "joinery"))},
		{name: "the audience among others", secret: `, "audience": ["a", "joinery"]`, token: hsToken(t, user("aud", []string{"b", "joinery"}))},
		{name: "another audience", secret: `, "audience": "joinery"`, token: hsToken(t, user("aud", []string{"b", "c"})), code: "invalid-jwt", err: "Could not verify JWT: JWTNotInAudience"},
		{name: "no audience", secret: `, "audience": "joinery"`, token: hsToken(t, user()), code: "invalid-jwt", err: "Could not verify JWT: JWTNotInAudience"},
		{name: "an audience that nobody asks about", token: hsToken(t, user("aud", "b"))},
		{name: "the issuer", secret: `, "issuer": "https://issuer/"`, token: hsToken(t, user("iss", "https://issuer/"))},
		{name: "another issuer", secret: `, "issuer": "https://issuer/"`, token: hsToken(t, user("iss", "https://issuer")), code: "invalid-jwt", err: "Could not verify JWT: JWTNotInIssuer"},
		{name: "no issuer", secret: `, "issuer": "https://issuer/"`, token: hsToken(t, user()), code: "invalid-jwt", err: "Could not verify JWT: JWTNotInIssuer"},
		{name: "an issuer that nobody asks about", token: hsToken(t, user("iss", "x"))},

		{name: "no token", request: request(), code: "invalid-headers", err: "Missing 'Authorization' or 'Cookie' header in JWT authentication mode"},
		{name: "no bearer", request: request("Authorization", "Basic dTpw"), code: "invalid-headers", err: "Malformed Authorization header"},
		{name: "an empty header", request: request("Authorization", ""), code: "invalid-headers", err: "Malformed Authorization header"},
		{name: "three words", request: request("Authorization", "Bearer a b"), code: "invalid-headers", err: "Malformed Authorization header"},
		{name: "two headers", request: request("Authorization", "Bearer "+hsToken(t, user()), "Authorization", "Bearer "+hsToken(t, user())), code: "invalid-headers", err: "Could not verify JWT: Multiple JWTs found"},
		{name: "garbage", token: "garbage", code: "invalid-jwt", err: "Could not verify JWT: JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got 1)"},
		{name: "five parts", token: "a.b.c.d.e", code: "invalid-jwt", err: "Could not verify JWT: JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got 5)"},
		{name: "no base64", token: "!.!.!", code: "invalid-jwt", err: "Could not verify JWT: JWSError JSONDecodeError"},
		{name: "no JSON", token: segment("x") + "." + segment("{}") + ".", code: "invalid-jwt", err: "Could not verify JWT: JWSError JSONDecodeError"},
		{name: "no alg", token: segment("{}") + "." + segment("{}") + ".", code: "invalid-jwt", err: "Could not verify JWT: JWSError JWSInvalidSignature"},
		{name: "claims that are no object", token: segment(`{"alg":"HS256"}`) + "." + segment("[]") + ".", code: "invalid-jwt", err: "Could not verify JWT: JWSError JSONDecodeError"},
		{name: "alg none in another case", token: segment(`{"alg":"nOnE"}`) + "." + segment("{}") + ".", code: "invalid-jwt", err: "Could not verify JWT: JWSError JWSInvalidSignature"},
		{name: "very long", token: strings.Repeat("a", 65<<10), code: "invalid-jwt", err: "Could not verify JWT: JWSError (CompactDecodeError too long)"},

		{name: "a cookie", secret: `, "header": {"type": "Cookie", "name": "token"}`, request: request("Cookie", "a=b; token="+cookieToken)},
		{name: "several cookie headers", secret: `, "header": {"type": "cookie", "name": "token"}`, request: request("Cookie", "a=b", "Cookie", "token="+cookieToken)},
		{name: "a cookie twice", secret: `, "header": {"type": "Cookie", "name": "token"}`, request: request("Cookie", "token=x; token="+cookieToken), code: "invalid-headers", err: "Could not verify JWT: Multiple JWTs found"},
		{name: "another place than the cookie", secret: `, "header": {"type": "Cookie", "name": "token"}`, request: bearer(cookieToken), code: "invalid-headers", err: "Missing 'Authorization' or 'Cookie' header in JWT authentication mode"},
		{name: "a header of one's own", secret: `, "header": {"type": "CustomHeader", "name": "x-token"}`, request: request("X-Token", cookieToken)},
		{name: "two headers of one's own", secret: `, "header": {"type": "CustomHeader", "name": "x-token"}`, request: request("X-Token", cookieToken, "x-token", cookieToken), code: "invalid-headers", err: "Could not verify JWT: Multiple JWTs found"},

		{name: "no claims", token: hsToken(t, jwt.MapClaims{}), code: "jwt-invalid-claims", err: "claims key: '" + namespace + "' not found"},
		{name: "claims that are text", token: hsToken(t, jwt.MapClaims{namespace: "{}"}), code: "jwt-invalid-claims", err: "expecting a json object when claims_format is json"},
		{name: "no allowed roles", token: hsToken(t, claims(map[string]any{"x-hasura-default-role": "user"})), code: "jwt-missing-role-claims", err: "JWT claim does not contain x-hasura-allowed-roles"},
		{name: "no default role", token: hsToken(t, claims(map[string]any{"x-hasura-allowed-roles": []string{"user"}})), role: "user", code: "jwt-missing-role-claims", err: "JWT claim does not contain x-hasura-default-role"},
		{
			name: "allowed roles that are text", token: hsToken(t, claims(map[string]any{"x-hasura-default-role": "user", "x-hasura-allowed-roles": "user"})),
			code: "jwt-invalid-claims", err: "invalid x-hasura-allowed-roles; should be a list of roles: parsing [] failed, expected Array, but encountered String",
		},
		{
			name: "a default role that is a list", token: hsToken(t, claims(map[string]any{"x-hasura-default-role": []string{"user"}, "x-hasura-allowed-roles": []string{"user"}})),
			code: "jwt-invalid-claims", err: "invalid x-hasura-default-role; should be a single role name: parsing RoleName failed, expected String, but encountered Array",
		},
		{
			name:  "a default role that isn't allowed",
			token: hsToken(t, claims(map[string]any{"x-hasura-default-role": "admin", "x-hasura-allowed-roles": []string{"user"}})), code: "access-denied", err: "Your requested role is not in allowed roles",
		},
		{
			name:  "a number",
			token: hsToken(t, claims(map[string]any{"x-hasura-default-role": "user", "x-hasura-allowed-roles": []string{"user"}, "x-hasura-user-id": 7})),
			code:  "jwt-invalid-claims", err: "x-hasura-* claims: parsing Text failed, expected String, but encountered Number",
		},
		{
			name:  "a claim twice, in two cases",
			token: hsToken(t, claims(map[string]any{"x-hasura-user-id": "1", "X-Hasura-User-Id": "2"})), code: "jwt-invalid-claims", err: "duplicate claim x-hasura-user-id",
		},
		{
			name: "lists, and what isn't Hasura's",
			token: hsToken(t, claims(map[string]any{
				"x-hasura-default-role": "user", "x-hasura-allowed-roles": []string{"user"}, "x-hasura-role": "admin", "x-hasura-admin-secret": "s",
				"x-hasura-teams": []any{"a", "b c", `"`, `\`, "", "null", "{", "d,e"}, "x-hasura-numbers": []any{1, 12345678901234567, true}, "x-hasura-none": []any{}, "other": "x",
			})),
			want: map[string]string{"x-hasura-role": "user", "x-hasura-teams": `{a,"b c","\"","\\","","null","{","d,e"}`, "x-hasura-numbers": "{1,12345678901234567,true}", "x-hasura-none": "{}"},
		},
		{
			name: "claims as text", secret: `, "claims_format": "stringified_json", "claims_namespace": "h"`,
			token: hsToken(t, jwt.MapClaims{"h": `{"x-hasura-default-role": "user", "x-hasura-allowed-roles": ["user"], "x-hasura-user-id": "7"}`}),
		},
		{
			name: "claims that should be text", secret: `, "claims_format": "stringified_json"`, token: hsToken(t, user()),
			code: "jwt-invalid-claims", err: "expecting a string when claims_format is stringified_json",
		},
		{
			name: "claims as text that is no JSON", secret: `, "claims_format": "stringified_json"`, token: hsToken(t, jwt.MapClaims{namespace: "secret"}),
			code: "jwt-invalid-claims", err: "expecting stringified json at: 'claims_namespace " + namespace + "'",
		},
		{name: "claims at the root", secret: `, "claims_namespace_path": "$"`, token: hsToken(t, user()[namespace].(map[string]any))},
		{name: "claims at a path", secret: `, "claims_namespace_path": "$.hasura['claims%'][0]"`, token: hsToken(t, jwt.MapClaims{"hasura": map[string]any{"claims%": []any{user()[namespace]}}})},
		{name: "claims not at the path", secret: `, "claims_namespace_path": "$.a.b"`, token: hsToken(t, user()), code: "jwt-invalid-claims", err: "claims not found at claims_namespace_path: '$.a.b'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := c.request
			if r == nil {
				r = bearer(c.token)
			}
			if c.role != "" {
				r.Header.Set("X-Hasura-Role", c.role)
			}
			session, err := verifying(hs256(t, c.secret)).Authenticate(r)
			if c.err != "" {
				refused(t, session, err, c.code, c.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.want == nil {
				c.want = map[string]string{"x-hasura-role": "user", "x-hasura-user-id": "7"}
			}
			if diff := cmp.Diff(c.want, session.Variables); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestClaimsMap(t *testing.T) {
	const mapped = `, "claims_map": {
		"x-hasura-allowed-roles": {"path": "$.realm.roles", "default": ["user", "guest"]},
		"x-hasura-default-role": {"path": "$.realm.roles[0]", "default": "guest"},
		"X-Hasura-User-Id": {"path": "$.sub"},
		"x-hasura-org": {"path": "$.org.id", "default": "none"},
		"x-hasura-teams": {"path": "$.teams", "default": "{}"},
		"x-hasura-kind": "human"
	}`
	a := verifying(hs256(t, mapped))
	session := func(claims jwt.MapClaims) (map[string]string, error) {
		s, err := a.Authenticate(bearer(hsToken(t, claims)))
		if err != nil {
			return nil, err
		}
		return s.Variables, nil
	}
	got, err := session(jwt.MapClaims{"sub": "7", "realm": map[string]any{"roles": []string{"editor"}}, "org": map[string]any{"id": "o"}, "teams": []string{"a", "b"}})
	want := map[string]string{"x-hasura-role": "editor", "x-hasura-user-id": "7", "x-hasura-org": "o", "x-hasura-teams": "{a,b}", "x-hasura-kind": "human"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	got, err = session(jwt.MapClaims{"sub": "7"})
	want = map[string]string{"x-hasura-role": "guest", "x-hasura-user-id": "7", "x-hasura-org": "none", "x-hasura-teams": "{}", "x-hasura-kind": "human"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	s, err := a.Authenticate(bearer(hsToken(t, jwt.MapClaims{})))
	refused(t, s, err, "jwt-invalid-claims", "JWT claim from claims_map, x-hasura-user-id not found")

	b := verifying(hs256(t, `, "claims_map": {"x-hasura-allowed-roles": ["user"], "x-hasura-default-role": {"path": "$.role"}}`))
	s, err = b.Authenticate(bearer(hsToken(t, jwt.MapClaims{})))
	refused(t, s, err, "jwt-missing-role-claims", "JWT claim does not contain x-hasura-default-role")
}

func TestSeveralSecrets(t *testing.T) {
	other := "another key of 32 characters...."
	secrets, err := auth.ParseJWTSecrets(fmt.Sprintf(`[{"type": "HS256", "key": %q, "issuer": "one"}, {"type": "HS256", "key": %q, "issuer": "two"},
		{"type": "HS256", "key": %q, "header": {"type": "Cookie", "name": "token"}}]`, hsKey, other, hsKey))
	if err != nil {
		t.Fatal(err)
	}
	a := verifying(secrets...)
	one, two := hsToken(t, user("iss", "one")), sign(t, jwt.SigningMethodHS256, []byte(other), user("iss", "two"))
	for _, r := range []*http.Request{bearer(one), bearer(two), request("Cookie", "token="+hsToken(t, user()))} {
		if s, err := a.Authenticate(r); err != nil || s.Role != "user" {
			t.Errorf("got %v, %v", s, err)
		}
	}
	for _, c := range []struct {
		request       *http.Request
		code, message string
	}{
		{bearer(hsToken(t, user("iss", "two"))), "invalid-jwt", "Could not verify JWT: JWSError JWSInvalidSignature"},
		{bearer(hsToken(t, user("iss", "three"))), "invalid-jwt", "Could not verify JWT: JWTNotInIssuer"},
		{bearer(hsToken(t, user())), "invalid-headers", "Could not verify JWT: Multiple JWTs found"},
		{request("Authorization", "Bearer "+one, "Cookie", "token="+one), "invalid-headers", "Could not verify JWT: Multiple JWTs found"},
	} {
		s, err := a.Authenticate(c.request)
		refused(t, s, err, c.code, c.message)
	}
}

// TestRouterWithToken: what the router says counts only where there is no token.
func TestRouterWithToken(t *testing.T) {
	a := auth.New(auth.Config{RouterSecrets: []string{routerSecret}, JWTSecrets: []*auth.JWTSecret{hs256(t, "")}, UnauthorizedRole: "anonymous"}.WithNow(func() time.Time { return now }))
	proof := []string{"Router-Authorization", routerSecret}
	role := func(headers ...string) string {
		s, err := a.Authenticate(request(append(proof, headers...)...))
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(s.Role, " ", s.Variables["x-hasura-user-id"])
	}
	token := "Bearer " + hsToken(t, user())
	got := []string{
		role(), role("X-Hasura-Role", "boss", "X-Hasura-User-Id", "1"), role("Authorization", token, "X-Hasura-User-Id", "1"),
		role("Authorization", token, "X-Hasura-Role", "boss"), role("Authorization", "Bearer x", "X-Hasura-Role", "boss"),
	}
	want := []string{
		"anonymous ", "boss 1", "user 7", "Your requested role is not in allowed roles",
		"Could not verify JWT: JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got 1)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s, err := a.Authenticate(request("Authorization", token))
	refused(t, s, err, "access-denied", "missing proof of the router")
}

func TestParseJWTSecret(t *testing.T) {
	secret := "planted-" + hsKey
	for text, want := range map[string]string{
		``:                 "not valid JSON",
		`{`:                "not valid JSON",
		`[]`:               "unexpected JSON",
		`"` + secret + `"`: "unexpected JSON",
		`{"type": "HS256", "key": "` + secret + `"} ` + secret:                "not valid JSON",
		`{"type": "HS256", "key": "` + secret + `", "key": "` + secret + `"}`: "not valid JSON",
		`{}`:                                         "key and jwk_url both cannot be empty",
		`{"key": "` + secret + `"}`:                  "missing type",
		`{"type": "HS256", "key": 7}`:                "key: unexpected JSON number",
		`{"type": "HS256", "key": "short"}`:          "at least 32 characters",
		`{"type": "HS512", "key": "` + secret + `"}`: "at least 64 characters",
		`{"type": "none", "key": "` + secret + `"}`:  "want a public key or a certificate in PEM",
		`{"type": "RS256", "key": "` + secret + `"}`: "want a public key or a certificate in PEM",
		`{"type": "RS256", "key": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"}`:              "want a public key or a certificate in PEM",
		`{"type": "RS256", "key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}`:            "want a public key or a certificate in PEM",
		`{"type": "HS256", "key": "` + secret + `", "jwk_url": "https://x"}`:                                  "both cannot be present",
		`{"jwk_url": "file:///etc/passwd"}`:                                                                   "want an http or https URL",
		`{"jwk_url": "https://x", "audiance": "` + secret + `"}`:                                              `unknown key "audiance"`,
		`{"jwk_url": "https://x", "audience": 7}`:                                                             "audience: unexpected JSON number",
		`{"jwk_url": "https://x", "allowed_skew": -1}`:                                                        "allowed_skew",
		`{"jwk_url": "https://x", "allowed_skew": 1e9}`:                                                       "allowed_skew",
		`{"jwk_url": "https://x", "claims_format": "yaml"}`:                                                   "want json or stringified_json",
		`{"jwk_url": "https://x", "claims_namespace": "a", "claims_namespace_path": "$.a"}`:                   "both cannot be set",
		`{"jwk_url": "https://x", "claims_namespace_path": "$.."}`:                                            "want a JSON path",
		`{"jwk_url": "https://x", "header": {"type": "Query"}}`:                                               "missing name",
		`{"jwk_url": "https://x", "header": {"type": "Query", "name": "t"}}`:                                  "want type Authorization",
		`{"jwk_url": "https://x", "header": {"type": "Cookie"}}`:                                              "missing name",
		`{"jwk_url": "https://x", "claims_map": {}}`:                                                          "x-hasura-allowed-roles is expected but not found",
		`{"jwk_url": "https://x", "claims_map": {"x-hasura-allowed-roles": ["a"]}}`:                           "x-hasura-default-role is expected but not found",
		`{"jwk_url": "https://x", "claims_map": {"x-hasura-allowed-roles": "a"}}`:                             "want a list of roles",
		`{"jwk_url": "https://x", "claims_map": {"role": "a"}}`:                                               "is no session variable",
		`{"jwk_url": "https://x", "claims_map": {"x-hasura-a": 7}}`:                                           "x-hasura-a: want text",
		`{"jwk_url": "https://x", "claims_map": {"x-hasura-a": {}}}`:                                          "x-hasura-a: missing path",
		`{"jwk_url": "https://x", "claims_map": {"x-hasura-a": {"path": "$.a b"}}}`:                           "path: want a JSON path",
		`{"jwk_url": "https://x", "claims_map": {"x-hasura-a": {"path": "$", "defaults": "` + secret + `"}}}`: "unknown key",
		`{"jwk_url": "https://x", "claims_map": {"x-hasura-a": "1", "X-Hasura-A": "2"}}`:                      "duplicate",
	} {
		_, err := auth.ParseJWTSecret(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "planted") {
			t.Errorf("the error holds the secret: %v", err)
		}
	}
	for _, text := range []string{``, `[]`, `{}`, `[7]`, `[{}]`} {
		if _, err := auth.ParseJWTSecrets(text); err == nil {
			t.Errorf("%s was taken for a list of secrets", text)
		}
	}
	config := auth.Config{JWTSecrets: []*auth.JWTSecret{hs256(t, "")}}
	for _, form := range []string{"%v", "%+v", "%#v"} {
		if text := fmt.Sprintf(form, config); strings.Contains(text, "thirty-two") || strings.Contains(text, fmt.Sprint([]byte(hsKey))) {
			t.Errorf("%s shows the key: %s", form, text)
		}
	}
}

func TestFindPath(t *testing.T) {
	value := map[string]any{"a": map[string]any{"b-c": []any{"x", map[string]any{"d.e": "y", "it's": "z"}}}, "$": "dollar"}
	for path, want := range map[string]any{
		"$": value, "$.a['b-c'][0]": "x", "$.a.b-c[0]": "x", "a.b-c[1]['d.e']": "y", `$["a"]["b-c"][1]["d.e"]`: "y", `$.a.b-c[1]['it\'s']`: "z", "$['$']": "dollar",
	} {
		if got, ok, err := auth.FindPath(path, value); err != nil || !ok || cmp.Diff(want, got) != "" {
			t.Errorf("%s: got %v, %v, %v", path, got, ok, err)
		}
	}
	for _, path := range []string{"$.x", "$.a[0]", "$.a.b-c[2]", "$.a.b-c.d", "$[0]"} {
		if got, ok, err := auth.FindPath(path, value); err != nil || ok {
			t.Errorf("%s: got %v, %v, %v", path, got, ok, err)
		}
	}
	for _, path := range []string{"", ".", "$.", "$..a", "$a", "$.a b", "$[a]", "$[-1]", "$['a]", "$[*]", "$.a[0", "['a']b", "$[99999999999]", "$.1"} {
		if got, _, err := auth.FindPath(path, value); err == nil {
			t.Errorf("%s: got %v", path, got)
		}
	}
}

func FuzzParseJWTSecret(f *testing.F) {
	f.Add(`{"type": "HS256", "key": "a key of thirty-two characters..", "audience": ["a"], "issuer": "i", "allowed_skew": 1}`)
	f.Add(`{"jwk_url": "https://x", "header": {"type": "Cookie", "name": "n"}, "claims_map": {"x-hasura-allowed-roles": {"path": "$.r", "default": ["a"]}, "x-hasura-default-role": "a"}}`)
	f.Add(`{"type": "RS256", "key": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"}`)
	f.Fuzz(func(t *testing.T, text string) {
		secret, err := auth.ParseJWTSecret(text)
		if (secret == nil) == (err == nil) {
			t.Fatalf("got %v, %v", secret, err)
		}
		list, err := auth.ParseJWTSecrets("[" + text + "," + text + "]")
		if secret != nil && (err != nil || len(list) != 2) {
			t.Fatalf("a list of it: %v", err)
		}
	})
}

func FuzzClaims(f *testing.F) {
	f.Add("$.a['b'][0]", `{"a": {"b": ["c"]}}`)
	f.Add("$", `{"x-hasura-default-role": "user", "x-hasura-allowed-roles": ["user"]}`)
	f.Add("hasura[\"claims%\"]", `{"hasura": {"claims%": {"x-hasura-default-role": 1}}}`)
	f.Fuzz(func(t *testing.T, path, claims string) {
		var value map[string]any
		if json.Unmarshal([]byte(claims), &value) != nil || value == nil {
			return
		}
		if _, _, err := auth.FindPath(path, value); err != nil {
			return
		}
		quoted, err := json.Marshal(path)
		if err != nil {
			t.Skip()
		}
		secret, err := auth.ParseJWTSecret(fmt.Sprintf(`{"type": "HS256", "key": %q, "claims_namespace_path": %s}`, hsKey, quoted))
		if err != nil {
			return // not UTF-8
		}
		maps.DeleteFunc(value, func(name string, _ any) bool { return len(name) == 3 }) // exp, nbf, iat
		session, err := verifying(secret).Authenticate(bearer(hsToken(t, value)))
		if (session == nil) == (err == nil) || session != nil && (session.Role == "" || session.Variables["x-hasura-role"] != session.Role) {
			t.Fatalf("got %v, %v", session, err)
		}
	})
}
