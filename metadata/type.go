package metadata

import (
	"errors"
	"fmt"
	"strings"
)

// Type is a reference to a GraphQL type. A list has Elem, anything else a Name.
type Type struct {
	Name    string
	Elem    *Type
	NonNull bool
}

// String is the reference as SDL writes it, such as "[Int!]!".
func (t *Type) String() string {
	s := t.Name
	if t.Elem != nil {
		s = "[" + t.Elem.String() + "]"
	}
	if t.NonNull {
		s += "!"
	}
	return s
}

// Named is the name inside all lists.
func (t *Type) Named() string {
	for t.Elem != nil {
		t = t.Elem
	}
	return t.Name
}

// maxListDepth is how many lists may stand in each other.
const maxListDepth = 16

// parseType reads a reference as the server form of the metadata writes it, such as "[Int!]!".
func parseType(s string) (*Type, error) {
	return parseListType(strings.TrimSpace(s), maxListDepth)
}

func parseListType(s string, depth int) (*Type, error) {
	t := &Type{}
	if rest, ok := strings.CutSuffix(s, "!"); ok {
		s, t.NonNull = strings.TrimSpace(rest), true
	}
	if !strings.HasPrefix(s, "[") || !strings.HasSuffix(s, "]") {
		t.Name = s
		if !isGraphQLName(s) {
			return nil, fmt.Errorf("invalid type name %q", s)
		}
		return t, nil
	}
	if depth == 0 {
		return nil, errors.New("invalid type: too many lists in each other")
	}
	var err error
	t.Elem, err = parseListType(strings.TrimSpace(s[1:len(s)-1]), depth-1)
	return t, err
}
