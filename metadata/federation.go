package metadata

import (
	"slices"
	"strings"
)

// Federation is federation.yaml: what Hasura's files have no word for. It says nothing about rows.
type Federation struct {
	Pos         Pos
	Links       []FederationLink // of specifications whose directives the types carry
	Compose     []string         // custom directives that the supergraph keeps, with their @
	ComposePos  Pos
	Definitions string            // SDL of custom directives, "" where there are none
	Types       []*FederationType // in the order of the file
	Interfaces  []*FederationInterface
	named       map[string]*FederationType
}

// Type is what the file says of a type, nil where it says nothing. f may be nil.
func (f *Federation) Type(name string) *FederationType {
	if f == nil {
		return nil
	}
	return f.named[name]
}

// Caches reports whether the file says of anything how long it may be kept. f may be nil.
func (f *Federation) Caches() bool {
	return f != nil && slices.ContainsFunc(f.Types, func(t *FederationType) bool {
		return t.Cache != nil || slices.ContainsFunc(t.Fields, func(f *FederationField) bool { return f.Cache != nil })
	})
}

// FederationLink imports directives of a specification (@link).
type FederationLink struct {
	Pos    Pos
	URL    string
	As     string // "" means the name in the URL
	Import []string
}

// FederationType is what is said of a type of the subgraph, by its GraphQL name: an object, an input object, an enum, a
// scalar, Query or Mutation.
type FederationType struct {
	Pos        Pos
	Name       string
	Keys       []FederationKey // in place of those that Joinery finds; nil means these, empty means none
	Cache      *CacheControl   // nil where nothing is said
	Directives []Directive
	Fields     []*FederationField // of an enum, its values
	fields     map[string]*FederationField
}

// Has reports whether the directive called name, without @, is applied.
func (t *FederationType) Has(name string) bool { return has(t.Directives, name) }

// Field is what the file says of a field or enum value, nil where it says nothing. t may be nil.
func (t *FederationType) Field(name string) *FederationField {
	if t == nil {
		return nil
	}
	return t.fields[name]
}

// Names reports whether the file says anything of the field, or has it in a key. t may be nil.
func (t *FederationType) Names(field string) bool {
	if t == nil {
		return false
	}
	return t.fields[field] != nil || slices.ContainsFunc(t.Keys, func(k FederationKey) bool {
		return slices.ContainsFunc(k.Fields, func(s FieldSetField) bool { return s.Name == field })
	})
}

// Resolves reports whether one of the type's fields has a resolver. t may be nil.
func (t *FederationType) Resolves() bool {
	return t != nil && slices.ContainsFunc(t.Fields, func(f *FederationField) bool { return f.Resolver != nil })
}

// FederationInterface is an interface of several types of tables, whose keys are those that all of them have.
type FederationInterface struct {
	Pos         Pos
	Name        string
	Description string
	Types       []string // that implement it
	Fields      []string // nil means all that the types share
}

// FederationKey is a field set that identifies an entity (@key).
type FederationKey struct {
	Pos        Pos
	Fields     FieldSet
	Resolvable bool // false: another subgraph finds the entity by it
}

// FederationField is what is said of a field, an input field or an enum value.
type FederationField struct {
	Pos        Pos
	Name       string
	Type       *Type // in place of the one that the field has; nil where the file gives none
	TypePos    Pos
	Provides   FieldSet // of the type that the field gives (@provides)
	Requires   FieldSet // what the field is made of; the external fields among them are its @requires
	Resolver   *FieldResolver
	Cache      *CacheControl // nil where nothing is said
	Directives []Directive
	Arguments  []*FederationField // which have no arguments themselves

	RequiresPos Pos // the field's where nothing is required
}

// FieldResolver says how a field that its type doesn't have otherwise comes about: by an SQL expression or by an action.
type FieldResolver struct {
	Expression    string // SQL, which calls the required fields by their names; "" where an action gives the field
	ExpressionPos Pos
	Source        string // whose database computes the expression; "" means the type's, or the only one

	Action *FieldAction // nil where there is an expression
}

// FieldAction is the action that gives a field.
type FieldAction struct {
	Pos       Pos
	Name      string
	Arguments []FieldArgument // in the order of the file; the action's other arguments are the field's own
	Batch     bool            // one call gives the field of many objects: the arguments and the output are lists
}

// FieldArgument is an argument of an action, or a member of one that is an input object, with what it is given.
type FieldArgument struct {
	Pos     Pos
	Name    string
	Field   string          // of the object; "" where there are members
	Members []FieldArgument // of the input object
}

// CacheControl says how long an answer may be kept that has the field, or objects of the type. Its rules are those of
// Apollo's @cacheControl (https://www.apollographql.com/docs/apollo-server/performance/caching), but that its scope is
// private where nothing is said.
type CacheControl struct {
	Pos     Pos
	MaxAge  *int // in seconds; nil where nothing is said
	Scope   CacheScope
	Inherit bool // of a field: as long as the object that has it
}

// CacheScope says who may keep an answer.
type CacheScope string

// The scopes.
const (
	PublicCache  CacheScope = "PUBLIC" // whoever asks gets the same
	PrivateCache CacheScope = "PRIVATE"
)

// Has reports whether the directive called name, without @, is applied. f may be nil.
func (f *FederationField) Has(name string) bool { return f != nil && has(f.Directives, name) }

func has(directives []Directive, name string) bool {
	return slices.ContainsFunc(directives, func(d Directive) bool { return d.Name == name })
}

// FieldSet is a selection of fields, such as "sku variation { id }" (Federation's FieldSet): at least one, in the order
// of the file.
type FieldSet []FieldSetField

// FieldSetField is a field of a FieldSet. Fields are what is selected of its object, nil for a scalar.
type FieldSetField struct {
	Name   string
	Fields FieldSet
}

// String is the set as SDL has it, with single spaces.
func (s FieldSet) String() string {
	parts := make([]string, len(s))
	for i, f := range s {
		parts[i] = f.Name
		if f.Fields != nil {
			parts[i] += " { " + f.Fields.String() + " }"
		}
	}
	return strings.Join(parts, " ")
}

// Argument is what the file says of an argument, nil where it says nothing. f may be nil.
func (f *FederationField) Argument(name string) *FederationField {
	if f == nil {
		return nil
	}
	for _, a := range f.Arguments {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Directive is a directive on a type, field, enum value or argument.
type Directive struct {
	Pos  Pos
	Name string // without @
	// Arguments is SDL between parentheses, "" where there are none.
	Arguments string
	// Version is the minor version of Federation 2 that brought the directive: 5 for v2.5. It is -1 for one that is not
	// Federation's.
	Version int
}

// String is the directive as SDL has it, with a space before.
func (d Directive) String() string {
	if d.Arguments == "" {
		return " @" + d.Name
	}
	return " @" + d.Name + "(" + d.Arguments + ")"
}
