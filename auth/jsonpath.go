package auth

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// jsonPath is a way into a JSON value: names (string) and places (int). The empty one is the value itself.
type jsonPath struct {
	text  string
	steps []any
}

var (
	nameStep   = regexp.MustCompile(`^\.?([A-Za-z_][A-Za-z0-9_-]*)`)
	indexStep  = regexp.MustCompile(`^\[([0-9]{1,9})\]`)
	quotedStep = regexp.MustCompile(`^\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]`)
	escaped    = regexp.MustCompile(`\\(.)`)
)

var errPath = errors.New(`want a JSON path such as $.user.roles[0] or $.hasura['claims%']`)

// parsePath reads the JSON paths that Hasura takes: $, .name, ['name'], ["name"] and [0]. The $ may be missing.
func parsePath(text string) (jsonPath, error) {
	p := jsonPath{text: text}
	rest, rooted := strings.CutPrefix(text, "$")
	for first := !rooted; rest != ""; first = false {
		step, length := nextStep(rest)
		if length == 0 || !first && length > 0 && isBareName(rest) {
			return jsonPath{}, errPath
		}
		p.steps = append(p.steps, step)
		rest = rest[length:]
	}
	if !rooted && len(p.steps) == 0 {
		return jsonPath{}, errPath
	}
	return p, nil
}

// isBareName reports whether rest begins with a name that no dot stands before, as only the first may.
func isBareName(rest string) bool { return rest[0] != '.' && rest[0] != '[' }

// nextStep reads one step; the length is 0 where there is none.
func nextStep(rest string) (step any, length int) {
	if m := nameStep.FindStringSubmatch(rest); m != nil {
		return m[1], len(m[0])
	}
	if m := indexStep.FindStringSubmatch(rest); m != nil {
		i, err := strconv.Atoi(m[1])
		if err != nil {
			return nil, 0
		}
		return i, len(m[0])
	}
	if m := quotedStep.FindStringSubmatch(rest); m != nil {
		return escaped.ReplaceAllString(m[1]+m[2], "$1"), len(m[0])
	}
	return nil, 0
}

// UnmarshalText parses the path.
func (p *jsonPath) UnmarshalText(text []byte) (err error) {
	*p, err = parsePath(string(text))
	return err
}

// find follows the path into a value of encoding/json.
func (p jsonPath) find(value any) (found any, ok bool) {
	for _, step := range p.steps {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			if value, ok = object[step]; !ok {
				return nil, false
			}
		case int:
			array, _ := value.([]any)
			if step >= len(array) {
				return nil, false
			}
			value = array[step]
		default:
			panic(fmt.Sprintf("BUG: step %T", step))
		}
	}
	return value, true
}
