package entities

import (
	"fmt"

	"github.com/joinery-graphql/joinery/metadata"
)

// TooManyError says that a list has more representations than it may.
type TooManyError struct{ Max int }

// Error says how many there may be.
func (e *TooManyError) Error() string { return fmt.Sprintf("more than %d representations", e.Max) }

// RepresentationError says what is wrong with a representation. Its text is meant for the client.
type RepresentationError struct{ Reason string }

// Error is the reason.
func (e *RepresentationError) Error() string { return e.Reason }

// UnresolvableError says that a plain field of an output type was asked for by a representation: only the action's
// handler knew its value, and the handler is never called again (design section 6). Or that a field is, or is made of,
// another subgraph's, whose value only a representation has.
type UnresolvableError struct {
	Type, Field string
	External    string // the other subgraph's field; "" where the action's handler knew the value
}

// Error names the field.
func (e *UnresolvableError) Error() string {
	if e.External != "" {
		return fmt.Sprintf("field %q of type %q can't be resolved here: another subgraph has %q", e.Field, e.Type, e.External)
	}
	return fmt.Sprintf("field %q of type %q can't be resolved from a representation: only the action that returned the object knew it", e.Field, e.Type)
}

// NullError says that a non-null field had no value.
type NullError struct{ Type, Field string }

// Error is the GraphQL reference implementation's text.
func (e *NullError) Error() string {
	return fmt.Sprintf("Cannot return null for non-nullable field %s.%s.", e.Type, e.Field)
}

// ShapeError says that a handler's answer had something else where an object, or a list of objects, was expected.
type ShapeError struct{ Message string }

// Error is Hasura's text, where it has one (hasura-actions.md section 4.3).
func (e *ShapeError) Error() string { return e.Message }

var errNoArray = &ShapeError{"expecting array for the action webhook response"}

// misfit is the error of JSON that is no object of typ, or no list where typ is one.
func misfit(typ *metadata.Type, got string) error {
	if typ.Elem != nil {
		return errNoArray
	}
	return &ShapeError{fmt.Sprintf("got %s for the action webhook response, expecting %s", got, typ.Name)}
}

// Path is where in the answer an error belongs: response keys (string) and indexes (int).
type Path []any

// Error is an error at a place of the answer.
type Error struct {
	Path Path
	Err  error // one of this package's or of package loaders
}
