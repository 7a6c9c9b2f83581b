package remotes

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// permission is the part of a service's schema that a role may use: nil means all of it, which is the admin's.
type permission struct {
	types map[string]*ast.Definition // by the service's name
	query string                     // the name of the root type
}

// newPermission reads a remote schema permission: SDL, in the service's own names, that is a part of its schema. Arguments
// with @preset have a value that clients can't give.
func newPermission(s *schema, sdl string) (*permission, error) {
	doc, err := parser.ParseSchema(&ast.Source{Input: sdl})
	if err != nil {
		var gql *gqlerror.Error
		if errors.As(err, &gql) {
			return nil, fmt.Errorf("invalid SDL: %s", gql.Message)
		}
		return nil, fmt.Errorf("invalid SDL: %w", err)
	}
	p := &permission{types: map[string]*ast.Definition{}, query: "Query"}
	for _, d := range append(doc.Definitions, doc.Extensions...) {
		if have := p.types[d.Name]; have != nil {
			have.Fields = append(have.Fields, d.Fields...)
			continue
		}
		p.types[d.Name] = d
	}
	for _, d := range doc.Schema {
		for _, o := range d.OperationTypes {
			if o.Operation == ast.Query {
				p.query = o.Type
			}
		}
	}
	if p.types[p.query] == nil {
		return nil, fmt.Errorf("missing type %q", p.query)
	}
	return p, p.check(s)
}

// check wants the SDL to be a part of the service's schema.
func (p *permission) check(s *schema) error {
	for name, d := range p.types {
		own := s.Types[p.ownType(s, name)]
		if own == nil || own.Kind != d.Kind {
			return fmt.Errorf("the remote schema has no %s %q", d.Kind, name)
		}
		for _, f := range d.Fields {
			if err := checkField(d, f, own.Fields.ForName(f.Name)); err != nil {
				return err
			}
			for _, a := range f.Arguments {
				if preset(a) != nil {
					s.presets[own.Fields.ForName(f.Name).Arguments.ForName(a.Name)] = true
				}
			}
		}
		for _, v := range d.EnumValues {
			if own.EnumValues.ForName(v.Name) == nil {
				return fmt.Errorf("the enum %q of the remote schema has no value %q", name, v.Name)
			}
		}
	}
	return nil
}

func (p *permission) ownType(s *schema, name string) string {
	if name == p.query {
		return s.Query.Name
	}
	return name
}

func checkField(d *ast.Definition, f, own *ast.FieldDefinition) error {
	if own == nil {
		return fmt.Errorf("the type %q of the remote schema has no field %q", d.Name, f.Name)
	}
	if f.Directives.ForName("preset") != nil {
		return fmt.Errorf("@preset of the input field %q of %q is not served", f.Name, d.Name)
	}
	for _, a := range f.Arguments {
		if own.Arguments.ForName(a.Name) == nil {
			return fmt.Errorf("the field %q of type %q of the remote schema has no argument %q", f.Name, d.Name, a.Name)
		}
		if preset := a.Directives.ForName("preset"); preset != nil && preset.Arguments.ForName("value") == nil {
			return fmt.Errorf("@preset of argument %q of field %q has no value", a.Name, f.Name)
		}
	}
	for _, a := range own.Arguments {
		if a.Type.NonNull && a.DefaultValue == nil && f.Arguments.ForName(a.Name) == nil {
			return fmt.Errorf("the argument %q of field %q of type %q is required, and left out", a.Name, f.Name, d.Name)
		}
	}
	return nil
}

// field is a field of a type as the role may use it, nil where it may not. Without a permission it is the service's own.
func (p *permission) field(s *schema, typeName, name string) *ast.FieldDefinition {
	if p == nil {
		return s.Types[typeName].Fields.ForName(name)
	}
	if typeName == s.Query.Name {
		typeName = p.query
	}
	if t := p.types[typeName]; t != nil {
		return t.Fields.ForName(name)
	}
	return nil
}

// allows reports whether the role may give a value of a type: fields of input objects and values of enums that its SDL
// lacks it may not.
func (p *permission) allows(t *ast.Type, value any) bool {
	if p == nil || value == nil {
		return true
	}
	if t.Elem != nil {
		list, ok := value.([]any)
		if !ok {
			return p.allows(t.Elem, value)
		}
		for _, v := range list {
			if !p.allows(t.Elem, v) {
				return false
			}
		}
		return true
	}
	d := p.types[t.NamedType]
	switch v := value.(type) {
	case map[string]any:
		if d == nil || d.Kind != ast.InputObject {
			return d != nil // a custom scalar
		}
		for name, member := range v {
			if f := d.Fields.ForName(name); f == nil || !p.allows(f.Type, member) {
				return false
			}
		}
	case string:
		return d == nil || d.Kind != ast.Enum || d.EnumValues.ForName(v) != nil
	}
	return true
}

// preset is the value of an argument that clients can't give, nil where they can.
func preset(a *ast.ArgumentDefinition) *ast.Directive { return a.Directives.ForName("preset") }

// preset is the value of a preset argument: a literal, or a session variable unless it is said to be static.
func (s *Session) preset(p param) ([]byte, error) {
	value := p.preset.Arguments.ForName("value").Value
	static := p.preset.Arguments.ForName("static")
	isVariable := value.Kind == ast.StringValue && strings.HasPrefix(strings.ToLower(value.Raw), "x-hasura-")
	if !isVariable || static != nil && static.Value.Raw == "true" {
		decoded, err := value.Value(nil)
		if err != nil {
			return nil, err
		}
		return json.Marshal(decoded)
	}
	text, ok := s.Variables[strings.ToLower(value.Raw)]
	if !ok {
		return nil, &MissingVariableError{strings.ToLower(value.Raw)}
	}
	switch p.typeOf.Name() {
	case "Int", "Float", "Boolean":
		if json.Valid([]byte(text)) {
			return []byte(text), nil
		}
	}
	return jsontext.AppendQuote(nil, text)
}
