package entities

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// representation holds the members of one representation. They share the request's memory.
type representation struct {
	names, values [][]byte
}

func (r *representation) value(name string) []byte {
	for i := len(r.names) - 1; i >= 0; i-- { // the last of several counts
		if string(r.names[i]) == name {
			return r.values[i]
		}
	}
	return nil
}

// isNull reports whether a member's value is null. JSON values never start with n but for null.
func isNull(json []byte) bool { return json[0] == 'n' }

var (
	errNoList     = &RepresentationError{Reason: "representations must be a list"}
	errNoObject   = &RepresentationError{Reason: "a representation must be an object"}
	errNoTypename = &RepresentationError{Reason: "a representation must have a __typename"}
)

// representations reads a list of them. One that is wrong costs nothing but its own place.
func (d *decoder) representations(root *root) ([]entityObject, error) {
	if d.peek() != '[' {
		return nil, errNoList
	}
	d.skip()
	out := make([]entityObject, 0, bytes.Count(d.json, []byte(`"__typename"`)))
	var r representation
	for d.peek() != ']' {
		if root.max > 0 && len(out) == root.max {
			return nil, &TooManyError{Max: root.max}
		}
		if d.peek() != '{' {
			d.value()
			out = append(out, entityObject{err: errNoObject})
			continue
		}
		d.members(&r)
		out = append(out, d.run.entity(root, &r))
	}
	return out, nil
}

// members reads an object's members into r.
func (d *decoder) members(r *representation) {
	r.names, r.values = r.names[:0], r.values[:0]
	d.skip()
	for d.peek() != '}' {
		name := unquoteName(d.value())
		r.names, r.values = append(r.names, name), append(r.values, d.value())
	}
	d.skip()
}

// entity finds the type and, for a table type, the key of a representation.
func (r *run) entity(root *root, rep *representation) entityObject {
	typename := rep.value("__typename")
	if len(typename) == 0 || typename[0] != '"' {
		return entityObject{err: errNoTypename}
	}
	e := root.entities[string(unquoteName(typename))]
	switch {
	case e == nil:
		return entityObject{err: &RepresentationError{Reason: fmt.Sprintf("this subgraph has no entity of type %s", shorten(typename))}}
	case e.unselected:
		return entityObject{entity: e}
	case e.node != nil:
		return r.output(e, rep)
	}
	return r.lookup(e, rep)
}

// output makes an object of a representation of an output type, which must hold what of its key is needed.
func (r *run) output(e *entity, rep *representation) entityObject {
	if present, _ := holds(e.node, rep); !present {
		return missingKey(e.typ)
	}
	return entityObject{entity: e, node: e.node, object: r.represent(e.node, rep)}
}

// lookup chooses the first key that the representation holds and that the role may look rows up by. One whose fields are
// all there, but some of them null, identifies nothing: the entity is null.
func (r *run) lookup(e *entity, rep *representation) entityObject {
	null, denied := false, error(nil)
	for i, n := range e.keys {
		switch present, hasNull := holds(n, rep); {
		case present && e.denied[i] != nil:
			denied = e.denied[i]
		case present && !hasNull:
			return entityObject{entity: e, node: n, object: r.represent(n, rep)}
		case present:
			null = true
		}
	}
	switch {
	case denied != nil:
		return entityObject{err: denied}
	case null:
		return entityObject{entity: e}
	}
	return missingKey(e.typ)
}

func missingKey(t *Type) entityObject {
	keys := make([]string, len(t.Keys))
	for i, key := range t.Keys {
		keys[i] = fmt.Sprintf("%q", key)
	}
	return entityObject{err: &RepresentationError{
		Reason: fmt.Sprintf("a representation of %q must have one of its keys: %s", t.Name, strings.Join(keys, ", ")),
	}}
}

func holds(n *node, rep *representation) (present, hasNull bool) {
	for _, name := range n.names {
		json := rep.value(name)
		if json == nil {
			return false, false
		}
		hasNull = hasNull || isNull(json)
	}
	return true, hasNull
}

// represent makes a representation an object of n.
func (r *run) represent(n *node, rep *representation) int32 {
	set := r.set(n)
	i := set.grow(n)
	for cell, name := range n.names {
		set.cells[int(i)*len(n.members)+cell] = rep.value(name)
	}
	return i
}

// unquoteName is the text of a JSON string, which shares its memory where nothing is escaped.
func unquoteName(quoted []byte) []byte {
	if inner := quoted[1 : len(quoted)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // it was checked before
	return text
}

// shorten keeps what a client sent from filling an error.
func shorten(quoted []byte) string {
	if len(quoted) > 64 {
		return string(quoted[:64]) + "...\""
	}
	return string(quoted)
}
