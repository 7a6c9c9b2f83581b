package subgraph

import (
	"bytes"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql/introspection"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
)

// introspector answers introspection over gqlgen's view of the schema (GraphQL, section 4). It is not on the way of
// ordinary requests, so it makes values and leaves the JSON to encoding/json.
type introspector struct {
	collector
}

// ordered is a JSON object that keeps the order of its members.
type ordered struct {
	keys   []string
	values []any
}

// MarshalJSON writes the members in their order.
func (o *ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, key := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		quoted, _ := jsontext.AppendQuote(nil, key)
		b.Write(quoted)
		b.WriteByte(':')
		value, err := json.Marshal(o.values[i])
		if err != nil {
			return nil, err
		}
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// resolver gives the value of a field of an introspection type.
type resolver func(f *collected) any

// object answers the sets' fields by resolve.
func (i *introspector) object(typeName string, sets []ast.SelectionSet, resolve resolver) any {
	out := &ordered{}
	for _, f := range i.fields(typeName, sets...) {
		value := any(typeName)
		if f.Name != "__typename" {
			value = resolve(f)
		}
		out.keys, out.values = append(out.keys, f.Alias), append(out.values, value)
	}
	return out
}

func (i *introspector) root(f *rootField) any {
	if f.Name == "__type" {
		name, _ := f.Arguments.ForName("name").Value.Value(i.variables)
		text, _ := name.(string)
		return i.typeOrNil(introspection.WrapTypeFromDef(i.schema.schema, i.schema.schema.Types[text]), f.collected)
	}
	s := introspection.WrapSchema(i.schema.schema)
	return i.object("__Schema", f.sets, func(f *collected) any {
		switch f.Name {
		case "types":
			return list(s.Types(), func(t *introspection.Type) any { return i.typeOf(t, f) })
		case "queryType":
			return i.typeOrNil(s.QueryType(), f)
		case "mutationType":
			return i.typeOrNil(s.MutationType(), f)
		case "subscriptionType":
			return i.typeOrNil(s.SubscriptionType(), f)
		case "directives":
			return list(s.Directives(), func(d *introspection.Directive) any { return i.directive(d, f) })
		default:
			return s.Description()
		}
	})
}

func list[T any](items []T, each func(*T) any) []any {
	out := make([]any, len(items))
	for i := range items {
		out[i] = each(&items[i])
	}
	return out
}

func (i *introspector) typeOrNil(t *introspection.Type, f *collected) any {
	if t == nil {
		return nil
	}
	return i.typeOf(t, f)
}

func (i *introspector) typeOf(t *introspection.Type, parent *collected) any {
	return i.object("__Type", parent.sets, func(f *collected) any {
		switch f.Name {
		case "kind":
			return t.Kind()
		case "name":
			return t.Name()
		case "description":
			return t.Description()
		case "specifiedByURL":
			return t.SpecifiedByURL()
		case "isOneOf":
			return t.IsOneOf()
		case "ofType":
			return i.typeOrNil(t.OfType(), f)
		default:
			return i.members(t, f)
		}
	})
}

// members are a type's lists, which are null for kinds that can't have them.
func (i *introspector) members(t *introspection.Type, f *collected) any {
	switch kind := t.Kind(); {
	case f.Name == "fields" && (kind == "OBJECT" || kind == "INTERFACE"):
		return list(t.Fields(i.flag(f, "includeDeprecated")), func(m *introspection.Field) any { return i.field(m, f) })
	case f.Name == "interfaces" && (kind == "OBJECT" || kind == "INTERFACE"):
		return list(t.Interfaces(), func(m *introspection.Type) any { return i.typeOf(m, f) })
	case f.Name == "possibleTypes" && (kind == "UNION" || kind == "INTERFACE"):
		return list(t.PossibleTypes(), func(m *introspection.Type) any { return i.typeOf(m, f) })
	case f.Name == "enumValues" && kind == "ENUM":
		return list(t.EnumValues(i.flag(f, "includeDeprecated")), func(m *introspection.EnumValue) any { return i.enumValue(m, f) })
	case f.Name == "inputFields" && kind == "INPUT_OBJECT":
		return list(t.InputFields(), func(m *introspection.InputValue) any { return i.inputValue(m, f) })
	}
	return nil
}

func (i *introspector) flag(f *collected, name string) bool {
	a := f.Arguments.ForName(name)
	if a == nil {
		return false
	}
	value, _ := a.Value.Value(i.variables)
	on, _ := value.(bool)
	return on
}

func (i *introspector) field(m *introspection.Field, parent *collected) any {
	return i.object("__Field", parent.sets, func(f *collected) any {
		switch f.Name {
		case "args":
			return list(m.Args, func(a *introspection.InputValue) any { return i.inputValue(a, f) })
		case "type":
			return i.typeOf(m.Type, f)
		default:
			return described(m.Name, m, f)
		}
	})
}

func (i *introspector) inputValue(m *introspection.InputValue, parent *collected) any {
	return i.object("__InputValue", parent.sets, func(f *collected) any {
		switch f.Name {
		case "type":
			return i.typeOf(m.Type, f)
		case "defaultValue":
			return m.DefaultValue
		default:
			return described(m.Name, m, f)
		}
	})
}

func (i *introspector) enumValue(m *introspection.EnumValue, parent *collected) any {
	return i.object("__EnumValue", parent.sets, func(f *collected) any { return described(m.Name, m, f) })
}

// deprecable is a field, an input value or an enum value.
type deprecable interface {
	Description() *string
	IsDeprecated() bool
	DeprecationReason() *string
}

// described gives what all that can be deprecated has.
func described(name string, m deprecable, f *collected) any {
	switch f.Name {
	case "name":
		return name
	case "description":
		return m.Description()
	case "isDeprecated":
		return m.IsDeprecated()
	default:
		return m.DeprecationReason()
	}
}

func (i *introspector) directive(m *introspection.Directive, parent *collected) any {
	return i.object("__Directive", parent.sets, func(f *collected) any {
		switch f.Name {
		case "name":
			return m.Name
		case "description":
			return m.Description()
		case "isRepeatable":
			return m.IsRepeatable
		case "locations":
			return m.Locations
		default:
			return list(m.Args, func(a *introspection.InputValue) any { return i.inputValue(a, f) })
		}
	})
}
