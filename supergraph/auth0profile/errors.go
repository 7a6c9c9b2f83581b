package auth0profile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Codes of errors, in their extensions.
const (
	CodeAuth0Unavailable      = "AUTH0_UNAVAILABLE"
	CodeFieldNotAllowed       = "FIELD_NOT_ALLOWED"
	CodeInvalidRepresentation = "INVALID_REPRESENTATION"
	CodeInternal              = "INTERNAL_SERVER_ERROR"
)

// fault is an error that a client may see.
type fault struct{ code, message string }

func (f *fault) Error() string { return f.message }

var (
	errUnavailable     = &fault{CodeAuth0Unavailable, "the profile could not be had from Auth0"}
	errInternal        = &fault{CodeInternal, "internal error"}
	errFieldNotAllowed = &fault{CodeFieldNotAllowed, "this field of a profile is not allowed"}
)

func invalid(message string) error {
	return &fault{CodeInvalidRepresentation, "invalid representation: " + message}
}

// present gives a fault its code. Any other error is gqlgen's own, of parsing, validating and
// reading arguments: the resolvers return nothing but faults.
func present(ctx context.Context, err error) *gqlerror.Error {
	shown := graphql.DefaultErrorPresenter(ctx, err)
	shown.Message, _, _ = strings.Cut(shown.Message, " body:") // gqlgen adds the body it couldn't decode
	if f, ok := errors.AsType[*fault](err); ok {
		shown.Extensions = map[string]any{"code": f.code}
	}
	return shown
}

// recovered logs a panic and keeps its cause from the client.
func recovered(log *slog.Logger) graphql.RecoverFunc {
	return func(ctx context.Context, cause any) error {
		log.ErrorContext(ctx, "panic", "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
		return errInternal
	}
}
