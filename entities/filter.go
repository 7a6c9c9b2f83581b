package entities

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// filterReader reads the filter of a permission: a boolean expression with the names of the database, as decoded YAML
// (hasura-actions.md section 10.2).
type filterReader struct {
	*builder
	source string
	root   *tableType // that the permission is on
	place  []string
}

// filterError says what is wrong with a filter, and where within it.
type filterError struct{ place, reason, hint string }

func (e *filterError) Error() string { return e.place + ": " + e.reason }

// nothing lets no row through.
var nothing = loaders.Permission{Filter: loaders.Or{}}

// all reads a permission's whole filter. It is nil where all rows pass, and lets none through where there is a fault.
func (r *filterReader) all(t *tableType, v any) (loaders.Filter, *filterError) {
	r.place = []string{"filter"}
	m, ok := v.(map[string]any)
	if !ok {
		return nothing, r.fail("", "expecting a mapping")
	}
	if len(m) == 0 {
		return nil, nil
	}
	f, err := r.expression(t, m)
	if err != nil {
		return nothing, err
	}
	return loaders.Permission{Filter: f}, nil
}

func (r *filterReader) fail(hint, format string, args ...any) *filterError {
	return &filterError{place: strings.Join(r.place, "."), reason: fmt.Sprintf(format, args...), hint: hint}
}

// expression reads a mapping, all of whose members must hold.
func (r *filterReader) expression(t *tableType, v any) (loaders.Filter, *filterError) {
	return r.members(v, func(name string, v any) (loaders.Filter, *filterError) { return r.condition(t, name, v) })
}

// members reads a mapping in the order of its keys, for the SQL to be the same each time.
func (r *filterReader) members(v any, read func(name string, v any) (loaders.Filter, *filterError)) (loaders.Filter, *filterError) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, r.fail("", "expecting a mapping")
	}
	and := loaders.And{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		r.place = append(r.place, name)
		f, err := read(name, m[name])
		if err != nil {
			return nil, err
		}
		r.place = r.place[:len(r.place)-1]
		and = append(and, f)
	}
	if len(and) == 1 {
		return and[0], nil
	}
	return and, nil
}

// operatorName is an operator in its usual spelling: $eq is _eq, and _ne is _neq.
func operatorName(name string) string {
	if rest, ok := strings.CutPrefix(name, "$"); ok {
		name = "_" + rest
	}
	return cmp.Or(map[string]string{"_ne": "_neq", "_cne": "_cneq"}[name], name)
}

func (r *filterReader) condition(t *tableType, name string, v any) (loaders.Filter, *filterError) {
	switch operatorName(name) {
	case "_and":
		all, err := r.expressions(t, v)
		return loaders.And(all), err
	case "_or":
		all, err := r.expressions(t, v)
		return loaders.Or(all), err
	case "_not":
		f, err := r.expression(t, v)
		return loaders.Not{Filter: f}, err
	case "_exists":
		return r.exists(v)
	}
	if c := t.Table.Column(name); c != nil {
		return r.comparisons(t, c, v)
	}
	switch f := t.Field(name); {
	case f != nil && f.Relationship != nil && !f.Aggregate:
		return r.related(f, v)
	case f != nil && f.Column != nil && f.Column.Computed != nil:
		return r.comparisons(t, f.Column, v)
	}
	names := columnNames(t.Table)
	for _, rel := range t.tracked.Relationships {
		names = append(names, rel.Name)
	}
	return nil, r.fail(metadata.DidYouMean(name, names), "table %q has no column or relationship %q", t.tracked.Name, name)
}

func (r *filterReader) expressions(t *tableType, v any) (all []loaders.Filter, err *filterError) {
	list, ok := v.([]any)
	if !ok {
		return nil, r.fail("", "expecting a list")
	}
	for i, element := range list {
		r.place = append(r.place, strconv.Itoa(i))
		f, err := r.expression(t, element)
		if err != nil {
			return nil, err
		}
		r.place = r.place[:len(r.place)-1]
		all = append(all, f)
	}
	return all, nil
}

// related reads the filter of a relationship's rows. The permission on their table doesn't count here, as in Hasura.
func (r *filterReader) related(f *Field, v any) (loaders.Filter, *filterError) {
	target := r.tableOf(f.Object)
	if target == nil {
		return nil, r.fail("", "relationships to other sources can't be used in filters")
	}
	where, err := r.expression(target, v)
	return loaders.Exists{Target: f.Relationship.target(), Where: where}, err
}

