package loaders

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/joinery-graphql/joinery/catalog"
)

// Session is who asks, as far as statements need to know it. It must not change.
type Session struct {
	Role      string
	Variables map[string]string // session variables, names in lower case, such as x-hasura-user-id
}

// SessionVariableError says that a permission needs a session variable that is missing, or that can't be of the type it
// is compared with. It never holds the value.
type SessionVariableError struct {
	Name string // in lower case
	Type string // as Postgres names it; "" where the variable is missing
}

// Error is Hasura's text for a missing variable (hasura-actions.md section 10.2), else Postgres' without the value.
func (e *SessionVariableError) Error() string {
	if e.Type == "" {
		return fmt.Sprintf("missing session variable: %q", e.Name)
	}
	return fmt.Sprintf("session variable %q: invalid input syntax for type %s", e.Name, e.Type)
}

// sessionParameter is a parameter that is a session variable's value.
type sessionParameter struct {
	name string
	kind keyKind // what the value is checked for before it is sent
	typ  string  // as Postgres names it
	cast string
}

// NewSessionValue makes the right side of a comparison of a column of type t out of a session variable, whose name is in
// lower case. Its text is cast by Postgres: for _in, _nin and _has_keys_* it is an array literal.
func NewSessionValue(t catalog.Type, asText bool, o Operator, name string) Value {
	t, suffix := operandType(t, asText, o)
	p := &sessionParameter{name: name, kind: keyText, typ: typeName(t) + suffix, cast: t.Base.Quoted() + suffix}
	if suffix == "" {
		p.kind = keyKindOf(t)
	}
	return Value{variable: p}
}

// value is the session's. A missing variable and one that can't be of the type are refused before anything is sent.
func (p *sessionParameter) value(s Session) (string, error) {
	value, ok := s.Variables[p.name]
	if !ok {
		return "", &SessionVariableError{Name: p.name}
	}
	text, ok := p.kind.check([]byte(value))
	if !ok {
		return "", &SessionVariableError{Name: p.name, Type: p.typ}
	}
	return string(text), nil
}

// bind gives the parameters after the keys their values.
func (s *Statement) bind(session Session) ([]any, error) {
	if !s.bySession && !s.computes {
		return s.parameters, nil
	}
	out := slices.Clone(s.parameters)
	for i, p := range out {
		switch p := p.(type) {
		case sessionVariables:
			out[i] = session.json()
		case *sessionParameter:
			value, err := p.value(session)
			if err != nil {
				return nil, err
			}
			out[i] = value
		}
	}
	return out, nil
}

// json is the session variables as a JSON object.
func (s Session) json() string {
	if len(s.Variables) == 0 {
		return "{}"
	}
	text, _ := json.Marshal(s.Variables) // texts can't fail
	return string(text)
}
