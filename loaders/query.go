package loaders

import (
	"github.com/joinery-graphql/joinery/catalog"
)

// Query narrows and orders the rows of an array relationship, for each key by itself. The zero value is all rows, in no
// order. What comes from a client stands in [Value], Limit and Offset only, and those become parameters.
type Query struct {
	Where      Filter // nil means all rows
	DistinctOn []*catalog.Column
	OrderBy    []Order // must begin with the columns of DistinctOn, if it isn't empty
	Limit      *int64  // nil means none
	Offset     int64
	bound      int64 // the most rows, as [Relationship.MaxRows] has them; zero means any number

	// Redactions are columns that stand for others, anywhere in the statement.
	Redactions map[*catalog.Column]Redaction
}

// Redaction is a column's value in the rows where a role may see it, and null in all others.
type Redaction struct {
	Column  *catalog.Column
	Visible Filter
}

// cuts reports whether it depends on other rows of the key which of them are left, or in which order.
func (q *Query) cuts() bool {
	return q != nil && (q.bound > 0 || len(q.DistinctOn) > 0 || len(q.OrderBy) > 0 || q.Limit != nil || q.Offset > 0)
}

func (q *Query) where() Filter {
	if q == nil {
		return nil
	}
	return q.Where
}

// Order is one of the things that rows are ordered by: a column of the row, of a row reached from it, or an aggregate of
// the rows reached from it.
type Order struct {
	Path      []Target        // object relationships to follow first; the last may be an array where Aggregate is set
	Column    *catalog.Column // nil with Aggregate
	Aggregate *Aggregate
	Desc      bool
	Nulls     Nulls
}

// Nulls says where nulls stand in an order.
type Nulls uint8

// The places of nulls. NullsDefault is Postgres': last when ascending, first when descending.
const (
	NullsDefault Nulls = iota
	NullsFirst
	NullsLast
)

// Target is a table that is reached from a row: where its columns equal the row's. Without columns it is all of its rows.
type Target struct {
	Table  *catalog.Table
	Own    []*catalog.Column // of the row
	Remote []*catalog.Column // of the table; as many
	Where  Filter            // rows of the table that it doesn't leave are as if they weren't there; nil means none
}

// Aggregate is a function over rows. Without columns, count counts rows; all other functions have one column.
type Aggregate struct {
	Function string // count, sum, avg, min, max, stddev, stddev_pop, stddev_samp, variance, var_pop, var_samp; of Having: bool_and, bool_or
	Columns  []*catalog.Column
	Distinct bool // of count: distinct values
}

// aggregateFunctions are the functions that an Aggregate may name.
var aggregateFunctions = map[string]bool{
	"count": true, "sum": true, "avg": true, "min": true, "max": true, "stddev": true, "stddev_pop": true, "stddev_samp": true,
	"variance": true, "var_pop": true, "var_samp": true, "bool_and": true, "bool_or": true,
}

// name is the function's name in SQL, with its schema where an extension's type brings its own, see equals: citext's min
// would be text's otherwise.
func (a Aggregate) name() string {
	if len(a.Columns) == 1 && (a.Function == "min" || a.Function == "max") && fromExtension(a.Columns[0].Type) {
		return quote(a.Columns[0].Type.Base.Schema) + "." + a.Function
	}
	return a.Function
}

// encoding is how the function's result becomes JSON: all but min and max give numbers.
func (a Aggregate) encoding() encoding {
	if a.Function == "min" || a.Function == "max" {
		return encodingOf(a.Columns[0].Type)
	}
	return encodeNumber
}

// Filter is a condition on a row: [And], [Or], [Not], [Comparison], [ColumnComparison], [IsNull], [Exists],
// [Having] or [Permission].
type Filter interface {
	write(w *sqlWriter, row string)
}

// And is true where all are; empty, it is true.
type And []Filter

// Or is true where one is; empty, it is false.
type Or []Filter

// Not is true where the filter is false.
type Not struct{ Filter Filter }

// Comparison compares a column with a value that was made for the operator.
type Comparison struct {
	Column   *catalog.Column
	AsText   bool // compare the column's text: Hasura's _cast: {String: ...}
	Operator Operator
	Value    Value
}

// ColumnComparison compares a column with another one: of the same row or, with Root, of the row that the permission
// around it is about.
type ColumnComparison struct {
	Column   *catalog.Column
	Operator Operator // one that takes a value of the column's type
	Other    *catalog.Column
	Root     bool
}

// Permission is a role's condition on the rows of a table. Whatever stands within it is about that table's row.
type Permission struct{ Filter Filter }

// IsNull is true where the column is null.
type IsNull struct{ Column *catalog.Column }

// Exists is true where the target has a row.
type Exists struct {
	Target Target
	Where  Filter // of the target's row; nil means any row
}

// Having is true where an aggregate of the target's rows meets a condition.
type Having struct {
	Target    Target
	Where     Filter // of the target's rows; nil means all
	Aggregate Aggregate
	Result    *catalog.Column // stands for the aggregate within Predicate
	Predicate Filter
}

// Operator is a comparison by Hasura's name, such as _eq.
type Operator string

// operators are Hasura's comparisons as SQL writes them (hasura-actions.md section 10.2): all but _is_null and _cast,
// which have their own forms, PostGIS and ltree.
var operators = map[Operator]operator{
	"_eq": {sql: "="}, "_neq": {sql: "<>"}, "_gt": {sql: ">"}, "_lt": {sql: "<"}, "_gte": {sql: ">="}, "_lte": {sql: "<="},
	"_in": {sql: "=", quantifier: "ANY", value: listValue}, "_nin": {sql: "<>", quantifier: "ALL", value: listValue},
	"_like": {sql: "~~"}, "_nlike": {sql: "!~~"}, "_ilike": {sql: "~~*"}, "_nilike": {sql: "!~~*"},
	"_similar": {sql: "~", function: similarToEscape}, "_nsimilar": {sql: "!~", function: similarToEscape},
	"_regex": {sql: "~"}, "_nregex": {sql: "!~"}, "_iregex": {sql: "~*"}, "_niregex": {sql: "!~*"},
	"_contains": {sql: "@>"}, "_contained_in": {sql: "<@"},
	"_has_key": {sql: "?", value: textValue}, "_has_keys_any": {sql: "?|", value: textsValue}, "_has_keys_all": {sql: "?&", value: textsValue},
}

// similarToEscape makes a pattern of SIMILAR TO a regular expression. It is what SIMILAR TO stands for, but with an
// operator whose schema can be named.
const similarToEscape = "pg_catalog.similar_to_escape"

type operator struct {
	sql        string
	quantifier string    // before a list
	function   string    // that the value goes through
	value      valueKind // what stands on the right
}

type valueKind uint8

const (
	columnValue valueKind = iota // of the column's type
	listValue                    // a list of such
	textValue                    // text
	textsValue                   // a list of such
)

// Valid reports whether the operator is known.
func (o Operator) Valid() bool {
	_, ok := operators[o]
	return ok
}
