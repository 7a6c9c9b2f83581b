package entities

import (
	"cmp"
	"slices"

	"github.com/joinery-graphql/joinery/metadata"
)

// Append writes a root's value as JSON, in the order of the selection, and returns the errors with their paths, which
// begin with at; there are at most 1,000 of them. A null that may not be moves up to the nearest place that may (GraphQL, section 6.4.4): ok is false
// and nothing is written where the root itself may not be null.
func (r *Result) Append(dst []byte, root int, at Path) (json []byte, errs []Error, ok bool) {
	w := &r.run.renderer
	*w = renderer{run: r.run, buf: dst, at: at, path: w.path[:0]}
	plan, objects := r.run.plan.roots[root], &r.run.roots[root]
	switch {
	case plan.output == nil:
		ok = w.entities(plan, objects)
	case plan.single:
		ok = w.single(plan, objects)
	default:
		ok = w.output(plan, objects)
	}
	if !ok {
		w.buf = w.buf[:len(dst)]
	}
	return w.buf, w.errs, ok
}

// single writes the only field of a root's object. The field's path begins with its own key.
func (w *renderer) single(plan *root, objects *rootObjects) bool {
	w.at = nil
	if objects.err != nil {
		w.push(plan.node.fields[0].key)
		defer w.pop()
		w.fail(objects.err)
		return !plan.node.fields[0].typ.NonNull && w.null()
	}
	return w.field(plan.node, &w.run.sets[plan.node.id], &plan.node.fields[0], 0)
}

// renderer writes joined objects. Its methods that return false have met a null that may not be, and leave it to their
// caller to take back what was written.
type renderer struct {
	run  *run
	buf  []byte
	at   Path
	path []step // below at
	errs []Error

	represented int // the object of its key's node that the entity under way comes from
}

// step is an element of a path: a response key, or an index where the key is empty. It keeps paths from being made
// before an error needs one.
type step struct {
	key   string
	index int
}

// maxErrors bounds the errors of a root: a small list of things that are all wrong must not become a huge answer.
const maxErrors = 1_000

func (w *renderer) fail(err error) {
	if len(w.errs) == maxErrors {
		return
	}
	path := slices.Clone(w.at)
	for _, s := range w.path {
		if s.key != "" {
			path = append(path, s.key)
		} else {
			path = append(path, s.index)
		}
	}
	w.errs = append(w.errs, Error{Path: path, Err: err})
}

func (w *renderer) push(key string) { w.path = append(w.path, step{key: key}) }
func (w *renderer) pushIndex(i int) { w.path = append(w.path, step{index: i}) }
func (w *renderer) pop()            { w.path = w.path[:len(w.path)-1] }

func (w *renderer) null() bool {
	w.buf = append(w.buf, "null"...)
	return true
}

func (w *renderer) output(plan *root, objects *rootObjects) bool {
	if objects.err != nil {
		w.fail(objects.err)
		return !plan.output.NonNull && w.null()
	}
	shape := objects.shape
	return w.shape(plan.output, plan.node, &shape, plan.null)
}

// entities writes the list of a root's entities. Its elements may be null, the list may not.
func (w *renderer) entities(plan *root, objects *rootObjects) bool {
	if objects.err != nil {
		w.fail(objects.err)
		return false
	}
	w.buf = append(w.buf, '[')
	for i, e := range objects.entities {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.pushIndex(i)
		w.entity(plan, e)
		w.pop()
	}
	w.buf = append(w.buf, ']')
	return true
}

func (w *renderer) entity(plan *root, o entityObject) {
	if o.err > 0 {
		w.fail(w.run.errs[o.err-1])
		w.null()
		return
	}
	start, ok := len(w.buf), false
	switch e := plan.list[o.entity-1]; {
	case e.unselected:
		w.buf = append(w.buf, "{}"...)
		ok = true
	case o.node == 0:
	case e.node != nil:
		ok = w.object(e.node, int(o.object))
	case e.objects != nil:
		ok = w.implementation(plan, w.run.candidates[o.node-1:o.object])
	default:
		ok = w.found(e.keys[o.node-1], int(o.object))
	}
	if !ok {
		w.buf = w.buf[:start]
		w.null()
	}
}

