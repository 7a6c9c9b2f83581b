package subgraph

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/joinery-graphql/joinery/actions"
	"github.com/joinery-graphql/joinery/auth"
	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/remotes"
)

// The codes of errors, in extensions.code. Those of a document are Apollo's, the others Hasura's where it has one. An
// action's handler may answer any code of its own. docs/errors.md describes them all.
const (
	CodeParseFailed           = errcode.ParseFailed      // the document is not GraphQL
	CodeValidationFailed      = errcode.ValidationFailed // the document or a variable doesn't fit the schema
	CodeBadRequest            = "bad-request"            // the request is no GraphQL request
	CodeAccessDenied          = "access-denied"          // the caller didn't prove who it is
	CodeLimitExceeded         = "limit-exceeded"         // the request asks for more than a limit allows
	CodeTimeLimitExceeded     = "time-limit-exceeded"    // the request took too long
	CodeOverloaded            = "overloaded"             // too many requests at once
	CodeRateLimitExceeded     = "rate-limit-exceeded"    // a role's callers ask too often
	CodeNotAllowed            = "operation-not-allowed"  // the document isn't in the allow-list
	CodeInvalidRepresentation = "invalid-representation" // a representation has no known type or key
	CodeUnresolvableField     = "unresolvable-field"     // a field that only an action's handler knew
	CodeDataException         = "data-exception"         // a key is no value of the column's type, or an expression can't be computed for an object
	CodeInvalidArgument       = "invalid-argument"       // an argument of an array relationship can't be used
	CodePermissionDenied      = "permission-denied"      // the caller's role may not have what it asked for
	CodeNotFound              = "not-found"              // a session variable that a permission needs
	CodeNullValue             = "null-value"             // a non-null field had no value
	CodeUnexpected            = "unexpected"             // the database or Joinery itself is at fault
	CodeIntrospectionDisabled = "introspection-disabled" // __schema and __type are not answered
	CodeRemoteSchemaError     = "remote-schema-error"    // a remote schema failed, or answered an error
)

// databaseQueryError is what Hasura says of every fault of the database (hasura-actions.md section 7.3).
const databaseQueryError = "database query error"

// internalError is all that is said of what clients can neither know nor mend.
const internalError = "internal error"

// isHidden reports whether the client doesn't learn what went wrong, so that the log must tell. What is wrong with an
// action is told by its span.
func isHidden(err error) bool {
	var action *actions.Error
	var remote *remotes.RemoteError
	if errors.As(err, &remote) {
		return remote.Cause != nil
	}
	message, _ := wording(err)
	return (message == databaseQueryError || message == internalError) && !errors.As(err, &action)
}

