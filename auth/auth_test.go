package auth_test

import (
	"errors"
	"net/http"
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

func TestAuthenticate(t *testing.T) {
	const denied = `invalid "x-hasura-admin-secret"/"x-hasura-access-key"`
	for _, c := range []struct {
		name      string
		secret    string
		header    http.Header
		role      string // "" means the admin
		variables map[string]string
		err       string
	}{
		{name: "no secret configured", header: header(), variables: map[string]string{"x-hasura-role": "admin"}},
		{
			name: "session variables of the admin, without secrets", header: header("X-Hasura-User-Id", "7", "x-hasura-admin-secret", "s", "X-Hasura-Access-Key", "s", "Cookie", "c"),
			variables: map[string]string{"x-hasura-role": "admin", "x-hasura-user-id": "7"},
		},
		{name: "the secret", secret: "s", header: header("X-Hasura-Admin-Secret", "s"), variables: map[string]string{"x-hasura-role": "admin"}},
		{name: "the secret by its older name", secret: "s", header: header("X-Hasura-Access-Key", "s"), variables: map[string]string{"x-hasura-role": "admin"}},
		{name: "the admin's own role", secret: "s", header: header("X-Hasura-Admin-Secret", "s", "X-Hasura-Role", "admin"), variables: map[string]string{"x-hasura-role": "admin"}},
		{name: "no secret given", secret: "s", header: header(), err: denied},
		{name: "an empty secret given", secret: "s", header: header("X-Hasura-Admin-Secret", ""), err: denied},
		{name: "a wrong secret", secret: "s", header: header("X-Hasura-Admin-Secret", "S"), err: denied},
		{name: "a longer secret", secret: "s", header: header("X-Hasura-Admin-Secret", "ss"), err: denied},
		{name: "a right secret behind a wrong one", secret: "s", header: header("X-Hasura-Admin-Secret", "x", "X-Hasura-Admin-Secret", "s"), err: denied},
		{
			name: "an admin as another role", secret: "s", header: header("X-Hasura-Admin-Secret", "s", "X-Hasura-Role", "user"),
			role: "user", variables: map[string]string{"x-hasura-role": "user"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			session, err := auth.New(auth.Config{AdminSecret: c.secret}).Authenticate(c.header)
			if c.err != "" {
				var denied *auth.Error
				if !errors.As(err, &denied) || denied.Message != c.err || denied.Code != "access-denied" || session != nil {
					t.Fatalf("got %v, %v, want %s", session, err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			role := c.role
			if role == "" {
				role = auth.AdminRole
			}
			if diff := cmp.Diff(c.variables, session.Variables); diff != "" || session.Role != role {
				t.Errorf("role %q, variables -want +got:\n%s", session.Role, diff)
			}
		})
	}
}

func TestCheckListen(t *testing.T) {
	for address, allowed := range map[string]bool{
		"127.0.0.1:4001": true, "localhost:4001": true, "[::1]:4001": true, "127.8.0.1:0": true,
		":4001": false, "0.0.0.0:4001": false, "[::]:4001": false, "10.0.0.1:4001": false, "example.org:4001": false, "localhost.example.org:1": false, "4001": false,
	} {
		err := auth.Config{}.CheckListen(address)
		if (err == nil) != allowed {
			t.Errorf("%s without a secret: %v", address, err)
		}
		if !allowed && address != "4001" && !strings.Contains(err.Error(), "JOINERY_ADMIN_SECRET") {
			t.Errorf("%s: the error names no mend: %v", address, err)
		}
		if err := (auth.Config{AdminSecret: "s"}).CheckListen(address); err != nil {
			t.Errorf("%s with a secret: %v", address, err)
		}
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
