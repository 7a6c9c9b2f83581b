package edit

import (
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/joinery-graphql/joinery/metadata"
)

// customType is what SDL and YAML say of a custom type of any kind.
type customType struct {
	keyword     string // of SDL: "type", "input", "enum" or "scalar"
	name        string
	description string
	members     []typeMember
	object      *metadata.Object // nil for other kinds
}

// typeMember is a field or an enum value.
type typeMember struct {
	printed printed
	value   yaml.MapSlice // in the server form
}

// lists are the lists of custom_types in actions.yaml, and where their items have members in the server form.
var lists = map[string]struct{ list, members, name string }{
	"type": {"objects", "fields", "name"}, "input": {"input_objects", "fields", "name"},
	"enum": {"enums", "values", "value"}, "scalar": {"scalars", "", ""},
}

func customTypes(t metadata.CustomTypes) []customType {
	var out []customType
	for _, o := range t.Objects {
		c := customType{keyword: "type", name: o.Name, description: o.Description, object: o}
		for i, p := range printedFields(o.Fields) {
			c.members = append(c.members, typeMember{p, fieldValue(o.Fields[i])})
		}
		out = append(out, c)
	}
	for _, in := range t.InputObjects {
		c := customType{keyword: "input", name: in.Name, description: in.Description}
		for i, p := range printedArguments(in.Fields) {
			c.members = append(c.members, typeMember{p, argumentValue(in.Fields[i])})
		}
		out = append(out, c)
	}
	for _, e := range t.Enums {
		c := customType{keyword: "enum", name: e.Name, description: e.Description}
		for i, p := range printedValues(e.Values) {
			c.members = append(c.members, typeMember{p, enumValue(e.Values[i])})
		}
		out = append(out, c)
	}
	for _, s := range t.Scalars {
		out = append(out, customType{keyword: "scalar", name: s.Name, description: s.Description})
	}
	return out
}

func fieldValue(f *metadata.Field) yaml.MapSlice {
	return argumentValue(&metadata.Argument{Name: f.Name, Type: f.Type, Description: f.Description})
}

func enumValue(v metadata.EnumValue) yaml.MapSlice {
	m := yaml.MapSlice{{Key: "value", Value: v.Name}}
	m = unlessDefault(m, "description", v.Description, "")
	return unlessDefault(m, "is_deprecated", v.Deprecated, false)
}

func (c customType) text() string {
	text := describe(c.description, "") + c.keyword + " " + c.name
	if len(c.members) == 0 {
		return text
	}
	lines := make([]string, len(c.members))
	for i, m := range c.members {
		lines[i] = m.printed.lines("  ", false)
	}
	return text + " {\n" + strings.Join(lines, "\n") + "\n}"
}

// SetCustomTypes makes t all the custom types there are, as Hasura's set_custom_types does. Types and members that are
// there already stay where they are, with their comments; new ones come last.
func SetCustomTypes(dir fs.FS, t metadata.CustomTypes) (Change, error) {
	if err := checkTypes(t); err != nil {
		return Change{}, err
	}
	m, _ := metadata.Read(dir)
	s, err := readSDL(dir)
	if err != nil {
		return Change{}, err
	}
	t = inOrder(m.CustomTypes, t)
	if s.raw != nil || !serverForm(dir) {
		if err := s.setTypes(customTypes(m.CustomTypes), customTypes(t)); err != nil {
			return Change{}, err
		}
	}
	return withSDL(dir, s, func(root yaml.MapSlice) (yaml.MapSlice, error) {
		return setTypeValues(root, customTypes(t), s.raw == nil && len(s.splices) == 0, true)
	}, func(m *metadata.Metadata) { m.CustomTypes = withoutKnownScalars(t) })
}

