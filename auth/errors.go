package auth

import "net/http"

// The codes of refusals are Hasura's.
const (
	CodeAccessDenied   = "access-denied"           // the caller didn't prove who it is, or wants a role that isn't its own
	CodeInvalidHeaders = "invalid-headers"         // a header is missing, malformed or sent twice
	CodeInvalidJWT     = "invalid-jwt"             // the token isn't valid
	CodeInvalidClaims  = "jwt-invalid-claims"      // the token is valid, its claims aren't
	CodeMissingRoles   = "jwt-missing-role-claims" // the token has no roles
	CodeUnexpected     = "unexpected"              // the webhook is at fault
)

// Error is a refusal. Its text and code are Hasura's and meant for the client: neither holds a secret or a token.
type Error struct {
	Code    string // access-denied, invalid-headers, invalid-jwt, jwt-invalid-claims, jwt-missing-role-claims, unexpected
	Message string
	Status  int // of HTTP: 401, or 503 where the webhook is at fault
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

func refusal(code, message string) *Error {
	return &Error{Code: code, Message: message, Status: http.StatusUnauthorized}
}

// fault is a refusal that the caller can't mend.
func fault(message string) *Error {
	return &Error{Code: CodeUnexpected, Message: message, Status: http.StatusServiceUnavailable}
}
