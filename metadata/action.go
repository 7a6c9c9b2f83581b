package metadata

import "time"

// DefaultTimeout is how long Hasura waits for a handler where the action gives no timeout.
const DefaultTimeout = 30 * time.Second

// Action is a query or mutation that a handler answers.
type Action struct {
	Pos         Pos // in actions.yaml
	Name        string
	Description string // the SDL's description, else the YAML comment
	Operation   Operation
	Arguments   []*Argument
	Output      *Type // nil only where a fault says so

	Kind                 Kind   // always Synchronous for a query
	Handler              string // URL with {{ENV}} templates, not resolved
	HandlerPos           Pos
	Headers              []Header
	ForwardClientHeaders bool
	IgnoredClientHeaders []string      // nil means Hasura's default list, empty means none
	Timeout              time.Duration // never zero: DefaultTimeout where none is given
	RequestTransform     *Transform    // nil where there is none
	ResponseTransform    *Transform
	Permissions          []ActionPermission
}

// Operation is the root type that an action's field belongs to.
type Operation string

// The operations of an action.
const (
	Query    Operation = "query"
	Mutation Operation = "mutation"
)

// Kind says when an action answers.
type Kind string

// The kinds of an action.
const (
	Synchronous  Kind = "synchronous"
	Asynchronous Kind = "asynchronous"
)

// Argument is an argument of an action or a field of an input object.
type Argument struct {
	Pos         Pos
	Name        string
	Description string
	Type        *Type
}

// Header is a header that is sent to a handler or a remote schema. Exactly one of Value and ValueFromEnv is set,
// unless Value is the empty string.
type Header struct {
	Pos          Pos
	Name         string
	Value        string
	ValueFromEnv string
}

// Transform is a REST connector's request or response transform, kept as it was read.
type Transform struct {
	Pos Pos
}

// ActionPermission lets a role call an action.
type ActionPermission struct {
	Pos  Pos
	Role string
}