// RemoveType takes a custom type away. Whether something uses it is known when the changed directory is checked.
func RemoveType(dir fs.FS, name string) (Change, error) {
	m, _ := metadata.Read(dir)
	t := m.CustomTypes
	before := len(customTypes(t))
	t.Objects = slices.DeleteFunc(t.Objects, func(o *metadata.Object) bool { return o.Name == name })
	t.InputObjects = slices.DeleteFunc(t.InputObjects, func(o *metadata.InputObject) bool { return o.Name == name })
	t.Enums = slices.DeleteFunc(t.Enums, func(o *metadata.Enum) bool { return o.Name == name })
	t.Scalars = slices.DeleteFunc(t.Scalars, func(o *metadata.Scalar) bool { return o.Name == name })
	if len(customTypes(t)) == before {
		return Change{}, &NotFound{Message: fmt.Sprintf("type with name %q does not exist", name)}
	}
	return SetCustomTypes(dir, t)
}

// checkTypes wants each type and relationship to have what the files need.
func checkTypes(t metadata.CustomTypes) error {
	seen := map[string]bool{}
	for _, c := range customTypes(t) {
		if seen[c.name] {
			return invalid("", "duplicate type names: %s", c.name)
		}
		seen[c.name] = true
		if c.name == "" || operations[c.name] != "" {
			return invalid("", "invalid type name %q", c.name)
		}
		if len(c.members) == 0 && c.keyword != "scalar" {
			return invalid("", "%s %q: missing %s", c.keyword, c.name, lists[c.keyword].members)
		}
		if c.object == nil {
			continue
		}
		taken := map[string]bool{}
		for _, r := range c.object.Relationships {
			if faults := checkRelationship(*r); len(faults) > 0 {
				return faults
			}
			if taken[r.Name] {
				return invalid("", "the object %q has duplicate fields: %s", c.name, r.Name)
			}
			taken[r.Name] = true
		}
	}
	return nil
}

// inOrder is t with what is in have, too, in the order of have.
func inOrder(have, t metadata.CustomTypes) metadata.CustomTypes {
	byName := map[string]*metadata.Object{}
	for _, o := range have.Objects {
		byName[o.Name] = o
	}
	objects := make([]*metadata.Object, len(t.Objects))
	for i, o := range t.Objects {
		clone := *o
		if was := byName[o.Name]; was != nil {
			clone.Fields = sorted(was.Fields, o.Fields, func(f *metadata.Field) string { return f.Name })
			clone.Relationships = sorted(was.Relationships, o.Relationships, func(r *metadata.Relationship) string { return r.Name })
		}
		objects[i] = &clone
	}
	return metadata.CustomTypes{
		Objects:      sorted(have.Objects, objects, func(o *metadata.Object) string { return o.Name }),
		InputObjects: sorted(have.InputObjects, membersInOrder(have, t), func(o *metadata.InputObject) string { return o.Name }),
		Enums:        sorted(have.Enums, valuesInOrder(have, t), func(o *metadata.Enum) string { return o.Name }),
		Scalars:      sorted(have.Scalars, t.Scalars, func(o *metadata.Scalar) string { return o.Name }),
	}
}

func membersInOrder(have, t metadata.CustomTypes) []*metadata.InputObject {
	out := make([]*metadata.InputObject, len(t.InputObjects))
	for i, in := range t.InputObjects {
		clone := *in
		for _, was := range have.InputObjects {
			if was.Name == in.Name {
				clone.Fields = sorted(was.Fields, in.Fields, func(a *metadata.Argument) string { return a.Name })
			}
		}
		out[i] = &clone
	}
	return out
}

func valuesInOrder(have, t metadata.CustomTypes) []*metadata.Enum {
	out := make([]*metadata.Enum, len(t.Enums))
	for i, e := range t.Enums {
		clone := *e
		for _, was := range have.Enums {
			if was.Name == e.Name {
				clone.Values = sorted(was.Values, e.Values, func(v metadata.EnumValue) string { return v.Name })
			}
		}
		out[i] = &clone
	}
	return out
}

