package remotes

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// introspectionQuery asks for all that SDL has (GraphQL, section 4). Types are in each other no deeper than seven lists
// and marks.
const introspectionQuery = `query IntrospectionQuery {
  __schema {
    queryType { name }
    types {
      kind name description
      fields(includeDeprecated: true) { name description args { ...input } type { ...type } isDeprecated deprecationReason }
      inputFields { ...input }
      interfaces { name }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { name }
    }
  }
}
fragment input on __InputValue { name description type { ...type } defaultValue }
fragment type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }`

type introspection struct {
	Schema struct {
		QueryType struct{ Name string }
		Types     []introspectedType
	} `json:"__schema"`
}

type introspectedType struct {
	Kind, Name, Description string
	Fields                  []introspectedField
	InputFields             []introspectedInput
	Interfaces              []struct{ Name string }
	EnumValues              []introspectedField
	PossibleTypes           []struct{ Name string }
}

type introspectedField struct {
	Name, Description string
	Args              []introspectedInput
	Type              typeReference
	IsDeprecated      bool
	DeprecationReason *string
}

type introspectedInput struct {
	Name, Description string
	Type              typeReference
	DefaultValue      *string
}

type typeReference struct {
	Kind, Name string
	OfType     *typeReference
}

func (t *typeReference) String() string {
	switch {
	case t == nil:
		return ""
	case t.Kind == "NON_NULL":
		return t.OfType.String() + "!"
	case t.Kind == "LIST":
		return "[" + t.OfType.String() + "]"
	}
	return t.Name
}

// introspect asks a service for its schema and returns it as SDL.
func (c *Client) introspect(ctx context.Context, r *remote) (string, error) {
	body, _ := jsontext.AppendQuote([]byte(`{"query":`), introspectionQuery)
	answer, err := c.send(ctx, r, append(body, '}'), r.headers(nil), 0)
	if err != nil {
		return "", err
	}
	var parsed struct {
		Data   *introspection
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(answer, &parsed); err != nil {
		return "", fmt.Errorf("invalid answer to introspection: %w", err)
	}
	switch {
	case len(parsed.Errors) > 0:
		return "", fmt.Errorf("introspection was refused: %s", parsed.Errors[0].Message)
	case parsed.Data == nil || len(parsed.Data.Schema.Types) == 0:
		return "", fmt.Errorf("invalid answer to introspection: no types")
	}
	return parsed.Data.sdl(), nil
}

// sdl is the schema as SDL, without what every schema has.
func (i *introspection) sdl() string {
	var w sdlWriter
	fmt.Fprintf(&w, "schema { query: %s }\n", i.Schema.QueryType.Name)
	for _, t := range i.Schema.Types {
		if !strings.HasPrefix(t.Name, "__") && !builtIn[t.Name] {
			w.typ(t)
		}
	}
	return w.String()
}

// builtIn are the scalars that every schema has.
var builtIn = map[string]bool{"Int": true, "Float": true, "String": true, "Boolean": true, "ID": true}

type sdlWriter struct{ strings.Builder }

func (w *sdlWriter) describe(text string) {
	if text != "" {
		quoted, _ := jsontext.AppendQuote(nil, text)
		fmt.Fprintf(w, "%s ", quoted)
	}
}

func (w *sdlWriter) typ(t introspectedType) {
	w.describe(t.Description)
	switch t.Kind {
	case "SCALAR":
		fmt.Fprintf(w, "scalar %s\n", t.Name)
	case "UNION":
		fmt.Fprintf(w, "union %s = %s\n", t.Name, joinNames(t.PossibleTypes, " | "))
	case "ENUM":
		fmt.Fprintf(w, "enum %s {\n", t.Name)
		for _, v := range t.EnumValues {
			w.describe(v.Description)
			fmt.Fprintf(w, "%s%s\n", v.Name, v.deprecated())
		}
		w.WriteString("}\n")
	case "INPUT_OBJECT":
		fmt.Fprintf(w, "input %s {\n", t.Name)
		for _, f := range t.InputFields {
			w.input(f)
			w.WriteByte('\n')
		}
		w.WriteString("}\n")
	case "OBJECT", "INTERFACE":
		w.fields(t)
	}
}

func (w *sdlWriter) fields(t introspectedType) {
	keyword := map[string]string{"OBJECT": "type", "INTERFACE": "interface"}[t.Kind]
	fmt.Fprintf(w, "%s %s", keyword, t.Name)
	if len(t.Interfaces) > 0 {
		w.WriteString(" implements " + joinNames(t.Interfaces, " & "))
	}
	w.WriteString(" {\n")
	for _, f := range t.Fields {
		w.describe(f.Description)
		w.WriteString(f.Name)
		if len(f.Args) > 0 {
			w.WriteByte('(')
			for i, a := range f.Args {
				if i > 0 {
					w.WriteString(", ")
				}
				w.input(a)
			}
			w.WriteByte(')')
		}
		fmt.Fprintf(w, ": %s%s\n", &f.Type, f.deprecated())
	}
	w.WriteString("}\n")
}

func (w *sdlWriter) input(v introspectedInput) {
	w.describe(v.Description)
	fmt.Fprintf(w, "%s: %s", v.Name, &v.Type)
	if v.DefaultValue != nil {
		w.WriteString(" = " + *v.DefaultValue)
	}
}

func (f introspectedField) deprecated() string {
	if !f.IsDeprecated {
		return ""
	}
	if f.DeprecationReason == nil {
		return " @deprecated"
	}
	reason, _ := jsontext.AppendQuote(nil, *f.DeprecationReason)
	return fmt.Sprintf(" @deprecated(reason: %s)", reason)
}

func joinNames(list []struct{ Name string }, separator string) string {
	names := make([]string, len(list))
	for i, n := range list {
		names[i] = n.Name
	}
	return strings.Join(names, separator)
}
