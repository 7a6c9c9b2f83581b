package subgraph

import (
	"encoding/json"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
)

// appendArguments writes a field's arguments as a JSON object. An argument that was left out, or whose variable was, is
// absent; an explicit null is null (hasura-actions.md section 3).
func appendArguments(dst []byte, f *ast.Field, variables map[string]any) ([]byte, error) {
	var err error
	dst = append(dst, '{')
	first := true
	for _, a := range f.Arguments {
		if absent(a.Value, variables) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst, _ = jsontext.AppendQuote(dst, a.Name)
		dst = append(dst, ':')
		definition := f.Definition.Arguments.ForName(a.Name)
		if dst, err = appendValue(dst, a.Value, definition.Type, variables); err != nil {
			return nil, fmt.Errorf("argument %q: %w", a.Name, err)
		}
	}
	return append(dst, '}'), nil
}

func absent(v *ast.Value, variables map[string]any) bool {
	if v.Kind != ast.Variable {
		return false
	}
	_, ok := variables[v.Raw]
	return !ok
}

// appendValue writes a literal or a variable as JSON. A single value where a list is expected becomes a list of one
// (GraphQL, section 3.11). typ is nil within values of custom scalars.
func appendValue(dst []byte, v *ast.Value, typ *ast.Type, variables map[string]any) ([]byte, error) {
	if typ != nil && typ.Elem != nil && v.Kind != ast.ListValue && v.Kind != ast.NullValue && v.Kind != ast.Variable {
		dst, err := appendValue(append(dst, '['), v, typ.Elem, variables)
		return append(dst, ']'), err
	}
	switch v.Kind {
	case ast.Variable:
		return appendVariable(dst, variables[v.Raw])
	case ast.IntValue:
		if typ != nil && typ.NamedType == "ID" {
			return jsontext.AppendQuote(dst, v.Raw)
		}
		return append(dst, v.Raw...), nil
	case ast.FloatValue, ast.BooleanValue:
		return append(dst, v.Raw...), nil
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		return jsontext.AppendQuote(dst, v.Raw)
	case ast.ListValue:
		return appendList(dst, v, typ, variables)
	case ast.ObjectValue:
		return appendObject(dst, v, variables)
	default:
		return append(dst, "null"...), nil
	}
}

func appendVariable(dst []byte, value any) ([]byte, error) {
	if raw, ok := value.(rawList); ok {
		return append(dst, raw.json()...), nil
	}
	if raw, ok := value.(rawVariable); ok {
		return append(dst, raw.json...), nil
	}
	text, err := json.Marshal(value)
	return append(dst, text...), err
}

func appendList(dst []byte, v *ast.Value, typ *ast.Type, variables map[string]any) ([]byte, error) {
	var element *ast.Type
	if typ != nil {
		element = typ.Elem
	}
	var err error
	dst = append(dst, '[')
	for i, c := range v.Children {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendValue(dst, c.Value, element, variables); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, v *ast.Value, variables map[string]any) ([]byte, error) {
	var err error
	dst = append(dst, '{')
	first := true
	for _, c := range v.Children {
		if absent(c.Value, variables) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst, _ = jsontext.AppendQuote(dst, c.Name)
		dst = append(dst, ':')
		var typ *ast.Type
		if v.Definition != nil {
			if f := v.Definition.Fields.ForName(c.Name); f != nil {
				typ = f.Type
			}
		}
		if dst, err = appendValue(dst, c.Value, typ, variables); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// argument is the JSON of one argument alone. It may share the request's memory.
func argument(f *ast.Field, name string, variables map[string]any) ([]byte, error) {
	value := f.Arguments.ForName(name).Value
	if value.Kind == ast.Variable {
		if raw, ok := variables[value.Raw].(rawList); ok {
			return raw.json(), nil
		}
	}
	return appendValue(nil, value, f.Definition.Arguments.ForName(name).Type, variables)
}
