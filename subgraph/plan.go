package subgraph

import (
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/metadata"
)

// rootField is a field of the root type, as it is answered.
type rootField struct {
	*collected
	prefix []byte // the response key, quoted, with its colon
	kind   rootKind
	action *metadata.Action
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
}

// newPlan plans an operation for given values of the variables that decide on @skip and @include.
func (s *Schema) newPlan(op *ast.OperationDefinition, variables map[string]any) *operationPlan {
	c := &collector{schema: s, variables: variables}
	out := &operationPlan{typeName: "Query"}
	if op.Operation == ast.Mutation {
		out.typeName = "Mutation"
	}
	var groups []*pending
	for _, f := range c.fields(out.typeName, op.SelectionSet) {
		field, root := c.rootField(out.typeName, f)
		out.fields = append(out.fields, field)
		if root == nil {
			continue
		}
		if len(groups) == 0 || op.Operation == ast.Mutation {
			groups = append(groups, &pending{})
		}
		groups[len(groups)-1].add(field, *root)
	}
	for _, g := range groups {
		p := g.finish(s.model)
		if op.Operation != ast.Mutation {
			out.shared = p
		}
	}
	return out
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

func (p *pending) finish(m *entities.Model) *plan {
	out := &plan{Plan: m.Plan(p.roots), fields: p.fields}
	for _, f := range p.fields {
		f.plan = out
	}
	return out
}

// rootField says how a root field is answered, and what its objects are: nil where it has none.
func (c *collector) rootField(typeName string, f *collected) (*rootField, *entities.Root) {
	prefix, _ := jsontext.AppendQuote(nil, f.Alias)
	out := &rootField{collected: f, prefix: append(prefix, ':')}
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
		return out, &entities.Root{Entities: c.entitySelections(f.sets)}
	}
	out.kind, out.action = actionRoot, c.schema.actions[typeName][f.Name]
	t := c.schema.model.Type(out.action.Output.Named())
	if t == nil {
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
	operations *lru.Cache[*ast.OperationDefinition, *operationPlans]
}

// operationPlans are an operation's plans, one for each combination of the variables that decide on @skip and @include.
type operationPlans struct {
	conditions []string // those variables
	mu         sync.Mutex
	plans      map[string]*operationPlan
}

// maxConditions bounds the plans that are kept for one operation.
const maxConditions = 64

func newPlanCache(s *Schema, size int) *planCache {
	operations, _ := lru.New[*ast.OperationDefinition, *operationPlans](size) // errs on a size below 1 only
	return &planCache{schema: s, operations: operations}
}

func (c *planCache) get(doc *ast.QueryDocument, op *ast.OperationDefinition, variables map[string]any) *operationPlan {
	entry, ok := c.operations.Get(op)
	if !ok {
		entry = &operationPlans{conditions: conditionVariables(doc, op), plans: map[string]*operationPlan{}}
		c.operations.Add(op, entry)
	}
	key := entry.key(variables)
	entry.mu.Lock()
	defer entry.mu.Unlock()
	p := entry.plans[key]
	if p == nil {
		p = c.schema.newPlan(op, variables)
		if len(entry.plans) < maxConditions {
			entry.plans[key] = p
		}
	}
	return p
}

func (o *operationPlans) key(variables map[string]any) string {
	if len(o.conditions) == 0 {
		return ""
	}
	key := make([]byte, len(o.conditions))
	for i, name := range o.conditions {
		key[i] = '0'
		if on, _ := variables[name].(bool); on {
			key[i] = '1'
		}
	}
	return string(key)
}

// conditionVariables are the variables that stand in @skip and @include, anywhere in the operation and in the
// document's fragments.
func conditionVariables(doc *ast.QueryDocument, op *ast.OperationDefinition) []string {
	var out []string
	seen := map[string]bool{}
	var visit func(ast.SelectionSet)
	note := func(directives ast.DirectiveList) {
		for _, d := range directives {
			if d.Name != "skip" && d.Name != "include" {
				continue
			}
			if v := d.Arguments.ForName("if"); v != nil && v.Value.Kind == ast.Variable && !seen[v.Value.Raw] {
				seen[v.Value.Raw] = true
				out = append(out, strings.Clone(v.Value.Raw))
			}
		}
	}
	visit = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				note(s.Directives)
				visit(s.SelectionSet)
			case *ast.InlineFragment:
				note(s.Directives)
				visit(s.SelectionSet)
			case *ast.FragmentSpread:
				note(s.Directives)
			}
		}
	}
	visit(op.SelectionSet)
	for _, f := range doc.Fragments {
		visit(f.SelectionSet)
	}
	return out
}