// sorted is want in the order of have, with the others behind.
func sorted[T any](have, want []T, name func(T) string) []T {
	rank := map[string]int{}
	for i, v := range have {
		rank[name(v)] = i + 1
	}
	out := slices.Clone(want)
	place := func(v T) int {
		if r := rank[name(v)]; r > 0 {
			return r
		}
		return len(have) + 1
	}
	slices.SortStableFunc(out, func(a, b T) int { return place(a) - place(b) })
	return out
}

// withoutKnownScalars leaves out what the reader leaves out.
func withoutKnownScalars(t metadata.CustomTypes) metadata.CustomTypes {
	t.Scalars = slices.DeleteFunc(slices.Clone(t.Scalars), func(s *metadata.Scalar) bool {
		return knownScalar(s.Name)
	})
	return t
}

// serverForm says whether actions.yaml declares types or outputs itself.
func serverForm(dir fs.FS) bool {
	e := newEditor(dir)
	n, err := e.root(actionsFile)
	if err != nil {
		return false
	}
	v, _ := e.value(n)
	root, _ := v.(yaml.MapSlice)
	actions, _ := listOf(root, "actions")
	for _, a := range actions {
		action, _ := a.(yaml.MapSlice)
		definition, _ := mappingOf(action, "definition")
		if _, has := field(definition, "output_type"); has {
			return true
		}
	}
	return false
}

// setTypes makes the definitions of the file those of want. have is what they are now.
func (s *sdl) setTypes(have, want []customType) error {
	byName := map[string]customType{}
	for _, t := range have {
		byName[t.name] = t
	}
	kept := map[string]bool{}
	for _, t := range want {
		d := s.definition(t.name)
		if d == nil || d.keyword != t.keyword {
			s.append(t.text())
			continue
		}
		kept[t.name] = true
		if err := s.updateType(d, byName[t.name], t); err != nil {
			return err
		}
	}
	for _, d := range s.definitions {
		if d.operation() == "" && lists[d.keyword].list != "" && !kept[d.name] {
			s.remove(d)
		}
	}
	return nil
}

// updateType changes a definition from have to want.
func (s *sdl) updateType(d *definition, have, want customType) error {
	if sameType(have, want) {
		return nil
	}
	if s.extended(d.name) {
		return refusal(s.pos(d.start), fmt.Sprintf("the type %q has extensions", d.name), byHand)
	}
	keeps := slices.ContainsFunc(d.members, func(m member) bool { return memberNamed(want, m.name) != nil })
	if !keeps || s.lineOf(d.open) == s.lineOf(d.close) {
		s.splice(d.start, d.end, want.text())
		return nil
	}
	if have.description != want.description {
		s.splice(d.start, d.named, describe(want.description, ""))
	}
	for i, m := range d.members {
		was, now := memberNamed(have, m.name), memberNamed(want, m.name)
		switch {
		case now == nil:
			s.removeMember(d, i)
		case was == nil || !reflect.DeepEqual(was.printed, now.printed):
			s.replaceMember(d, i, now.printed)
		}
	}
	for _, m := range want.members {
		if !slices.ContainsFunc(d.members, func(o member) bool { return o.name == m.printed.name }) {
			s.addMember(d, m.printed)
		}
	}
	return nil
}

func sameType(a, b customType) bool {
	return a.keyword == b.keyword && a.description == b.description && slices.EqualFunc(a.members, b.members, func(x, y typeMember) bool {
		return reflect.DeepEqual(x.printed, y.printed)
	})
}

func memberNamed(t customType, name string) *typeMember {
	for i, m := range t.members {
		if m.printed.name == name {
			return &t.members[i]
		}
	}
	return nil
}

