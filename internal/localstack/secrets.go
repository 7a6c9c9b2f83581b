package localstack

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// secrets are what ${secret.router} and ${secret.jwt} stand for: what the environment says or, where it says nothing, what
// is made for this run.
type secrets struct {
	router string
	jwt    string // Hasura's JSON
	key    string // of jwt; "" where the environment says jwt, so that no token can be made
}

func newSecrets(lookupEnv func(string) (string, bool)) secrets {
	first := func(names ...string) string {
		for _, name := range names {
			if value, _ := lookupEnv(name); value != "" {
				return value
			}
		}
		return ""
	}
	s := secrets{jwt: first("JOINERY_JWT_SECRET", "HASURA_GRAPHQL_JWT_SECRETS", "HASURA_GRAPHQL_JWT_SECRET")}
	s.router, _, _ = strings.Cut(first("JOINERY_ROUTER_SECRET"), ",") // routers have one
	if s.router == "" {
		s.router = "router-" + rand.Text() // no number, see supergraph's checkSecret
	}
	if s.jwt == "" {
		s.key = rand.Text() + rand.Text()
		text, err := json.Marshal(map[string]string{"type": "HS256", "key": s.key})
		if err != nil {
			panic("BUG: " + err.Error())
		}
		s.jwt = string(text)
	}
	return s
}

// secretNames are what may stand behind ${secret.
var secretNames = []string{"router", "jwt"}

func (s secrets) value(name string) string {
	if name == "router" {
		return s.router
	}
	return s.jwt
}

const tokenLifetime = 24 * time.Hour

// sign makes a token of stack.yaml.
func (s secrets) sign(t token) (string, error) {
	claims := map[string]any{"x-hasura-default-role": t.Role.value, "x-hasura-allowed-roles": []string{t.Role.value}}
	for name, variable := range t.Variables {
		claims[name] = variable.value
	}
	now := time.Now()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": t.Name.value, "iat": now.Unix(), "exp": now.Add(tokenLifetime).Unix(), "https://hasura.io/jwt/claims": claims,
	}).SignedString([]byte(s.key))
	if err != nil {
		return "", fmt.Errorf("sign a token for %s: %w", t.Name.value, err)
	}
	return signed, nil
}

// tellTokens has the tokens of stack.yaml be printed, where they are signed with a key of this run.
func (r *runner) tellTokens(context.Context) error {
	if r.secrets.key == "" {
		return nil
	}
	for _, t := range r.file.Tokens {
		signed, err := r.secrets.sign(t)
		if err != nil {
			return err
		}
		r.tell("token", "%s (%s, role %s)", signed, t.Name.value, t.Role.value)
	}
	return nil
}

func (c *checker) tokens() {
	used := false
	for value := range maps.Values(c.file.Joinery.Env) {
		used = used || strings.Contains(value.value, "${secret.jwt}")
	}
	for i, t := range c.file.Tokens {
		if t.Name.value == "" || t.Role.value == "" {
			c.fault(max(t.Name.line, t.Role.line), "", "missing name or role of token %d", i+1)
		}
		for name := range t.Variables {
			if !strings.HasPrefix(name, "x-hasura-") {
				c.fault(t.Variables[name].line, "session variables begin with x-hasura-", "invalid variable %q of token %q", name, t.Name.value)
			}
		}
		if !used {
			c.fault(t.Name.line, "joinery: {env: {JOINERY_JWT_SECRET: '${secret.jwt}'}}", "token %q is for a Joinery that wouldn't take it", t.Name.value)
		}
	}
}
