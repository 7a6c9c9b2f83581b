package entities

import (
	"context"
	"fmt"
	"slices"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// Resolver makes a field's value of other fields of the object: by an SQL expression or by an action.
type Resolver struct {
	given []given

	expression *loaders.Expression // nil where an action gives the field
	statement  *loaders.Statement

	remote Remote // nil but for a remote relationship

	action *metadata.Action
	inputs []input
	batch  bool
}

// given is a field that a resolver needs.
type given struct {
	name     string
	column   *catalog.Column // of a table's type; nil where the field is external
	typ      *metadata.Type
	external bool // only a representation has it
}

// input is an argument of a resolver's action, or a member of one that is an input object.
type input struct {
	name     string
	given    int     // its place among the resolver's; without meaning where there are members
	members  []input // of an input object
	required bool    // there is no call where the value is null
}

// resolvedExpression is an expression that Postgres is to be asked about.
type resolvedExpression struct {
	pos        metadata.Pos
	item       string
	expression *loaders.Expression
}

// CheckExpressions has Postgres read the expressions of all resolvers. The faults are what it finds wrong with them. The
// error says that it could not be asked.
func (m *Model) CheckExpressions(ctx context.Context) (faults metadata.Faults, err error) {
	for _, e := range m.expressions {
		refused, err := loaders.CheckExpression(ctx, e.expression)
		if err != nil {
			return nil, err
		}
		if refused != "" {
			faults = append(faults, metadata.Fault{Pos: e.pos, Item: e.item, Message: "expression: " + refused, Hint: quoteHint(e.expression)})
		}
	}
	return faults, nil
}

// quoteHint reminds of what SQL makes of names.
func quoteHint(e *loaders.Expression) string {
	for _, c := range e.Columns {
		if slices.ContainsFunc([]rune(c.Name), func(r rune) bool { return r >= 'A' && r <= 'Z' }) {
			return fmt.Sprintf("write names with capitals in quotes, such as %q", c.Name)
		}
	}
	return ""
}

// addRequires has relationships of outputs, and of other subgraphs' types, map external fields.
func (b *builder) addRequires() {
	if b.md.Federation == nil {
		return
	}
	for _, t := range b.md.Federation.Types {
		for _, f := range t.Fields {
			if f.Requires != nil && f.Resolver == nil {
				b.require(b.model.named[t.Name], t, f)
			}
		}
	}
}

func (b *builder) require(t *Type, declared *metadata.FederationType, f *metadata.FederationField) {
	if t == nil || t.fields[f.Name] == nil {
		return // reported with the schema
	}
	field, item := t.fields[f.Name], fmt.Sprintf("field %q of type %q", f.Name, declared.Name)
	for _, s := range f.Requires {
		switch {
		case !slices.Contains(field.Relationship.mapped(), s.Name):
			b.fault(f.RequiresPos, item, `an "expression", an "action" or a relationship of a type in actions.graphql is made of other fields`,
				"the field is not made of %q", s.Name)
		case !declared.Field(s.Name).Has("external"):
			b.fault(f.RequiresPos, item, fmt.Sprintf("write external: true at the field %q", s.Name), "the field %q in requires is not external", s.Name)
		default:
			field.requires = append(field.requires, s.Name)
		}
	}
}

// addResolvers adds the fields that federation.yaml has an expression or an action for.
func (b *builder) addResolvers() {
	if b.md.Federation == nil {
		return
	}
	for _, t := range b.md.Federation.Types {
		for _, f := range t.Fields {
			if f.Resolver != nil {
				b.addResolver(b.model.named[t.Name], t, f)
			}
		}
	}
}

func (b *builder) addResolver(t *Type, declared *metadata.FederationType, f *metadata.FederationField) {
	item := fmt.Sprintf("field %q of type %q", f.Name, declared.Name)
	switch {
	case t == nil || t == b.model.Query:
		b.fault(f.Pos, item, "it is one of a table's type, or of an object type in actions.graphql", "unknown object type %q", declared.Name)
		return
	case t.fields[f.Name] != nil:
		b.fault(f.Pos, item, "give it another name", "the type has such a field already")
		return
	}
	r := &resolverBuilder{builder: b, item: item, t: t, declared: declared, requires: f.Requires, from: f.Resolver, out: &Resolver{}}
	field := &Field{Name: f.Name, Resolver: r.out}
	if f.Resolver.Action == nil {
		field.Type = f.Type
		r.addExpression(f)
	} else {
		r.addAction(field)
		r.checkUse(f)
	}
	if field.Type != nil && r.ok() {
		b.addField(t, field, f.Pos)
	}
}

// resolverBuilder makes one resolver.
type resolverBuilder struct {
	*builder
	item     string
	t        *Type
	declared *metadata.FederationType
	requires metadata.FieldSet
	from     *metadata.FieldResolver
	out      *Resolver
	failed   bool
}

func (r *resolverBuilder) ok() bool { return !r.failed }

func (r *resolverBuilder) fail(pos metadata.Pos, hint, format string, args ...any) {
	r.failed = true
	r.fault(pos, r.item, hint, format, args...)
}

// give finds a field that the resolver needs and returns its place among those; ok is false where there is a fault.
func (r *resolverBuilder) give(name string, pos metadata.Pos) (place int, ok bool) {
	place = slices.IndexFunc(r.out.given, func(g given) bool { return g.name == name })
	if place >= 0 {
		return place, true
	}
	f := r.t.fields[name]
	if f == nil {
		var names []string
		for _, f := range r.t.Fields {
			names = append(names, f.Name)
		}
		r.fail(pos, metadata.DidYouMean(name, names), "unknown field %q", name)
		return 0, false
	}
	g := given{name: name, typ: f.Type, external: r.declared.Field(name).Has("external")}
	switch {
	case f.Relationship != nil || f.Resolver != nil:
		r.fail(pos, "", "the field %q can't be required: columns and external fields can", name)
		return 0, false
	case g.external && !slices.ContainsFunc(r.requires, func(s metadata.FieldSetField) bool { return s.Name == name }):
		r.fail(pos, fmt.Sprintf("add %q to \"requires\"", name), "the field %q is external, and not required", name)
		return 0, false
	case r.t.Table == nil && !g.external && !r.t.isKey(f):
		r.fail(pos, "write external: true at the field, or add it to a key", "the field %q is neither external nor part of a key, so a representation lacks it", name)
		return 0, false
	}
	if !g.external {
		g.column = f.Column
	}
	r.out.given = append(r.out.given, g)
	return len(r.out.given) - 1, true
}

// checkUse warns of fields that routers would send for nothing.
func (r *resolverBuilder) checkUse(f *metadata.FederationField) {
	for _, s := range f.Requires {
		if r.ok() && !slices.ContainsFunc(r.out.given, func(g given) bool { return g.name == s.Name }) {
			r.warn(f.RequiresPos, r.item, "give it to an argument, or leave it out", "the field %q is required, but no argument of the action is given it", s.Name)
		}
	}
}

// isKey reports whether f is part of a key.
func (t *Type) isKey(f *Field) bool {
	_, ok := t.known().of(f)
	return ok
}

func (r *resolverBuilder) addExpression(f *metadata.FederationField) {
	e := &loaders.Expression{Name: r.t.Name + "." + f.Name, Source: r.source(), SQL: r.from.Expression, Type: sqlType(f.Type)}
	if r.model.named[f.Type.Named()] != nil {
		r.fail(f.TypePos, "let an action give it", "an expression can't give objects")
	}
	for _, s := range r.requires {
		place, ok := r.give(s.Name, f.RequiresPos)
		if !ok {
			continue
		}
		g := r.out.given[place]
		typ := sqlType(g.typ)
		if g.column != nil {
			typ = loaders.GivenType(g.column.Type)
		}
		e.Columns = append(e.Columns, &catalog.Column{Name: s.Name, Type: typ})
	}
	if r.failed || e.Source == nil {
		return
	}
	r.out.expression, r.out.statement = e, loaders.NewExpressionStatement(e)
	r.model.expressions = append(r.model.expressions, resolvedExpression{r.from.ExpressionPos, r.item, e})
}

// source is whose database computes the expression; it is nil where there is a fault.
func (r *resolverBuilder) source() *loaders.Source {
	if db := r.databases[r.from.Source]; db != nil {
		return db.Source
	}
	switch {
	case r.from.Source != "":
		r.fail(r.from.ExpressionPos, "", "unknown source %q", r.from.Source)
	case r.t.Source != nil:
		return r.t.Source
	case len(r.databases) == 1:
		for _, db := range r.databases {
			return db.Source
		}
	default:
		r.fail(r.from.ExpressionPos, `write "source"`, "no source to compute it: the type is no table's, and there are %d sources", len(r.databases))
	}
	return nil
}

// sqlTypes are the Postgres types of GraphQL's scalars, and of those scalars that are named like a type of Postgres.
var sqlTypes = map[string]string{
	"Int": "int4", "Float": "float8", "String": "text", "Boolean": "bool", "ID": "text", "smallint": "int2", "bigint": "int8",
	"bpchar": "bpchar", "bytea": "bytea", "date": "date", "inet": "inet", "interval": "interval", "money": "money", "numeric": "numeric",
	"time": "time", "timestamp": "timestamp", "timestamptz": "timestamptz", "timetz": "timetz", "uuid": "uuid",
}

// sqlType is the type that stands for a GraphQL type in SQL: JSONB for what is no scalar or unknown to Postgres.
func sqlType(t *metadata.Type) catalog.Type {
	name := sqlTypes[t.Name]
	if t.Elem != nil || name == "" {
		return loaders.JSONB
	}
	return catalog.Type{Name: pgCatalog(name), Base: pgCatalog(name)}
}
