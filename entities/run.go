package entities

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"

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
type Result struct{ run *run }

// Release gives the memory of the run back, for further ones. The result may not be used afterwards; what was appended
// and its errors may. Without it nothing leaks.
func (r *Result) Release() {
	r.run.clear()
	r.run.plan.runs.Put(r.run)
}

// Run decodes the inputs, one for each root of the plan, and loads all relationships, wave by wave. It returns when
// everything is loaded. Faults are kept in the result, at the places where they belong. variables are handed to
// [Arguments]. c may be nil where no action gives a field.
func (p *Plan) Run(ctx context.Context, l *loaders.Loaders, c Caller, inputs []Input, variables map[string]any) *Result {
	r, ok := p.runs.Get().(*run)
	if !ok {
		r = newRun(p)
	}
	return r.start(ctx, l, c, inputs, variables)
}

func (r *run) start(ctx context.Context, l *loaders.Loaders, c Caller, inputs []Input, variables map[string]any) *Result {
	for i, a := range r.plan.paths {
		r.paths[i] = pathOf(a, variables)
	}
	for i, root := range r.plan.roots {
		r.decode(root, &r.roots[i], inputs[i])
	}
	l.Expect(len(r.plan.waves))
	for _, wave := range r.plan.waves {
		r.wave(ctx, l, c, wave, variables)
	}
	return &r.result
}

// run is the state of one execution of a plan: the objects of each node, the joins of each join. Its slices are kept for
// further runs.
type run struct {
	plan     *Plan
	result   Result
	sets     []objects  // by node
	joined   []joined   // by join
	followed []bool     // by load: it went with the wave before its own
	resolved []resolved // by place
	paths    []pathArgument
	roots    []rootObjects

	representation representation
	errs           []error        // of representations
	candidates     []entityObject // for interfaces: what may be the entity of a representation
	values         [][]byte
	waiting        []waiting
	renderer       renderer
}

func newRun(p *Plan) *run {
	r := &run{
		plan: p, sets: make([]objects, p.nodes), joined: make([]joined, p.joins), followed: make([]bool, p.loads),
		resolved: make([]resolved, p.places), paths: make([]pathArgument, len(p.paths)), roots: make([]rootObjects, len(p.roots)),
	}
	r.result.run = r
	return r
}

// clear empties the run. What is unusually large isn't kept.
func (r *run) clear() {
	for i := range r.sets {
		r.sets[i].clear()
	}
	for i := range r.joined {
		j := &r.joined[i]
		*j = joined{keys: kept(j.keys), index: kept(j.index)}
	}
	clear(r.followed)
	clear(r.paths)
	for i := range r.resolved {
		s := &r.resolved[i]
		*s = resolved{keys: kept(s.keys), shapes: kept(s.shapes), spans: kept(s.spans)}
	}
	for i := range r.roots {
		o := &r.roots[i]
		*o = rootObjects{shape: kept(o.shape), entities: kept(o.entities)}
	}
	clear(r.values)
	clear(r.errs)
	r.errs = r.errs[:0]
	r.candidates = kept(r.candidates)
	clear(r.waiting[:cap(r.waiting)])
	r.representation = representation{members: kept(r.representation.members), found: kept(r.representation.found)}
	r.renderer = renderer{path: r.renderer.path[:0]}
}

// maxKept bounds how much of a slice is kept, in elements.
const maxKept = 1 << 16

func kept[T any](s []T) []T {
	if cap(s) > maxKept {
		return nil
	}
	return s[:0]
}

// resized is s with n elements, each zero.
func resized[T any](s []T, n int) []T {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}

// text is the place of a JSON value in its root's input. No value ends at 0, so the zero text is none.
type text struct{ from, to uint32 }

// objects are the objects of one node.
type objects struct {
	used     bool // objects may have come
	n        int
	json     []byte         // JSON: the root's input
	cells    []text         // JSON: n times the node's members
	children []childObjects // JSON: by place
	rows     *loaders.Rows  // rows
	index    []int32        // rows: the row of each object; nil: object i is row i
}

