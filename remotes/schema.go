package remotes

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/joinery-graphql/joinery/metadata"
)

// schema is a service's schema, with the names that its customization gives to types and fields.
type schema struct {
	*ast.Schema
	published map[string]string            // by the service's name of a type, where it has another
	own       map[string]string            // the other way round
	fields    map[string]map[string]string // published field by type and field, both by the service's names, where it has another
	ownFields map[string]map[string]string // the other way round: by the service's type and the published field

	presets map[*ast.ArgumentDefinition]bool // arguments that some role's permission has a value for
}

func newSchema(sdl string, c metadata.RemoteCustomization) (*schema, error) {
	loaded, err := gqlparser.LoadSchema(&ast.Source{Name: "remote.graphql", Input: sdl})
	if err != nil {
		var gql *gqlerror.Error
		if errors.As(err, &gql) {
			return nil, errors.New(gql.Message)
		}
		return nil, err
	}
	if loaded.Query == nil {
		return nil, errors.New("missing type Query")
	}
	s := &schema{
		Schema: loaded, published: map[string]string{}, own: map[string]string{}, fields: map[string]map[string]string{}, ownFields: map[string]map[string]string{},
		presets: map[*ast.ArgumentDefinition]bool{},
	}
	return s, s.customize(c)
}

// customize gives types and fields their published names. The roots, GraphQL's own scalars and introspection keep theirs.
func (s *schema) customize(c metadata.RemoteCustomization) error {
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		to := name
		if !builtIn[name] && !strings.HasPrefix(name, "__") && s.Types[name] != s.Query && s.Types[name] != s.Mutation && s.Types[name] != s.Subscription {
			to = c.TypeNames.Apply(name)
		}
		if other, taken := s.own[to]; taken {
			return fmt.Errorf("customization gives the types %q and %q one name: %q", other, name, to)
		}
		s.own[to] = name
		if to != name {
			s.published[name] = to
		}
	}
	for _, names := range c.FieldNames {
		t := s.Types[names.ParentType]
		if t == nil {
			return fmt.Errorf("customization renames fields of the type %q, which doesn't exist", names.ParentType)
		}
		s.fields[t.Name], s.ownFields[t.Name] = map[string]string{}, map[string]string{}
		for _, f := range t.Fields {
			to := names.Apply(f.Name)
			if other, taken := s.ownFields[t.Name][to]; taken {
				return fmt.Errorf("customization gives the fields %q and %q of type %q one name: %q", other, f.Name, t.Name, to)
			}
			s.fields[t.Name][f.Name], s.ownFields[t.Name][to] = to, f.Name
		}
	}
	return nil
}

func (s *schema) publishedType(own string) string {
	if name, ok := s.published[own]; ok {
		return name
	}
	return own
}

func (s *schema) ownType(published string) string { return s.own[published] }

func (s *schema) publishedField(t, own string) string {
	if name, ok := s.fields[t][own]; ok {
		return name
	}
	return own
}

func (s *schema) ownField(t, published string) string {
	if name, ok := s.ownFields[t][published]; ok {
		return name
	}
	return published
}

// isSubgraph reports whether the service is a subgraph (Federation subgraph specification).
func (s *schema) isSubgraph() bool { return s.Query.Fields.ForName("_service") != nil }

// reach adds the types that can be asked for, or be given, from a type on.
func (s *schema) reach(name string, found map[string]*ast.Definition) {
	t := s.Types[name]
	if t == nil || builtIn[name] || strings.HasPrefix(name, "__") || found[name] != nil {
		return
	}
	found[name] = t
	for _, f := range t.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		s.reach(f.Type.Name(), found)
		for _, a := range f.Arguments {
			s.reach(a.Type.Name(), found)
		}
	}
	for _, i := range t.Interfaces {
		s.reach(i, found)
	}
	for _, p := range s.PossibleTypes[name] {
		s.reach(p.Name, found)
	}
}

// definition is a type as clients see it.
func (s *schema) definition(t *ast.Definition) *ast.Definition {
	out := &ast.Definition{Kind: t.Kind, Name: s.publishedType(t.Name), Description: t.Description}
	for _, i := range t.Interfaces {
		out.Interfaces = append(out.Interfaces, s.publishedType(i))
	}
	for _, m := range t.Types {
		out.Types = append(out.Types, s.publishedType(m))
	}
	for _, v := range t.EnumValues {
		out.EnumValues = append(out.EnumValues, &ast.EnumValueDefinition{Name: v.Name, Description: v.Description, Directives: deprecation(v.Directives)})
	}
	for _, f := range t.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		field := &ast.FieldDefinition{
			Name: s.publishedField(t.Name, f.Name), Description: f.Description, Type: s.reference(f.Type), DefaultValue: f.DefaultValue,
			Directives: deprecation(f.Directives),
		}
		for _, a := range f.Arguments {
			field.Arguments = append(field.Arguments, &ast.ArgumentDefinition{
				Name: a.Name, Description: a.Description, Type: s.argumentType(a), DefaultValue: a.DefaultValue,
			})
		}
		out.Fields = append(out.Fields, field)
	}
	return out
}

// deprecation leaves of a list of directives the one that clients see.
func deprecation(list ast.DirectiveList) ast.DirectiveList {
	if d := list.ForName("deprecated"); d != nil {
		return ast.DirectiveList{d}
	}
	return nil
}

// argumentType is the type of an argument as clients see it: where a role can't give it, nobody must.
func (s *schema) argumentType(a *ast.ArgumentDefinition) *ast.Type {
	typ := s.reference(a.Type)
	typ.NonNull = typ.NonNull && !s.presets[a]
	return typ
}

func (s *schema) reference(t *ast.Type) *ast.Type {
	out := *t
	if t.Elem != nil {
		out.Elem = s.reference(t.Elem)
	} else {
		out.NamedType = s.publishedType(t.NamedType)
	}
	return &out
}
