package entities

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Shapes say how JSON nests: a list of objects is open, the numbers of its objects, close. They keep null elements and
// lists within lists.
const (
	shapeNull  int32 = -1
	shapeOpen  int32 = -2
	shapeClose int32 = -3
	shapeWrong int32 = -4 // something else than an object stood there
)

// decoder reads the members that a plan needs out of JSON, without making values of them.
type decoder struct {
	run  *run
	json []byte
	dec  *jsontext.Decoder
}

func newDecoder(r *run, json []byte) *decoder {
	return &decoder{run: r, json: json, dec: jsontext.NewDecoder(bytes.NewBuffer(json), jsontext.AllowDuplicateNames(true))}
}

// value reads one value whole. It shares the input's memory.
func (d *decoder) value() ([]byte, error) {
	v, err := d.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := d.dec.InputOffset()
	return d.json[end-int64(len(v)) : end : end], nil
}

// end makes sure that nothing follows.
func (d *decoder) end() error {
	if _, err := d.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("unexpected data after the value: %v", err)
	}
	return nil
}

// shape reads a value that is an object, null or a list of such, and appends its shape.
func (d *decoder) shape(n *node, shape *[]int32) error {
	switch d.dec.PeekKind() {
	case '{':
		i, err := d.object(n)
		*shape = append(*shape, i)
		return err
	case '[':
		return d.list(n, shape)
	case 'n':
		*shape = append(*shape, shapeNull)
	default:
		*shape = append(*shape, shapeWrong)
	}
	return d.dec.SkipValue()
}

func (d *decoder) list(n *node, shape *[]int32) error {
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	*shape = append(*shape, shapeOpen)
	for d.dec.PeekKind() != ']' {
		if err := d.shape(n, shape); err != nil {
			return err
		}
	}
	*shape = append(*shape, shapeClose)
	_, err := d.dec.ReadToken()
	return err
}

// object reads an object into the next place of n's set and returns its number. A member that stands twice counts as
// what it was the last time.
func (d *decoder) object(n *node) (int32, error) {
	set := d.run.set(n)
	i := set.grow(n)
	if _, err := d.dec.ReadToken(); err != nil {
		return i, err
	}
	for d.dec.PeekKind() != '}' {
		name, err := d.name()
		if err != nil {
			return i, err
		}
		if err := d.member(n, set, i, name); err != nil {
			return i, err
		}
	}
	_, err := d.dec.ReadToken()
	return i, err
}

// name reads a member's name. It is valid until the next read.
func (d *decoder) name() ([]byte, error) {
	quoted, err := d.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], nil
	}
	return jsontext.AppendUnquote(nil, quoted)
}

func (d *decoder) member(n *node, set *objects, i int32, name []byte) error {
	cell, isCell := n.members[string(name)]
	if !isCell && len(n.children) == 0 {
		return d.dec.SkipValue()
	}
	places := n.nested[string(name)]
	if !isCell && len(places) == 0 {
		return d.dec.SkipValue()
	}
	json, err := d.value()
	if err != nil {
		return err
	}
	if isCell {
		set.cells[int(i)*len(n.members)+cell] = json
	}
	for _, place := range places {
		if err := d.child(n.children[place], &set.children[place], i, json); err != nil {
			return err
		}
	}
	return nil
}

// child decodes a member's objects out of its bytes.
func (d *decoder) child(n *node, c *childObjects, parent int32, json []byte) error {
	from := len(c.shapes)
	if err := newDecoder(d.run, json).shape(n, &c.shapes); err != nil {
		return err
	}
	c.spans[parent] = span{from, len(c.shapes)}
	return nil
}
