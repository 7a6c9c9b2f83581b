package subgraph

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/loaders"
)

// fieldArguments are the arguments of an array relationship, or of a field that an action gives; nil where there are none.
func fieldArguments(f *ast.Field) *entities.Arguments {
	if len(f.Arguments) == 0 {
		return nil
	}
	out := &entities.Arguments{Static: true, JSON: func(variables map[string]any) ([]byte, error) { return appendArguments(nil, f, variables) }}
	parts := make([]string, len(f.Arguments))
	for i, a := range f.Arguments {
		parts[i] = a.Name + ":" + a.Value.String()
		out.Static = out.Static && !hasVariable(a.Value)
	}
	slices.Sort(parts)
	out.Key = strings.Join(parts, ",")
	return out
}

func hasVariable(v *ast.Value) bool {
	if v.Kind == ast.Variable {
		return true
	}
	for _, c := range v.Children {
		if hasVariable(c.Value) {
			return true
		}
	}
	return false
}

// aggregated plans <t>_aggregate: what is selected of the aggregate over rows of t.
func (c *collector) aggregated(t *entities.Type, typeName string, f *collected) *entities.Aggregated {
	return &entities.Aggregated{Key: f.Alias, Fields: c.aggregatedFields(typeName, f, func(g *entities.Aggregated, sub *collected) {
		if sub.Name == "nodes" {
			g.Nodes = c.selection(t, sub.sets...)
		} else {
			g.Fields = c.functions(t, sub)
		}
	})}
}

// functions plans <t>_aggregate_fields: count, and an object for each other function.
func (c *collector) functions(t *entities.Type, f *collected) []entities.Aggregated {
	return c.aggregatedFields(t.Name+"_aggregate_fields", f, func(g *entities.Aggregated, sub *collected) {
		if sub.Name == "count" {
			g.Value = c.count(t, sub)
		} else {
			g.Fields = c.function(t, sub)
		}
	})
}

// function plans <t>_sum_fields and the like: the function of some columns.
func (c *collector) function(t *entities.Type, f *collected) []entities.Aggregated {
	return c.aggregatedFields(t.Name+"_"+f.Name+"_fields", f, func(g *entities.Aggregated, sub *collected) {
		g.Value = t.Aggregate(f.Name, []string{sub.Name}, false)
	})
}

// aggregatedFields plans the selected fields of a type, each but __typename by plan.
func (c *collector) aggregatedFields(typeName string, f *collected, plan func(*entities.Aggregated, *collected)) []entities.Aggregated {
	out := []entities.Aggregated{}
	for _, sub := range c.fields(typeName, f.sets...) {
		g := entities.Aggregated{Key: sub.Alias}
		if sub.Name == "__typename" {
			g.TypeName = typeName
		} else {
			plan(&g, sub)
		}
		out = append(out, g)
	}
	return out
}

// count plans count(columns, distinct). Variables among its arguments decide on the plan, see planVariables.
func (c *collector) count(t *entities.Type, f *collected) *loaders.Aggregate {
	var columns []string
	distinct := false
	if a := f.Arguments.ForName("distinct"); a != nil {
		value, _ := a.Value.Value(c.variables)
		distinct, _ = value.(bool)
	}
	if a := f.Arguments.ForName("columns"); a != nil {
		value, _ := a.Value.Value(c.variables)
		columns = names(value)
	}
	return t.Aggregate("count", columns, distinct)
}

// names are the texts of a list, or of a single value.
func names(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		var out []string
		for _, element := range v {
			out = append(out, names(element)...)
		}
		return out
	}
	return nil
}
