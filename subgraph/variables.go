package subgraph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// rawVariable is a variable as the request had it.
type rawVariable struct{ json []byte }

// MarshalJSON gives the request's bytes.
func (v rawVariable) MarshalJSON() ([]byte, error) { return v.json, nil }

// rawList is a list that stays as the request had it: of representations, which package entities reads, or of strings. Its
// length is zero, so that gqlparser, which would make a value of each element, finds none; the text is in its capacity.
type rawList []byte

func newRawList(json []byte) rawList { return json[:0:len(json)] }

func (l rawList) json() []byte { return l[:cap(l)] }

// MarshalJSON gives the request's bytes.
func (l rawList) MarshalJSON() ([]byte, error) { return l.json(), nil }

// variables decodes the variables that the transport left as they were, now that the document is known: lists of
// representations stay raw, because decoding them into maps costs more than all the rest of a request
// (performance.md). It also refuses what gqlparser's coercion lets through.
type variables struct {
	schema  *ast.Schema
	limits  *Limits
	metrics *limitMetrics
}

var (
	_ graphql.OperationParameterMutator = variables{}
	_ graphql.OperationContextMutator   = variables{}
)

func (variables) ExtensionName() string                   { return "Variables" }
func (variables) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters decodes the raw variables.
func (m variables) MutateOperationParameters(ctx context.Context, p *graphql.RawParams) *gqlerror.Error {
	if len(p.Variables) == 0 {
		return nil
	}
	r := requestFrom(ctx)
	if r.document.orders {
		r.variables = maps.Clone(p.Variables)
	}
	values := 0
	for name, value := range p.Variables {
		v, ok := value.(rawVariable)
		if !ok {
			continue
		}
		if r.document.lists[name] && v.json[0] == '[' {
			p.Variables[name] = newRawList(v.json)
			continue
		}
		if values += countValues(v.json, m.limits.Values); values > m.limits.Values {
			err := tooMany("values", "variables have more than %d values", m.limits.Values)
			m.metrics.count(ctx, err.limit)
			return &gqlerror.Error{Message: err.Error(), Extensions: code(CodeLimitExceeded)}
		}
		if r.document.texts[name] && isStrings(v.json) {
			p.Variables[name] = newRawList(v.json)
			continue
		}
		decoded, err := v.decode()
		if err != nil {
			return invalidVariable(name, errors.New("invalid JSON"))
		}
		p.Variables[name] = decoded
	}
	return nil
}

// decode makes a value of it, with numbers as they are written. A string, as most are, needs no decoder with a buffer of its own.
func (v rawVariable) decode() (decoded any, err error) {
	if v.json[0] == '"' {
		text, err := jsontext.AppendUnquote(nil, v.json)
		return string(text), err
	}
	dec := json.NewDecoder(bytes.NewReader(v.json))
	dec.UseNumber()
	err = dec.Decode(&decoded)
	return decoded, err
}

// isStrings reports whether valid JSON is a list of strings: between them there is then nothing but commas.
func isStrings(text []byte) bool {
	if text[0] != '[' {
		return false
	}
	for i := 1; i < len(text)-1; i++ {
		switch text[i] {
		case ' ', '\t', '\n', '\r', ',':
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		default:
			return false
		}
	}
	return true
}

// countValues is how many tokens a JSON text has: values, names of members, brackets. Where it is too short to have more than
// half of the limit it isn't looked at: a value and what parts it from the next are two bytes.
func countValues(text []byte, limit int) int {
	if len(text) < limit {
		return len(text) / 2
	}
	n := 0
	for dec := jsontext.NewDecoder(bytes.NewBuffer(text)); n <= limit; n++ {
		if _, err := dec.ReadToken(); err != nil { // the end
			break
		}
	}
	return n
}

// orderSuffix ends the names of inputs the order of whose members counts.
const orderSuffix = "_order_by"

func invalidVariable(name string, reason error) *gqlerror.Error {
	err := gqlerror.Errorf("variable %q: %v", "$"+name, reason)
	errcode.Set(err, errcode.ValidationFailed)
	return err
}

