package entities

import (
	"context"

	"github.com/joinery-graphql/joinery/loaders"
)

// Input is what a root starts from: a JSON value, or the error that stands in its place.
type Input struct {
	// JSON is the output of the root's action, or a list of representations. It must be valid JSON.
	JSON []byte
	// Err makes the root null with this error.
	Err error
}

// Result is the joined objects of one run. It is read by one goroutine.
type Result struct {
	plan *Plan
	run  *run
}

// Run decodes the inputs, one for each root of the plan, and loads all relationships, wave by wave. It returns when
// everything is loaded. Faults are kept in the result, at the places where they belong. variables are handed to
// [Arguments].
func (p *Plan) Run(ctx context.Context, l *loaders.Loaders, inputs []Input, variables map[string]any) *Result {
	r := &run{sets: make([]*objects, p.nodes), joined: make([]*joined, p.joins), roots: make([]rootObjects, len(p.roots))}
	for i, root := range p.roots {
		r.roots[i] = r.decode(root, inputs[i])
	}
	for _, wave := range p.waves {
		r.wave(ctx, l, wave, variables)
	}
	return &Result{plan: p, run: r}
}

// run is the state of one execution of a plan: the objects of each node, the joins of each join.
type run struct {
	sets   []*objects // by node; nil where nothing came
	joined []*joined  // by join; nil where the parents are none
	roots  []rootObjects
}

// objects are the objects of one node.
type objects struct {
	n        int
	cells    [][]byte       // JSON: n times the node's members
	children []childObjects // JSON: by place
	rows     *loaders.Rows  // rows
	index    []int32        // rows: the row of each object
}

type span struct{ from, to int }

// childObjects are the shapes of one member, parent by parent. A parent without the member has an empty span.
type childObjects struct {
	shapes []int32
	spans  []span
}

// joined is a relationship followed from all parents of one place.
type joined struct {
	keys   []int32       // by parent: the ordinal of its key, loaders.NullKey, or invalidKey
	faults map[int]error // of invalid keys, by parent
	starts []int32       // by key: the first of its objects in the target's set; one more at the end
	rows   *loaders.Rows
	index  []int32 // by object: its row
	failed map[int32]error
	err    error // of the whole statement
}

const invalidKey = -2

// set returns the objects of a node, which may be none yet.
func (r *run) set(n *node) *objects {
	if r.sets[n.id] == nil {
		r.sets[n.id] = &objects{children: make([]childObjects, len(n.children))}
	}
	return r.sets[n.id]
}

// grow adds an empty JSON object and returns its number.
func (o *objects) grow(n *node) int32 {
	for range n.members {
		o.cells = append(o.cells, nil)
	}
	for i := range o.children {
		o.children[i].spans = append(o.children[i].spans, span{})
	}
	o.n++
	return int32(o.n - 1)
}

// cell is the JSON value of an object's cell; nil where it is absent or, for rows, null.
func (o *objects) cell(n *node, i, cell int) []byte {
	if o.rows == nil {
		return o.cells[i*len(n.members)+cell]
	}
	return o.rows.Cell(int(o.index[i]), cell)
}

// rootObjects are where a root's objects are: the shape of an output, or the place of each representation.
type rootObjects struct {
	err      error
	shape    []int32
	entities []entityObject
}

// entityObject is what a representation led to.
type entityObject struct {
	node   *node // nil where there is no object
	object int32
	entity *entity
	err    error
}

func (r *run) decode(root *root, in Input) rootObjects {
	if in.Err != nil {
		return rootObjects{err: in.Err}
	}
	d := newDecoder(r, in.JSON)
	if root.output == nil {
		entities, err := d.representations(root)
		return rootObjects{entities: entities, err: err}
	}
	var out rootObjects
	d.shape(root.node, &out.shape)
	return out
}

// wave loads all joins of one depth: every relationship once, all of them side by side.
func (r *run) wave(ctx context.Context, l *loaders.Loaders, wave []*load, variables map[string]any) {
	var waiting []waiting
	for _, load := range wave {
		statement, err := load.statement, error(nil)
		if statement == nil {
			statement, err = load.prepare(variables)
		}
		for i, j := range load.joins {
			set := r.sets[load.parents[i].id]
			if set == nil {
				continue
			}
			if err != nil {
				r.joined[j.id] = &joined{keys: make([]int32, set.n), err: err}
				continue
			}
			if w, ok := r.ask(ctx, l, statement, load.parents[i], j); ok {
				waiting = append(waiting, w)
			}
		}
	}
	l.Flush()
	for _, w := range waiting {
		r.take(w)
	}
}

// waiting is a join whose rows are under way.
type waiting struct {
	join  *join
	keys  *loaders.KeySet
	thunk loaders.Thunk
}

// ask collects the keys of a join's parents and loads them, if there are any.
func (r *run) ask(ctx context.Context, l *loaders.Loaders, s *loaders.Statement, parent *node, j *join) (waiting, bool) {
	set := r.sets[parent.id]
	keys := s.NewKeySet()
	done := &joined{keys: make([]int32, set.n)}
	r.joined[j.id] = done
	values := make([][]byte, len(j.from))
	for i := range set.n {
		for part, cell := range j.from {
			values[part] = set.cell(parent, i, cell)
		}
		done.add(keys, i, values)
	}
	if keys.Len() == 0 {
		return waiting{}, false
	}
	return waiting{j, keys, l.Load(ctx, s, keys)}, true
}

func (d *joined) add(keys *loaders.KeySet, parent int, values [][]byte) {
	ordinal, err := keys.Add(values...)
	if err != nil {
		if d.faults == nil {
			d.faults = map[int]error{}
		}
		d.faults[parent], ordinal = err, invalidKey
	}
	d.keys[parent] = int32(ordinal)
}

// take makes a join's rows the objects of its target.
func (r *run) take(w waiting) {
	done := r.joined[w.join.id]
	result, err := w.thunk()
	if err != nil {
		done.err = err
		return
	}
	done.rows, done.index = result.Rows, make([]int32, 0, result.Rows.Len())
	done.starts = make([]int32, w.keys.Len()+1)
	for key := range w.keys.Len() {
		from, to, err := result.Key(key)
		if err != nil {
			done.fail(int32(key), err)
		}
		for row := from; row < to; row++ {
			done.index = append(done.index, int32(row))
		}
		done.starts[key+1] = int32(len(done.index))
	}
	if w.join.to != nil {
		set := r.set(w.join.to)
		set.rows, set.index, set.n = done.rows, done.index, len(done.index)
	}
}

func (d *joined) fail(key int32, err error) {
	if d.failed == nil {
		d.failed = map[int32]error{}
	}
	d.failed[key] = err
}

// objects are the target's objects from..to-1 that belong to a parent.
func (d *joined) objects(parent int) (from, to int32, err error) {
	key := d.keys[parent]
	switch {
	case key == invalidKey:
		return 0, 0, d.faults[parent]
	case key == loaders.NullKey:
		return 0, 0, nil
	case d.err != nil:
		return 0, 0, d.err
	case d.failed[key] != nil:
		return 0, 0, d.failed[key]
	}
	return d.starts[key], d.starts[key+1], nil
}
