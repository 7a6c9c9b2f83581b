package oracle

import (
	"slices"
	"strings"
)

// Kind says how a column's values are written, compared and aggregated. The type of a [Value] goes by it.
type Kind int

// The kinds, with the Go types of their values. A nil is null for all of them.
const (
	Int         Kind = iota // *big.Rat
	Bigint                  // *big.Rat
	Numeric                 // *big.Rat
	Float8                  // *big.Rat
	Text                    // string
	Citext                  // string
	Enum                    // string
	EnumTable               // string: a text that refers to an enum table
	UUID                    // string
	Bool                    // bool
	Date                    // time.Time
	Timestamptz             // time.Time
	JSONB                   // JSON
	TextArray               // []Value of strings and nils
)

// Number reports whether all aggregates can be used.
func (k Kind) Number() bool { return k <= Float8 }

// Ordered reports whether min and max can be used.
func (k Kind) Ordered() bool {
	return k.Number() || k != EnumTable && k != UUID && k != Bool && k != JSONB && k != TextArray
}

// Column is a column of a table, a computed field, or a scalar field of an action's output.
type Column struct {
	Name   string // in GraphQL
	SQL    string // in Postgres
	Kind   Kind
	Scalar string   // the type in GraphQL; of its elements, for an array
	Labels []string // of an enum, in order

	Computed func(*Row) Value // what a computed field is; nil for a column
}

// Relationship leads from rows whose Own cells equal the target's Remote cells.
type Relationship struct {
	Name        string
	Array       bool
	Target      *Table
	Own, Remote []int // places of columns
}

// Nested is a member of an action's output that holds objects, or lists of them.
type Nested struct {
	Name   string
	Type   *Table
	Depth  int  // of lists
	Single bool // the elements may not be null
}

// Table is a type with rows: a table, or an action's output, whose rows come from a handler.
type Table struct {
	Type          string // in GraphQL
	SQL           string // quoted
	Columns       []*Column
	Relationships []*Relationship
	Nested        []*Nested
	PrimaryKey    []int   // empty for a view
	Keys          [][]int // by which it is an entity; that of an output is only one

	Select, SelectAggregate, SelectByPK string // fields of Query; empty for an output
}

// Output reports whether the type is an action's.
func (t *Table) Output() bool { return t.SQL == "" }

func (t *Table) place(name string) int {
	return slices.IndexFunc(t.Columns, func(c *Column) bool { return c.Name == name })
}

// Places are the places of columns by their names in GraphQL, given as one text with spaces.
func (t *Table) Places(names string) []int {
	var out []int
	for _, name := range strings.Fields(names) {
		i := t.place(name)
		if i < 0 {
			panic("BUG: " + t.Type + " has no column " + name)
		}
		out = append(out, i)
	}
	return out
}

// Relate adds a relationship. Columns are given by their names in GraphQL.
func (t *Table) Relate(name string, array bool, target *Table, own, remote string) {
	t.Relationships = append(t.Relationships, &Relationship{
		Name: name, Array: array, Target: target, Own: t.Places(own), Remote: target.Places(remote),
	})
}

func (t *Table) relationship(name string) *Relationship {
	i := slices.IndexFunc(t.Relationships, func(r *Relationship) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	return t.Relationships[i]
}

func (t *Table) nested(name string) int {
	return slices.IndexFunc(t.Nested, func(n *Nested) bool { return n.Name == name })
}

// Row is a row, or an object of a handler's answer.
type Row struct {
	Cells  []Value // by column
	Sent   []any   // of an output: its cells as they came
	Nested []any   // by nested member: nil, *Row or []any of them
}

// Database is rows by table.
type Database struct {
	Tables []*Table
	Rows   map[*Table][]*Row
}

// root finds the table of a field of Query.
func (db *Database) root(name string) *Table {
	for _, t := range db.Tables {
		if name == t.Select || name == t.SelectAggregate || name == t.SelectByPK {
			return t
		}
	}
	return nil
}

// follow returns the rows that a relationship leads to. A null key leads to none. An object relationship leads to the
// first row by primary key.
func (db *Database) follow(r *Relationship, from *Row) []*Row {
	var out []*Row
	for _, row := range db.Rows[r.Target] {
		if r.matches(from, row) {
			out = append(out, row)
		}
	}
	if !r.Array && len(out) > 1 {
		out = db.byPrimaryKey(r.Target, out)[:1]
	}
	return out
}

func (r *Relationship) matches(from, to *Row) bool {
	for i, own := range r.Own {
		column := r.Target.Columns[r.Remote[i]]
		a, b := from.Cells[own], to.Cells[r.Remote[i]]
		if a == nil || b == nil || column.compare(a, b) != 0 {
			return false
		}
	}
	return true
}

func (db *Database) byPrimaryKey(t *Table, rows []*Row) []*Row {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b *Row) int {
		for _, i := range t.PrimaryKey {
			if c := t.Columns[i].compare(a.Cells[i], b.Cells[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	return rows
}