// wording is what a client may read of an error: a safe sentence and a fixed code.
func wording(err error) (message string, extensions map[string]any) {
	var (
		action         *actions.Error
		denied         *auth.Error
		tooMany        *entities.TooManyError
		representation *entities.RepresentationError
		unresolvable   *entities.UnresolvableError
		null           *entities.NullError
		shape          *entities.ShapeError
		argument       *entities.ArgumentError
		permission     *entities.PermissionError
		role           *loaders.RoleError
		variable       *loaders.SessionVariableError
		key            *loaders.InvalidKeyError
		expression     *loaders.ExpressionError
		database       *loaders.DatabaseError
		limit          *limitError
		rows           *loaders.TooManyRowsError
		remote         *remotes.RemoteError
		remoteDenied   *remotes.DeniedError
		remoteArgument *remotes.ArgumentError
		missing        *remotes.MissingVariableError
	)
	switch {
	case errors.As(err, &action):
		return action.Message, action.Extensions
	case errors.As(err, &remote):
		return shorten(remote.Message, maxMessage), code(CodeRemoteSchemaError)
	case errors.As(err, &remoteDenied):
		return remoteDenied.Reason, code(CodePermissionDenied)
	case errors.As(err, &remoteArgument):
		return remoteArgument.Reason, code(CodeInvalidArgument)
	case errors.As(err, &missing):
		return missing.Error(), code(CodeNotFound)
	case errors.As(err, &denied):
		return denied.Message, code(denied.Code)
	case errors.As(err, &representation):
		return representation.Error(), code(CodeInvalidRepresentation)
	case errors.As(err, &unresolvable):
		return unresolvable.Error(), code(CodeUnresolvableField)
	case errors.As(err, &null):
		return null.Error(), code(CodeNullValue)
	case errors.As(err, &shape):
		return shape.Error(), code(CodeUnexpected)
	case errors.As(err, &permission):
		return permission.Error(), code(CodePermissionDenied)
	case errors.As(err, &role):
		return role.Error(), code(CodePermissionDenied)
	case errors.As(err, &variable):
		if variable.Type == "" {
			return variable.Error(), code(CodeNotFound)
		}
		return variable.Error(), code(CodeDataException)
	case errors.As(err, &argument):
		return argument.Error(), code(CodeInvalidArgument)
	case errors.Is(err, loaders.ErrInvalidArgument):
		return loaders.ErrInvalidArgument.Error(), code(CodeInvalidArgument)
	case errors.Is(err, loaders.ErrInvalidVariable):
		return loaders.ErrInvalidVariable.Error(), code(CodeDataException)
	case errors.As(err, &key):
		return key.Error(), code(CodeDataException)
	case errors.As(err, &expression):
		return expression.Error(), code(CodeDataException)
	case errors.As(err, &rows):
		return rows.Error(), code(CodeLimitExceeded)
	case errors.As(err, &limit):
		return limit.Error(), code(CodeLimitExceeded)
	case errors.As(err, &tooMany):
		return tooMany.Error(), code(CodeLimitExceeded)
	case errors.As(err, &database):
		return databaseQueryError, code(CodeUnexpected)
	}
	return internalError, code(CodeUnexpected)
}

// isTimeUp reports whether an error comes of a request's having taken too long.
func isTimeUp(ctx context.Context, err error) bool {
	var late *timeUp
	if ctx.Err() == nil || !errors.As(context.Cause(ctx), &late) {
		return false
	}
	var action *actions.Error
	if errors.As(err, &action) {
		return action.Reason == actions.ReasonTimeout || action.Reason == actions.ReasonCanceled
	}
	return isHidden(err)
}

// exceeded is the limit that an error says was exceeded, "" where it says something else.
func exceeded(err error) string {
	var (
		limit   *limitError
		tooMany *entities.TooManyError
		rows    *loaders.TooManyRowsError
	)
	switch {
	case errors.As(err, &limit):
		return limit.limit
	case errors.As(err, &rows):
		return "rows"
	case errors.As(err, &tooMany):
		return "representations"
	}
	return ""
}

const (
	maxMessage = 500 // bytes of an error's text
	maxQuoted  = 64  // of what a client sent, within it
	maxFaults  = 50  // of a document, that are answered
)

// shorten keeps what a client sent from filling an error.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "..."
}

// present finishes the errors of requests that are not executed. A fault of a variable has a path that gqlparser makes
// of its name; a path is of the answer, which there is none of.
func present(ctx context.Context, err error) *gqlerror.Error {
	e := graphql.DefaultErrorPresenter(ctx, err)
	if len(e.Path) > 1 && e.Path[0] == ast.PathName("variable") {
		reason := e.Message
		if _, typ, ok := strings.Cut(reason, " as "); ok && strings.HasPrefix(reason, "cannot use ") {
			reason = "invalid value of type " + typ // gqlparser names Go's kinds, of another value than was sent
		}
		e.Message = fmt.Sprintf("variable \"$%s\": %s", e.Path[1:], reason)
		e.Path = nil
	}
	e.Message = shorten(e.Message, maxMessage)
	if e.Extensions["code"] == nil { // of gqlgen's extension for persisted documents
		e.Extensions = code(CodeBadRequest)
	}
	return e
}

func code(c string) map[string]any { return map[string]any{"code": c} }

// astPath is a path as gqlparser writes it.
func astPath(p entities.Path) ast.Path {
	if len(p) == 0 {
		return nil
	}
	out := make(ast.Path, len(p))
	for i, element := range p {
		switch e := element.(type) {
		case string:
			out[i] = ast.PathName(e)
		case int:
			out[i] = ast.PathIndex(e)
		}
	}
	return out
}