// MutateOperationContext finishes gqlparser's coercion of variables (GraphQL, section 3): it takes numbers for strings,
// strings for numbers, integers of any size and enum values in any case, leaves numbers as IDs, and makes no lists of
// the elements of lists.
func (m variables) MutateOperationContext(ctx context.Context, oc *graphql.OperationContext) *gqlerror.Error {
	for _, d := range oc.Operation.VariableDefinitions {
		value, ok := oc.Variables[d.Variable]
		if !ok || value == nil {
			continue
		}
		if _, ok := value.(rawList); ok {
			continue
		}
		coerced, err := m.coerce(exact(value, d.DefaultValue), d.Type)
		if err != nil {
			return invalidVariable(d.Variable, err)
		}
		oc.Variables[d.Variable] = coerced
		if strings.HasSuffix(d.Type.Name(), orderSuffix) { // in Go's maps the order of its members is lost
			if raw, ok := requestFrom(ctx).inOrder(d); ok {
				oc.Variables[d.Variable] = raw
			}
		}
	}
	return nil
}

// exact is a default with its numbers as they are written, where a variable has it: gqlparser rounds them.
func exact(value any, def *ast.Value) any {
	if rounded, err := def.Value(nil); def == nil || err != nil || !reflect.DeepEqual(rounded, value) {
		return value
	}
	return literal(def)
}

func literal(v *ast.Value) any {
	switch v.Kind {
	case ast.IntValue, ast.FloatValue:
		return json.Number(v.Raw)
	case ast.ListValue:
		list := make([]any, len(v.Children))
		for i, c := range v.Children {
			list[i] = literal(c.Value)
		}
		return list
	case ast.ObjectValue:
		object := map[string]any{}
		for _, c := range v.Children {
			object[c.Name] = literal(c.Value)
		}
		return object
	default:
		value, _ := v.Value(nil) // errs on numbers only
		return value
	}
}

// coerce makes a value one of an input type. A single value where a list is expected becomes a list of one.
func (m variables) coerce(value any, typ *ast.Type) (any, error) {
	switch {
	case value == nil && typ.NonNull:
		return nil, errors.New("cannot be null")
	case value == nil:
		return nil, nil
	case typ.Elem != nil:
		return m.coerceList(value, typ.Elem)
	}
	switch def := m.schema.Types[typ.NamedType]; def.Kind {
	case ast.InputObject:
		return m.coerceObject(value, def)
	case ast.Enum:
		if text, ok := value.(string); ok && def.EnumValues.ForName(text) != nil {
			return value, nil
		}
		return nil, fmt.Errorf("invalid value of enum %s", def.Name)
	default:
		return coerceScalar(value, def.Name)
	}
}

func (m variables) coerceList(value any, element *ast.Type) (any, error) {
	elements := reflect.ValueOf(value)
	if elements.Kind() != reflect.Slice { // gqlparser's own lists of one have the type of their element
		elements = reflect.ValueOf([]any{value})
	}
	list := make([]any, elements.Len())
	for i := range list {
		var err error
		if list[i], err = m.coerce(elements.Index(i).Interface(), element); err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
	}
	return list, nil
}

func (m variables) coerceObject(value any, def *ast.Definition) (any, error) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("invalid value of input object %s", def.Name)
	}
	for name, member := range object {
		f := def.Fields.ForName(name)
		if f == nil {
			return nil, fmt.Errorf("unknown field %q", shorten(name, maxQuoted))
		}
		coerced, err := m.coerce(member, f.Type)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", name, err)
		}
		object[name] = coerced
	}
	return object, nil
}

// coerceScalar leaves values of custom scalars as they are.
func coerceScalar(value any, name string) (any, error) {
	ok := true
	switch name {
	case "Int":
		value, ok = integer(value)
	case "Float":
		ok = isNumber(value)
	case "ID":
		value, ok = identifier(value)
	case "String":
		_, ok = value.(string)
	case "Boolean":
		_, ok = value.(bool)
	}
	if !ok {
		return nil, fmt.Errorf("invalid value of type %s", name)
	}
	return value, nil
}

func isNumber(value any) bool {
	switch value.(type) {
	case json.Number, int64, float64:
		return true
	}
	return false
}

// integer bounds integers to 32 bits (GraphQL, section 3.5.1).
func integer(value any) (any, bool) {
	switch n := value.(type) {
	case int64:
		return n, n >= math.MinInt32 && n <= math.MaxInt32
	case json.Number:
		i, err := strconv.ParseInt(n.String(), 10, 32)
		return i, err == nil
	}
	return nil, false
}

// identifier makes an integer the string that IDs are (GraphQL, section 3.5.5).
func identifier(value any) (any, bool) {
	switch id := value.(type) {
	case string:
		return id, true
	case int64:
		return strconv.FormatInt(id, 10), true
	case json.Number:
		return id.String(), !strings.ContainsAny(id.String(), ".eE")
	}
	return nil, false
}
