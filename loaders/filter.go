package loaders

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/joinery-graphql/joinery/catalog"
)

// Value is a value of a query, in Postgres' text form, with the type that it is cast to; or a session variable, whose
// value each request has for itself.
type Value struct {
	text     string
	cast     string
	null     bool
	variable *sessionParameter
}

var textType = catalog.Type{
	Name: catalog.Name{Schema: "pg_catalog", Name: "text"}, Base: catalog.Name{Schema: "pg_catalog", Name: "text"},
	Kind: catalog.BaseType, BaseKind: catalog.BaseType,
}

// NewValue makes the right side of a comparison of a column of type t out of a JSON value: a list for _in, _nin and
// _has_keys_*, else a single value. The error is an [InvalidKeyError] where the value can't be of the type.
func NewValue(t catalog.Type, asText bool, o Operator, json []byte) (Value, error) {
	t, suffix := operandType(t, asText, o)
	var text []byte
	var err error
	if kind := operators[o].value; kind == listValue || kind == textsValue {
		text, err = listText(t, json)
	} else {
		text, err = valueText(t, json)
	}
	if errors.Is(err, errNotText) {
		return Value{}, &InvalidKeyError{Type: typeName(t)}
	}
	return Value{text: string(text), cast: t.Base.Quoted() + suffix}, err
}

// NullValue is null, as a value of a column of type t. A comparison with it is never true.
func NullValue(t catalog.Type, asText bool, o Operator) Value {
	t, suffix := operandType(t, asText, o)
	return Value{null: true, cast: t.Base.Quoted() + suffix}
}

// operandType is the type of what stands on an operator's right, if an array, of its elements, with the suffix of the
// array's type.
func operandType(t catalog.Type, asText bool, o Operator) (of catalog.Type, suffix string) {
	kind := operators[o].value
	if asText || kind == textValue || kind == textsValue {
		t = textType
	}
	if t.Array || t.BaseArray || kind == listValue || kind == textsValue {
		suffix = "[]" // also for arrays of arrays: Postgres has none, and one of more dimensions has the same type
	}
	return t, suffix
}

var errNotText = errors.New("not a value of the type")

// valueText is a JSON value as Postgres reads it: JSON for json and jsonb, an array literal for arrays.
func valueText(t catalog.Type, json []byte) ([]byte, error) {
	switch {
	case t.Array || t.BaseArray:
		if json[0] != '[' {
			return nil, errNotText
		}
		return listText(elementOf(t), json)
	case isJSON(t):
		return json, nil
	}
	text, ok := keyKindOf(t).text(json)
	if !ok {
		return nil, errNotText
	}
	return text, nil
}

func elementOf(t catalog.Type) catalog.Type {
	t.Array, t.BaseArray = false, false
	return t
}

func isJSON(t catalog.Type) bool {
	return t.Base.Schema == "pg_catalog" && (t.Base.Name == "json" || t.Base.Name == "jsonb")
}

// listText writes a JSON list as an array literal. A single value is a list of one (GraphQL, section 3.11).
func listText(t catalog.Type, json []byte) ([]byte, error) {
	if json[0] != '[' {
		element, err := valueText(t, json)
		return append(appendQuoted([]byte{'{'}, element), '}'), err
	}
	dec := jsontext.NewDecoder(bytes.NewReader(json))
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	literal := []byte{'{'}
	for dec.PeekKind() != ']' {
		element, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		if len(literal) > 1 {
			literal = append(literal, ',')
		}
		if literal, err = appendListElement(literal, t, element); err != nil {
			return nil, err
		}
	}
	if _, err := dec.ReadToken(); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return append(literal, '}'), nil
}

func appendListElement(dst []byte, t catalog.Type, json []byte) ([]byte, error) {
	switch {
	case json[0] == 'n' && !isJSON(t):
		return append(dst, "NULL"...), nil
	case json[0] == '[' && !isJSON(t): // a further dimension
		element, err := listText(elementOf(t), json)
		return append(dst, element...), err
	}
	text, err := valueText(elementOf(t), json)
	if err != nil {
		return nil, err
	}
	return appendQuoted(dst, text), nil
}

// sqlWriter writes a statement: its text, and the parameters after the keys.
type sqlWriter struct {
	*strings.Builder
	firstParameter int
	parameters     []any
	rows           int    // aliases given so far
	computes       bool   // users' functions are called
	bySession      bool   // a session variable is among the parameters
	root           string // the row that the permission being written is about
	redactions     map[*catalog.Column]Redaction
	redacted       map[string]string // what was written of them, by row and column
}