// tableOf is the tracked table of a type, nil where it is of another source.
func (r *filterReader) tableOf(t *Type) *tableType {
	for id, table := range r.tables {
		if table.Type == t && id.source == r.source {
			return table
		}
	}
	return nil
}

func (r *filterReader) exists(v any) (loaders.Filter, *filterError) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, r.fail("", "expecting a mapping with _table and _where")
	}
	var target *tableType
	var where any = map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		switch operatorName(name) {
		case "_table":
			target = r.tables[tableID{r.source, tableName(m[name])}]
		case "_where":
			where = m[name]
		default:
			return nil, r.fail("", "unknown key %q", name)
		}
	}
	if target == nil {
		return nil, r.fail("", "_table names no tracked table of source %q", r.source)
	}
	r.place = append(r.place, "_where")
	f, err := r.expression(target, where)
	if err != nil {
		return nil, err
	}
	r.place = r.place[:len(r.place)-1]
	return loaders.Exists{Target: loaders.Target{Table: target.Table}, Where: f}, nil
}

// tableName is a table as metadata names it: {schema, name}, or the name alone in schema public.
func tableName(v any) metadata.TableName {
	if name, ok := v.(string); ok {
		return metadata.TableName{Schema: "public", Name: name}
	}
	m, _ := v.(map[string]any)
	name, _ := m["name"].(string)
	schema, _ := m["schema"].(string)
	return metadata.TableName{Schema: cmp.Or(schema, "public"), Name: name}
}

// comparisons reads what is said of a column: a mapping of operators, or a value that it equals.
func (r *filterReader) comparisons(t *tableType, c *catalog.Column, v any) (loaders.Filter, *filterError) {
	if _, ok := v.(map[string]any); !ok {
		return r.comparison(t, c, false, "_eq", v)
	}
	return r.members(v, func(name string, v any) (loaders.Filter, *filterError) {
		return r.comparison(t, c, false, operatorName(name), v)
	})
}

func (r *filterReader) comparison(t *tableType, c *catalog.Column, asText bool, operator string, v any) (loaders.Filter, *filterError) {
	op := loaders.Operator(operator)
	switch {
	case operator == "_cast" && !asText:
		return r.cast(t, c, v)
	case operator == "_is_null":
		return r.isNull(c, v)
	case columnOperators[operator] != "" && !asText:
		return r.columns(t, c, columnOperators[operator], v)
	case !op.Valid():
		return nil, r.fail("", "unknown operator %q", r.place[len(r.place)-1])
	case v == nil:
		return r.null(c, asText, op)
	case op == "_in" || op == "_nin":
		if list, ok := v.([]any); ok && (isArray(c) && !asText || slices.ContainsFunc(list, isSessionVariable)) {
			return r.oneByOne(t, c, asText, op, list)
		}
	}
	if enum := enumOfColumn(t, c); enum != nil && !asText {
		if err := r.enumValues(enum, v); err != nil {
			return nil, err
		}
	}
	value, err := r.value(c, asText, op, v)
	return loaders.Comparison{Column: c, AsText: asText, Operator: op, Value: value}, err
}

func enumOfColumn(t *tableType, c *catalog.Column) *Enum {
	for _, f := range t.Fields {
		if f.Column == c {
			return f.Enum
		}
	}
	return nil
}

