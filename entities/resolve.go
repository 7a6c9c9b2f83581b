package entities

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/joinery-graphql/joinery/loaders"
)

// Caller asks others for what the database doesn't have: it calls the actions that give fields, and follows remote
// relationships.
type Caller interface {
	// Call calls an action once for each input, a JSON object of its arguments, and returns the outputs in the same
	// order: valid JSON, or an error. id is [ExplainedLoad.ID]. It is used by several goroutines at once.
	Call(ctx context.Context, action string, id any, inputs [][]byte) []Input
	// Follow follows all remote relationships of a wave and sets the calls' outputs.
	Follow(ctx context.Context, calls []*RemoteCall)
}

// resolution is a resolver at one depth: one statement, or the calls of one action, for all places that need it with the
// same arguments.
type resolution struct {
	resolver  *Resolver
	arguments *Arguments
	remote    any // what is selected of a remote relationship
	places    []*place
}

// place is a field that a resolver gives, at one place of the operation.
type place struct {
	id     int
	parent *node   // whose objects' cells the values are; of an entity of a table's type with external fields, the key's
	row    *join   // from there to the row that has the field, whose cells some values are; nil where the parent has it
	from   []value // by what the resolver is given
	to     *node   // of objects; nil for scalars
}

// value is where one of a resolver's values is.
type value struct {
	cell  int
	ofRow bool // of the row that the parent was joined to
}

// resolve plans a field that a resolver gives. n is the node of the object that has it.
func (p *planner) resolve(n *node, out *outField, f SelectedField, depth int) {
	r := f.Field.Resolver
	place := &place{id: p.plan.places, parent: n}
	for _, g := range r.given {
		if g.external && n.via != nil {
			if n.key == nil {
				out.kind, out.err = failedField, &UnresolvableError{Type: n.typ.Name, Field: f.Field.Name, External: g.name}
				return
			}
			place.parent, place.row = n.key, n.key.joins[0]
		}
	}
	for _, g := range r.given {
		place.from = append(place.from, p.value(n, place, g))
	}
	p.plan.places++
	if f.Selection != nil {
		place.to = p.jsonNode(f.Selection, depth+1, nil)
	}
	out.kind, out.place = resolvedField, place
	if r.remote != nil {
		out.strict = false // the service has checked what it gives
	}
	resolution := p.resolution(r, f.Arguments, f.Remote, depth)
	resolution.places = append(resolution.places, place)
}

// value is where a place has what its resolver is given.
func (p *planner) value(n *node, place *place, g given) value {
	if n.via != nil && !g.external {
		return value{cell: n.via.load.cell(p.role.column(n.typ, g.column)), ofRow: place.parent != n}
	}
	return value{cell: place.parent.optionalMember(g.name)}
}

// resolution finds or adds a resolver in the wave after depth.
func (p *planner) resolution(r *Resolver, arguments *Arguments, remote any, depth int) *resolution {
	wave := p.wave(depth)
	for _, have := range wave.resolutions {
		if have.resolver == r && have.remote == remote && argumentsKey(have.arguments) == argumentsKey(arguments) {
			return have
		}
	}
	out := &resolution{resolver: r, arguments: arguments, remote: remote}
	wave.resolutions = append(wave.resolutions, out)
	return out
}

// optionalMember is the cell of a member without which an object is still one. Where a representation lacks it, it counts as
// null, which some routers leave out; if it can't be null, whatever needs it has an error.
func (n *node) optionalMember(name string) int {
	if cell, ok := n.members[name]; ok {
		return cell
	}
	cell := n.member(name)
	if n.optional == nil {
		n.optional = map[int]error{}
	}
	n.optional[cell] = nil
	if n.represented && n.typ.Field(name).Type.NonNull {
		n.optional[cell] = &RepresentationError{Reason: fmt.Sprintf("the representation of %q lacks %q", n.typ.Name, name)}
	}
	return cell
}

// resolved is what a resolver gave at one place.
type resolved struct {
	keys   []int32       // by parent: the number of its values, loaders.NullKey where it has no value, or invalidKey
	faults map[int]error // of invalid keys, by parent
	err    error         // of all

	values *loaders.Result // of an expression

	answer *answer // of an action
	shapes []int32 // its objects' shapes
	spans  []span  // of each key
}

// of is what belongs to a parent: the number of its values, or loaders.NullKey for null.
func (d *resolved) of(parent int) (key int32, err error) {
	switch key = d.keys[parent]; {
	case key == invalidKey:
		return 0, d.faults[parent]
	case key == loaders.NullKey:
		return key, nil
	case d.err != nil:
		return 0, d.err
	case d.answer != nil:
		return key, d.answer.errs[key]
	}
	return key, nil
}

