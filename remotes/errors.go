package remotes

import "fmt"

// Error is an error of a service at a place of a relationship's value.
type Error struct {
	Path []any // below the relationship's field: response keys (string) and indexes (int)
	Err  error
}

// RemoteError says that a service failed.
type RemoteError struct {
	Schema  string
	Message string // meant for the client: the service's own, or one that tells nothing of what is between
	Cause   error  // not for clients; nil for what the service itself said
}

// Error is the message and the cause.
func (e *RemoteError) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.Cause.Error()
}

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
