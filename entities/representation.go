package entities

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// representation holds the places of the members of one representation.
type representation struct {
	members []member
	found   []text // the values of a node's members

	typename []byte // of the one before, quoted
	entity   *entity
}

type member struct{ name, value text }

// find finds a member of the representation. Names are looked at as they are first, since hardly ever one is escaped.
func (d *decoder) find(name string) (value text, ok bool) {
	for _, m := range d.run.representation.members {
		if string(d.json[m.name.from+1:m.name.to-1]) == name {
			return m.value, true
		}
	}
	for _, m := range d.run.representation.members {
		if string(unquoteName(d.at(m.name))) == name {
			return m.value, true
		}
	}
	return text{}, false
}

// within finds a value inside of a member's: null where an object on the way is null.
func (d *decoder) within(value text, path []string) (text, bool) {
	for _, name := range path {
		if isNull(d.at(value)) {
			return value, true
		}
		inner := scanner{json: d.json, i: int(value.from)}
		if inner.peek() != '{' {
			return text{}, false
		}
		if value = inner.member(name); value.to == 0 {
			return value, false
		}
	}
	return value, true
}

// isNull reports whether a member's value is null. JSON values never start with n but for null.
func isNull(json []byte) bool { return json[0] == 'n' }

var (
	errNoList     = &RepresentationError{Reason: "representations must be a list"}
	errNoObject   = &RepresentationError{Reason: "a representation must be an object"}
	errNoTypename = &RepresentationError{Reason: "a representation must have a __typename"}
)

// representations reads a list of them and appends what they lead to. One that is wrong costs nothing but its own place.
func (d *decoder) representations(root *root, out []entityObject) ([]entityObject, error) {
	if d.peek() != '[' {
		return nil, errNoList
	}
	d.skip()
	d.run.representation.typename = nil // of another root
	for d.peek() != ']' {
		if root.max > 0 && len(out) == root.max {
			return nil, &TooManyError{Max: root.max}
		}
		if d.peek() != '{' {
			d.value()
			out = append(out, d.run.refuse(errNoObject))
			continue
		}
		d.members()
		out = append(out, d.entity(root))
	}
	return out, nil
}

// members reads an object's members.
func (d *decoder) members() {
	members := d.run.representation.members[:0]
	d.skip()
	for d.peek() != '}' {
		name := d.value()
		members = append(members, member{name, d.value()})
	}
	d.skip()
	d.run.representation.members = members
}

// refuse notes why a representation leads to nothing.
func (r *run) refuse(err error) entityObject {
	r.errs = append(r.errs, err)
	return entityObject{err: int32(len(r.errs))}
}

// entity finds the type and, for a table type, the key of a representation.
func (d *decoder) entity(root *root) entityObject {
	place, _ := d.find("__typename")
	typename := d.at(place)
	if len(typename) == 0 || typename[0] != '"' {
		return d.run.refuse(errNoTypename)
	}
	rep := &d.run.representation
	if !bytes.Equal(typename, rep.typename) { // most often it is that of the one before
		rep.typename, rep.entity = typename, root.entities[string(unquoteName(typename))]
	}
	e := rep.entity
	switch {
	case e == nil:
		return d.run.refuse(&RepresentationError{Reason: fmt.Sprintf("this subgraph has no entity of type %s", shorten(typename))})
	case e.unselected:
		return entityObject{entity: int32(e.number + 1)}
	case e.node != nil:
		return d.output(e)
	case e.objects != nil:
		return d.implementation(e)
	}
	o, err := d.lookup(e)
	if err != nil {
		return d.run.refuse(err)
	}
	return o
}

// implementation looks for an interface's entity in all types that implement it. It can be found where the role may see
// one of them.
func (d *decoder) implementation(e *entity) entityObject {
	from, fault := len(d.run.candidates), error(nil)
	for _, object := range e.objects {
		o, err := d.lookup(object)
		switch {
		case err != nil:
			fault = err
		case o.node > 0:
			d.run.candidates = append(d.run.candidates, o)
		}
	}
	var wrong *RepresentationError
	switch to := len(d.run.candidates); {
	case to > from:
		return entityObject{entity: int32(e.number + 1), node: int32(from + 1), object: int32(to)}
	case errors.As(fault, &wrong):
		return d.run.refuse(missingKey(e.typ))
	case fault != nil:
		return d.run.refuse(fault)
	}
	return entityObject{entity: int32(e.number + 1)}
}

// output makes an object of a representation of an output type, which must hold what of its key is needed.
func (d *decoder) output(e *entity) entityObject {
	if present, _ := d.holds(e.node); !present {
		return d.run.refuse(missingKey(e.typ))
	}
	object := d.represent(e.node)
	if len(e.node.nested) > 0 && !d.nestedObjects(e.node, object) {
		return d.run.refuse(missingKey(e.typ))
	}
	return entityObject{entity: int32(e.number + 1), node: 1, object: object}
}

// nestedObjects decodes the members that are objects; it reports whether all are there.
func (d *decoder) nestedObjects(n *node, object int32) bool {
	for name, places := range n.nested {
		value, ok := d.find(name)
		if !ok || d.json[value.from] != '{' && !isNull(d.at(value)) {
			return false
		}
		for _, place := range places {
			inner := decoder{run: d.run, scanner: scanner{json: d.json, i: int(value.from)}}
			inner.child(n, &d.run.sets[n.id], object, place)
		}
	}
	return true
}

// lookup chooses the first key that the representation holds and that the role may look rows up by. One whose fields are
// all there, but some of them null, identifies nothing: the entity is null.
func (d *decoder) lookup(e *entity) (entityObject, error) {
	null, denied := false, error(nil)
	for i, n := range e.keys {
		switch present, hasNull := d.holds(n); {
		case present && e.denied[i] != nil:
			denied = e.denied[i]
		case present && !hasNull:
			return entityObject{entity: int32(e.number + 1), node: int32(i + 1), object: d.represent(n)}, nil
		case present:
			null = true
		}
	}
	switch {
	case denied != nil:
		return entityObject{}, denied
	case null:
		return entityObject{entity: int32(e.number + 1)}, nil
	}
	return entityObject{}, missingKey(e.typ)
}

func missingKey(t *Type) error {
	keys := make([]string, len(t.Keys))
	for i, key := range t.Keys {
		keys[i] = fmt.Sprintf("%q", key)
	}
	return &RepresentationError{
		Reason: fmt.Sprintf("a representation of %q must have one of its keys: %s", t.Name, strings.Join(keys, ", ")),
	}
}

// holds finds the members that a node needs.
func (d *decoder) holds(n *node) (present, hasNull bool) {
	found := d.run.representation.found[:0]
	for i, name := range n.names {
		value, ok := d.find(name)
		if _, optional := n.optional[i]; optional {
			found = append(found, value)
			continue
		}
		if ok && n.within != nil {
			value, ok = d.within(value, n.within[i])
		}
		if !ok {
			return false, false
		}
		found = append(found, value)
		hasNull = hasNull || d.json[value.from] == 'n'
	}
	d.run.representation.found = found
	return true, hasNull
}

// represent makes the representation whose members were found an object of n.
func (d *decoder) represent(n *node) int32 {
	set := d.run.set(n, d.json)
	i := set.grow(n)
	copy(set.cells[int(i)*len(n.members):], d.run.representation.found)
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
