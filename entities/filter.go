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
	faults []filterFault
}

// filterFault says what is wrong with a filter, and where within it.
type filterFault struct{ place, reason, hint string }

// nothing lets no row through.
var nothing = loaders.Permission{Filter: loaders.Or{}}

// all reads a permission's whole filter. It is nil where all rows pass, and lets none through where there are faults.
func (r *filterReader) all(v any) loaders.Filter {
	r.place = []string{"filter"}
	if m, ok := v.(map[string]any); ok && len(m) == 0 {
		return nil
	}
	f := r.expression(r.root, v)
	if len(r.faults) > 0 {
		return nothing
	}
	return loaders.Permission{Filter: f}
}

// fail adds a fault at the present place. The filter that it returns is nil: it won't be used.
func (r *filterReader) fail(hint, format string, args ...any) loaders.Filter {
	r.faults = append(r.faults, filterFault{strings.Join(r.place, "."), fmt.Sprintf(format, args...), hint})
	return nil
}

// within reads what stands at a place below the present one.
func (r *filterReader) within(place string, read func() loaders.Filter) loaders.Filter {
	r.place = append(r.place, place)
	defer func() { r.place = r.place[:len(r.place)-1] }()
	return read()
}

// expression reads a mapping, all of whose members must hold.
func (r *filterReader) expression(t *tableType, v any) loaders.Filter {
	return r.members(v, func(name string, v any) loaders.Filter { return r.condition(t, name, v) })
}

// members reads a mapping in the order of its keys, for the SQL to be the same each time.
func (r *filterReader) members(v any, read func(name string, v any) loaders.Filter) loaders.Filter {
	m, ok := v.(map[string]any)
	if !ok {
		return r.fail("", "expecting a mapping")
	}
	and := loaders.And{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		and = append(and, r.within(name, func() loaders.Filter { return read(name, m[name]) }))
	}
	if len(and) == 1 {
		return and[0]
	}
	return and
}

// operatorName is an operator in its usual spelling: $eq is _eq, and _ne is _neq.
func operatorName(name string) string {
	if rest, ok := strings.CutPrefix(name, "$"); ok {
		name = "_" + rest
	}
	return cmp.Or(map[string]string{"_ne": "_neq", "_cne": "_cneq"}[name], name)
}

func (r *filterReader) condition(t *tableType, name string, v any) loaders.Filter {
	switch operatorName(name) {
	case "_and":
		return loaders.And(r.expressions(t, v))
	case "_or":
		return loaders.Or(r.expressions(t, v))
	case "_not":
		return loaders.Not{Filter: r.expression(t, v)}
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
	return r.fail(metadata.DidYouMean(name, names), "table %q has no column or relationship %q", t.tracked.Name, name)
}

func (r *filterReader) expressions(t *tableType, v any) (all []loaders.Filter) {
	list, ok := v.([]any)
	if !ok {
		r.fail("", "expecting a list")
	}
	for i, element := range list {
		all = append(all, r.within(strconv.Itoa(i), func() loaders.Filter { return r.expression(t, element) }))
	}
	return all
}

// related reads the filter of a relationship's rows. The permission on their table doesn't count here, as in Hasura.
func (r *filterReader) related(f *Field, v any) loaders.Filter {
	target := r.tableOf(f.Object)
	if target == nil {
		return r.fail("", "relationships to other sources can't be used in filters")
	}
	return loaders.Exists{Target: f.Relationship.target(), Where: r.expression(target, v)}
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

func (r *filterReader) exists(v any) loaders.Filter {
	m, ok := v.(map[string]any)
	if !ok {
		return r.fail("", "expecting a mapping with _table and _where")
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
			return r.fail("", "unknown key %q", name)
		}
	}
	if target == nil {
		return r.fail("", "_table names no tracked table of source %q", r.source)
	}
	f := r.within("_where", func() loaders.Filter { return r.expression(target, where) })
	return loaders.Exists{Target: loaders.Target{Table: target.Table}, Where: f}
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
func (r *filterReader) comparisons(t *tableType, c *catalog.Column, v any) loaders.Filter {
	if _, ok := v.(map[string]any); !ok {
		return r.comparison(t, c, false, "_eq", v)
	}
	return r.members(v, func(name string, v any) loaders.Filter {
		return r.comparison(t, c, false, operatorName(name), v)
	})
}

func (r *filterReader) comparison(t *tableType, c *catalog.Column, asText bool, operator string, v any) loaders.Filter {
	op := loaders.Operator(operator)
	switch {
	case operator == "_cast" && !asText:
		return r.cast(t, c, v)
	case operator == "_is_null":
		return r.isNull(c, v)
	case columnOperators[operator] != "" && !asText:
		return r.columns(t, c, columnOperators[operator], v)
	case !op.Valid():
		return r.fail("", "unknown operator %q", r.place[len(r.place)-1])
	case v == nil:
		return r.null(c, asText, op)
	case op == "_in" || op == "_nin":
		if list, ok := v.([]any); ok && (isArray(c) && !asText || slices.ContainsFunc(list, isSessionVariable)) {
			return r.oneByOne(t, c, asText, op, list)
		}
	}
	if enum := enumOfColumn(t, c); enum != nil && !asText {
		r.checkEnumValues(enum, v)
	}
	return loaders.Comparison{Column: c, AsText: asText, Operator: op, Value: r.value(c, asText, op, v)}
}

func enumOfColumn(t *tableType, c *catalog.Column) *Enum {
	for _, f := range t.Fields {
		if f.Column == c {
			return f.Enum
		}
	}
	return nil
}

// checkEnumValues refuses, in Hasura's words, what is no value of the enum: a mistyped one would match no row, or with _neq every one.
func (r *filterReader) checkEnumValues(e *Enum, v any) {
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
			r.fail(metadata.DidYouMean(name, names), "expected one of the values of type %q, given %q", e.Name, name)
		}
	}
}