// DefineTypes declares the types of some SDL: each takes the place of the one of its name, or comes last. The text is
// taken as it is, comments within definitions included. Relationships stay.
func DefineTypes(dir fs.FS, text string) (Change, error) {
	given, err := newSDL([]byte(text))
	if err != nil {
		return Change{}, err
	}
	types, err := readTypes(text)
	if err != nil {
		return Change{}, err
	}
	s, err := readSDL(dir)
	if err != nil {
		return Change{}, err
	}
	for _, d := range given.definitions {
		if lists[d.keyword].list == "" || d.operation() != "" || strings.HasPrefix(given.plain[d.named:], "extend") {
			return Change{}, invalid("", "Invalid Types Definition: expected types, input objects, enums and scalars")
		}
		text := given.plain[d.start:d.end]
		switch old := s.definition(d.name); {
		case old == nil:
			s.append(text)
		case s.extended(d.name):
			return Change{}, refusal(s.pos(old.start), fmt.Sprintf("the type %q has extensions", d.name), byHand)
		case s.plain[old.start:old.end] != text:
			s.splice(old.start, old.end, text)
		}
	}
	return withSDL(dir, s, func(root yaml.MapSlice) (yaml.MapSlice, error) {
		return setTypeValues(root, customTypes(types), false, false)
	}, func(m *metadata.Metadata) { m.CustomTypes = defined(m.CustomTypes, types) })
}

// readTypes are the types that some SDL declares.
func readTypes(text string) (metadata.CustomTypes, error) {
	m, faults := metadata.Read(overlay{nothing{}, []File{{Path: sdlFile, After: []byte(text)}, {Path: "version.yaml", After: []byte("version: 3\n")}}})
	for _, f := range faults.Of(metadata.Error) {
		if strings.HasPrefix(f.Message, "duplicate ") || strings.Contains(f.Message, " has duplicate ") || strings.HasPrefix(f.Message, "unexpected ") {
			return metadata.CustomTypes{}, metadata.Faults{f}
		}
	}
	return m.CustomTypes, nil
}

// nothing is a directory without files.
type nothing struct{}

