package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/metadata"
)

// accessFlags say who may call.
type accessFlags struct {
	AdminSecret             string        `help:"Secret that makes a caller the admin (JOINERY_ADMIN_SECRET, HASURA_GRAPHQL_ADMIN_SECRET)." placeholder:"SECRET" vars:"JOINERY_ADMIN_SECRET,HASURA_GRAPHQL_ADMIN_SECRET"`
	RouterSecret            string        `help:"What the router sends as router-authorization (JOINERY_ROUTER_SECRET); two with a comma between them while it changes. Only it and admins may then call." placeholder:"SECRET" vars:"JOINERY_ROUTER_SECRET"`
	JWTSecret               string        `name:"jwt-secret" help:"How tokens are verified: Hasura's JSON, an object or a list (JOINERY_JWT_SECRET, HASURA_GRAPHQL_JWT_SECRETS, HASURA_GRAPHQL_JWT_SECRET)." placeholder:"JSON" vars:"JOINERY_JWT_SECRET,HASURA_GRAPHQL_JWT_SECRETS,HASURA_GRAPHQL_JWT_SECRET"`
	UnauthorizedRole        string        `help:"Role of callers without a token (JOINERY_UNAUTHORIZED_ROLE, HASURA_GRAPHQL_UNAUTHORIZED_ROLE). They are refused without it." placeholder:"ROLE" vars:"JOINERY_UNAUTHORIZED_ROLE,HASURA_GRAPHQL_UNAUTHORIZED_ROLE"`
	AuthHook                string        `help:"Webhook that says who calls (JOINERY_AUTH_HOOK, HASURA_GRAPHQL_AUTH_HOOK)." placeholder:"URL" vars:"JOINERY_AUTH_HOOK,HASURA_GRAPHQL_AUTH_HOOK"`
	AuthHookMode            string        `help:"How it is asked: GET or POST (JOINERY_AUTH_HOOK_MODE, HASURA_GRAPHQL_AUTH_HOOK_MODE)." default:"GET" placeholder:"METHOD" vars:"JOINERY_AUTH_HOOK_MODE,HASURA_GRAPHQL_AUTH_HOOK_MODE"`
	AuthHookSendRequestBody bool          `name:"auth-hook-body" help:"Post the GraphQL request to it, too (JOINERY_AUTH_HOOK_SEND_REQUEST_BODY, HASURA_GRAPHQL_AUTH_HOOK_SEND_REQUEST_BODY)." default:"true" negatable:"" vars:"JOINERY_AUTH_HOOK_SEND_REQUEST_BODY,HASURA_GRAPHQL_AUTH_HOOK_SEND_REQUEST_BODY"`
	AuthHookTimeout         time.Duration `help:"How long it may take to answer (JOINERY_AUTH_HOOK_TIMEOUT)." default:"10s" vars:"JOINERY_AUTH_HOOK_TIMEOUT"`
	TLSCert                 string        `name:"tls-cert" help:"Serve HTTPS with this certificate, in PEM (JOINERY_TLS_CERT)." placeholder:"FILE" vars:"JOINERY_TLS_CERT"`
	TLSKey                  string        `name:"tls-key" help:"Its key, in PEM (JOINERY_TLS_KEY)." placeholder:"FILE" vars:"JOINERY_TLS_KEY"`
	TLSClientCA             string        `name:"tls-client-ca" help:"Authority of the router's certificate, in PEM (JOINERY_TLS_CLIENT_CA). Only who has a certificate of it, and admins, may then call." placeholder:"FILE" vars:"JOINERY_TLS_CLIENT_CA"`
	Insecure                bool          `help:"Listen on any address although nothing proves who calls (JOINERY_INSECURE): everyone who reaches it is the admin." vars:"JOINERY_INSECURE"`
}

// config reads the secrets. Its errors don't hold them.
func (f *accessFlags) config() (auth.Config, error) {
	c := auth.Config{
		AdminSecret: f.AdminSecret, UnauthorizedRole: f.UnauthorizedRole, RouterCertificates: f.TLSClientCA != "", Insecure: f.Insecure,
		Webhook: auth.Webhook{URL: f.AuthHook, Mode: strings.ToUpper(f.AuthHookMode), Timeout: f.AuthHookTimeout, WithoutBody: !f.AuthHookSendRequestBody},
	}
	if f.RouterSecret != "" {
		for secret := range strings.SplitSeq(f.RouterSecret, ",") {
			c.RouterSecrets = append(c.RouterSecrets, strings.TrimSpace(secret))
		}
	}
	var err error
	switch text := strings.TrimSpace(f.JWTSecret); {
	case text == "":
	case strings.HasPrefix(text, "["):
		c.JWTSecrets, err = auth.ParseJWTSecrets(text)
	default:
		c.JWTSecrets = make([]*auth.JWTSecret, 1)
		c.JWTSecrets[0], err = auth.ParseJWTSecret(text)
	}
	if err != nil {
		return auth.Config{}, err
	}
	return c, c.Check()
}

// warn says loudly what lets everyone in.
func (f *accessFlags) warn(log *slog.Logger, access *auth.Config) {
	if access.IsOpen() && f.Insecure {
		log.Warn("INSECURE: nothing proves who calls, so everyone who reaches this address is the admin, whom no permission limits")
	}
	if f.UnauthorizedRole == metadata.AdminRole {
		log.Warn("INSECURE: the unauthorized role is admin, so everyone behind the router who sends no token is the admin, whom no permission limits")
	}
}

// certificates are the files in PEM that HTTPS is served with, as they were read last.
type certificates struct {
	certFile, keyFile string
	clientCAFile      string // "" where no certificate proves who calls
	now               atomic.Pointer[tls.Config]
}

// read keeps what is there where the files are faulty. Who shows no certificate isn't refused in the handshake: admins and
// probes have none.
func (c *certificates) read() error {
	own, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("read --tls-cert and --tls-key: %w", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{own}}
	if c.clientCAFile != "" {
		authority, err := os.ReadFile(c.clientCAFile)
		if err != nil {
			return fmt.Errorf("read --tls-client-ca: %w", err)
		}
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
		if !config.ClientCAs.AppendCertsFromPEM(authority) {
			return fmt.Errorf("invalid --tls-client-ca %q: want certificates in PEM", c.clientCAFile)
		}
	}
	c.now.Store(config)
	return nil
}

// config has each handshake take the certificates as they are then. Sessions of those before can't be resumed: a
// configuration has keys of its own for them.
func (c *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.now.Load(), nil },
	}
}

// certificates are nil for plain HTTP.
func (f *accessFlags) certificates() (*certificates, error) {
	if f.TLSCert == "" && f.TLSKey == "" {
		if f.TLSClientCA != "" {
			return nil, errors.New("missing --tls-cert and --tls-key: --tls-client-ca needs HTTPS")
		}
		return nil, nil
	}
	if f.TLSCert == "" || f.TLSKey == "" {
		return nil, errors.New("missing --tls-cert or --tls-key: want both")
	}
	c := &certificates{certFile: f.TLSCert, keyFile: f.TLSKey, clientCAFile: f.TLSClientCA}
	return c, c.read()
}
