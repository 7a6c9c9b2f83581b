package loaders

import (
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/metadata"
)

// Statement is the SQL that reads some values of a relationship's rows, for any number of keys. It is made once and
// then safe for concurrent use.
type Statement struct {
	relationship *Relationship
	encodings    []encoding // of the cells
	keys         []keyKind  // by relationship column
	sql          string
	parameters   []any   // after the keys
	computes     bool    // users' functions are called
	expression   bool    // the columns are an expression's values, and no table is read
	bySession    bool    // a permission compares with session variables
	formats      []int16 // of the key's number and the columns
	indexed      bool    // an index of a table serves the keys

	attributes func() []attribute.KeyValue // of its spans, the same for all
}

// NewStatement prepares the reading of columns, which may be none, of the rows that a query leaves, in its order: all rows, in no
// order, where it is nil. Column i is cell i of each row.
func NewStatement(r *Relationship, columns []*catalog.Column, q *Query) *Statement {
	q = r.bounded(q)
	s, w := begin(r, q)
	first := r.Type == metadata.ObjectRelationship && !r.Unique()
	value := w.expression
	if q.cuts() || first {
		value = column // of a subquery's row, where computed fields are columns
	}
	w.WriteString("SELECT k.ord")
	for _, c := range columns {
		e := encodingOf(c.Type)
		s.encodings = append(s.encodings, e)
		w.WriteString(", " + e.expression(value("t", c)))
	}
	w.from(r)
	switch {
	case q.cuts():
		w.WriteString(" CROSS JOIN LATERAL (")
		w.subquery(r.Table, columns, r.condition(), q)
		w.WriteString(") AS t")
	case first:
		fmt.Fprintf(w, " CROSS JOIN LATERAL (SELECT %s FROM %s AS t WHERE %s", w.expressions(columns), r.Table.Name.Quoted(), r.condition())
		w.and(q.where(), "t")
		w.WriteString(byPrimaryKey(r.Table, "t") + " LIMIT 1) AS t")
	default:
		fmt.Fprintf(w, " JOIN %s AS t ON %s", r.Table.Name.Quoted(), r.condition())
		w.and(q.where(), "t")
	}
	return s.finish(w)
}

// NewAggregateStatement prepares aggregates, at least one, over the rows that a query leaves, or all: one row per key,
// also where it has no rows. Aggregate i is cell i.
func NewAggregateStatement(r *Relationship, aggregates []Aggregate, q *Query) *Statement {
	if q == nil {
		q = &Query{}
	}
	s, w := begin(r, q)
	w.WriteString("SELECT k.ord")
	for i, a := range aggregates {
		e := a.encoding()
		s.encodings = append(s.encodings, e)
		fmt.Fprintf(w, ", %s", e.expression(fmt.Sprintf("a.a%d", i)))
	}
	w.from(r)
	w.WriteString(" CROSS JOIN LATERAL (SELECT ")
	var columns []*catalog.Column
	for i, a := range aggregates {
		if i > 0 {
			w.WriteString(", ")
		}
		w.aggregate(a, "t", column)
		fmt.Fprintf(w, " AS a%d", i)
		columns = addColumns(columns, a.Columns)
	}
	w.WriteString(" FROM (")
	w.subquery(r.Table, columns, r.condition(), q)
	w.WriteString(") AS t) AS a")
	return s.finish(w)
}

// SQL is the statement's text. Its parameters are one array of keys per column of the relationship, then the query's
// values.
func (s *Statement) SQL() string { return s.sql }

// Relationship is what the statement was made for.
func (s *Statement) Relationship() *Relationship { return s.relationship }

// keysSQL takes the keys alone, and reads nothing.
func (s *Statement) keysSQL() string {
	w := &sqlWriter{Builder: &strings.Builder{}}
	w.WriteString("SELECT 1")
	w.from(s.relationship)
	w.WriteString(" LIMIT 0")
	return w.String()
}

func begin(r *Relationship, q *Query) (*Statement, *sqlWriter) {
	s := &Statement{relationship: r, indexed: r.Table != nil && r.Index() != nil}
	s.attributes = sync.OnceValue(s.spanAttributes)
	for _, c := range r.Columns {
		s.keys = append(s.keys, keyKindOf(c.Type))
	}
	w := &sqlWriter{Builder: &strings.Builder{}, firstParameter: len(r.Columns) + 1}
	if q != nil {
		w.redactions = q.Redactions
	}
	return s, w
}

func (s *Statement) finish(w *sqlWriter) *Statement {
	s.sql, s.parameters, s.computes, s.bySession = w.String(), w.parameters, w.computes, w.bySession
	s.formats = make([]int16, 1+len(s.encodings)) // all text
	s.formats[0] = pgx.BinaryFormatCode
	return s
}

// from writes the keys as rows of k, numbered from 1:
//
//	FROM unnest((SELECT $1::"pg_catalog"."int8"[])) WITH ORDINALITY AS k(c0, ord)
//
// The subquery hides from the planner how many keys there are. Where it knows of few it would plan each statement anew, which
// takes longer than to run it, and a plan for few is none for many: so one plan, which expects ten, is made for all
// (Postgres, PREPARE, "plan_cache_mode"; bench/forms).
//
// Keys have the column's type, so that Postgres compares them as it compares two columns (citext, numeric, enums).
// A relationship without columns has one key, which all rows of the table belong to.
func (w *sqlWriter) from(r *Relationship) {
	if len(r.Columns) == 0 {
		w.WriteString(" FROM (SELECT 1 AS ord) AS k")
		return
	}
	arrays, names := make([]string, len(r.Columns)), make([]string, len(r.Columns))
	for i, c := range r.Columns {
		arrays[i] = fmt.Sprintf("(SELECT $%d::%s[])", i+1, c.Type.Base.Quoted())
		names[i] = fmt.Sprintf("c%d", i)
	}
	fmt.Fprintf(w, " FROM unnest(%s) WITH ORDINALITY AS k(%s, ord)", strings.Join(arrays, ", "), strings.Join(names, ", "))
}

// condition compares the row t with the key k.
func (r *Relationship) condition() string {
	if len(r.Columns) == 0 {
		return "true"
	}
	parts := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		parts[i] = fmt.Sprintf("%s %s k.c%d", column("t", c), equals(c.Type), i)
	}
	return strings.Join(parts, " AND ")
}

func byPrimaryKey(t *catalog.Table, row string) string {
	if len(t.PrimaryKey) == 0 {
		return ""
	}
	quoted := make([]string, len(t.PrimaryKey))
	for i, name := range t.PrimaryKey {
		quoted[i] = row + "." + quote(name)
	}
	return " ORDER BY " + strings.Join(quoted, ", ")
}

// addColumns adds those of more that aren't there yet.
func addColumns(columns, more []*catalog.Column) []*catalog.Column {
	for _, c := range more {
		if !containsAll(columns, []string{c.Name}) {
			columns = append(columns, c)
		}
	}
	return columns
}

// equals is the operator that compares two values of t. An extension's type brings its own, which is found only if
// its schema is named: with citext outside the search path, a plain = would fall back on text's.
func equals(t catalog.Type) string { return operators["_eq"].forType(t) }

func quote(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }
