package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// jwkAlgorithms are those of tokens whose keys come from a jwk_url. None is symmetric: a public key would be the secret.
var jwkAlgorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// parseKey reads a key as Hasura takes it: the secret itself for HS*, else PEM with a public key or a certificate. The
// algorithm of tokens must be that of the type.
func parseKey(typ, text string) (key any, algorithms []string, err error) {
	switch typ {
	case "HS256", "HS384", "HS512":
		want := map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}[typ]
		if len(text) < want {
			return nil, nil, fmt.Errorf("key: too small: want at least %d characters for %s", want, typ)
		}
		return []byte(text), []string{typ}, nil
	case "":
		return nil, nil, errors.New("missing type of the key")
	}
	public, err := parsePEM(text)
	if err != nil {
		return nil, nil, fmt.Errorf("key: %w", err)
	}
	fits := false
	algorithm := typ
	switch public := public.(type) {
	case *rsa.PublicKey:
		fits = typ == "RS256" || typ == "RS384" || typ == "RS512"
	case *ecdsa.PublicKey:
		fits = public.Curve.Params().BitSize == map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}[typ]
	case ed25519.PublicKey:
		fits, algorithm = typ == "Ed25519", "EdDSA"
	}
	if !fits {
		return nil, nil, fmt.Errorf("key: it is no key of type %q: want HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, ES512 or Ed25519", typ)
	}
	return public, []string{algorithm}, nil
}

var errPEM = errors.New("want a public key or a certificate in PEM")

// parsePEM reads the first block. The causes of errors are left out, as they may quote the text.
func parsePEM(text string) (any, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errPEM
	}
	var (
		key any
		err error
	)
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE", "X509 CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = certificate.PublicKey
		}
	default:
		return nil, errPEM
	}
	if err != nil {
		return nil, errPEM
	}
	return key, nil
}