func (w *sqlWriter) parameter(value any, cast string) { w.WriteString(w.bind(value, cast)) }

// bind adds a parameter and returns what stands for it.
func (w *sqlWriter) bind(value any, cast string) string {
	w.parameters = append(w.parameters, value)
	return w.placeholder(len(w.parameters)-1, cast)
}

func (w *sqlWriter) placeholder(parameter int, cast string) string {
	return fmt.Sprintf("$%d::%s", w.firstParameter+parameter, cast)
}

// value writes a value as a parameter. A session variable that is cast to the same type twice is one parameter.
func (w *sqlWriter) value(v Value) {
	switch {
	case v.null:
		w.parameter(nil, v.cast)
		return
	case v.variable == nil:
		w.parameter(v.text, v.cast)
		return
	}
	for i, p := range w.parameters {
		if have, ok := p.(*sessionParameter); ok && *have == *v.variable {
			w.WriteString(w.placeholder(i, v.variable.cast))
			return
		}
	}
	w.bySession = true
	w.parameter(v.variable, v.variable.cast)
}

// alias names a further row.
func (w *sqlWriter) alias() string {
	w.rows++
	return "r" + strconv.Itoa(w.rows)
}

func column(row string, c *catalog.Column) string { return row + "." + quote(c.Name) }

func (f And) write(w *sqlWriter, row string) { writeAll(w, row, f, " AND ", "true") }

func (f Or) write(w *sqlWriter, row string) { writeAll(w, row, f, " OR ", "false") }

func writeAll(w *sqlWriter, row string, filters []Filter, operator, empty string) {
	if len(filters) == 0 {
		w.WriteString(empty)
		return
	}
	w.WriteByte('(')
	for i, f := range filters {
		if i > 0 {
			w.WriteString(operator)
		}
		f.write(w, row)
	}
	w.WriteByte(')')
}

func (f Not) write(w *sqlWriter, row string) {
	w.WriteString("(NOT ")
	f.Filter.write(w, row)
	w.WriteByte(')')
}

func (f IsNull) write(w *sqlWriter, row string) {
	w.WriteString("(" + w.expression(row, f.Column) + " IS NULL)")
}

func (f Comparison) write(w *sqlWriter, row string) {
	op := operators[f.Operator]
	left, t := w.operand(row, f.Column), f.Column.Type
	if f.AsText {
		left, t = w.expression(row, f.Column)+"::text", textType
	}
	w.WriteString("(" + left + " " + op.forType(t))
	w.WriteString(" " + op.quantifier + op.function + "(")
	w.value(f.Value)
	w.WriteString("))")
}

// operand is a column in a comparison: Postgres has no operators for arrays of domains.
func (w *sqlWriter) operand(row string, c *catalog.Column) string {
	if c.Type.Array && c.Type.Name != c.Type.Base {
		return w.expression(row, c) + "::" + c.Type.Base.Quoted() + "[]"
	}
	return w.expression(row, c)
}

func (f ColumnComparison) write(w *sqlWriter, row string) {
	other := row
	if f.Root {
		other = w.root
	}
	right := w.operand(other, f.Other)
	if fromExtension(f.Column.Type) && f.Other.Type.Base != f.Column.Type.Base { // its operators take its own type only
		right += "::" + f.Column.Type.Base.Quoted()
	}
	w.WriteString("(" + w.operand(row, f.Column) + " " + operators[f.Operator].forType(f.Column.Type) + " " + right + ")")
}

func (f Permission) write(w *sqlWriter, row string) {
	root := w.root
	w.root = row
	f.Filter.write(w, row)
	w.root = root
}

// forType names the operator's schema where the type is an extension's, see equals.
func (o operator) forType(t catalog.Type) string {
	if fromExtension(t) {
		return "OPERATOR(" + quote(t.Base.Schema) + "." + o.sql + ")"
	}
	return o.sql
}

// fromExtension reports whether the type is one with operators and functions of its own.
func fromExtension(t catalog.Type) bool {
	return t.Base.Schema != "pg_catalog" && t.BaseKind == catalog.BaseType && !t.Array && !t.BaseArray
}

func (f Exists) write(w *sqlWriter, row string) {
	target := w.alias()
	w.WriteString("EXISTS (SELECT FROM " + f.Target.Table.Name.Quoted() + " AS " + target + " WHERE ")
	w.on(f.Target, row, target)
	w.and(f.Where, target)
	w.WriteByte(')')
}