// implementation writes the first candidate that there is. That one couldn't be looked for counts only where none is.
func (w *renderer) implementation(plan *root, candidates []entityObject) bool {
	var fault error
	for _, c := range candidates {
		n := plan.list[c.entity-1].keys[c.node-1]
		from, to, err := w.run.joined[n.joins[0].id].objects(int(c.object))
		if from < to {
			return w.found(n, int(c.object))
		}
		fault = cmp.Or(fault, err)
	}
	if fault != nil {
		w.fail(fault)
	}
	return false
}

// shape writes objects, nulls and lists of them, as JSON had them. A null that may not be is reported as the given one.
func (w *renderer) shape(typ *metadata.Type, n *node, shape *[]int32, null error) bool {
	token := shapeNull
	if len(*shape) > 0 {
		token, *shape = (*shape)[0], (*shape)[1:]
	}
	switch {
	case token == shapeNull:
		return w.orFail(typ, null)
	case token == shapeOpen && typ.Elem != nil:
		return w.list(typ, n, shape, null)
	case token >= 0 && typ.Elem == nil:
		return w.nullable(typ, func() bool { return w.object(n, int(token)) })
	}
	got := "scalar"
	if token == shapeOpen {
		got = "array"
		skipList(shape)
	}
	w.fail(misfit(typ, got))
	return !typ.NonNull && w.null()
}

// orFail writes null where the type allows it.
func (w *renderer) orFail(typ *metadata.Type, err error) bool {
	if typ.NonNull {
		w.fail(err)
		return false
	}
	return w.null()
}

func (w *renderer) list(typ *metadata.Type, n *node, shape *[]int32, null error) bool {
	return w.nullable(typ, func() bool {
		w.buf = append(w.buf, '[')
		ok := true
		for i := 0; (*shape)[0] != shapeClose; i++ {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			w.pushIndex(i)
			ok = w.shape(typ.Elem, n, shape, null) && ok
			w.pop()
		}
		*shape = (*shape)[1:]
		w.buf = append(w.buf, ']')
		return ok
	})
}

// skipList passes over a list that was opened.
func skipList(shape *[]int32) {
	for depth := 1; depth > 0; *shape = (*shape)[1:] {
		switch (*shape)[0] {
		case shapeOpen:
			depth++
		case shapeClose:
			depth--
		}
	}
}

// nullable writes a value, or null instead of it where it holds a null that may not be and its own type allows it.
func (w *renderer) nullable(typ *metadata.Type, write func() bool) bool {
	start := len(w.buf)
	if write() {
		return true
	}
	w.buf = w.buf[:start]
	return !typ.NonNull && w.null()
}

// object writes an object of n. All fields are written even if one fails, so that every error is reported.
func (w *renderer) object(n *node, i int) bool {
	set := &w.run.sets[n.id]
	ok := true
	for k := range n.fields {
		f := &n.fields[k]
		w.buf = append(w.buf, f.prefix...)
		ok = w.field(n, set, f, i) && ok
	}
	if len(n.fields) == 0 { // all are skipped
		w.buf = append(w.buf, '{')
	}
	w.buf = append(w.buf, '}')
	return ok
}

func (w *renderer) field(n *node, set *objects, f *outField, i int) bool {
	switch f.kind {
	case typenameField:
		w.buf = append(w.buf, f.value...)
		return true
	case cellField:
		return w.cell(f, set.cell(n, i, f.index))
	case idField:
		return w.id(f, set.cell(n, i, f.index))
	case pathField:
		return w.within(f, set.cell(n, i, f.index))
	}
	w.push(f.key)
	defer w.pop()
	switch f.kind {
	case childField:
		c := &set.children[f.index]
		shape := c.shapes[c.spans[i].from:c.spans[i].to]
		return w.shape(f.typ, n.children[f.index], &shape, f.null)
	case objectField:
		return w.objectRow(n, f, i)
	case arrayField:
		return w.rows(n, f, i)
	case aggregateKind:
		return w.aggregate(n, f, i)
	case resolvedField:
		return w.resolved(n, f, i)
	default:
		return w.failed(f, f.err)
	}
}

