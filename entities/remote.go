package entities

import (
	"context"
	"fmt"
	"sync"

	"github.com/joinery-graphql/joinery/metadata"
)

// Remote is a relationship to a service that is asked for all objects of a wave at once: a remote schema.
type Remote interface {
	Inputs() []string // the columns and computed fields that it needs, by their names in the database
	Type() *metadata.Type
	Arguments() []*metadata.Argument // that clients give
	Description() string
	Visible(role string) bool // whether the role may follow it; the admin may
}

// RemoteCall is a remote relationship with one selection, to be followed from many objects.
type RemoteCall struct {
	Remote    Remote
	Selection any            // of the [SelectedField]
	Inputs    [][][]byte     // by distinct values: JSON for each of the relationship's inputs, none of it null
	Outputs   []RemoteOutput // by Inputs
}

// RemoteOutput is what a remote relationship gave for some inputs.
type RemoteOutput struct {
	JSON   []byte  // nil for null; rendered as it is
	Errors []Error // their paths are below the field
}

// Remote is what follows the field, nil where it isn't a remote relationship.
func (f *Field) Remote() Remote {
	if f.Resolver == nil {
		return nil
	}
	return f.Resolver.remote
}

// addRemoteSchemaRelationship adds a relationship to a remote schema, if it is served.
func (b *builder) addRemoteSchemaRelationship(t *tableType, r *metadata.RemoteRelationship) {
	if b.remote == nil {
		return
	}
	remote := b.remote(r)
	if remote == nil {
		return // its faults are reported
	}
	item := fmt.Sprintf("remote relationship %q of table %q", r.Name, t.tracked.Name)
	out := &Resolver{remote: remote}
	for _, name := range remote.Inputs() {
		f := t.inputOf(name)
		if f == nil {
			b.fault(r.Pos, item, metadata.DidYouMean(name, columnNames(t.Table)), "the column %q of table %q does not exist", name, t.Table.Name)
			return
		}
		out.inputs = append(out.inputs, input{given: len(out.given), required: true})
		out.given = append(out.given, given{name: f.Name, column: f.Column, typ: f.Type})
	}
	field := &Field{Name: r.Name, Description: remote.Description(), Type: remote.Type(), Resolver: out}
	for _, a := range remote.Arguments() {
		field.Arguments = append(field.Arguments, Argument{Name: a.Name, Type: a.Type})
	}
	b.addField(t.Type, field, r.Pos)
}

// inputOf is the field of a column, or the computed field, of that name in the database.
func (t *tableType) inputOf(name string) *Field {
	for _, f := range t.Fields {
		if f.IsColumn() && f.Column.Name == name || f.Column != nil && f.Column.Computed != nil && f.Name == name {
			return f
		}
	}
	return nil
}

// collect collects what a remote relationship is followed from, for all places of a resolution; nil where there is nothing.
func (r *run) collect(s *resolution) (*RemoteCall, *answer) {
	calls := &calling{resolver: s.resolver, keys: map[string]int32{}}
	for _, p := range s.places {
		r.each(p, calls.add)
	}
	if len(calls.elements) == 0 {
		return nil, nil
	}
	answer := &answer{values: make([]text, len(calls.elements)), errs: make([]error, len(calls.elements))}
	for _, p := range s.places {
		r.resolved[p.id].answer = answer
	}
	return &RemoteCall{Remote: s.resolver.remote, Selection: s.remote, Inputs: calls.elements}, answer
}

// follow follows all remote relationships of a wave at once.
func (r *run) followRemotes(ctx context.Context, c Caller, resolutions []*resolution, wait *sync.WaitGroup) {
	var calls []*RemoteCall
	var answers []*answer
	for _, s := range resolutions {
		if s.resolver.remote == nil {
			continue
		}
		if call, answer := r.collect(s); call != nil {
			calls, answers = append(calls, call), append(answers, answer)
		}
	}
	if len(calls) == 0 {
		return
	}
	wait.Go(func() {
		c.Follow(ctx, calls)
		for i, call := range calls {
			answers[i].takeRemote(call.Outputs)
		}
	})
}

// takeRemote takes the output for each key, with its errors.
func (a *answer) takeRemote(outputs []RemoteOutput) {
	inputs := make([]Input, len(outputs))
	a.below = make([][]Error, len(outputs))
	for key, o := range outputs {
		inputs[key].JSON, a.below[key] = o.JSON, o.Errors
	}
	a.take(inputs)
}

// failBelow notes the errors within the value of a remote relationship.
func (w *renderer) failBelow(done *resolved, key int32) {
	if done.answer == nil || done.answer.below == nil {
		return
	}
	for _, e := range done.answer.below[key] {
		depth := len(w.path)
		for _, element := range e.Path {
			switch e := element.(type) {
			case string:
				w.push(e)
			case int:
				w.pushIndex(e)
			}
		}
		w.fail(e.Err)
		w.path = w.path[:depth]
	}
}