func (r *filterReader) cast(t *tableType, c *catalog.Column, v any) loaders.Filter {
	return r.members(v, func(typ string, v any) loaders.Filter {
		if typ != "String" {
			return r.fail("", "only a cast to String is supported")
		}
		return r.members(v, func(name string, v any) loaders.Filter {
			return r.comparison(t, c, true, operatorName(name), v)
		})
	})
}

func (r *filterReader) isNull(c *catalog.Column, v any) loaders.Filter {
	is, ok := v.(bool)
	switch {
	case !ok:
		return r.fail("", "expecting true or false")
	case is:
		return loaders.IsNull{Column: c}
	}
	return loaders.Not{Filter: loaders.IsNull{Column: c}}
}

// null compares with null. In a permission Hasura takes an equality with it as the question whether there is a value.
func (r *filterReader) null(c *catalog.Column, asText bool, op loaders.Operator) loaders.Filter {
	never := loaders.Comparison{Column: c, AsText: asText, Operator: op, Value: loaders.NullValue(c.Type, asText, op)}
	switch op {
	case "_eq":
		return loaders.Or{never, loaders.IsNull{Column: c}}
	case "_neq":
		return loaders.Or{never, loaders.Not{Filter: loaders.IsNull{Column: c}}}
	}
	return r.fail("use _is_null", "unexpected null value")
}

// columnOperators compare two columns; the value is the other one's name.
var columnOperators = map[string]loaders.Operator{
	"_ceq": "_eq", "_cneq": "_neq", "_cgt": "_gt", "_clt": "_lt", "_cgte": "_gte", "_clte": "_lte",
}

// columns reads the other column: "name" or ["name"] of the same row, or ["$", "name"] of the permission's own table.
func (r *filterReader) columns(t *tableType, c *catalog.Column, op loaders.Operator, v any) loaders.Filter {
	path, ok := v.([]any)
	if !ok {
		path = []any{v}
	}
	root := len(path) == 2 && path[0] == "$"
	if root {
		t, path = r.root, path[1:]
	}
	if len(path) != 1 {
		return r.fail("", `expecting a column, or a list of "$" and a column`)
	}
	name, _ := path[0].(string)
	other := t.Table.Column(name)
	switch {
	case other == nil:
		return r.fail(metadata.DidYouMean(name, columnNames(t.Table)), "the column %q of table %q does not exist", name, t.Table.Name)
	case c.Type.Array != other.Type.Array, !isArray(c) && !alike(c.Type, other.Type):
		return r.fail("", "the column %q of type %s can't be compared with the column %q of type %s",
			c.Name, columnType(c.Type), name, columnType(other.Type))
	}
	return loaders.ColumnComparison{Column: c, Operator: op, Other: other, Root: root}
}

// oneByOne compares with each element by itself: where some are session variables, and where they are arrays.
func (r *filterReader) oneByOne(t *tableType, c *catalog.Column, asText bool, op loaders.Operator, list []any) loaders.Filter {
	equal := map[loaders.Operator]string{"_in": "_eq", "_nin": "_neq"}[op]
	var all []loaders.Filter
	for _, element := range list {
		if element == nil {
			return r.fail("", "unexpected null value")
		}
		all = append(all, r.comparison(t, c, asText, equal, element))
	}
	if op == "_nin" {
		return loaders.And(all)
	}
	return loaders.Or(all)
}

// value reads what a column is compared with. A text that begins with x-hasura- is a session variable.
func (r *filterReader) value(c *catalog.Column, asText bool, op loaders.Operator, v any) loaders.Value {
	if isSessionVariable(v) {
		return loaders.NewSessionValue(c.Type, asText, op, sessionVariable(v.(string)))
	}
	text, err := json.Marshal(v)
	if err != nil {
		r.fail("", "unexpected value")
		return loaders.Value{}
	}
	value, err := loaders.NewValue(c.Type, asText, op, text)
	if err != nil {
		r.fail("", "%v", err)
	}
	return value
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
