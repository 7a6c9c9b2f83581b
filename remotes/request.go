package remotes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
)

// Call is a relationship with one selection, to be followed from many objects.
type Call struct {
	Relationship *Relationship
	Selection    *Selection
	// Inputs are the values of the relationship's inputs, for each object, as JSON that isn't null.
	Inputs [][][]byte
	// Argument appends the value that a client gives an argument of a field as JSON; ok is false where it gives none.
	Argument func(dst []byte, f *ast.Field, name string) (json []byte, ok bool, err error)

	Outputs []Output // by Inputs: Do sets them
}

// Output is what a relationship gives for one object.
type Output struct {
	JSON   []byte // nil where there is none: it is null
	Errors []Error
}

// request is what is sent to a service: all calls of a wave, or a part of them.
type request struct {
	session   Session
	head      bytes.Buffer // definitions of variables
	fields    bytes.Buffer
	fragments bytes.Buffer
	variables bytes.Buffer
}

// newRequest writes the request's body. What can't be asked has the error in its outputs and isn't in it; sent is false
// where nothing is left.
func newRequest(session Session, calls []*Call) (body []byte, sent bool) {
	r := &request{session: session}
	for i, c := range calls {
		asked, err := r.call(i, c)
		if err != nil {
			fail(c, err)
		}
		sent = sent || asked
	}
	if !sent {
		return nil, false
	}
	document := "query joinery"
	if r.head.Len() > 0 {
		document += "(" + r.head.String() + ")"
	}
	document += "{" + r.fields.String() + "}" + r.fragments.String()
	body, _ = jsontext.AppendQuote([]byte(`{"query":`), document)
	body = append(body, `,"operationName":"joinery","variables":{`...)
	body = append(body, bytes.TrimSuffix(r.variables.Bytes(), []byte(","))...)
	return append(body, "}}"...), true
}

func fail(c *Call, err error) {
	for i := range c.Outputs {
		c.Outputs[i] = Output{Errors: []Error{{Err: err}}}
	}
}

// call adds a call; asked is false where that adds nothing. An input that the service can't take costs its own place.
func (r *request) call(i int, c *Call) (asked bool, err error) {
	undo := r.mark()
	if err := r.selection(i, c); err != nil {
		undo()
		return false, err
	}
	for k := range c.Inputs {
		undoKey := r.mark()
		if err := r.key(i, k, c); err != nil {
			undoKey()
			c.Outputs[k].Errors = []Error{{Err: err}}
			continue
		}
		asked = true
	}
	if !asked {
		undo() // a fragment that nothing uses is no valid document
	}
	return asked, nil
}

// mark returns what takes back all that is written from now on.
func (r *request) mark() (undo func()) {
	buffers := [4]*bytes.Buffer{&r.head, &r.fields, &r.fragments, &r.variables}
	var lengths [4]int
	for i, b := range buffers {
		lengths[i] = b.Len()
	}
	return func() {
		for i, b := range buffers {
			b.Truncate(lengths[i])
		}
	}
}

// variable adds a variable with a value.
func (r *request) variable(name, typ string, value []byte) {
	fmt.Fprintf(&r.head, "$%s:%s ", name, typ)
	if value != nil {
		fmt.Fprintf(&r.variables, "%q:%s,", name, value)
	}
}

// selection adds the fragment of what is selected, and the variables that all keys of a call share.
func (r *request) selection(i int, c *Call) error {
	for n, p := range c.Selection.params {
		if err := r.param(fmt.Sprintf("c%dp%d", i, n), c, p); err != nil {
			return err
		}
	}
	for n, p := range c.Selection.open {
		if err := r.param(fmt.Sprintf("c%do%d", i, n), c, p); err != nil {
			return err
		}
	}
	for s, step := range c.Relationship.steps {
		for n, b := range step.bound {
			if b.constant {
				value, err := appendBound(b, nil, nil)
				if err != nil {
					return err
				}
				r.variable(fmt.Sprintf("c%ds%db%d", i, s, n), b.argument.Type.String(), value)
			}
		}
	}
	if text := c.Selection.text; len(text) > 1 || text[0] != "" {
		fmt.Fprintf(&r.fragments, "fragment c%d on %s", i, c.Relationship.last().field.Type.Name())
		for n, part := range text {
			if n > 0 {
				fmt.Fprintf(&r.fragments, "$c%dp%d", i, n-1)
			}
			r.fragments.WriteString(part)
		}
	}
	return nil
}

