package actions

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/joinery-graphql/joinery/metadata"
)

// shape is an action's output type, compiled for [validator].
type shape struct {
	nonNull bool
	elem    *shape // of a list, else nil
	name    string // of the type, "" for a list
	kind    kind

	// Of an object: the non-null fields in the order of the type, and their places by name.
	required []string
	place    map[string]int
}

// kind says which JSON values a named type takes.
type kind int

const (
	opaque kind = iota // Postgres types, custom scalars, enums: anything
	object
	number  // Int, Float
	text    // String, ID
	boolean // Boolean
)

// newShape compiles t. Only the objects at the top, below any lists, are compiled further: Hasura doesn't look into
// nested objects (hasura-actions.md section 4.3).
func newShape(t *metadata.Type, objects map[string]*metadata.Object) *shape {
	if t.Elem != nil {
		return &shape{nonNull: t.NonNull, elem: newShape(t.Elem, objects)}
	}
	s := &shape{nonNull: t.NonNull, name: t.Name}
	switch o := objects[t.Name]; {
	case o != nil:
		s.kind = object
		s.requireFields(o.Fields)
	case t.Name == "Int" || t.Name == "Float":
		s.kind = number
	case t.Name == "String" || t.Name == "ID":
		s.kind = text
	case t.Name == "Boolean":
		s.kind = boolean
	}
	return s
}

func (s *shape) requireFields(fields []*metadata.Field) {
	s.place = make(map[string]int)
	for _, f := range fields {
		if f.Type.NonNull {
			s.place[f.Name] = len(s.required)
			s.required = append(s.required, f.Name)
		}
	}
}

// mismatch is Hasura's message for a value of another kind than s takes, or "". It calls numbers "String", too.
func (s *shape) mismatch(got jsontext.Kind) string {
	switch {
	case s.kind == opaque:
		return ""
	case got == jsontext.KindBeginArray:
		return "got array for the action webhook response, expecting " + s.name
	case got == jsontext.KindBeginObject && s.kind != object:
		return "got object for the action webhook response, expecting " + s.name
	case got == jsontext.KindString && s.kind != text, got == jsontext.KindNumber && s.kind != number:
		return "got scalar String for the action webhook response, expecting " + s.name
	case (got == jsontext.KindTrue || got == jsontext.KindFalse) && s.kind != boolean:
		return "got scalar Boolean for the action webhook response, expecting " + s.name
	}
	return ""
}

// validator checks a handler's answer in one pass over its bytes.
type validator struct {
	dec   *jsontext.Decoder
	in    bytes.Buffer
	fault string // the first misfit; "" as long as all fits
	seen  []bool // by place, of the object being read
	name  []byte // scratch, for names with escapes
}

var validators = sync.Pool{New: func() any {
	return &validator{dec: jsontext.NewDecoder(new(bytes.Buffer))}
}}

var errTrailing = errors.New("unexpected data after the top-level value")

// validate checks that body is one JSON value (RFC 8259, in UTF-8 and without duplicate names) of the shape s. The
// error says that it isn't JSON; fault is Hasura's message about JSON that doesn't fit, "" where it does. JSON is
// read to its end even after a fault, because Hasura parses first.
func validate(body []byte, s *shape) (fault string, err error) {
	v := validators.Get().(*validator)
	defer v.release()
	v.in = *bytes.NewBuffer(body)
	v.dec.Reset(&v.in)
	v.fault = ""
	if err := v.value(s); err != nil {
		return "", err
	}
	switch _, err := v.dec.ReadToken(); {
	case errors.Is(err, io.EOF):
		return v.fault, nil
	case err == nil:
		return "", errTrailing
	default:
		return "", err
	}
}

// release returns v to the pool without the answer's bytes.
func (v *validator) release() {
	v.in = bytes.Buffer{}
	v.dec.Reset(&v.in)
	validators.Put(v)
}

func (v *validator) fail(fault string) {
	if v.fault == "" {
		v.fault = fault
	}
}

// value checks the next value. The error is a fault of syntax, here and below.
func (v *validator) value(s *shape) error {
	got := v.dec.PeekKind()
	switch {
	case got == jsontext.KindNull:
		if s.nonNull {
			v.fail("got null for the action webhook response")
		}
	case s.elem != nil:
		if got == jsontext.KindBeginArray {
			return v.elements(s.elem)
		}
		v.fail("expecting array for the action webhook response")
	case s.kind == object && got == jsontext.KindBeginObject:
		return v.object(s)
	default:
		if m := s.mismatch(got); m != "" {
			v.fail(m)
		}
	}
	return v.skip()
}

func (v *validator) elements(elem *shape) error {
	if _, err := v.dec.ReadToken(); err != nil {
		return err
	}
	for v.dec.PeekKind() != jsontext.KindEndArray {
		if err := v.value(elem); err != nil {
			return err
		}
	}
	_, err := v.dec.ReadToken()
	return err
}

func (v *validator) object(s *shape) error {
	v.seen = append(v.seen[:0], make([]bool, len(s.required))...)
	if _, err := v.dec.ReadToken(); err != nil {
		return err
	}
	for v.dec.PeekKind() != jsontext.KindEndObject {
		if err := v.member(s); err != nil {
			return err
		}
	}
	for i, name := range s.required {
		if !v.seen[i] {
			v.fail(`field "` + name + `" expected in webhook response, but not found`)
		}
	}
	_, err := v.dec.ReadToken()
	return err
}

func (v *validator) member(s *shape) error {
	quoted, err := v.dec.ReadValue()
	if err != nil {
		return err
	}
	if i, ok := s.place[string(v.unquote(quoted))]; ok {
		v.seen[i] = true
		if v.dec.PeekKind() == jsontext.KindNull {
			v.fail(`expecting not null value for field "` + s.required[i] + `"`)
		}
	}
	return v.skip()
}

// unquote returns what stands between the quotes of a valid JSON string, without a copy where it has no escapes.
func (v *validator) unquote(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	v.name, _ = jsontext.AppendUnquote(v.name[:0], quoted) // valid: the decoder has read it
	return v.name
}

// skip reads the next value whole. ReadValue is quicker than SkipValue, and all bytes are here already.
func (v *validator) skip() error {
	_, err := v.dec.ReadValue()
	return err
}