func (nothing) Open(name string) (fs.File, error) {
	if name == "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// defined are the types of have with those of t in their places, or behind.
func defined(have, t metadata.CustomTypes) metadata.CustomTypes {
	for _, o := range t.Objects {
		if was := have.Object(o.Name); was != nil {
			o.Relationships = was.Relationships
		}
	}
	has := map[string]string{}
	for _, c := range customTypes(t) {
		has[c.name] = c.keyword
	}
	other := func(name, keyword string) bool { return has[name] != "" && has[name] != keyword }
	return metadata.CustomTypes{
		Objects: slices.DeleteFunc(merged(have.Objects, t.Objects, func(o *metadata.Object) string { return o.Name }),
			func(o *metadata.Object) bool { return other(o.Name, "type") }),
		InputObjects: slices.DeleteFunc(merged(have.InputObjects, t.InputObjects, func(o *metadata.InputObject) string { return o.Name }),
			func(o *metadata.InputObject) bool { return other(o.Name, "input") }),
		Enums: slices.DeleteFunc(merged(have.Enums, t.Enums, func(o *metadata.Enum) string { return o.Name }),
			func(o *metadata.Enum) bool { return other(o.Name, "enum") }),
		Scalars: slices.DeleteFunc(merged(have.Scalars, t.Scalars, func(o *metadata.Scalar) string { return o.Name }),
			func(o *metadata.Scalar) bool { return other(o.Name, "scalar") }),
	}
}

func merged[T any](have, more []T, name func(T) string) []T {
	out := slices.Clone(have)
	for _, v := range more {
		i := slices.IndexFunc(out, func(o T) bool { return name(o) == name(v) })
		if i < 0 {
			out = append(out, v)
		} else {
			out[i] = v
		}
	}
	return out
}

// setTypeValues makes custom_types of actions.yaml those of types: what stands in actions.graphql only by name, but for
// the server form. With all, others are taken away, and relationships are set.
func setTypeValues(root yaml.MapSlice, types []customType, server, all bool) (yaml.MapSlice, error) {
	values, err := mappingOf(root, "custom_types")
	if err != nil {
		return nil, err
	}
	for _, keyword := range []string{"enum", "input", "type", "scalar"} {
		key := lists[keyword].list
		items, err := listOf(values, key)
		if err != nil {
			return nil, err
		}
		out, err := typeValues(items, types, keyword, server, all)
		if err != nil {
			return nil, err
		}
		if _, has := field(values, key); has || len(out) > 0 {
			values = with(values, key, out)
		}
	}
	if _, has := field(root, "custom_types"); !has && len(values) == 0 {
		return root, nil
	}
	return with(root, "custom_types", values), nil
}

func typeValues(items []any, types []customType, keyword string, server, all bool) ([]any, error) {
	out := []any{}
	wanted := map[string]customType{}
	for _, t := range types {
		wanted[t.name] = t
	}
	done := map[string]bool{}
	for _, v := range items {
		m, ok := v.(yaml.MapSlice)
		name, _ := field(m, "name")
		t, known := wanted[fmt.Sprint(name)]
		switch {
		case !ok || done[fmt.Sprint(name)]:
			return nil, &unplaced{lists[keyword].list, "", fmt.Sprintf("%q has an item twice, or one that can't be read", lists[keyword].list), byHand}
		case known && t.keyword == keyword:
			done[t.name] = true
			m, err := t.value(m, server, all)
			if err != nil {
				return nil, err
			}
			out = append(out, m)
		case !known && !all:
			out = append(out, v)
		}
	}
	for _, t := range types {
		if t.keyword != keyword || done[t.name] {
			continue
		}
		m, err := t.value(yaml.MapSlice{{Key: "name", Value: t.name}}, server, all)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// value is what actions.yaml has about the type, made of what it had.
func (c customType) value(v yaml.MapSlice, server, relationships bool) (yaml.MapSlice, error) {
	key := lists[c.keyword]
	_, described := field(v, "description")
	if described || server {
		v = unlessDefault(v, "description", c.description, "")
	}
	if _, has := field(v, key.members); (has || server) && key.members != "" {
		had, err := listOf(v, key.members)
		if err != nil {
			return nil, err
		}
		v = with(v, key.members, memberValues(had, c.members, key.name))
	}
	if c.object == nil || !relationships {
		return v, nil
	}
	had, err := listOf(v, "relationships")
	if err != nil {
		return nil, err
	}
	list := make([]any, len(c.object.Relationships))
	for i, r := range c.object.Relationships {
		at, err := find(had, "relationship", r.Name)
		if err != nil {
			return nil, err
		}
		var was yaml.MapSlice
		if at >= 0 {
			was = had[at].(yaml.MapSlice)
		}
		list[i] = relationshipValue(was, *r)
	}
	if len(list) > 0 {
		return with(v, "relationships", list), nil
	}
	if empty(had) {
		return v, nil
	}
	return without(v, "relationships"), nil
}

// memberValues are members in the server form, made of those that were there.
func memberValues(had []any, members []typeMember, name string) []any {
	out := make([]any, len(members))
	for i, m := range members {
		v := m.value
		for _, h := range had {
			if was, ok := h.(yaml.MapSlice); ok && identityOf(was, name) == identityOf(m.value, name) {
				v = mergedValue(was, m.value)
			}
		}
		out[i] = v
	}
	return out
}

func identityOf(v yaml.MapSlice, key string) any {
	name, _ := field(v, key)
	return name
}

// mergedValue is v in the place of was: keys without a value, as Hasura exports them, stay.
func mergedValue(was, v yaml.MapSlice) yaml.MapSlice {
	out := slices.DeleteFunc(slices.Clone(was), func(e yaml.MapItem) bool {
		_, has := field(v, e.Key.(string))
		return !has && e.Value != nil && e.Value != false && e.Value != ""
	})
	for _, e := range v {
		out = with(out, e.Key.(string), e.Value)
	}
	return out
}
