package subgraph

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/metadata"
)

// rootField is a field of the root type, as it is answered.
type rootField struct {
	*collected
	place  int // among the operation's
	path   entities.Path
	prefix []byte // the response key, quoted, with its colon
	kind   rootKind
	action *metadata.Action
	denied error // of an action that the role may not call
	plan   *plan // that joins its objects; nil where it has none
	root   int   // its place there
}

type rootKind uint8

const (
	typenameRoot rootKind = iota
	serviceRoot
	introspectionRoot
	entitiesRoot
	actionRoot
	tableRoot
)

// plan is the joins of one or several root fields, which share their waves.
type plan struct {
	*entities.Plan
	fields []*rootField // by root
}

// operationPlan is how an operation is answered. It does not change.
type operationPlan struct {
	typeName string
	fields   []*rootField // in the order of the answer
	shared   *plan        // of a query: all root fields together; nil for a mutation
	cost     cost
	selected int // fields, which say how much memory it takes

	cacheControl string // header of the answer; "" for none
}

// newPlan plans an operation for a role and for given values of the variables that decide on @skip and @include.
func (s *Schema) newPlan(op *ast.OperationDefinition, role *entities.Role, variables map[string]any, l *Limits) (*operationPlan, error) {
	c := &collector{schema: s, role: role, variables: variables, limits: l}
	out := &operationPlan{typeName: "Query"}
	if op.Operation == ast.Mutation {
		out.typeName = "Mutation"
	}
	var groups []*pending
	for _, f := range c.fields(out.typeName, op.SelectionSet) {
		field, root := c.rootField(out.typeName, f)
		field.place = len(out.fields)
		out.fields = append(out.fields, field)
		if root == nil {
			continue
		}
		if len(groups) == 0 || op.Operation == ast.Mutation {
			groups = append(groups, &pending{})
		}
		groups[len(groups)-1].add(field, *root)
	}
	if c.exceeded() {
		return nil, tooMany("fields", "operation selects more than %d fields", l.Fields)
	}
	for _, g := range groups {
		p := g.finish(s.model, role)
		if op.Operation != ast.Mutation {
			out.shared = p
		}
	}
	out.selected = c.selected
	out.cost = c.cost(out.typeName, nil, op.SelectionSet)
	out.cacheControl = c.cacheControl(op, out.typeName)
	return out, nil
}

// pending collects the roots of a plan.
type pending struct {
	fields []*rootField
	roots  []entities.Root
}

func (p *pending) add(f *rootField, root entities.Root) {
	f.root = len(p.roots)
	p.fields = append(p.fields, f)
	p.roots = append(p.roots, root)
}

func (p *pending) finish(m *entities.Model, role *entities.Role) *plan {
	out := &plan{Plan: m.Plan(role, p.roots), fields: p.fields}
	for _, f := range p.fields {
		f.plan = out
	}
	return out
}

// rootField says how a root field is answered, and what its objects are: nil where it has none.
func (c *collector) rootField(typeName string, f *collected) (*rootField, *entities.Root) {
	prefix, _ := jsontext.AppendQuote(nil, f.Alias)
	out := &rootField{collected: f, path: entities.Path{f.Alias}, prefix: append(prefix, ':')}
	switch f.Name {
	case "__typename":
		return out, nil
	case "_service":
		out.kind = serviceRoot
		return out, nil
	case "__schema", "__type":
		out.kind = introspectionRoot
		return out, nil
	case "_entities":
		out.kind = entitiesRoot
		return out, &entities.Root{Entities: c.entitySelections(f.sets), MaxRepresentations: c.limits.Representations}
	}
	if table := c.schema.model.Query.Field(f.Name); typeName == "Query" && table != nil {
		out.kind = tableRoot
		return out, &entities.Root{
			Output:    &metadata.Type{Name: typeName, NonNull: true},
			Selection: &entities.Selection{Type: c.schema.model.Query, Fields: []entities.SelectedField{c.selectedField(c.schema.model.Query, f)}},
			Single:    true,
		}
	}
	out.kind, out.action = actionRoot, c.schema.actions[typeName][f.Name]
	out.denied = c.role.Action(typeName, out.action.Name)
	t := c.schema.model.Type(out.action.Output.Named())
	if t == nil || out.denied != nil {
		return out, nil
	}
	return out, &entities.Root{
		Output: out.action.Output, Selection: c.selection(t, f.sets...),
		Null: &entities.NullError{Type: typeName, Field: f.Name},
	}
}

