package remotes

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Selection is what a client selects of a relationship, in the service's words. It doesn't change.
type Selection struct {
	text   []string // the selection set, "" for a scalar; a parameter stands between each two
	params []param
	open   []param    // the arguments of the relationship's own field, in front of the selection
	names  *typenames // nil where no name needs to be published
	err    error
}

// Err says why the role may not select this; nil where it may.
func (s *Selection) Err() error { return s.err }

// param is an argument whose value is known when a request is made.
type param struct {
	name   string // of the argument
	typ    string // in the service's words
	typeOf *ast.Type
	field  *ast.Field     // that a client gives it to; nil for a preset
	preset *ast.Directive // nil where a client gives it
	only   *permission    // that limits the value; nil where nothing does
}

// typenames say under which keys an answer has the names of types.
type typenames struct {
	keys  map[string]bool
	under map[string]*typenames
}

// Rules of a translation, which the caller knows of.
type Rules struct {
	Included func(ast.DirectiveList) bool // what @skip and @include say
	Count    func() bool                  // counts a field; false ends the translation: there are too many
}

// A DeniedError says that a role may not ask for something. Its text is meant for the client.
type DeniedError struct{ Reason string }

// Error is the reason.
func (e *DeniedError) Error() string { return e.Reason }

// Select translates what a client of a role selects of the relationship. field is the client's field, sets are the
// selection sets of all its occurrences.
func (r *Relationship) Select(role string, field *ast.Field, sets []ast.SelectionSet, rules Rules) *Selection {
	p, ok := r.remote.permission(role)
	if !ok {
		return &Selection{err: denied(role, field.Name, field.ObjectDefinition.Name)}
	}
	t := &translator{schema: r.remote.schema, permission: p, role: role, rules: rules, out: &Selection{names: &typenames{}}}
	last := r.last()
	t.out.open = t.arguments(last.parent, last.field, field, func(name string) bool {
		for _, b := range last.bound {
			if b.argument.Name == name {
				return true
			}
		}
		return false
	})
	if len(sets) > 0 {
		t.set(last.field.Type.Name(), t.out.names, sets...)
	}
	t.out.text = append(t.out.text, t.buf.String())
	if len(r.remote.schema.published) == 0 || !t.names {
		t.out.names = nil
	}
	return t.out
}

func denied(role, field, typeName string) error {
	return &DeniedError{fmt.Sprintf("field %q of type %q is not permitted to the role %q", field, typeName, role)}
}

// translator writes a selection in the service's words.
type translator struct {
	schema     *schema
	permission *permission
	role       string
	rules      Rules
	buf        strings.Builder
	out        *Selection
	written    int  // fields and fragments
	names      bool // a __typename was selected
}

func (t *translator) set(parent string, names *typenames, sets ...ast.SelectionSet) {
	t.buf.WriteByte('{')
	before := t.written
	for _, set := range sets {
		t.selections(parent, names, set)
	}
	if t.written == before { // nothing is left of it: the object answers {}
		t.buf.WriteString("__typename @skip(if: true)")
	}
	t.buf.WriteByte('}')
}

func (t *translator) selections(parent string, names *typenames, set ast.SelectionSet) {
	for _, selection := range set {
		if t.out.err != nil {
			return
		}
		switch s := selection.(type) {
		case *ast.Field:
			if t.rules.Included(s.Directives) && t.rules.Count() {
				t.field(parent, names, s)
			}
		case *ast.InlineFragment:
			if t.rules.Included(s.Directives) {
				t.fragment(parent, s.TypeCondition, names, s.SelectionSet)
			}
		case *ast.FragmentSpread:
			if t.rules.Included(s.Directives) && t.rules.Count() {
				t.fragment(parent, s.Definition.TypeCondition, names, s.Definition.SelectionSet)
			}
		}
	}
}

func (t *translator) fragment(parent, condition string, names *typenames, set ast.SelectionSet) {
	t.written++
	if condition != "" {
		parent = t.schema.ownType(condition)
		t.buf.WriteString("...on " + parent)
	} else {
		t.buf.WriteString("...")
	}
	t.set(parent, names, set)
}

func (t *translator) field(parent string, names *typenames, f *ast.Field) {
	t.written++
	if f.Name == "__typename" {
		t.names = true
		names.key(f.Alias)
		fmt.Fprintf(&t.buf, "%s:__typename ", f.Alias)
		return
	}
	name := t.schema.ownField(parent, f.Name)
	if t.permission.field(t.schema, parent, name) == nil {
		t.out.err = denied(t.role, f.Name, f.ObjectDefinition.Name)
		return
	}
	own := t.schema.Types[parent].Fields.ForName(name)
	fmt.Fprintf(&t.buf, "%s:%s", f.Alias, name)
	if given := t.arguments(parent, own, f, func(string) bool { return false }); len(given) > 0 {
		t.buf.WriteByte('(')
		for _, p := range given {
			t.buf.WriteString(p.name + ":")
			t.out.text = append(t.out.text, t.buf.String())
			t.out.params = append(t.out.params, p)
			t.buf.Reset()
			t.buf.WriteByte(' ')
		}
		t.buf.WriteByte(')')
	}
	if len(f.SelectionSet) > 0 {
		t.set(own.Type.Name(), names.below(f.Alias), f.SelectionSet)
	}
	t.buf.WriteByte(' ')
}

// arguments are those that a client gives to a field, and those that the role's permission presets.
func (t *translator) arguments(parent string, own *ast.FieldDefinition, f *ast.Field, bound func(string) bool) (out []param) {
	allowed := t.permission.field(t.schema, parent, own.Name)
	for _, a := range own.Arguments {
		p := param{name: a.Name, typ: variableType(a), typeOf: a.Type, only: t.permission}
		var permitted *ast.ArgumentDefinition
		if allowed != nil {
			permitted = allowed.Arguments.ForName(a.Name)
		}
		given := f.Arguments.ForName(a.Name) != nil
		switch {
		case bound(a.Name):
			continue
		case permitted != nil && preset(permitted) != nil && !given:
			p.preset = preset(permitted)
		case given && (permitted == nil || preset(permitted) != nil):
			t.out.err = &DeniedError{fmt.Sprintf("argument %q of field %q is not permitted to the role %q", a.Name, f.Name, t.role)}
			return nil
		case given:
			p.field = f
		case a.Type.NonNull && a.DefaultValue == nil: // published as optional for roles that have a preset
			t.out.err = &ArgumentError{fmt.Sprintf("missing argument %q of field %q", a.Name, f.Name)}
			return nil
		default:
			continue
		}
		out = append(out, p)
	}
	return out
}

// variableType is the type of a variable for an argument: one that has a default may be left out.
func variableType(a *ast.ArgumentDefinition) string {
	if a.DefaultValue != nil {
		return strings.TrimSuffix(a.Type.String(), "!")
	}
	return a.Type.String()
}

func (n *typenames) key(key string) {
	if n.keys == nil {
		n.keys = map[string]bool{}
	}
	n.keys[key] = true
}

func (n *typenames) below(key string) *typenames {
	if n.under == nil {
		n.under = map[string]*typenames{}
	}
	if n.under[key] == nil {
		n.under[key] = &typenames{}
	}
	return n.under[key]
}