// enumValues refuses, in Hasura's words, what is no value of the enum: a mistyped one would match no row, or with _neq every one.
func (r *filterReader) enumValues(e *Enum, v any) *filterError {
	names := make([]string, len(e.Values))
	for i, value := range e.Values {
		names[i] = value.Name
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, element := range list {
		if name, ok := element.(string); ok && !isSessionVariable(name) && !slices.Contains(names, name) {
			return r.fail(metadata.DidYouMean(name, names), "expected one of the values of type %q, given %q", e.Name, name)
		}
	}
	return nil
}

func (r *filterReader) cast(t *tableType, c *catalog.Column, v any) (loaders.Filter, *filterError) {
	return r.members(v, func(typ string, v any) (loaders.Filter, *filterError) {
		if typ != "String" {
			return nil, r.fail("", "only a cast to String is supported")
		}
		return r.members(v, func(name string, v any) (loaders.Filter, *filterError) {
			return r.comparison(t, c, true, operatorName(name), v)
		})
	})
}

func (r *filterReader) isNull(c *catalog.Column, v any) (loaders.Filter, *filterError) {
	is, ok := v.(bool)
	switch {
	case !ok:
		return nil, r.fail("", "expecting true or false")
	case is:
		return loaders.IsNull{Column: c}, nil
	}
	return loaders.Not{Filter: loaders.IsNull{Column: c}}, nil
}

// null compares with null. In a permission Hasura takes an equality with it as the question whether there is a value.
func (r *filterReader) null(c *catalog.Column, asText bool, op loaders.Operator) (loaders.Filter, *filterError) {
	never := loaders.Comparison{Column: c, AsText: asText, Operator: op, Value: loaders.NullValue(c.Type, asText, op)}
	switch op {
	case "_eq":
		return loaders.Or{never, loaders.IsNull{Column: c}}, nil
	case "_neq":
		return loaders.Or{never, loaders.Not{Filter: loaders.IsNull{Column: c}}}, nil
	}
	return nil, r.fail("use _is_null", "unexpected null value")
}

// columnOperators compare two columns; the value is the other one's name.
var columnOperators = map[string]loaders.Operator{
	"_ceq": "_eq", "_cneq": "_neq", "_cgt": "_gt", "_clt": "_lt", "_cgte": "_gte", "_clte": "_lte",
}

// columns reads the other column: "name" or ["name"] of the same row, or ["$", "name"] of the permission's own table.
func (r *filterReader) columns(t *tableType, c *catalog.Column, op loaders.Operator, v any) (loaders.Filter, *filterError) {
	path, ok := v.([]any)
	if !ok {
		path = []any{v}
	}
	root := len(path) == 2 && path[0] == "$"
	if root {
		t, path = r.root, path[1:]
	}
	if len(path) != 1 {
		return nil, r.fail("", `expecting a column, or a list of "$" and a column`)
	}
	name, _ := path[0].(string)
	other := t.Table.Column(name)
	switch {
	case other == nil:
		return nil, r.fail(metadata.DidYouMean(name, columnNames(t.Table)), "the column %q of table %q does not exist", name, t.Table.Name)
	case c.Type.Array != other.Type.Array, !isArray(c) && !alike(c.Type, other.Type):
		return nil, r.fail("", "the column %q of type %s can't be compared with the column %q of type %s",
			c.Name, columnType(c.Type), name, columnType(other.Type))
	}
	return loaders.ColumnComparison{Column: c, Operator: op, Other: other, Root: root}, nil
}

// oneByOne compares with each element by itself: where some are session variables, and where they are arrays.
func (r *filterReader) oneByOne(t *tableType, c *catalog.Column, asText bool, op loaders.Operator, list []any) (loaders.Filter, *filterError) {
	equal := map[loaders.Operator]string{"_in": "_eq", "_nin": "_neq"}[op]
	var all []loaders.Filter
	for _, element := range list {
		if element == nil {
			return nil, r.fail("", "unexpected null value")
		}
		f, err := r.comparison(t, c, asText, equal, element)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	if op == "_nin" {
		return loaders.And(all), nil
	}
	return loaders.Or(all), nil
}

// value reads what a column is compared with. A text that begins with x-hasura- is a session variable.
func (r *filterReader) value(c *catalog.Column, asText bool, op loaders.Operator, v any) (loaders.Value, *filterError) {
	if isSessionVariable(v) {
		return loaders.NewSessionValue(c.Type, asText, op, sessionVariable(v.(string))), nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return loaders.Value{}, r.fail("", "unexpected value")
	}
	value, err := loaders.NewValue(c.Type, asText, op, text)
	if err != nil {
		return loaders.Value{}, r.fail("", "%v", err)
	}
	return value, nil
}

func isSessionVariable(v any) bool {
	name, ok := v.(string)
	return ok && (strings.HasPrefix(strings.ToLower(name), "x-hasura-") || strings.EqualFold(name, oldUserID))
}

// oldUserID is how Hasura called x-hasura-user-id once, and still reads it.
const oldUserID = "REQ_USER_ID"

func sessionVariable(name string) string {
	if strings.EqualFold(name, oldUserID) {
		return "x-hasura-user-id"
	}
	return strings.ToLower(name)
}
