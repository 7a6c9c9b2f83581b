package entities

import (
	"fmt"
	"slices"

	"github.com/joinery-graphql/joinery/metadata"
)

// addAction makes the action of a resolver and gives the field its type and its arguments.
func (r *resolverBuilder) addAction(field *Field) {
	from := r.from.Action
	var names []string
	for _, a := range r.md.Actions {
		names = append(names, a.Name)
		if a.Name == from.Name {
			r.out.action = a
		}
	}
	a := r.out.action
	switch {
	case a == nil:
		r.fail(from.Pos, metadata.DidYouMean(from.Name, names), "unknown action %q", from.Name)
		return
	case a.Operation != metadata.Query:
		r.fail(from.Pos, "an action that changes nothing is declared in type Query", "the action %q is a mutation", from.Name)
		return
	case a.Output == nil:
		return // reported by metadata
	}
	r.out.batch = from.Batch
	output := *a.Output
	if from.Batch {
		if output.Elem == nil {
			r.fail(from.Pos, "remove batch, or let the action return a list", "a batch needs an action that returns a list, not %s", a.Output)
			return
		}
		output = *output.Elem
	}
	output.NonNull = false // a call that fails should cost its own field
	field.Type, field.Object = &output, r.model.named[output.Named()]
	field.Description = a.Description
	r.addInputs(field)
}

// addInputs maps fields to the action's arguments. Those that are not mapped are the field's own.
func (r *resolverBuilder) addInputs(field *Field) {
	from, action := r.from.Action, r.out.action
	for _, m := range from.Arguments {
		if a := argumentNamed(action.Arguments, m.Name); a != nil {
			r.addInput(m, a.Type)
			continue
		}
		r.fail(m.Pos, metadata.DidYouMean(m.Name, argumentNames(action.Arguments)), "the action %q has no argument %q", action.Name, m.Name)
	}
	for _, a := range action.Arguments {
		if !slices.ContainsFunc(from.Arguments, func(m metadata.FieldArgument) bool { return m.Name == a.Name }) {
			field.Arguments = append(field.Arguments, Argument{Name: a.Name, Type: a.Type})
		}
	}
	if from.Batch && len(r.out.inputs) == 0 && r.ok() {
		r.fail(from.Pos, "map at least one argument", "a batch has nothing that tells its objects apart")
	}
}

func (r *resolverBuilder) addInput(m metadata.FieldArgument, typ *metadata.Type) {
	if r.out.batch {
		if typ.Elem == nil {
			r.fail(m.Pos, "", "the argument %q of a batch must be a list, not %s", m.Name, typ)
			return
		}
		typ = typ.Elem
	}
	in, ok := r.leaf(m, typ)
	if m.Members != nil {
		in, ok = r.object(m, typ)
	}
	if ok {
		r.out.inputs = append(r.out.inputs, in)
	}
}

// leaf is an input that is a field's value.
func (r *resolverBuilder) leaf(m metadata.FieldArgument, typ *metadata.Type) (in input, ok bool) {
	if m.Members != nil || m.Field == "" {
		return in, false
	}
	place, ok := r.give(m.Field, m.Pos)
	if !ok {
		return in, false
	}
	if from := r.out.given[place].typ; !r.takes(typ, from) {
		r.fail(m.Pos, "", "the field %q of type %s can't be given to %q of type %s", m.Field, from, m.Name, typ)
		return in, false
	}
	return input{name: m.Name, given: place, required: typ.NonNull}, true
}

// object is an input that is an input object.
func (r *resolverBuilder) object(m metadata.FieldArgument, typ *metadata.Type) (in input, ok bool) {
	i := slices.IndexFunc(r.md.CustomTypes.InputObjects, func(o *metadata.InputObject) bool { return o.Name == typ.Name })
	if i < 0 {
		r.fail(m.Pos, fmt.Sprintf("name a field, as in %s: id", m.Name), "the argument %q of type %s is no input object", m.Name, typ)
		return in, false
	}
	object := r.md.CustomTypes.InputObjects[i]
	in = input{name: m.Name}
	for _, member := range m.Members {
		a := argumentNamed(object.Fields, member.Name)
		if a == nil {
			r.fail(member.Pos, metadata.DidYouMean(member.Name, argumentNames(object.Fields)), "the input object %q has no field %q", object.Name, member.Name)
			continue
		}
		if leaf, ok := r.leaf(member, a.Type); ok {
			in.members = append(in.members, leaf)
		}
	}
	for _, a := range object.Fields {
		if a.Type.NonNull && !slices.ContainsFunc(m.Members, func(m metadata.FieldArgument) bool { return m.Name == a.Name }) {
			r.fail(m.Pos, "", "missing field %q of the input object %q, which may not be null", a.Name, object.Name)
		}
	}
	return in, r.ok()
}

// takes reports whether a value of type from can be given where to is expected. That a value may be null doesn't matter:
// then there is no call. An object goes to an input object as it is.
func (r *resolverBuilder) takes(to, from *metadata.Type) bool {
	if to.Elem != nil || from.Elem != nil {
		return to.Elem != nil && from.Elem != nil && r.takes(to.Elem, from.Elem)
	}
	if slices.ContainsFunc(r.md.CustomTypes.InputObjects, func(o *metadata.InputObject) bool { return o.Name == to.Name }) {
		return r.model.named[from.Name] != nil
	}
	return to.Name == from.Name || likeScalars[to.Name][from.Name]
}

// likeScalars are the scalars whose JSON values those of other names are, too, by the one that takes them.
var likeScalars = map[string]map[string]bool{
	"ID":     {"String": true, "Int": true, "bigint": true, "smallint": true, "uuid": true, "citext": true, "bpchar": true},
	"String": {"ID": true, "uuid": true, "citext": true, "bpchar": true, "date": true, "timestamp": true, "timestamptz": true},
	"Float":  {"Int": true, "numeric": true, "bigint": true, "smallint": true},
	"Int":    {"smallint": true},
	"bigint": {"Int": true, "smallint": true}, "numeric": {"Int": true, "Float": true, "bigint": true, "smallint": true},
	"uuid": {"String": true, "ID": true},
}

func argumentNamed(arguments []*metadata.Argument, name string) *metadata.Argument {
	for _, a := range arguments {
		if a.Name == name {
			return a
		}
	}
	return nil
}

func argumentNames(arguments []*metadata.Argument) []string {
	names := make([]string, len(arguments))
	for i, a := range arguments {
		names[i] = a.Name
	}
	return names
}
