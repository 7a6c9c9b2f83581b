package subgraph

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/joinery-graphql/joinery/entities"
	"github.com/joinery-graphql/joinery/metadata"
)

const noStore = "no-store"

// cacheControl is the header Cache-Control of an operation's answer, "" where federation.yaml says nothing of caching. It
// is the lowest maxAge of all that is selected, private if any of it is.
func (c *collector) cacheControl(op *ast.OperationDefinition, typeName string) string {
	if !c.schema.caches {
		return ""
	}
	if op.Operation == ast.Mutation {
		return noStore
	}
	p := &cachePolicy{collector: collector{schema: c.schema, variables: c.variables}, private: c.schema.model.Varies(c.role)}
	p.object(typeName, op.SelectionSet)
	switch {
	case p.maxAge == nil || *p.maxAge == 0:
		return noStore
	case p.private:
		return fmt.Sprintf("max-age=%d, private", *p.maxAge)
	}
	return fmt.Sprintf("max-age=%d, public", *p.maxAge)
}

// cachePolicy collects the hints of what is selected, by Apollo's rules
// (https://www.apollographql.com/docs/apollo-server/performance/caching): a field's hint goes before its type's; without
// one, a root field and a field with objects have a maxAge of 0, and others that of their object.
type cachePolicy struct {
	collector
	maxAge  *int // nil so far
	private bool
}

// restrict takes the hints of a field into account: of those that there are, the first that says something counts. Where
// none has a scope, what is of an object is as the object, and all else is private.
func (p *cachePolicy) restrict(maxAge *int, ofObject bool, hints ...*metadata.CacheControl) {
	if maxAge != nil && (p.maxAge == nil || *maxAge < *p.maxAge) {
		p.maxAge = maxAge
	}
	hinted, scope := false, metadata.CacheScope("")
	for _, h := range hints {
		if h != nil {
			hinted, scope = true, cmp.Or(scope, h.Scope)
		}
	}
	p.private = p.private || scope == metadata.PrivateCache || scope == "" && hinted && !ofObject
}

// object restricts the policy by the fields that are selected of a type.
func (p *cachePolicy) object(typeName string, sets ...ast.SelectionSet) {
	for _, f := range p.fields(typeName, sets...) {
		switch {
		case strings.HasPrefix(f.Name, "__"):
		case f.Name == "_entities":
			p.entities(f)
		default:
			p.field(typeName, f)
		}
	}
}

// entities restricts the policy by the types of entities of which something is selected. __typename is selected of all
// where it stands outside of their fragments.
func (p *cachePolicy) entities(f *collected) {
	for _, s := range p.entitySelections(f.sets) {
		if !slices.ContainsFunc(s.Fields, func(f entities.SelectedField) bool { return f.Field != nil }) {
			continue
		}
		hint := p.ofType(s.Type.Name)
		p.restrict(maxAgeOf(hint, &zero), false, hint)
		p.object(s.Type.Name, f.sets...)
	}
}

func (p *cachePolicy) field(typeName string, f *collected) {
	child := f.Definition.Type.Name()
	onField, onType := p.ofField(typeName, f.Name), p.ofType(p.rows(typeName, f))
	maxAge := maxAgeOf(onField, maxAgeOf(onType, nil))
	switch {
	case maxAge != nil || onField != nil && onField.Inherit:
	case typeName == "Query", len(f.sets) > 0 && p.schema.model.Type(child) != nil: // others are parts of an aggregate
		maxAge = &zero
	}
	p.restrict(maxAge, typeName != "Query" && len(f.sets) == 0, onField, onType)
	p.object(child, f.sets...)
}

// rows is the type of a field's objects; of an aggregate it is that of the rows.
func (p *cachePolicy) rows(typeName string, f *collected) string {
	t := p.schema.model.Type(typeName)
	if typeName == "Query" {
		t = p.schema.model.Query
	}
	if t != nil {
		if field := t.Field(f.Name); field != nil && field.Aggregate {
			return field.Object.Name
		}
	}
	return f.Definition.Type.Name()
}

var zero = 0

func maxAgeOf(h *metadata.CacheControl, otherwise *int) *int {
	if h != nil && h.MaxAge != nil {
		return h.MaxAge
	}
	return otherwise
}

func (p *cachePolicy) ofType(name string) *metadata.CacheControl {
	if t := p.schema.metadata.Federation.Type(name); t != nil {
		return t.Cache
	}
	return nil
}

func (p *cachePolicy) ofField(typeName, name string) *metadata.CacheControl {
	if f := p.schema.metadata.Federation.Type(typeName).Field(name); f != nil {
		return f.Cache
	}
	return nil
}
