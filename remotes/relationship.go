package remotes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/joinery-graphql/joinery/metadata"
)

// Relationship is a field of a table's rows that a remote schema answers. It doesn't change.
type Relationship struct {
	remote *remote
	steps  []step
	inputs []string
	typ    *metadata.Type
	open   []*metadata.Argument
}

// step is a field on the way from the remote schema's Query.
type step struct {
	parent string
	field  *ast.FieldDefinition
	bound  []bound
}

// bound is an argument that the relationship gives.
type bound struct {
	argument *ast.ArgumentDefinition
	value    any  // decoded YAML; "$name" is an input
	constant bool // no input is in it
}

// RemoteSchema is the name of the remote schema that answers.
func (r *Relationship) RemoteSchema() string { return r.remote.name }

// Inputs are the fields that the relationship needs, by their names in the database.
func (r *Relationship) Inputs() []string { return r.inputs }

// Type is what the relationship gives. It is nullable: a service that fails costs its own field.
func (r *Relationship) Type() *metadata.Type { return r.typ }

// Arguments are those that clients give: what the relationship leaves open of its last field's.
func (r *Relationship) Arguments() []*metadata.Argument { return r.open }

// Description is the last field's.
func (r *Relationship) Description() string { return r.last().field.Description }

// Visible reports whether callers of a role have the relationship: whether the role's permission has the fields on the
// way, with the arguments that the relationship gives.
func (r *Relationship) Visible(role string) bool {
	p, ok := r.remote.permission(role)
	if !ok {
		return false
	}
	for _, s := range r.steps {
		f := p.field(r.remote.schema, s.parent, s.field.Name)
		if f == nil || slices.ContainsFunc(s.bound, func(b bound) bool {
			a := f.Arguments.ForName(b.argument.Name)
			return a == nil || preset(a) != nil
		}) {
			return false
		}
	}
	return true
}

func (r *Relationship) last() *step { return &r.steps[len(r.steps)-1] }

// newRelationship finds the fields of a relationship in the remote schema.
func newRelationship(r *remote, md *metadata.RemoteRelationship) (*Relationship, error) {
	out := &Relationship{remote: r, inputs: md.Fields}
	parent := r.schema.Query
	for i, s := range md.RemoteField {
		field := parent.Fields.ForName(s.Field)
		if field == nil {
			return nil, fault(metadata.DidYouMean(s.Field, fieldNames(parent)), "the type %q of remote schema %q has no field %q", parent.Name, r.name, s.Field)
		}
		bound, err := bind(s, field, md.Fields)
		if err != nil {
			return nil, err
		}
		out.steps = append(out.steps, step{parent.Name, field, bound})
		if i == len(md.RemoteField)-1 {
			break
		}
		parent = r.schema.Types[field.Type.Name()]
		if field.Type.Elem != nil || parent.Kind != ast.Object && parent.Kind != ast.Interface {
			return nil, fault("", "the field %q gives %s: only an object has fields to go on from", s.Field, field.Type)
		}
		if missing := required(field, bound); missing != "" {
			return nil, fault("", "missing argument %q of field %q", missing, s.Field)
		}
	}
	last := out.last().field
	out.typ = metadataType(r.schema.reference(last.Type))
	out.typ.NonNull = false
	for _, a := range last.Arguments {
		if !slices.ContainsFunc(out.last().bound, func(b bound) bool { return b.argument == a }) {
			typ := metadataType(r.schema.argumentType(a))
			typ.NonNull = typ.NonNull && a.DefaultValue == nil
			out.open = append(out.open, &metadata.Argument{Name: a.Name, Description: a.Description, Type: typ})
		}
	}
	return out, nil
}

// bind finds the arguments that the relationship gives to a field.
func bind(s metadata.RemoteStep, field *ast.FieldDefinition, inputs []string) (out []bound, err error) {
	for _, a := range s.Arguments {
		definition := field.Arguments.ForName(a.Name)
		if definition == nil {
			var names []string
			for _, d := range field.Arguments {
				names = append(names, d.Name)
			}
			return nil, fault(metadata.DidYouMean(a.Name, names), "the remote field %q has no argument %q", s.Field, a.Name)
		}
		constant := true
		for _, name := range references(a.Value, nil) {
			constant = false
			if !slices.Contains(inputs, name) {
				return nil, fault(fmt.Sprintf("add %q to lhs_fields", name), "the argument %q refers to $%s, which is none of the relationship's fields", a.Name, name)
			}
		}
		out = append(out, bound{definition, a.Value, constant})
	}
	return out, nil
}

// references are the inputs that a value refers to.
func references(value any, found []string) []string {
	switch v := value.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, "$"); ok {
			found = append(found, name)
		}
	case []any:
		for _, e := range v {
			found = references(e, found)
		}
	case map[string]any:
		for _, e := range v {
			found = references(e, found)
		}
	}
	return found
}

// required is an argument without which the field can't be asked for, "" where there is none.
func required(f *ast.FieldDefinition, given []bound) string {
	for _, a := range f.Arguments {
		if a.Type.NonNull && a.DefaultValue == nil && !slices.ContainsFunc(given, func(b bound) bool { return b.argument == a }) {
			return a.Name
		}
	}
	return ""
}

func fieldNames(t *ast.Definition) []string {
	var names []string
	for _, f := range t.Fields {
		if !strings.HasPrefix(f.Name, "__") {
			names = append(names, f.Name)
		}
	}
	return names
}

func metadataType(t *ast.Type) *metadata.Type {
	out := &metadata.Type{Name: t.NamedType, NonNull: t.NonNull}
	if t.Elem != nil {
		out.Elem = metadataType(t.Elem)
	}
	return out
}

// relationshipFault is why a relationship isn't served.
type relationshipFault struct{ message, hint string }

func (f *relationshipFault) Error() string { return f.message }

func fault(hint, format string, args ...any) error {
	return &relationshipFault{fmt.Sprintf(format, args...), hint}
}
