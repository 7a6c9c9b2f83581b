package entities

import (
	"slices"

	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// ExplainedLoad is a load of a plan: a relationship at one depth, for all places that need it; or an expression; or an
// action that gives a field; or a remote relationship with one selection.
type ExplainedLoad struct {
	Kind         LoadKind
	Action       string                // "" for all else
	ID           any                   // of the action's calls, as [Caller] is given it
	Remote       Remote                // nil for all else
	Selection    any                   // of the remote relationship, as its [RemoteCall] has it
	Relationship *loaders.Relationship // of an expression, one without a table
	Statement    *loaders.Statement    // nil where Err says why there is none
	Err          error
	Positions    []Path // of the fields that it gives rows or values, by response keys
}

// ExplainedError is why a field never has a value: the role may not have it, or nobody gave what it is made of.
type ExplainedError struct {
	Position Path // by response keys
	Err      error
}

// LoadKind is what asks for a load.
type LoadKind string

// The kinds of loads.
const (
	ObjectLoad    LoadKind = "object"
	ArrayLoad     LoadKind = "array"
	AggregateLoad LoadKind = "aggregate"
	RootLoad      LoadKind = "root"   // a field of Query
	EntityLoad    LoadKind = "entity" // representations of a table's rows

	ExpressionLoad LoadKind = "expression"
)

// Bind returns a plan that does as p does for these variables, with a statement of its own for each load, so that
// [Plan.Explain] and [loaders.Observed] tell of the same. p isn't changed.
func (p *Plan) Bind(variables map[string]any) *Plan {
	bound := &Plan{roots: p.roots, nodes: p.nodes, joins: p.joins, loads: p.loads, places: p.places, paths: p.paths}
	own := make([]*load, p.loads) // by id
	for _, w := range p.waves {
		for _, l := range w.loads {
			copied := *l
			copied.statement, copied.err = l.prepare(variables)
			own[l.id] = &copied
		}
	}
	ofThese := func(loads []*load) []*load {
		out := make([]*load, len(loads))
		for i, l := range loads {
			out[i] = own[l.id]
		}
		return out
	}
	for _, w := range p.waves {
		resolutions := make([]*resolution, len(w.resolutions))
		for i, s := range w.resolutions {
			resolutions[i] = s.bind()
		}
		bound.waves = append(bound.waves, &wave{ofThese(w.loads), ofThese(w.followers), resolutions})
	}
	return bound
}

// bind returns a resolution that does as s does, with a statement of its own.
func (s *resolution) bind() *resolution {
	if s.resolver.expression == nil {
		return s
	}
	own, resolver := *s, *s.resolver
	resolver.statement = loaders.NewExpressionStatement(resolver.expression)
	own.resolver = &resolver
	return &own
}

// explain tells what gives a field.
func (s *resolution) explain() *ExplainedLoad {
	switch r := s.resolver; {
	case r.remote != nil:
		return &ExplainedLoad{Remote: r.remote, Selection: s.remote}
	case r.action != nil:
		return &ExplainedLoad{Action: r.action.Name, ID: s}
	default:
		return &ExplainedLoad{Kind: ExpressionLoad, Relationship: r.statement.Relationship(), Statement: r.statement}
	}
}

// Explain tells what the plan loads, wave by wave, and what it has no value for. roots are the paths of the plan's roots in the
// answer.
func (p *Plan) Explain(roots []Path) ([][]*ExplainedLoad, []ExplainedError) {
	e := &explainer{loads: make([]*ExplainedLoad, p.loads), places: map[*place]*ExplainedLoad{}}
	out := make([][]*ExplainedLoad, len(p.waves))
	for depth, wave := range p.waves {
		for _, l := range wave.loads {
			e.loads[l.id] = &ExplainedLoad{Relationship: l.relationship, Statement: l.statement, Err: l.err}
			out[depth] = append(out[depth], e.loads[l.id])
		}
		for _, s := range wave.resolutions {
			load := s.explain()
			out[depth] = append(out[depth], load)
			for _, p := range s.places {
				e.places[p] = load
			}
		}
	}
	for i, r := range p.roots {
		e.root(r, roots[i])
	}
	return out, e.errors
}

// explainer finds the places of loads.
type explainer struct {
	loads  []*ExplainedLoad // by id
	places map[*place]*ExplainedLoad
	errors []ExplainedError
}

func (e *explainer) root(r *root, path Path) {
	if r.node != nil {
		e.node(r.node, path)
	}
	for _, entity := range r.list {
		if entity.node != nil {
			e.node(entity.node, path)
		}
		for i, key := range entity.keys {
			if entity.denied[i] != nil {
				e.fail(path, entity.denied[i])
			}
			for _, j := range key.joins {
				e.join(j, EntityLoad, path)
			}
		}
	}
}

func (e *explainer) node(n *node, path Path) {
	for _, f := range n.fields {
		at := append(slices.Clip(path), f.key)
		switch f.kind {
		case childField:
			e.node(n.children[f.index], at)
		case objectField, arrayField:
			e.join(n.joins[f.index], kindOf(f.field), at)
		case aggregateKind:
			if f.tree.values != noJoin {
				e.join(n.joins[f.tree.values], AggregateLoad, at)
			}
			e.nodes(n, f.tree, at)
		case resolvedField:
			e.places[f.place].at(at)
			if f.place.to != nil {
				e.node(f.place.to, at)
			}
		case failedField:
			e.fail(at, f.err)
		}
	}
}

// fail tells why there is no value. A field that several representations have in their own ways stands there once.
func (e *explainer) fail(path Path, err error) {
	if !slices.ContainsFunc(e.errors, func(other ExplainedError) bool {
		return slices.Equal(other.Position, path) && other.Err.Error() == err.Error()
	}) {
		e.errors = append(e.errors, ExplainedError{path, err})
	}
}

// nodes looks for the rows of an aggregate.
func (e *explainer) nodes(n *node, t *aggregateTree, path Path) {
	if t.kind == aggregateNodes {
		e.join(n.joins[t.array.index], ArrayLoad, append(slices.Clip(path), t.array.key))
	}
	if t.kind == aggregateFailed {
		e.fail(path, t.err)
	}
	for _, f := range t.fields {
		at := path
		if f.key != "" {
			at = append(slices.Clip(path), f.key)
		}
		e.nodes(n, f, at)
	}
}

func kindOf(f *Field) LoadKind {
	switch {
	case f.root != "":
		return RootLoad
	case f.Relationship.join.Type == metadata.ArrayRelationship:
		return ArrayLoad
	}
	return ObjectLoad
}

func (e *explainer) join(j *join, kind LoadKind, path Path) {
	l := e.loads[j.load.id]
	l.Kind = kind
	l.at(path)
	if j.to != nil {
		e.node(j.to, path)
	}
}

func (l *ExplainedLoad) at(path Path) {
	if !slices.ContainsFunc(l.Positions, func(p Path) bool { return slices.Equal(p, path) }) {
		l.Positions = append(l.Positions, path)
	}
}
