package metadata

import (
	"fmt"
	"slices"
	"strings"
)

// mergeActions joins what actions.graphql and actions.yaml say of each action, in the order of actions.yaml. The SDL
// wins where both say something, and a difference is reported.
func (r *reader) mergeActions(sdl, yaml []*Action) []*Action {
	declared := map[string]*Action{}
	for _, a := range sdl {
		if declared[a.Name] != nil {
			r.errorf(a.Pos, a.item(), "action with name %q already exists", a.Name)
			continue
		}
		declared[a.Name] = a
	}
	var out []*Action
	seen := map[string]bool{}
	for _, a := range yaml {
		switch {
		case a.Name == "":
			continue
		case seen[a.Name]:
			r.errorf(a.Pos, a.item(), "action with name %q already exists", a.Name)
			continue
		}
		seen[a.Name] = true
		r.mergeAction(a, declared[a.Name], declared)
		out = append(out, a)
	}
	r.withoutHandler(sdl, seen)
	return out
}

func (a *Action) item() string { return "action" + quoted(a.Name) }

func (r *reader) mergeAction(a, declared *Action, all map[string]*Action) {
	if declared == nil {
		r.mergeUndeclared(a, all)
		return
	}
	r.compareAction(a, declared)
	a.Operation, a.Arguments, a.Output = declared.Operation, declared.Arguments, declared.Output
	if declared.Description != "" {
		a.Description = declared.Description
	}
	if a.Operation == Query {
		a.Kind = Synchronous
	}
}

// mergeUndeclared is for an action that only actions.yaml has: the server form says it all there.
func (r *reader) mergeUndeclared(a *Action, all map[string]*Action) {
	if a.Operation == "" {
		a.Operation = Mutation // Hasura's default
	}
	if a.Operation == Query {
		a.Kind = Synchronous
	}
	if r.inline[a] || r.broken[sdlFile] {
		return
	}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	r.add(Fault{
		Pos: a.Pos, Item: a.item(), Message: fmt.Sprintf("action %s is not present in actions.graphql", a.Name),
		Hint: r.didYouMean(a.Name, names),
	})
}

// compareAction warns where the YAML contradicts the SDL.
func (r *reader) compareAction(yaml, sdl *Action) {
	const message = "actions.yaml has %s, but actions.graphql has %s; actions.graphql counts"
	if yaml.Operation != "" && yaml.Operation != sdl.Operation {
		r.warnf(yaml.Pos, yaml.item(), message, "type "+string(yaml.Operation), "type "+string(sdl.Operation))
	}
	if yaml.Output != nil && sdl.Output != nil && yaml.Output.String() != sdl.Output.String() {
		r.warnf(yaml.Pos, yaml.item(), message, "output_type "+yaml.Output.String(), sdl.Output.String())
	}
	if yaml.Arguments != nil && argumentList(yaml.Arguments) != argumentList(sdl.Arguments) {
		r.warnf(yaml.Pos, yaml.item(), message, "arguments "+argumentList(yaml.Arguments), argumentList(sdl.Arguments))
	}
}

// argumentList is the arguments as SDL writes them, in the order of their names.
func argumentList(args []*Argument) string {
	list := make([]string, len(args))
	for i, a := range args {
		list[i] = a.Name + ": " + a.Type.String()
	}
	slices.Sort(list)
	return "(" + strings.Join(list, ", ") + ")"
}

// withoutHandler reports the actions that only actions.graphql has.
func (r *reader) withoutHandler(sdl []*Action, yaml map[string]bool) {
	if r.broken[actionsFile] {
		return
	}
	for _, a := range sdl {
		if !yaml[a.Name] {
			r.add(Fault{
				Pos: a.Pos, Severity: Warning, Item: a.item(),
				Message: fmt.Sprintf("action %s is not present in actions.yaml, so it has no handler and is not served", a.Name),
				Hint:    "add it to actions.yaml with its handler, or remove it here",
			})
		}
	}
}

// mergeTypes joins the types of actions.graphql and actions.yaml. Relationships come from the YAML; a type or field
// that only one of them has is kept.
func (r *reader) mergeTypes(sdl, yaml CustomTypes) CustomTypes {
	t := &typeMerger{r: r, out: sdl, taken: map[string]bool{}}
	t.objects(yaml.Objects)
	t.inputObjects(yaml.InputObjects)
	t.enums(yaml.Enums)
	t.scalars(yaml.Scalars)
	return t.out
}

type typeMerger struct {
	r     *reader
	out   CustomTypes
	taken map[string]bool // types of actions.yaml so far
}

// repeated reports a type that actions.yaml lists twice.
func (t *typeMerger) repeated(pos Pos, noun, name string) bool {
	if name == "" {
		return true
	}
	if t.taken[name] {
		t.r.errorf(pos, noun+quoted(name), "duplicate type names: %s", name)
		return true
	}
	t.taken[name] = true
	return false
}