// param adds the variable of an argument that a client gives, or that the role's permission presets.
func (r *request) param(name string, c *Call, p param) error {
	if p.preset != nil {
		value, err := r.session.preset(p)
		if err != nil {
			return err
		}
		r.variable(name, p.typ, value)
		return nil
	}
	value, ok, err := c.Argument(nil, p.field, p.name)
	if err != nil {
		return err
	}
	if !ok {
		r.variable(name, p.typ, nil)
		return nil
	}
	if p.only != nil {
		var decoded any
		if err := json.Unmarshal(value, &decoded); err != nil {
			return err
		}
		if !p.only.allows(p.typeOf, decoded) {
			return &DeniedError{fmt.Sprintf("the value of argument %q of field %q is not permitted to the role %q", p.name, p.field.Name, r.session.Role)}
		}
	}
	r.variable(name, p.typ, value)
	return nil
}

// key adds the root field of one object.
func (r *request) key(i, k int, c *Call) error {
	fmt.Fprintf(&r.fields, "c%dk%d:", i, k)
	steps := c.Relationship.steps
	for s, step := range steps {
		r.fields.WriteString(step.field.Name)
		var arguments []string
		for n, b := range step.bound {
			name := fmt.Sprintf("c%ds%db%d", i, s, n)
			if !b.constant {
				name = fmt.Sprintf("c%dk%ds%db%d", i, k, s, n)
				value, err := appendBound(b, c.Relationship.inputs, c.Inputs[k])
				if err != nil {
					return err
				}
				r.variable(name, b.argument.Type.String(), value)
			}
			arguments = append(arguments, b.argument.Name+":$"+name)
		}
		if s == len(steps)-1 {
			for n, p := range c.Selection.open {
				arguments = append(arguments, fmt.Sprintf("%s:$c%do%d", p.name, i, n))
			}
		}
		if len(arguments) > 0 {
			r.fields.WriteString("(" + strings.Join(arguments, " ") + ")")
		}
		switch {
		case s < len(steps)-1:
			r.fields.WriteByte('{')
		case len(c.Selection.text) > 1 || c.Selection.text[0] != "":
			fmt.Fprintf(&r.fields, "{...c%d}", i)
		}
	}
	r.fields.WriteString(strings.Repeat("}", len(steps)-1) + " ")
	return nil
}

// appendBound writes the value of an argument that the relationship gives.
func appendBound(b bound, names []string, inputs [][]byte) ([]byte, error) {
	v := valueWriter{names: names, inputs: inputs}
	v.value(b.value, b.argument.Type)
	return v.out, v.err
}

// valueWriter writes decoded YAML as JSON, with inputs in the places of their names.
type valueWriter struct {
	names  []string
	inputs [][]byte
	out    []byte
	err    error
}

// value writes a value; typ is nil within objects.
func (w *valueWriter) value(value any, typ *ast.Type) {
	switch v := value.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, "$"); ok {
			w.input(w.inputs[slices.Index(w.names, name)], typ)
			return
		}
		w.out, _ = jsontext.AppendQuote(w.out, v)
	case []any:
		var elem *ast.Type
		if typ != nil {
			elem = typ.Elem
		}
		w.out = append(w.out, '[')
		for i, e := range v {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			w.value(e, elem)
		}
		w.out = append(w.out, ']')
	case map[string]any:
		w.out = append(w.out, '{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			w.out, _ = jsontext.AppendQuote(w.out, name)
			w.out = append(w.out, ':')
			w.value(v[name], nil)
		}
		w.out = append(w.out, '}')
	default:
		text, err := json.Marshal(value)
		w.out, w.err = append(w.out, text...), cmp.Or(w.err, err)
	}
}

// input writes an input. A number becomes a string where a String or an ID is expected, which a bigint's key most often
// is. One that is no Int where one is expected would have the service refuse the whole request.
func (w *valueWriter) input(input []byte, typ *ast.Type) {
	named := ""
	if typ != nil {
		named = typ.NamedType
	}
	isText := len(input) == 0 || input[0] == '"'
	switch {
	case (named == "String" || named == "ID") && !isText && input[0] != '{' && input[0] != '[':
		w.out = strconv.AppendQuote(w.out, string(input))
		return
	case named == "Int" && !isInt32(input):
		w.err = &ArgumentError{"a key is no Int, which the remote schema expects"}
	}
	w.out = append(w.out, input...)
}

func isInt32(json []byte) bool {
	_, err := strconv.ParseInt(string(json), 10, 32)
	return err == nil
}
