package remotes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// answer is a service's answer: the values of the root fields as they came, and its errors.
type answer struct {
	body   []byte
	fields map[string][]byte
	errors []answerError
}

type answerError struct {
	Message string
	Path    []any
}

// readAnswer reads a GraphQL answer. It must be valid JSON, which is all that is looked for: values go through. They share
// the body's memory.
func readAnswer(body []byte) (*answer, error) {
	a := &answer{body: body, fields: map[string][]byte{}}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if dec.PeekKind() != '{' {
		return nil, errors.New("the answer is no JSON object")
	}
	_, _ = dec.ReadToken()
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		switch key := name.String(); {
		case key == "data" && dec.PeekKind() == '{':
			err = a.data(dec)
		case key == "errors" && dec.PeekKind() == '[':
			var value jsontext.Value
			if value, err = dec.ReadValue(); err == nil {
				err = json.Unmarshal(value, &a.errors)
			}
		default:
			err = dec.SkipValue()
		}
		if err != nil {
			return nil, err
		}
	}
	_, err := dec.ReadToken()
	return a, err
}

func (a *answer) data(dec *jsontext.Decoder) error {
	_, _ = dec.ReadToken()
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		end := dec.InputOffset()
		a.fields[key] = a.body[end-int64(len(value)) : end : end]
	}
	_, err := dec.ReadToken()
	return err
}

// deliver sets the outputs of the calls that were asked.
func (a *answer) deliver(r *remote, calls []*Call) {
	places := map[string]*Output{}
	var missing []*Output
	for i, c := range calls {
		for k := range c.Outputs {
			out := &c.Outputs[k]
			if len(out.Errors) > 0 { // it wasn't asked
				continue
			}
			key := fmt.Sprintf("c%dk%d", i, k)
			places[key] = out
			value, ok := a.fields[key]
			if !ok {
				missing = append(missing, out)
				continue
			}
			out.JSON = descend(value, c.Relationship.steps)
			if c.Selection.names != nil && out.JSON != nil {
				out.JSON = r.publish(out.JSON, c.Selection.names)
			}
		}
	}
	general := a.deliverErrors(r, calls, places)
	for _, out := range missing {
		if len(out.Errors) == 0 {
			out.Errors = general
		}
	}
}

// deliverErrors puts the service's errors to their places. Those that name none are returned; there is at least one.
func (a *answer) deliverErrors(r *remote, calls []*Call, places map[string]*Output) (general []Error) {
	for _, e := range a.errors {
		failure := &RemoteError{Schema: r.name, Message: e.Message}
		out, steps := place(e.Path, calls, places)
		if out == nil {
			general = append(general, Error{Err: failure})
			continue
		}
		out.Errors = append(out.Errors, Error{Path: indexes(e.Path[min(len(e.Path), steps):]), Err: failure})
	}
	if len(general) == 0 {
		general = []Error{{Err: &RemoteError{Schema: r.name, Message: fmt.Sprintf("remote schema %q gave no data", r.name)}}}
	}
	return general
}

// place finds the output that an error's path leads to, and how many of its elements lead there.
func place(path []any, calls []*Call, places map[string]*Output) (*Output, int) {
	if len(path) == 0 {
		return nil, 0
	}
	key, _ := path[0].(string)
	var i, k int
	if _, err := fmt.Sscanf(key, "c%dk%d", &i, &k); err != nil || i >= len(calls) || places[key] == nil {
		return nil, 0
	}
	return places[key], len(calls[i].Relationship.steps)
}

// indexes turns the numbers of a path, which JSON gives as floats, into ints.
func indexes(path []any) []any {
	for i, p := range path {
		if n, ok := p.(float64); ok {
			path[i] = int(n)
		}
	}
	return path
}

// descend goes from a root field's value to that of the last step. It is nil where something on the way is null.
func descend(value []byte, steps []step) []byte {
	for _, s := range steps[1:] {
		var members map[string]jsontext.Value
		if err := json.Unmarshal(value, &members); err != nil || members == nil {
			return nil
		}
		value = members[s.field.Name]
	}
	if len(value) == 0 || value[0] == 'n' {
		return nil
	}
	return value
}

// publish gives the names of types in an answer their published form.
func (r *remote) publish(value []byte, names *typenames) []byte {
	var out bytes.Buffer
	p := publisher{remote: r, dec: jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), out: &out}
	p.value(names)
	return out.Bytes()
}

type publisher struct {
	remote *remote
	dec    *jsontext.Decoder
	out    *bytes.Buffer
}

// value copies a value; it was read before, so it can be read again.
func (p *publisher) value(names *typenames) {
	kind := p.dec.PeekKind()
	if names == nil || kind != '{' && kind != '[' {
		value, _ := p.dec.ReadValue()
		p.out.Write(value)
		return
	}
	open := string(kind)
	closing := map[string]string{"{": "}", "[": "]"}[open]
	_, _ = p.dec.ReadToken()
	p.out.WriteString(open)
	for first := true; string(p.dec.PeekKind()) != closing; first = false {
		if !first {
			p.out.WriteByte(',')
		}
		if open == "[" {
			p.value(names)
			continue
		}
		p.member(names)
	}
	_, _ = p.dec.ReadToken()
	p.out.WriteString(closing)
}

func (p *publisher) member(names *typenames) {
	name, _ := p.dec.ReadValue()
	p.out.Write(name)
	p.out.WriteByte(':')
	key, _ := jsontext.AppendUnquote(nil, name)
	if names.keys[string(key)] && p.dec.PeekKind() == '"' {
		value, _ := p.dec.ReadValue()
		own, _ := jsontext.AppendUnquote(nil, value)
		published, _ := jsontext.AppendQuote(nil, p.remote.schema.publishedType(string(own)))
		p.out.Write(published)
		return
	}
	p.value(names.under[strings.Clone(string(key))])
}