// json is the value of a key, nil for null.
func (d *resolved) json(key int32) ([]byte, error) {
	if d.answer != nil {
		return d.answer.at(key), nil
	}
	from, to, err := d.values.Key(int(key))
	if err != nil || from == to {
		return nil, err
	}
	return d.values.Rows.Cell(from, 0), nil
}

func (d *resolved) fail(parent int, err error) {
	if d.faults == nil {
		d.faults = map[int]error{}
	}
	d.faults[parent], d.keys[parent] = err, invalidKey
}

// given collects the values of a parent; ok is false where there is no object to have the field, or one of them is
// missing.
func (r *run) given(p *place, done *resolved, parent int) (values [][]byte, ok bool) {
	set := &r.sets[p.parent.id]
	values = resized(r.values, len(p.from))
	r.values = values
	row := 0
	if p.row != nil {
		from, to, err := r.joined[p.row.id].objects(parent)
		if err != nil || from == to {
			return nil, false // there is no entity that has the field
		}
		row = int(from)
	}
	for i, v := range p.from {
		if v.ofRow {
			values[i] = r.sets[p.row.to.id].cell(p.row.to, row, v.cell)
			continue
		}
		values[i] = set.cell(p.parent, parent, v.cell)
		if lacks := p.parent.optional[v.cell]; values[i] == nil && lacks != nil {
			done.fail(parent, lacks)
			return nil, false
		}
	}
	return values, true
}

// each gives add the values of each parent at a place, and keeps the number that it returns.
func (r *run) each(p *place, add func(values [][]byte) (int32, error)) {
	done := &r.resolved[p.id]
	set := &r.sets[p.parent.id]
	if !set.used {
		return
	}
	done.keys = resized(done.keys, set.n)
	for parent := range set.n {
		done.keys[parent] = loaders.NullKey
		values, ok := r.given(p, done, parent)
		if !ok {
			continue
		}
		key, err := add(values)
		if err != nil {
			done.fail(parent, err)
			continue
		}
		done.keys[parent] = key
	}
}

// evaluating is an expression that is under way at one place.
type evaluating struct {
	done  *resolved
	thunk loaders.Thunk
}

func (e evaluating) take() { e.done.values, e.done.err = e.thunk() }

// evaluate asks for the values of an expression.
func (r *run) evaluate(ctx context.Context, l *loaders.Loaders, s *loaders.Statement, places []*place) (out []evaluating) {
	for _, p := range places {
		keys := s.NewKeySet()
		r.each(p, func(values [][]byte) (int32, error) {
			key, err := keys.Add(values...)
			return int32(key), err
		})
		if keys.Len() > 0 {
			out = append(out, evaluating{&r.resolved[p.id], l.Load(ctx, s, keys)})
		}
	}
	return out
}

// answer is what an action gave for the distinct values of all places of a resolution.
type answer struct {
	json   []byte // all outputs
	values []text // by key
	errs   []error
	below  [][]Error // of a remote relationship: by key, errors at places within the value
}

func (a *answer) at(key int32) []byte {
	t := a.values[key]
	return a.json[t.from:t.to:t.to]
}

// calling collects the distinct values of a resolution.
type calling struct {
	resolver *Resolver
	keys     map[string]int32
	elements [][][]byte // by key: the JSON of each input
}

// add returns the number of some values, or loaders.NullKey where there is no call for them.
func (c *calling) add(values [][]byte) (int32, error) {
	var elements [][]byte
	for _, in := range c.resolver.inputs {
		element, ok := in.append(nil, values)
		if !ok {
			return loaders.NullKey, nil
		}
		elements = append(elements, element)
	}
	id := string(bytes.Join(elements, []byte{','}))
	key, ok := c.keys[id]
	if !ok {
		key = int32(len(c.elements))
		c.keys[id] = key
		c.elements = append(c.elements, elements)
	}
	return key, nil
}

// append writes the input's value; ok is false where it would be null and may not.
func (in *input) append(dst []byte, values [][]byte) (out []byte, ok bool) {
	if in.members == nil {
		json := values[in.given]
		if len(json) == 0 {
			json = []byte("null")
		}
		return append(dst, json...), !in.required || !isNull(json)
	}
	dst = append(dst, '{')
	for i, m := range in.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, _ = jsontext.AppendQuote(dst, m.name)
		if dst, ok = m.append(append(dst, ':'), values); !ok {
			return dst, false
		}
	}
	return append(dst, '}'), true
}

// inputs are the arguments of each call; own are those that clients gave, a JSON object or nil.
func (c *calling) inputs(own []byte) [][]byte {
	if !c.resolver.batch {
		out := make([][]byte, len(c.elements))
		for key, elements := range c.elements {
			out[key] = c.input(own, func(i int, dst []byte) []byte { return append(dst, elements[i]...) })
		}
		return out
	}
	return [][]byte{c.input(own, func(i int, dst []byte) []byte {
		dst = append(dst, '[')
		for key, elements := range c.elements {
			if key > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, elements[i]...)
		}
		return append(dst, ']')
	})}
}

