package remotes

import "fmt"

// Error is an error of a service at a place of a relationship's value.
type Error struct {
	Path []any // below the relationship's field: response keys (string) and indexes (int)
	Err  error
}

// RemoteError says that a service failed. Its text is meant for the client: a service's own message, or one that tells
// nothing of what is between.
type RemoteError struct {
	Schema  string
	Message string
	Cause   error // not for clients; nil for what the service itself said
}

// Error is the message.
func (e *RemoteError) Error() string { return e.Message }

// Unwrap is the cause.
func (e *RemoteError) Unwrap() error { return e.Cause }

// MissingVariableError says that the session lacks a variable that a preset needs.
type MissingVariableError struct{ Name string }

// Error is Hasura's text.
func (e *MissingVariableError) Error() string {
	return fmt.Sprintf("missing session variable: %q", e.Name)
}

// ArgumentError says that an argument's value can't be sent. Its text is meant for the client.
type ArgumentError struct{ Reason string }

// Error is the reason.
func (e *ArgumentError) Error() string { return e.Reason }