func (f Having) write(w *sqlWriter, row string) {
	target, result := w.alias(), w.alias()
	w.WriteString("EXISTS (SELECT FROM (SELECT ")
	w.aggregate(f.Aggregate, target, w.expression)
	w.WriteString(" AS " + quote(f.Result.Name) + " FROM " + f.Target.Table.Name.Quoted() + " AS " + target + " WHERE ")
	w.on(f.Target, row, target)
	w.and(f.Where, target)
	w.WriteString(") AS " + result + " WHERE ")
	f.Predicate.write(w, result)
	w.WriteByte(')')
}

// on writes the conditions of a target.
func (w *sqlWriter) on(t Target, row, target string) {
	for i, own := range t.Own {
		if i > 0 {
			w.WriteString(" AND ")
		}
		w.WriteString(column(target, t.Remote[i]) + " " + equals(t.Remote[i].Type) + " " + column(row, own))
	}
	if len(t.Own) == 0 {
		w.WriteString("true")
	}
	w.and(t.Where, target)
}

// and adds a filter to a condition, if there is one.
func (w *sqlWriter) and(f Filter, row string) {
	if f != nil {
		w.WriteString(" AND ")
		f.write(w, row)
	}
}

// order writes what a row is ordered by.
func (w *sqlWriter) order(o Order, row string) {
	w.orderKey(o, o.Path, row)
	if o.Desc {
		w.WriteString(" DESC")
	}
	w.WriteString(map[Nulls]string{NullsFirst: " NULLS FIRST", NullsLast: " NULLS LAST"}[o.Nulls])
}

// orderKey follows the path by nested subqueries.
func (w *sqlWriter) orderKey(o Order, path []Target, row string) {
	if len(path) == 0 {
		if o.Aggregate != nil {
			w.aggregate(*o.Aggregate, row, w.expression)
		} else {
			w.WriteString(w.expression(row, o.Column))
		}
		return
	}
	target := w.alias()
	w.WriteString("(SELECT ")
	w.orderKey(o, path[1:], target)
	w.WriteString(" FROM " + path[0].Table.Name.Quoted() + " AS " + target + " WHERE ")
	w.on(path[0], row, target)
	if isAggregate := len(path) == 1 && o.Aggregate != nil; !isAggregate && !unique(path[0].Table, path[0].Remote) {
		w.WriteString(byPrimaryKey(path[0].Table, target)) // the row that an object relationship gives
	}
	w.WriteString(" LIMIT 1)")
}

func (w *sqlWriter) aggregate(a Aggregate, row string, value func(row string, c *catalog.Column) string) {
	if !aggregateFunctions[a.Function] {
		panic(fmt.Sprintf("BUG: unknown aggregate function %q", a.Function))
	}
	w.WriteString(a.name() + "(")
	if a.Distinct {
		w.WriteString("DISTINCT ")
	}
	names := make([]string, len(a.Columns))
	for i, c := range a.Columns {
		names[i] = value(row, c)
	}
	switch len(names) {
	case 0:
		w.WriteString("*")
	case 1:
		w.WriteString(names[0])
	default:
		w.WriteString("(" + strings.Join(names, ", ") + ")")
	}
	w.WriteByte(')')
}

// subquery writes the rows of a table that a key has, narrowed and ordered by a query. The row's alias is t; condition
// compares it with the key.
func (w *sqlWriter) subquery(table *catalog.Table, columns []*catalog.Column, condition string, q *Query) {
	w.WriteString("SELECT ")
	if len(q.DistinctOn) > 0 {
		names := make([]string, len(q.DistinctOn))
		for i, c := range q.DistinctOn {
			names[i] = w.expression("t", c)
		}
		w.WriteString("DISTINCT ON (" + strings.Join(names, ", ") + ") ")
		columns = addColumns(q.DistinctOn, columns) // an empty list is no SQL here
	}
	w.WriteString(w.expressions(columns) + " FROM " + table.Name.Quoted() + " AS t WHERE " + condition)
	w.and(q.Where, "t")
	for i, o := range q.OrderBy {
		w.WriteString(map[bool]string{true: " ORDER BY ", false: ", "}[i == 0])
		w.order(o, "t")
	}
	switch {
	case q.bound > 0 && (q.Limit == nil || *q.Limit > q.bound):
		w.WriteString(" LIMIT " + strconv.FormatInt(q.bound, 10))
	case q.Limit != nil:
		w.WriteString(" LIMIT ")
		w.parameter(strconv.FormatInt(*q.Limit, 10), "bigint")
	}
	if q.Offset > 0 {
		w.WriteString(" OFFSET ")
		w.parameter(strconv.FormatInt(q.Offset, 10), "bigint")
	}
}
