package auth

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// verifier verifies the tokens of one secret.
type verifier struct {
	*JWTSecret
	parser *jwt.Parser
	keySet *keySet // nil where the key is fixed
}

func newVerifier(s *JWTSecret, c *Config) *verifier {
	v := &verifier{JWTSecret: s}
	v.parser = jwt.NewParser(
		jwt.WithValidMethods(s.algorithms), jwt.WithLeeway(s.skew), jwt.WithIssuedAt(), jwt.WithJSONNumber(), jwt.WithTimeFunc(c.now),
	)
	if s.jwkURL != "" {
		v.keySet = newKeySet(s.jwkURL, c)
	}
	return v
}

// token is the session of the token in a request. It is nil, without an error, where there is none. Which secret verifies
// it is decided as Hasura does: by where the token stands, and its issuer where secret and token both name one.
func (a *Authenticator) token(h http.Header) (*Session, error) {
	if len(a.jwt) == 0 {
		return nil, nil
	}
	raw, verifier, err := a.candidate(h)
	if verifier == nil || err != nil {
		return nil, err
	}
	claims, err := verifier.verify(raw)
	if err != nil {
		return nil, err
	}
	role, err := requestedRole(h)
	if err != nil {
		return nil, err
	}
	found, err := verifier.claims.read(claims)
	if err != nil {
		return nil, err
	}
	return session(found, role)
}

var errSeveralTokens = refusal(CodeInvalidHeaders, "Could not verify JWT: Multiple JWTs found")

// candidate is the token of a request and who verifies it; nil where there is no token.
func (a *Authenticator) candidate(h http.Header) (raw string, found *verifier, err error) {
	others := false
	for _, v := range a.jwt {
		token, ok, err := v.location.token(h)
		switch {
		case err != nil:
			return "", nil, err
		case !ok:
			continue
		case !v.mayIssue(token, len(a.jwt) > 1):
			others = true
			continue
		case found != nil:
			return "", nil, errSeveralTokens
		}
		raw, found = token, v
	}
	if found == nil && others {
		return "", nil, invalidJWT("JWTNotInIssuer")
	}
	return raw, found, nil
}

// mayIssue reports whether the issuer of an unverified token fits. A single secret says that after the token is verified.
func (v *verifier) mayIssue(token string, several bool) bool {
	if !several || v.issuer == "" {
		return true
	}
	var claims jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &claims); err != nil || claims.Issuer == "" {
		return true
	}
	return claims.Issuer == v.issuer
}

// token finds the token in the headers. More than one is refused: which counts could be read in two ways.
func (l location) token(h http.Header) (token string, ok bool, err error) {
	values := h[l.name]
	switch l.kind {
	case inCookie:
		values = cookies(h, l.name)
	case inAuthorization:
		values = h["Authorization"]
	}
	if len(values) == 0 {
		return "", false, nil
	}
	if len(values) > 1 {
		return "", false, errSeveralTokens
	}
	if l.kind != inAuthorization {
		return values[0], true, nil
	}
	words := strings.Fields(values[0])
	if len(words) != 2 || !strings.EqualFold(words[0], "Bearer") {
		return "", false, refusal(CodeInvalidHeaders, "Malformed Authorization header")
	}
	return words[1], true, nil
}

// cookies are the values of the cookies of that name.
func cookies(h http.Header, name string) []string {
	var values []string
	for _, cookie := range (&http.Request{Header: h}).CookiesNamed(name) {
		values = append(values, cookie.Value)
	}
	return values
}

// requestedRole is x-hasura-role of the request, "" where there is none.
func requestedRole(h http.Header) (string, error) {
	switch roles := h[roleHeader]; len(roles) {
	case 0:
		return "", nil
	case 1:
		return roles[0], nil
	}
	return "", refusal(CodeInvalidHeaders, "duplicate header "+roleVariable)
}

func invalidJWT(reason string) *Error {
	return refusal(CodeInvalidJWT, "Could not verify JWT: "+reason)
}

// maxToken bounds the work for what isn't verified yet; net/http's limit of all headers is 1 MiB.
const maxToken = 64 << 10

// verify checks signature, time, issuer and audience, in this order.
func (v *verifier) verify(raw string) (jwt.MapClaims, error) {
	if len(raw) > maxToken {
		return nil, invalidJWT("JWSError (CompactDecodeError too long)")
	}
	claims := jwt.MapClaims{}
	if _, err := v.parser.ParseWithClaims(raw, claims, v.keyFor); err != nil {
		return nil, invalidJWT(reason(err, raw))
	}
	if v.issuer != "" {
		issuer, err := claims.GetIssuer()
		if err != nil || subtle.ConstantTimeCompare([]byte(issuer), []byte(v.issuer)) != 1 {
			return nil, invalidJWT("JWTNotInIssuer")
		}
	}
	if v.audience != nil {
		given, err := claims.GetAudience()
		if err != nil || !slices.ContainsFunc(given, func(a string) bool { return slices.Contains(v.audience, a) }) {
			return nil, invalidJWT("JWTNotInAudience")
		}
	}
	return claims, nil
}

func (v *verifier) keyFor(token *jwt.Token) (any, error) {
	if _, ok := token.Header["crit"]; ok { // RFC 7515, section 4.1.11: what must be understood, and isn't
		return nil, jwt.ErrTokenUnverifiable
	}
	if v.keySet == nil {
		return v.key, nil
	}
	return v.keySet.key(token)
}

// reason is what Hasura's JOSE library says of a fault.
func reason(err error, raw string) string {
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed) && strings.Count(raw, ".") != 2:
		return fmt.Sprintf("JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got %d)", strings.Count(raw, ".")+1)
	case errors.Is(err, jwt.ErrTokenMalformed):
		return "JWSError JSONDecodeError"
	case errors.Is(err, jwt.ErrTokenExpired):
		return "JWTExpired"
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return "JWTNotYetValid"
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued):
		return "JWTIssuedAtFuture"
	case errors.Is(err, jwt.ErrTokenInvalidClaims):
		return "JWTClaimsSetDecodeError"
	}
	return "JWSError JWSInvalidSignature"
}
