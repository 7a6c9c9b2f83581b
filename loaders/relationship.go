package loaders

import (
	"slices"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/metadata"
)

// Relationship is a join: a key is compared with Columns of Table, and the rows that are equal belong to it.
// An object relationship gives at most one row per key. Where Columns hold no unique key and several rows are equal,
// it is the first by primary key, or any where the table has none.
type Relationship struct {
	Name    string // for traces and errors, such as "CreateUserOutput.user"; has few values
	Type    metadata.RelationshipType
	Source  *Source
	Table   *catalog.Table
	Columns []*catalog.Column // what the parts of a key are compared with, in order
	MaxRows int               // of a key of an array relationship: one that has more is a [TooManyRowsError]; zero means any number
}

// bounded has a query give at most one row more than a key may have, so that Postgres needn't read on. A join without a
// subquery stays one, since it is quicker: there the rows beyond are dropped as they come.
func (r *Relationship) bounded(q *Query) *Query {
	if r.MaxRows <= 0 || r.Type != metadata.ArrayRelationship || len(r.Columns) > 0 && !q.cuts() {
		return q
	}
	out := &Query{}
	if q != nil {
		*out = *q
	}
	out.bound = int64(r.MaxRows) + 1
	return out
}

// Unique reports whether a key has at most one row.
func (r *Relationship) Unique() bool { return unique(r.Table, r.Columns) }

// Index is an index that serves the comparison with the keys, nil if none does or there are no keys.
func (r *Relationship) Index() *catalog.Index {
	if len(r.Columns) == 0 {
		return nil
	}
	names := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		names[i] = c.Name
	}
	return r.Table.Index(names...)
}

// unique reports whether at most one row has some values of the columns, by the table's constraints.
func unique(t *catalog.Table, columns []*catalog.Column) bool {
	if containsAll(columns, t.PrimaryKey) {
		return true
	}
	return slices.ContainsFunc(t.Uniques, func(key []string) bool { return containsAll(columns, key) })
}

// containsAll reports whether names is not empty and all of it is among columns.
func containsAll(columns []*catalog.Column, names []string) bool {
	for _, name := range names {
		if !slices.ContainsFunc(columns, func(c *catalog.Column) bool { return c.Name == name }) {
			return false
		}
	}
	return len(names) > 0
}
