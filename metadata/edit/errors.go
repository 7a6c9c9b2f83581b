package edit

import (
	"fmt"
	"strings"
)

// Invalid is what keeps an edit from being made, by the fields of what was asked for. It is an error.
type Invalid []FieldFault

// FieldFault is something wrong with a field: "name", "type", "source", "schema", "table" or "mapping" of a
// relationship; "name", "handler" or "definition" of an action; "" where it is about the whole.
type FieldFault struct {
	Field   string
	Message string // Hasura's, where Hasura has one
}

// Error has a line for each fault.
func (i Invalid) Error() string {
	lines := make([]string, len(i))
	for n, f := range i {
		lines[n] = f.Message
	}
	return strings.Join(lines, "\n")
}

func invalid(field, format string, args ...any) error {
	return Invalid{{field, fmt.Sprintf(format, args...)}}
}

// NotFound says that the thing to change isn't there.
type NotFound struct {
	Message string // such as `action with name "x" does not exist`
	Hint    string // the name that was most likely meant, or ""
}

func (n *NotFound) Error() string {
	if n.Hint == "" {
		return n.Message
	}
	return n.Message + " (" + n.Hint + ")"
}