// undeclared reports a type that actions.graphql lacks; severity depends on what is lost.
func (t *typeMerger) undeclared(s Severity, pos Pos, noun, name string, names []string) {
	if !t.r.missing[sdlFile] && !t.r.broken[sdlFile] {
		t.r.add(Fault{
			Pos: pos, Severity: s, Item: noun + quoted(name),
			Message: fmt.Sprintf("custom type %s is not present in actions.graphql", name),
			Hint:    t.r.didYouMean(name, names),
		})
	}
}

func (t *typeMerger) objects(yaml []*Object) {
	byName := index(t.out.Objects, func(o *Object) string { return o.Name })
	names := namesOf(t.out.Objects, func(o *Object) string { return o.Name })
	for _, y := range yaml {
		if t.repeated(y.Pos, "object type", y.Name) {
			continue
		}
		o := byName[y.Name]
		if o == nil {
			severity := Warning
			if len(y.Fields) == 0 && len(y.Relationships) > 0 {
				severity = Error // its relationships are lost
			}
			t.undeclared(severity, y.Pos, "object type", y.Name, names)
			if len(y.Fields) > 0 {
				t.out.Objects = append(t.out.Objects, y)
			}
			continue
		}
		o.Relationships = y.Relationships
		o.Fields = mergeMembers(t.r, "field", y.item(), o.Fields, y.Fields, (*Field).member)
		if o.Description == "" {
			o.Description = y.Description
		}
	}
}

func (t *typeMerger) inputObjects(yaml []*InputObject) {
	byName := index(t.out.InputObjects, func(o *InputObject) string { return o.Name })
	names := namesOf(t.out.InputObjects, func(o *InputObject) string { return o.Name })
	for _, y := range yaml {
		if t.repeated(y.Pos, "input object", y.Name) {
			continue
		}
		in := byName[y.Name]
		if in == nil {
			t.undeclared(Warning, y.Pos, "input object", y.Name, names)
			if len(y.Fields) > 0 {
				t.out.InputObjects = append(t.out.InputObjects, y)
			}
			continue
		}
		in.Fields = mergeMembers(t.r, "field", "input object"+quoted(y.Name), in.Fields, y.Fields, (*Argument).member)
	}
}

func (t *typeMerger) enums(yaml []*Enum) {
	byName := index(t.out.Enums, func(e *Enum) string { return e.Name })
	names := namesOf(t.out.Enums, func(e *Enum) string { return e.Name })
	for _, y := range yaml {
		if t.repeated(y.Pos, "enum type", y.Name) {
			continue
		}
		e := byName[y.Name]
		if e == nil {
			t.undeclared(Warning, y.Pos, "enum type", y.Name, names)
			if len(y.Values) > 0 {
				t.out.Enums = append(t.out.Enums, y)
			}
			continue
		}
		e.Values = mergeMembers(t.r, "value", "enum type"+quoted(y.Name), e.Values, y.Values, EnumValue.member)
	}
}

func (t *typeMerger) scalars(yaml []*Scalar) {
	byName := index(t.out.Scalars, func(s *Scalar) string { return s.Name })
	names := namesOf(t.out.Scalars, func(s *Scalar) string { return s.Name })
	for _, y := range yaml {
		known := IsBuiltinScalar(y.Name) || IsPostgresType(y.Name)
		if t.repeated(y.Pos, "scalar", y.Name) || known || byName[y.Name] != nil {
			continue
		}
		t.undeclared(Warning, y.Pos, "scalar", y.Name, names)
		t.out.Scalars = append(t.out.Scalars, y)
	}
}

// member is what a merge compares: the name and, but for enum values, the type.
type member struct {
	pos        Pos
	name, kind string
}

func (f *Field) member() member    { return member{f.Pos, f.Name, f.Type.String()} }
func (a *Argument) member() member { return member{a.Pos, a.Name, a.Type.String()} }
func (v EnumValue) member() member { return member{v.Pos, v.Name, ""} }
func (o *Object) item() string     { return "object type" + quoted(o.Name) }

// mergeMembers adds to the members of the SDL those that only the YAML has, and warns of each difference. A YAML
// without members says nothing.
func mergeMembers[T any](r *reader, noun, item string, sdl, yaml []T, of func(T) member) []T {
	known := map[string]member{}
	for _, v := range sdl {
		known[of(v).name] = of(v)
	}
	for _, v := range yaml {
		y := of(v)
		k, ok := known[y.name]
		switch {
		case !ok:
			r.warnf(y.pos, item, "%s %q is in actions.yaml, but not in actions.graphql; it is kept", noun, y.name)
			known[y.name] = y
			sdl = append(sdl, v)
		case k.kind != y.kind:
			r.warnf(y.pos, item, "%s %q is of type %s in actions.yaml, but of type %s in actions.graphql, which counts",
				noun, y.name, y.kind, k.kind)
		}
	}
	return sdl
}

func index[T any](list []T, name func(T) string) map[string]T {
	m := make(map[string]T, len(list))
	for _, v := range list {
		m[name(v)] = v
	}
	return m
}

func namesOf[T any](list []T, name func(T) string) []string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = name(v)
	}
	return names
}
