package entities

import (
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// Model is the object types of a subgraph. It does not change; reading it from several goroutines is safe.
type Model struct {
	Types []*Type // by name
	Enums []*Enum // by name
	Query *Type   // the fields of Query that read tables; it has no keys
	named map[string]*Type

	Interfaces []*Interface // in the order of federation.yaml

	roles   map[string]*Role
	nobody  *Role
	filters []permissionFilter

	expressions []resolvedExpression
}

// Type returns the type called name, or nil.
func (m *Model) Type(name string) *Type { return m.named[name] }

// Type is an object type: the rows of a table, or the output of actions.
type Type struct {
	Name        string
	Description string
	Table       *catalog.Table // nil for an output type
	Source      *loaders.Source
	Fields      []*Field // columns or fields first, then computed fields, then relationships
	Keys        []*Key   // the primary key first; empty where the type is no entity

	Unresolvable []*Key // by which only other subgraphs find the entity (@key, resolvable: false)

	fields  map[string]*Field
	guarded bool // by the database's row security, and not by the metadata, which has no select permission for it
}

// Interface is an interface of several types of tables. Its fields and keys are those that it has in common with all of
// them. A representation by its name is that of a row of one of the tables.
type Interface struct {
	*Type
	Objects []*Type // that implement it, in the order in which they are looked through
}

// Field returns the field called name, or nil.
func (t *Type) Field(name string) *Field { return t.fields[name] }

// Field is a field of a type: a column, a computed field, a member of an output, or a relationship.
type Field struct {
	Name         string
	Description  string
	Type         *metadata.Type
	Column       *catalog.Column // nil but for a table's columns and computed fields
	Enum         *Enum           // of a column that refers to an enum table
	Relationship *Relationship   // nil but for relationships, and aggregates over their rows
	Object       *Type           // what the field gives, where that is an object or a list of objects; for an aggregate, of what
	Aggregate    bool            // <relationship>_aggregate: the type is <t>_aggregate
	requires     []string        // of a relationship: the external fields that it maps, which only a representation has
	Resolver     *Resolver       // nil but for fields that federation.yaml has an expression or an action for
	Arguments    []Argument      // that identify a row, of a field of Query; those of an action that gives the field, which nothing is mapped to
	External     bool            // neither a column nor anything else here: other subgraphs resolve it

	root string // of a field of Query: Hasura's key, such as select
}

// IsColumn reports whether the field is a column that the table has.
func (f *Field) IsColumn() bool { return f.Column != nil && f.Column.Computed == nil }

// InQueries reports whether a query over the type's rows can name the field in its conditions and order. A relationship
// to another source can't be followed by one statement, and what a resolver gives isn't in the database.
func (f *Field) InQueries() bool {
	return f.Column != nil || f.Relationship != nil && !f.Relationship.crosses
}

// Argument is an argument of a field of Query that reads a row by its key.
type Argument struct {
	Name string
	Type *metadata.Type
}

// TakesQuery reports whether the field has the arguments of a query: array relationships and aggregates have.
func (f *Field) TakesQuery() bool {
	return f.Relationship != nil && f.Relationship.join.Type == metadata.ArrayRelationship
}

// Relationship joins a type to a table's rows.
type Relationship struct {
	join    *loaders.Relationship
	fields  []string          // what the keys are made of, for an output type
	columns []*catalog.Column // and for a table
	crosses bool              // the target is in another source than the table
}

// Columns are the target's columns that keys are compared with, in order.
func (r *Relationship) Columns() []*catalog.Column { return r.join.Columns }

// Table is the target.
func (r *Relationship) Table() *catalog.Table { return r.join.Table }

// Key is a set of fields that identifies an entity (Federation 2, @key).
type Key struct {
	Fields keyFields
	lookup *loaders.Relationship // by its leaves, in order; nil for an output type: its representation is all there is
}

// String is the field set as @key has it.
func (k *Key) String() string { return k.Fields.String() }

// keyField is a field of a key.
type keyField struct {
	*Field
	nested keyFields // of its object; nil for a scalar
}

// keyFields are what of an object is known from a representation.
type keyFields []keyField

// String is the field set as SDL has it.
func (k keyFields) String() string {
	parts := make([]string, len(k))
	for i, f := range k {
		parts[i] = f.Name
		if f.nested != nil {
			parts[i] += " { " + f.nested.String() + " }"
		}
	}
	return strings.Join(parts, " ")
}

// of reports whether f is among them, and what is known of its object.
func (k keyFields) of(f *Field) (nested keyFields, ok bool) {
	for _, have := range k {
		if have.Field == f {
			nested, ok = append(nested, have.nested...), true
		}
	}
	return nested, ok
}

// follow reports whether the field of an object of t can be had, and what is known of the field's object: all where all
// of t's is, for which k is nil.
func (k keyFields) follow(t *Type, f *Field) (nested keyFields, ok bool) {
	switch {
	case k == nil:
		return nil, true
	case f.Relationship == nil:
		return k.of(f)
	}
	for _, name := range f.keyed() {
		if _, ok := k.of(t.fields[name]); !ok {
			return nil, false
		}
	}
	return nil, true
}

// keyed are the fields of an output type that a relationship maps, and that a representation has because they are in a
// key. f may be none.
func (f *Field) keyed() []string {
	return slices.DeleteFunc(slices.Clone(f.Relationship.mapped()), func(name string) bool { return slices.Contains(f.requires, name) })
}

// paths are the names that lead to each leaf.
func (k keyFields) paths() (paths [][]string) {
	for _, f := range k {
		if f.nested == nil {
			paths = append(paths, []string{f.Name})
		}
		for _, below := range f.nested.paths() {
			paths = append(paths, append([]string{f.Name}, below...))
		}
	}
	return paths
}

// known are the fields of all keys that a representation can have.
func (t *Type) known() (all keyFields) {
	for _, k := range t.Keys {
		all = append(all, k.Fields...)
	}
	return all
}
