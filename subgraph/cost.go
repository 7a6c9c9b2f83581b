package subgraph

import (
	"encoding/json"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

// cost is how many objects some selections can give at most, as far as that can be told from the document: a list
// counts as its limit, or as Limits.ListSize where it has none, and so does a list of lists.
type cost struct {
	fixed int        // of what doesn't depend on variables
	parts []*costing // of what does
}

// costing is a field whose limit is a variable, or that holds such fields.
type costing struct {
	size     int    // objects of the field; without meaning where variable is set
	variable string // that holds the limit; "" means none
	each     cost   // of what each object holds
}

// costCap keeps products in their range.
const costCap = 1 << 30

// cost is what the sets select of objects of a type. inherited is the limit of the aggregate around them, whose nodes
// it counts for. It is called after the fields were collected, within the limit.
func (c *collector) cost(typeName string, inherited *ast.Argument, sets ...ast.SelectionSet) cost {
	var out cost
	free := collector{schema: c.schema, variables: c.variables}
	for _, f := range free.fields(typeName, sets...) {
		if len(f.sets) > 0 {
			out.add(c.fieldCost(f, inherited))
		}
	}
	return out
}

func (c *collector) fieldCost(f *collected, inherited *ast.Argument) *costing {
	limit := c.limitOf(f)
	if limit == nil && f.Name == "nodes" {
		limit = inherited
	}
	out := &costing{size: 1}
	if f.Definition.Type.Elem != nil && f.Name != "_entities" { // Limits.Representations is their limit
		out.size = c.limits.ListSize
	}
	if f.Definition.Type.Elem == nil {
		out.each = c.objectCost(f, limit)
		return out
	}
	out.each = c.objectCost(f, nil)
	switch { // an aggregate's nodes, too
	case limit == nil:
	case limit.Value.Kind == ast.Variable:
		out.variable = limit.Value.Raw
	default:
		out.setLimit(limit.Value.Raw)
	}
	return out
}

// limitOf is the argument that bounds how many rows are read; an argument of that name of an action means what its
// handler makes of it.
func (c *collector) limitOf(f *collected) *ast.Argument {
	t := c.schema.model.Type(f.ObjectDefinition.Name)
	if f.ObjectDefinition.Name == "Query" {
		t = c.schema.model.Query
	}
	if t == nil {
		return nil
	}
	if field := t.Field(f.Name); field == nil || !field.TakesQuery() {
		return nil
	}
	return f.Arguments.ForName("limit")
}

// objectCost is that of all types that an object of the field may have.
func (c *collector) objectCost(f *collected, limit *ast.Argument) cost {
	var out cost
	for _, t := range c.schema.schema.GetPossibleTypes(c.schema.schema.Types[f.Definition.Type.Name()]) {
		each := c.cost(t.Name, limit, f.sets...)
		out.fixed = min(out.fixed+each.fixed, costCap)
		out.parts = append(out.parts, each.parts...)
	}
	return out
}

// setLimit takes the text of a number; null means none.
func (p *costing) setLimit(text string) {
	if n, err := strconv.Atoi(text); err == nil {
		p.size = min(max(n, 0), costCap)
	}
}

func (c *cost) add(p *costing) {
	if p.variable == "" && len(p.each.parts) == 0 {
		c.fixed = min(c.fixed+p.size*(1+p.each.fixed), costCap)
		return
	}
	c.parts = append(c.parts, p)
}

func (c *cost) total(variables map[string]any) int {
	total := c.fixed
	for _, p := range c.parts {
		n := *p
		if p.variable != "" {
			n.bind(variables[p.variable])
		}
		total = min(total+n.size*(1+p.each.total(variables)), costCap)
	}
	return total
}

// bind takes the value of a variable as package variables leaves it.
func (p *costing) bind(value any) {
	switch n := value.(type) {
	case int64:
		p.size = int(min(max(n, 0), costCap))
	case json.Number:
		p.setLimit(n.String())
	}
}

func (c *cost) check(variables map[string]any, l *Limits) error {
	if c.fixed <= l.Complexity && (len(c.parts) == 0 || c.total(variables) <= l.Complexity) {
		return nil
	}
	return tooMany("complexity", "operation can give more than %d objects: ask for fewer by limit", l.Complexity)
}