// input writes the arguments of one call.
func (c *calling) input(own []byte, value func(i int, dst []byte) []byte) []byte {
	dst := []byte{'{'}
	for i, in := range c.resolver.inputs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, _ = jsontext.AppendQuote(dst, in.name)
		dst = value(i, append(dst, ':'))
	}
	if len(own) > len("{}") {
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		return append(dst, own[1:]...)
	}
	return append(dst, '}')
}

// call calls the action of a resolution for the values of all its places. What comes is taken by finish.
func (r *run) call(ctx context.Context, c Caller, s *resolution, variables map[string]any, wait *sync.WaitGroup) {
	calls := &calling{resolver: s.resolver, keys: map[string]int32{}}
	for _, p := range s.places {
		r.each(p, calls.add)
	}
	if len(calls.elements) == 0 {
		return
	}
	answer := &answer{values: make([]text, len(calls.elements)), errs: make([]error, len(calls.elements))}
	for _, p := range s.places {
		r.resolved[p.id].answer = answer
	}
	var own []byte
	if s.arguments != nil {
		var err error
		if own, err = s.arguments.JSON(variables); err != nil {
			answer.fail(err)
			return
		}
	}
	wait.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				answer.fail(fmt.Errorf("BUG: panic while calling action %q: %v\n%s", s.resolver.action.Name, r, debug.Stack()))
			}
		}()
		outputs := c.Call(ctx, s.resolver.action.Name, s, calls.inputs(own))
		if s.resolver.batch {
			answer.takeBatch(outputs[0])
		} else {
			answer.take(outputs)
		}
	})
}

// fail has an error stand in the place of every value.
func (a *answer) fail(err error) {
	for key := range a.errs {
		a.errs[key] = err
	}
}

// take takes an output for each key.
func (a *answer) take(outputs []Input) {
	for key, o := range outputs {
		if o.Err == nil && len(a.json)+len(o.JSON) > math.MaxUint32 {
			o.Err = errInputTooLarge
		}
		if a.errs[key] = o.Err; o.Err != nil {
			continue
		}
		from := uint32(len(a.json))
		a.json = append(append(a.json, o.JSON...), ' ') // a number ends there
		a.values[key] = text{from, from + uint32(len(o.JSON))}
	}
}

// takeBatch takes one output that is a list with an element for each key.
func (a *answer) takeBatch(o Input) {
	if o.Err == nil && len(o.JSON) > math.MaxUint32 {
		o.Err = errInputTooLarge
	}
	if o.Err != nil {
		a.fail(o.Err)
		return
	}
	a.json = o.JSON
	s := scanner{json: o.JSON}
	elements := 0
	if s.peek() == '[' {
		for s.skip(); s.peek() != ']'; elements++ {
			if value := s.value(); elements < len(a.values) {
				a.values[elements] = value
			}
		}
	}
	if elements != len(a.values) {
		a.fail(&ShapeError{fmt.Sprintf("expecting array of %d elements for the action webhook response, found %d", len(a.values), elements)})
	}
}

// finish decodes the objects that an action gave for a place.
func (r *run) finish(p *place) {
	done := &r.resolved[p.id]
	if p.to == nil || done.answer == nil {
		return
	}
	d := decoder{run: r, scanner: scanner{json: done.answer.json}}
	for key, value := range done.answer.values {
		from := len(done.shapes)
		if done.answer.errs[key] == nil {
			d.i = int(value.from)
			d.shape(p.to, &done.shapes)
		}
		done.spans = append(done.spans, span{from, len(done.shapes)})
	}
}

// resolved writes a field that a resolver gave.
func (w *renderer) resolved(n *node, f *outField, i int) bool {
	if f.place.parent != n {
		i = w.represented
	}
	done := &w.run.resolved[f.place.id]
	key, err := done.of(i)
	if err == nil && key == loaders.NullKey {
		return w.orFail(f.typ, f.null)
	}
	if err == nil && f.place.to != nil {
		s := done.spans[key]
		shape := done.shapes[s.from:s.to]
		return w.shape(f.typ, f.place.to, &shape, f.null)
	}
	var json []byte
	if err == nil {
		w.failBelow(done, key)
		json, err = done.json(key)
	}
	if err != nil {
		w.fail(err)
		return !f.typ.NonNull && w.null()
	}
	if len(json) > 0 && !isNull(json) && !f.strict {
		w.buf = append(w.buf, json...)
		return true
	}
	return w.checked(f, json)
}
