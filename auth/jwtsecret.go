package auth

import (
	"bytes"
	"errors"
	"fmt"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// JWTSecret is one JWT configuration in Hasura's form: how tokens are verified and where their claims stand. It never
// changes, and doesn't print its key.
type JWTSecret struct {
	algorithms []string
	key        any    // nil where there is a jwkURL
	jwkURL     string // "" where there is a key
	audience   []string
	issuer     string
	skew       time.Duration
	location   location
	claims     claimsReader
}

// String hides the key.
func (s *JWTSecret) String() string { return "JWTSecret{...}" }

// GoString hides the key.
func (s *JWTSecret) GoString() string { return s.String() }

// location is where a token stands in a request.
type location struct {
	kind locationKind
	name string // of the cookie, or of the header in its canonical form
}

type locationKind string

const (
	inAuthorization locationKind = "Authorization" // Bearer
	inCookie        locationKind = "Cookie"
	inHeader        locationKind = "CustomHeader" // the whole of it
)

// secretJSON is the JSON of HASURA_GRAPHQL_JWT_SECRET.
type secretJSON struct {
	Type                string                    `json:"type"`
	Key                 *string                   `json:"key"`
	JWKURL              *string                   `json:"jwk_url"`
	ClaimsNamespace     *string                   `json:"claims_namespace"`
	ClaimsNamespacePath *jsonPath                 `json:"claims_namespace_path"`
	ClaimsFormat        *string                   `json:"claims_format"`
	ClaimsMap           map[string]jsontext.Value `json:"claims_map"`
	Audience            audience                  `json:"audience"`
	Issuer              *string                   `json:"issuer"`
	AllowedSkew         *float64                  `json:"allowed_skew"`
	Header              *struct {
		Type string `json:"type"`
		Name string `json:"name"`
	} `json:"header"`
}

// audience is a text or a list of texts.
type audience []string

// UnmarshalJSON takes both forms.
func (a *audience) UnmarshalJSON(text []byte) error {
	if bytes.HasPrefix(text, []byte(`"`)) {
		*a = audience{""}
		return json.Unmarshal(text, &(*a)[0])
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// ParseJWTSecret reads the JSON of HASURA_GRAPHQL_JWT_SECRET, an object. Keys that Hasura doesn't know are faults: behind a
// misspelt "audience", tokens for others would be taken. The error doesn't quote what it read.
func ParseJWTSecret(text string) (*JWTSecret, error) {
	secret, err := parseSecret([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("invalid JWT secret: %w", err)
	}
	return secret, nil
}

// ParseJWTSecrets reads the JSON of HASURA_GRAPHQL_JWT_SECRETS: a list of what [ParseJWTSecret] reads. An empty list is a
// fault.
func ParseJWTSecrets(text string) ([]*JWTSecret, error) {
	var list []jsontext.Value
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("invalid JWT secrets: %w", hideValue(err))
	}
	if len(list) == 0 {
		return nil, errors.New("invalid JWT secrets: the list is empty")
	}
	secrets := make([]*JWTSecret, len(list))
	for i, item := range list {
		secret, err := parseSecret(item)
		if err != nil {
			return nil, fmt.Errorf("invalid JWT secret %d: %w", i+1, err)
		}
		secrets[i] = secret
	}
	return secrets, nil
}

func parseSecret(text []byte) (*JWTSecret, error) {
	var in secretJSON
	if err := json.Unmarshal(text, &in, json.RejectUnknownMembers(true)); err != nil {
		return nil, hideValue(err)
	}
	s := &JWTSecret{audience: in.Audience}
	if in.Issuer != nil {
		s.issuer = *in.Issuer
	}
	if in.AllowedSkew != nil {
		if *in.AllowedSkew < 0 || *in.AllowedSkew > maxSkew.Seconds() {
			return nil, fmt.Errorf("allowed_skew: want seconds, 0 to %.0f", maxSkew.Seconds())
		}
		s.skew = time.Duration(*in.AllowedSkew * float64(time.Second))
	}
	for _, part := range []func(*secretJSON) error{s.readKey, s.readLocation, s.readClaims} {
		if err := part(&in); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// maxSkew is more than any two clocks differ.
const maxSkew = 24 * time.Hour

// hideValue says where JSON is wrong without what stands there, which may be the key.
func hideValue(err error) error {
	if semantic := new(json.SemanticError); errors.As(err, &semantic) {
		at := strings.TrimPrefix(string(semantic.JSONPointer), "/")
		switch {
		case errors.Is(err, json.ErrUnknownName):
			return fmt.Errorf("unknown key %q", at)
		case errors.Is(err, errPath):
			return fmt.Errorf("%s: %w", at, errPath)
		case at == "":
			return fmt.Errorf("unexpected JSON %s", semantic.JSONKind)
		}
		return fmt.Errorf("%s: unexpected JSON %s", at, semantic.JSONKind)
	}
	if syntactic := new(jsontext.SyntacticError); errors.As(err, &syntactic) {
		return fmt.Errorf("not valid JSON, at byte %d", syntactic.ByteOffset)
	}
	return errors.New("not valid JSON")
}

func (s *JWTSecret) readKey(in *secretJSON) error {
	switch {
	case in.Key == nil && in.JWKURL == nil:
		return errors.New("key and jwk_url both cannot be empty")
	case in.Key != nil && in.JWKURL != nil:
		return errors.New("key, jwk_url both cannot be present")
	case in.JWKURL != nil:
		u, err := url.Parse(*in.JWKURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return errors.New("jwk_url: want an http or https URL")
		}
		s.jwkURL, s.algorithms = *in.JWKURL, jwkAlgorithms
		return nil
	}
	var err error
	s.key, s.algorithms, err = parseKey(in.Type, *in.Key)
	return err
}

func (s *JWTSecret) readLocation(in *secretJSON) error {
	s.location = location{kind: inAuthorization}
	if in.Header == nil {
		return nil
	}
	switch kind := in.Header.Type; {
	case strings.EqualFold(kind, string(inAuthorization)):
		return nil
	case in.Header.Name == "":
		return errors.New("header: missing name")
	case strings.EqualFold(kind, string(inCookie)):
		s.location = location{kind: inCookie, name: in.Header.Name}
	case strings.EqualFold(kind, string(inHeader)):
		s.location = location{kind: inHeader, name: textproto.CanonicalMIMEHeaderKey(in.Header.Name)}
	default:
		return errors.New("header: want type Authorization, Cookie or CustomHeader")
	}
	return nil
}