func (o *objects) clear() {
	for i := range o.children {
		c := &o.children[i]
		*c = childObjects{shapes: kept(c.shapes), spans: kept(c.spans)}
	}
	*o = objects{cells: kept(o.cells), children: o.children}
}

type span struct{ from, to int }

// childObjects are the shapes of one member, parent by parent. A parent without the member has an empty span.
type childObjects struct {
	shapes []int32
	spans  []span
}

// joined is a relationship followed from all parents of one place.
type joined struct {
	keys   []int32       // by parent: the ordinal of its key, loaders.NullKey, or invalidKey; none where there are no parents
	faults map[int]error // of invalid keys, by parent
	ends   []int32       // by key: where its objects end in the target's set
	rows   *loaders.Rows
	failed map[int32]error

	followed bool    // the rows are not those of all keys in order, so that
	index    []int32 // by object, is its row

	asked *loaders.KeySet // nil where no row is to come

	err error // of the whole statement
}

const invalidKey = -2

// set returns the objects of a node, which may be none yet.
func (r *run) set(n *node, json []byte) *objects {
	set := &r.sets[n.id]
	if !set.used {
		set.used, set.json = true, json
		if set.children == nil && len(n.children) > 0 {
			set.children = make([]childObjects, len(n.children))
		}
	}
	return set
}

// grow adds an empty JSON object and returns its number.
func (o *objects) grow(n *node) int32 {
	for range len(n.members) { // not over the map, which takes several times as long as all the rest
		o.cells = append(o.cells, text{})
	}
	for i := range o.children {
		o.children[i].spans = append(o.children[i].spans, span{})
	}
	o.n++
	return int32(o.n - 1)
}

// cell is the JSON value of an object's cell; nil where it is absent or, for rows, null.
func (o *objects) cell(n *node, i, cell int) []byte {
	if o.rows != nil {
		return o.rows.Cell(row(o.index, i), cell)
	}
	t := o.cells[i*len(n.members)+cell]
	if t.to == 0 {
		return nil
	}
	return o.json[t.from:t.to:t.to]
}

// row is the row of an object.
func row(index []int32, object int) int {
	if index == nil {
		return object
	}
	return int(index[object])
}

// rootObjects are where a root's objects are: the shape of an output, or the place of each representation.
type rootObjects struct {
	err      error
	shape    []int32
	entities []entityObject
}

// entityObject is what a representation led to: numbers of the root's entity, of its node and of the object there, or of
// the run's error, each plus one; 0 is none. Of an interface, node and object are the bounds of its candidates, the first
// plus one.
type entityObject struct{ entity, node, object, err int32 }

func (r *run) decode(root *root, out *rootObjects, in Input) {
	if in.Err == nil && len(in.JSON) > math.MaxUint32 {
		in.Err = errInputTooLarge
	}
	if in.Err != nil {
		out.err = in.Err
		return
	}
	d := decoder{run: r, scanner: scanner{json: in.JSON}}
	if root.output == nil {
		out.entities, out.err = d.representations(root, out.entities)
		return
	}
	d.shape(root.node, &out.shape)
}

var errInputTooLarge = errors.New("an input takes more than 4 GiB")

// wave loads all joins of one depth and resolves its fields: every relationship and resolver once, all of them side by side.
func (r *run) wave(ctx context.Context, l *loaders.Loaders, c Caller, wave *wave, variables map[string]any) {
	r.ask(ctx, l, wave.loads, variables)
	r.askFollowers(ctx, l, wave.followers, variables)
	if len(wave.resolutions) == 0 {
		l.Flush()
		r.takeAll()
		return
	}
	var calls sync.WaitGroup
	var evaluating []evaluating
	r.followRemotes(ctx, c, wave.resolutions, &calls)
	for _, s := range wave.resolutions {
		switch {
		case s.resolver.remote != nil:
		case s.resolver.action != nil:
			r.call(ctx, c, s, variables, &calls)
		default:
			evaluating = append(evaluating, r.evaluate(ctx, l, s.resolver.statement, s.places)...)
		}
	}
	l.Flush()
	r.takeAll()
	for _, e := range evaluating {
		e.take()
	}
	calls.Wait()
	for _, s := range wave.resolutions {
		for _, p := range s.places {
			r.finish(p)
		}
	}
}

