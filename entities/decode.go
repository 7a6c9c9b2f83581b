package entities

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
	scanner
	run *run
}

// shape reads a value that is an object, null or a list of such, and appends its shape.
func (d *decoder) shape(n *node, shape *[]int32) {
	switch d.peek() {
	case '{':
		*shape = append(*shape, d.object(n))
		return
	case '[':
		d.list(n, shape)
		return
	case 'n':
		*shape = append(*shape, shapeNull)
	default:
		*shape = append(*shape, shapeWrong)
	}
	d.value()
}

func (d *decoder) list(n *node, shape *[]int32) {
	d.skip()
	*shape = append(*shape, shapeOpen)
	for d.peek() != ']' {
		d.shape(n, shape)
	}
	*shape = append(*shape, shapeClose)
	d.skip()
}

// object reads an object into the next place of n's set and returns its number. A member that stands twice counts as
// what it was the last time.
func (d *decoder) object(n *node) int32 {
	set := d.run.set(n, d.json)
	i := set.grow(n)
	d.skip()
	for d.peek() != '}' {
		d.member(n, set, i, unquoteName(d.at(d.value())))
	}
	d.skip()
	return i
}

func (d *decoder) member(n *node, set *objects, i int32, name []byte) {
	cell, isCell := n.members[string(name)]
	places := n.nested[string(name)]
	if !isCell && len(places) == 1 {
		d.child(n, set, i, places[0])
		return
	}
	value := d.value()
	if isCell {
		set.cells[int(i)*len(n.members)+cell] = value
	}
	for _, place := range places { // two aliases of a member are decoded twice
		again := decoder{run: d.run, scanner: scanner{json: d.json, i: int(value.from)}}
		again.child(n, set, i, place)
	}
}

// child decodes a member's objects.
func (d *decoder) child(n *node, set *objects, parent int32, place int) {
	c := &set.children[place]
	from := len(c.shapes)
	d.shape(n.children[place], &c.shapes)
	c.spans[parent] = span{from, len(c.shapes)}
}
