package auth0standin

import (
	"errors"
	"fmt"
	"strings"
)

// ParseQuery reads a search of the form that the stand-in understands and returns the ids that it
// asks for, in order, as they were before escaping:
//
//	user_id:"a"
//	user_id:("a" OR "b" OR "c")
//
// In a quoted phrase a backslash takes the next character literally (Lucene query syntax). Anything
// else is an error, other Lucene queries included.
func ParseQuery(query string) ([]string, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(query), "user_id:")
	if !ok {
		return nil, errors.New(`invalid query: only user_id:"..." and user_id:("..." OR "...") are understood`)
	}
	list, grouped := strings.CutPrefix(rest, "(")
	if !grouped {
		id, rest, err := phrase(rest)
		if err != nil {
			return nil, err
		}
		if rest != "" {
			return nil, fmt.Errorf("invalid query: unexpected text after the phrase at byte %d", len(query)-len(rest))
		}
		return []string{id}, nil
	}
	return group(list)
}

// group reads `"a" OR "b")` to the end of the query.
func group(s string) ([]string, error) {
	var ids []string
	for {
		id, rest, err := phrase(strings.TrimLeft(s, " "))
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
		rest = strings.TrimLeft(rest, " ")
		if rest == ")" {
			return ids, nil
		}
		next, ok := strings.CutPrefix(rest, "OR ")
		if !ok {
			return nil, fmt.Errorf("invalid query: missing OR or the closing parenthesis after %d phrases", len(ids))
		}
		s = next
	}
}

// phrase reads one quoted phrase and returns what follows it.
func phrase(s string) (text, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		return "", "", errors.New("invalid query: missing a quoted phrase")
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], nil
		case '\\':
			i++
			if i == len(s) {
				return "", "", errors.New("invalid query: backslash at the end")
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", errors.New("invalid query: phrase without a closing quote")
}
