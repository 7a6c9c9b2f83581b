package entities

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/joinery-graphql/joinery/catalog"
)

// TakesPath reports whether the field has the argument path: columns and computed fields of json and jsonb have
// (hasura-actions.md section 12).
func (f *Field) TakesPath() bool {
	return f.Column != nil && holdsJSON(f.Column.Type)
}

// holdsJSON reports whether values are JSON. Domains and lists aren't.
func holdsJSON(t catalog.Type) bool {
	return !t.Array && (t.Name == pgCatalog("json") || t.Name == pgCatalog("jsonb"))
}

// jsonPath leads from a JSON value to one within it, by names and indexes.
type jsonPath []string

// pathArgument is what the argument path says in a run. An err means that there is no value.
type pathArgument struct {
	path jsonPath
	err  error
}

// pathOf reads a field's argument. A null or absent one leads to the whole value.
func pathOf(a *Arguments, variables map[string]any) pathArgument {
	object, err := a.JSON(variables)
	if err != nil {
		return pathArgument{err: err}
	}
	in := &scanner{json: object}
	value := in.at(in.member("path"))
	if len(value) == 0 || isNull(value) {
		return pathArgument{}
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return pathArgument{err: &ArgumentError{Place: "path", Reason: err.Error()}}
	}
	path, err := parsePath(string(text))
	if err != nil {
		err = &ArgumentError{Place: "path", Reason: fmt.Sprintf("%q: %v", text, err)}
	}
	return pathArgument{path, err}
}

var (
	errPathName    = errors.New(`want names of letters, digits, "_" and "-", such as $.a.b[0]; quote others: $["a b"]`)
	errPathBracket = errors.New(`want an index or a quoted name in brackets: $[0], $["a b"]`)
)

// parsePath reads Hasura's form of a JSONPath: an optional $, then names, each after an optional point, and indexes and quoted
// names in brackets (Hasura's source, Data.Parser.JSONPath).
func parsePath(text string) (jsonPath, error) {
	path := jsonPath{}
	rest := strings.TrimPrefix(text, "$")
	for rest != "" {
		var step string
		var err error
		if rest[0] == '[' {
			step, rest, err = bracketed(rest[1:])
		} else {
			step, rest, err = named(strings.TrimPrefix(rest, "."))
		}
		if err != nil {
			return nil, err
		}
		path = append(path, step)
	}
	return path, nil
}

func named(text string) (name, rest string, err error) {
	end := 0
	for end < len(text) && isNameByte(text[end], end == 0) {
		end++
	}
	if end == 0 {
		return "", "", errPathName
	}
	return text[:end], text[end:], nil
}

func isNameByte(c byte, first bool) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || !first && (c == '-' || '0' <= c && c <= '9')
}

// bracketed reads what follows a bracket, to its end.
func bracketed(text string) (step, rest string, err error) {
	switch {
	case strings.HasPrefix(text, `"`):
		quoted, err := jsontext.NewDecoder(strings.NewReader(text)).ReadValue()
		if err != nil {
			return "", "", errPathBracket
		}
		step, text = string(unquoteName(quoted)), text[len(quoted):]
	case strings.HasPrefix(text, `'`):
		end := strings.IndexByte(text[1:], '\'')
		if end < 0 {
			return "", "", errPathBracket
		}
		step, text = text[1:1+end], text[end+2:]
	default:
		end := len(text) - len(strings.TrimLeft(text, "0123456789"))
		if end == 0 {
			return "", "", errPathBracket
		}
		step, text = text[:end], text[end:]
	}
	if !strings.HasPrefix(text, "]") {
		return "", "", errPathBracket
	}
	return step, text[1:], nil
}

// find is the value that the path leads to, nil where there is none. As with jsonb's #>, a step into a list is an index, which
// counts from the end where it is negative; the last of equal names counts.
func (p jsonPath) find(json []byte) []byte {
	for _, step := range p {
		if len(json) == 0 {
			return nil
		}
		in := &scanner{json: json}
		var value text
		switch in.peek() {
		case '{':
			value = in.member(step)
		case '[':
			value = inList(in, step)
		}
		if value.to == 0 {
			return nil
		}
		json = in.at(value)
	}
	return json
}

func inList(in *scanner, step string) text {
	index, err := strconv.Atoi(strings.TrimLeft(step, " \t\n\v\f\r")) // as C's strtol
	if err != nil {
		return text{}
	}
	var all []text
	in.skip()
	for i := 0; in.peek() != ']'; i++ {
		value := in.value()
		if i == index {
			return value
		}
		if index < 0 {
			all = append(all, value)
		}
	}
	if index < 0 && -index <= len(all) {
		return all[len(all)+index]
	}
	return text{}
}