// takeAll takes the rows of all joins that are under way.
func (r *run) takeAll() {
	for _, w := range r.waiting {
		r.take(w)
	}
}

// ask asks for the rows of all joins of one depth.
func (r *run) ask(ctx context.Context, l *loaders.Loaders, loads []*load, variables map[string]any) {
	r.waiting = r.waiting[:0]
	for _, load := range loads {
		if r.followed[load.id] {
			continue
		}
		statement, err := load.prepared(variables)
		for i, j := range load.joins {
			set := &r.sets[load.parents[i].id]
			if !set.used {
				continue
			}
			if err != nil {
				done := &r.joined[j.id]
				done.keys, done.err = resized(done.keys, set.n), err
				continue
			}
			if w, ok := r.askOne(ctx, l, statement, load.parents[i], j); ok {
				r.waiting = append(r.waiting, w)
			}
		}
	}
}

// waiting is a join whose rows are under way.
type waiting struct {
	join   *join
	keys   *loaders.KeySet
	thunk  loaders.Thunk
	follow bool // the parents weren't there when it was asked
}

// askOne collects the keys of a join's parents and loads them, if there are any.
func (r *run) askOne(ctx context.Context, l *loaders.Loaders, s *loaders.Statement, parent *node, j *join) (waiting, bool) {
	set := &r.sets[parent.id]
	keys := s.NewKeySet()
	done := &r.joined[j.id]
	done.keys = resized(done.keys, set.n)
	values := resized(r.values, len(j.from))
	r.values = values
	for i := range set.n {
		for part, cell := range j.from {
			values[part] = set.cell(parent, i, cell)
		}
		if err := parent.lacks(j.from, values); err != nil {
			done.refuse(i, err)
			continue
		}
		done.add(keys, i, values)
	}
	if keys.Len() == 0 {
		return waiting{}, false
	}
	done.asked = keys
	return waiting{join: j, keys: keys, thunk: l.Load(ctx, s, keys)}, true
}

func (d *joined) add(keys *loaders.KeySet, parent int, values [][]byte) {
	ordinal, err := keys.Add(values...)
	if err != nil {
		d.refuse(parent, err)
		return
	}
	d.keys[parent] = int32(ordinal)
}

// refuse notes that a parent has no key.
func (d *joined) refuse(parent int, err error) {
	if d.faults == nil {
		d.faults = map[int]error{}
	}
	d.faults[parent], d.keys[parent] = err, invalidKey
}

// lacks is the error of a cell that isn't there and should be.
func (n *node) lacks(cells []int, values [][]byte) error {
	if n.optional == nil {
		return nil
	}
	for i, cell := range cells {
		if values[i] == nil && n.optional[cell] != nil {
			return n.optional[cell]
		}
	}
	return nil
}

// take makes a join's rows the objects of its target.
func (r *run) take(w waiting) {
	done := &r.joined[w.join.id]
	result, err := w.thunk()
	if w.follow {
		done.keysOf(&r.joined[w.join.leader.id])
	}
	if err != nil {
		done.err = err
		return
	}
	n := result.Rows.Len()
	done.rows, done.ends = result.Rows, result.Ends()
	if done.ends == nil {
		done.follow(result, w.keys.Len())
		n = len(done.index)
	}
	if w.join.to != nil {
		set := &r.sets[w.join.to.id]
		set.used, set.rows, set.n = true, done.rows, n
		set.index = done.rowIndex()
	}
}

// follow finds the rows of each key where they are not all, or not in the order of the keys.
func (d *joined) follow(result *loaders.Result, keys int) {
	d.ends = make([]int32, keys)
	d.followed = true
	for key := range keys {
		from, to, err := result.Key(key)
		if err != nil {
			d.fail(int32(key), err)
		}
		for row := from; row < to; row++ {
			d.index = append(d.index, int32(row))
		}
		d.ends[key] = int32(len(d.index))
	}
}

// rowIndex is the row of each object; nil where object i is row i.
func (d *joined) rowIndex() []int32 {
	if !d.followed {
		return nil
	}
	return d.index
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
	if key > 0 {
		from = d.ends[key-1]
	}
	return from, d.ends[key], nil
}