func (w *renderer) cell(f *outField, json []byte) bool {
	null := len(json) == 0 || isNull(json)
	if !null && !f.strict {
		w.buf = append(w.buf, json...)
		return true
	}
	w.push(f.key)
	defer w.pop()
	return w.checked(f, json)
}

// checked writes a value that is null, or some of whose elements may not be.
func (w *renderer) checked(f *outField, json []byte) bool {
	if len(json) == 0 || isNull(json) {
		return w.orFail(f.typ, f.null)
	}
	return w.scalars(f.typ, &scanner{json: json}, f.null)
}

// id writes a number as a string, which an ID is (GraphQL, section 3.5.5).
func (w *renderer) id(f *outField, json []byte) bool {
	if len(json) == 0 {
		return w.cell(f, json)
	}
	w.buf = append(append(append(w.buf, '"'), json...), '"')
	return true
}

// within writes the value that a path leads to, null where there is none.
func (w *renderer) within(f *outField, json []byte) bool {
	argument := w.run.paths[f.path]
	if argument.err == nil {
		return w.cell(f, argument.path.find(json))
	}
	w.push(f.key)
	defer w.pop()
	return w.failed(f, argument.err)
}

// failed writes null with its reason.
func (w *renderer) failed(f *outField, err error) bool {
	w.fail(err)
	return !f.typ.NonNull && w.null()
}

// scalars writes a list some of whose elements may not be null, value by value. Whatever isn't a list, or isn't null,
// goes through as it is: Hasura doesn't check the leaves of an answer (hasura-actions.md section 4.3).
func (w *renderer) scalars(typ *metadata.Type, in *scanner, null error) bool {
	if in.peek() != '[' || typ.Elem == nil {
		value := in.at(in.value())
		if isNull(value) {
			return w.orFail(typ, null)
		}
		w.buf = append(w.buf, value...)
		return true
	}
	return w.nullable(typ, func() bool {
		in.skip()
		w.buf = append(w.buf, '[')
		ok := true
		for i := 0; in.peek() != ']'; i++ {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			w.pushIndex(i)
			ok = w.scalars(typ.Elem, in, null) && ok
			w.pop()
		}
		in.skip()
		w.buf = append(w.buf, ']')
		return ok
	})
}

// found writes the row that a representation, an object of a key's node, led to.
func (w *renderer) found(n *node, representation int) bool {
	w.represented = representation
	return w.row(n, 0, representation)
}

// objectRow writes the row of an object relationship, or null.
func (w *renderer) objectRow(n *node, f *outField, parent int) bool {
	before := len(w.errs)
	switch {
	case w.row(n, f.index, parent):
		return true
	case len(w.errs) > before && f.typ.NonNull: // what is wrong was said
		return false
	}
	return w.orFail(f.typ, f.null)
}

// row writes the row of an object relationship, or nothing and false where there is none.
func (w *renderer) row(n *node, place, parent int) bool {
	j := n.joins[place]
	from, to, err := w.run.joined[j.id].objects(parent)
	if err != nil {
		w.fail(err)
		return false
	}
	start := len(w.buf)
	if from == to || !w.object(j.to, int(from)) {
		w.buf = w.buf[:start]
		return false
	}
	return true
}

// rows writes the rows of an array relationship. A null key has none (design section 5).
func (w *renderer) rows(n *node, f *outField, parent int) bool {
	j := n.joins[f.index]
	from, to, err := w.run.joined[j.id].objects(parent)
	if err != nil {
		w.fail(err)
		return false
	}
	w.buf = append(w.buf, '[')
	w.pushIndex(0)
	ok := true
	for i := from; i < to; i++ {
		if i > from {
			w.buf = append(w.buf, ',')
		}
		w.path[len(w.path)-1].index = int(i - from)
		ok = w.object(j.to, int(i)) && ok
	}
	w.pop()
	w.buf = append(w.buf, ']')
	return ok
}