// planCache keeps plans with the documents that gqlgen caches, by their operations' addresses.
type planCache struct {
	schema     *Schema
	limits     *Limits
	operations *weighted[*ast.OperationDefinition, *operationPlans]
}

// operationPlans are an operation's plans: for each role, one for each combination of the variables that decide on it.
type operationPlans struct {
	decisive []string // those variables
	mu       sync.Mutex
	plans    map[*entities.Role]map[string]*operationPlan
	weight   int // of all its plans
}

const (
	maxPlans         = 64      // that are kept for one operation and role
	maxPlannedFields = 100_000 // of all plans that are kept
	bytesPerField    = 500     // what a planned field takes, roughly
)

func newPlanCache(s *Schema, l *Limits) *planCache {
	return &planCache{schema: s, limits: l, operations: newWeighted[*ast.OperationDefinition, *operationPlans](maxDocuments, maxPlannedFields)}
}

func (c *planCache) get(doc *ast.QueryDocument, op *ast.OperationDefinition, role *entities.Role, variables map[string]any) (*operationPlan, error) {
	entry, ok := c.operations.get(op)
	if !ok {
		entry = &operationPlans{decisive: planVariables(doc, op), plans: map[*entities.Role]map[string]*operationPlan{}}
	}
	key := entry.key(variables)
	entry.mu.Lock()
	defer entry.mu.Unlock()
	plans := entry.plans[role]
	if p := plans[key]; p != nil {
		return p, nil
	}
	p, err := c.schema.newPlan(op, role, variables, c.limits)
	if plans == nil {
		plans = map[string]*operationPlan{}
		entry.plans[role] = plans
	}
	if err == nil && len(plans) < maxPlans {
		plans[key] = p
		entry.weight += p.selected + len(key)/bytesPerField
		c.operations.add(op, entry, entry.weight)
	}
	return p, err
}

func (o *operationPlans) key(variables map[string]any) string {
	if len(o.decisive) == 0 {
		return ""
	}
	var key strings.Builder
	for _, name := range o.decisive {
		fmt.Fprintf(&key, "%v;", variables[name])
	}
	return key.String()
}

// planVariables are the variables that stand in @skip and @include and in the arguments of count, anywhere in the
// operation and in the document's fragments.
func planVariables(doc *ast.QueryDocument, op *ast.OperationDefinition) []string {
	v := &variableFinder{}
	v.selections(op.SelectionSet)
	for _, f := range doc.Fragments {
		v.selections(f.SelectionSet)
	}
	return v.found
}

type variableFinder struct{ found []string }

func (v *variableFinder) selections(set ast.SelectionSet) {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			v.directives(s.Directives)
			if s.Name == "count" && strings.HasSuffix(s.ObjectDefinition.Name, "_aggregate_fields") {
				v.arguments(s.Arguments)
			}
			v.selections(s.SelectionSet)
		case *ast.InlineFragment:
			v.directives(s.Directives)
			v.selections(s.SelectionSet)
		case *ast.FragmentSpread:
			v.directives(s.Directives)
		}
	}
}

func (v *variableFinder) directives(directives ast.DirectiveList) {
	for _, d := range directives {
		if d.Name == "skip" || d.Name == "include" {
			v.arguments(d.Arguments)
		}
	}
}

func (v *variableFinder) arguments(arguments ast.ArgumentList) {
	for _, a := range arguments {
		v.value(a.Value)
	}
}

func (v *variableFinder) value(value *ast.Value) {
	if value.Kind == ast.Variable && !slices.Contains(v.found, value.Raw) {
		v.found = append(v.found, strings.Clone(value.Raw))
	}
	for _, c := range value.Children {
		v.value(c.Value)
	}
}
