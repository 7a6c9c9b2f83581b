package subgraph

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/joinery-graphql/joinery/entities"
)

// collector merges the fields of selection sets (GraphQL, section 6.3.2), for one operation and one set of variables.
type collector struct {
	schema    *Schema
	role      *entities.Role
	variables map[string]any
	limits    *Limits // nil means none
	selected  int     // fields so far
}

// exceeded reports whether more fields are selected than may be. Collecting then ends early. A few fragments that each
// hold the next one twice select more fields than fit into memory.
func (c *collector) exceeded() bool { return c.limits != nil && c.selected > c.limits.Fields }

// collected is a field with the selection sets of all its occurrences.
type collected struct {
	*ast.Field
	sets []ast.SelectionSet
}

// fields merges what the sets select of objects of a type, in the order of first occurrence.
func (c *collector) fields(typeName string, sets ...ast.SelectionSet) []*collected {
	m := merger{collector: c, typeName: typeName, byKey: map[string]*collected{}, visited: map[string]bool{}}
	for _, set := range sets {
		m.add(set)
	}
	return m.fields
}

type merger struct {
	*collector
	typeName string
	fields   []*collected
	byKey    map[string]*collected
	visited  map[string]bool
}

func (m *merger) add(set ast.SelectionSet) {
	for _, selection := range set {
		if m.exceeded() {
			return
		}
		switch s := selection.(type) {
		case *ast.Field:
			if m.included(s.Directives) {
				m.addField(s)
			}
		case *ast.InlineFragment:
			if m.included(s.Directives) && m.applies(s.TypeCondition) {
				m.add(s.SelectionSet)
			}
		case *ast.FragmentSpread:
			if m.included(s.Directives) && !m.visited[s.Name] && m.applies(s.Definition.TypeCondition) {
				m.visited[s.Name] = true
				m.add(s.Definition.SelectionSet)
			}
		}
	}
}

func (m *merger) addField(f *ast.Field) {
	m.selected++
	have := m.byKey[f.Alias]
	if have == nil {
		have = &collected{Field: f}
		m.byKey[f.Alias] = have
		m.fields = append(m.fields, have)
	}
	if len(f.SelectionSet) > 0 {
		have.sets = append(have.sets, f.SelectionSet)
	}
}

// applies reports whether a fragment on condition is about objects of the type.
func (m *merger) applies(condition string) bool {
	if condition == "" || condition == m.typeName {
		return true
	}
	for _, t := range m.schema.schema.PossibleTypes[condition] {
		if t.Name == m.typeName {
			return true
		}
	}
	return false
}

func (c *collector) included(directives ast.DirectiveList) bool {
	if d := directives.ForName("skip"); d != nil && c.condition(d) {
		return false
	}
	d := directives.ForName("include")
	return d == nil || c.condition(d)
}

func (c *collector) condition(d *ast.Directive) bool {
	value, _ := d.Arguments.ForName("if").Value.Value(c.variables)
	condition, _ := value.(bool)
	return condition
}

// selection plans what the sets select of objects of a type of the model.
func (c *collector) selection(t *entities.Type, sets ...ast.SelectionSet) *entities.Selection {
	out := &entities.Selection{Type: t}
	for _, f := range c.fields(t.Name, sets...) {
		out.Fields = append(out.Fields, c.selectedField(t, f))
	}
	return out
}

// selectedField plans one field of an object.
func (c *collector) selectedField(t *entities.Type, f *collected) entities.SelectedField {
	out := entities.SelectedField{Key: f.Alias, Field: t.Field(f.Name)}
	if out.Field != nil && (out.Field.Resolver != nil || out.Field.TakesPath()) {
		out.Arguments = fieldArguments(f.Field)
	}
	switch {
	case out.Field != nil && out.Field.Remote() != nil:
		out.Arguments = nil // they are part of what is selected
		c.remote(&out, f)
		return out
	case out.Field == nil || out.Field.Object == nil:
		return out
	case out.Field.Aggregate:
		out.Aggregate = c.aggregated(out.Field.Object, out.Field.Type.Name, f)
	default:
		out.Selection = c.selection(out.Field.Object, f.sets...)
	}
	if out.Field.TakesQuery() {
		out.Arguments = fieldArguments(f.Field)
	}
	return out
}

// entitySelections are the selections of the entity types that the sets select anything of.
func (c *collector) entitySelections(sets []ast.SelectionSet) []*entities.Selection {
	var out []*entities.Selection
	for _, t := range c.schema.model.Types {
		if len(t.Keys) == 0 {
			continue
		}
		if s := c.selection(t, sets...); len(s.Fields) > 0 {
			out = append(out, s)
		}
	}
	return out
}
