package auth

import (
	"context"
	"strings"

	"github.com/joinery-graphql/joinery/metadata"
)

// Session is the caller of a request. It does not change.
type Session struct {
	Role      string
	Variables map[string]string // x-hasura-*, names in lower case; x-hasura-role is always there
}

// newSession makes a session of variables, which it takes over; they may be nil. Secrets among them are dropped.
func newSession(role string, variables map[string]string) *Session {
	if variables == nil {
		variables = make(map[string]string, 1)
	}
	variables[roleVariable] = role
	delete(variables, adminSecretVariable)
	delete(variables, accessKeyVariable)
	return &Session{Role: role, Variables: variables}
}

// admin is the session of an admin who says nothing more.
var admin = newSession(metadata.AdminRole, nil)

var (
	adminSecretVariable = strings.ToLower(AdminSecretHeader)
	accessKeyVariable   = strings.ToLower(accessKeyHeader)
)

// IsAdmin reports whether no permission limits the caller.
func (s *Session) IsAdmin() bool { return s.Role == metadata.AdminRole }

type contextKey struct{}

// NewContext returns a context that carries the session.
func NewContext(ctx context.Context, s *Session) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

// FromContext returns the session, or nil where the request was never authenticated.
func FromContext(ctx context.Context) *Session {
	s, _ := ctx.Value(contextKey{}).(*Session)
	return s
}
