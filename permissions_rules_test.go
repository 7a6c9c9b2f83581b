package joinery

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/internal/oracle"
)

// rule is a filter: as a permission has it, and in SQL.
type rule struct {
	yaml map[string]any
	sql  string
}

// ruleWriter draws filters.
type ruleWriter struct {
	*rand.Rand
	*study
	root    *oracle.Table // that the permission is on
	rootRow string
	rows    int // aliases given so far
}

func (w *ruleWriter) chance(percent int) bool { return w.IntN(100) < percent }

func pick[E any](w *ruleWriter, list []E) E { return list[w.IntN(len(list))] }

// rule draws a mapping of conditions, all of which must hold.
func (w *ruleWriter) rule(t *oracle.Table, row string, depth int) *rule {
	out := &rule{yaml: map[string]any{}}
	var parts []string
	for range 1 + w.IntN(2) {
		name, value, sql := w.condition(t, row, depth)
		if _, taken := out.yaml[name]; !taken {
			out.yaml[name] = value
			parts = append(parts, sql)
		}
	}
	out.sql = "(" + strings.Join(parts, " AND ") + ")"
	return out
}

// spelled draws how an operator is written.
func (w *ruleWriter) spelled(operator string) string {
	if operator == "_neq" && w.chance(30) {
		operator = "_ne"
	}
	if w.chance(10) {
		operator = "$" + operator[1:]
	}
	return operator
}

func (w *ruleWriter) condition(t *oracle.Table, row string, depth int) (name string, value any, sql string) {
	choice := w.IntN(12)
	switch {
	case depth > 0 && choice >= 9 && len(t.Relationships) > 0:
		return w.related(pick(w, t.Relationships), row, depth)
	case depth > 0 && choice == 8:
		inner := w.rule(t, row, depth-1)
		return w.spelled("_not"), inner.yaml, "NOT " + inner.sql
	case depth > 0 && choice >= 6:
		return w.list(t, row, depth)
	case depth > 0 && choice == 5:
		return w.exists(depth)
	}
	columns := slices.DeleteFunc(slices.Clone(t.Columns), func(c *oracle.Column) bool { return c.Computed != nil })
	c := pick(w, columns)
	value, sql = w.comparisons(t, c, row)
	return unquoted(c.SQL), value, sql
}

func unquoted(identifier string) string {
	return strings.ReplaceAll(identifier[1:len(identifier)-1], `""`, `"`)
}

func (w *ruleWriter) alias() string {
	w.rows++
	return fmt.Sprint("x", w.rows)
}

func (w *ruleWriter) related(r *oracle.Relationship, row string, depth int) (string, any, string) {
	target := w.alias()
	inner := &rule{yaml: map[string]any{}, sql: "true"}
	if !w.chance(10) {
		inner = w.rule(r.Target, target, depth-1)
	}
	own := w.ownerOf(r)
	var on []string
	for i := range r.Own {
		on = append(on, fmt.Sprintf("%s.%s = %s.%s", target, r.Target.Columns[r.Remote[i]].SQL, row, own.Columns[r.Own[i]].SQL))
	}
	return r.Name, inner.yaml, fmt.Sprintf("EXISTS (SELECT FROM %s %s WHERE %s AND %s)", rawName(r.Target), target, strings.Join(on, " AND "), inner.sql)
}

func (w *ruleWriter) ownerOf(r *oracle.Relationship) *oracle.Table {
	for _, t := range w.oracle.Tables {
		if slices.Contains(t.Relationships, r) {
			return t
		}
	}
	panic("BUG: no table has the relationship " + r.Name)
}

func (w *ruleWriter) list(t *oracle.Table, row string, depth int) (string, any, string) {
	operator, word, sql := "_and", " AND ", []string{"true"}
	if w.chance(60) {
		operator, word, sql = "_or", " OR ", []string{"false"}
	}
	list := []any{}
	for range w.IntN(4) {
		inner := w.rule(t, row, depth-1)
		list, sql = append(list, inner.yaml), append(sql, inner.sql)
	}
	return w.spelled(operator), list, "(" + strings.Join(sql, word) + ")"
}

func (w *ruleWriter) exists(depth int) (string, any, string) {
	t := pick(w, w.oracle.Tables[:8])
	alias := w.alias()
	inner := w.rule(t, alias, depth-1)
	schema, name, _ := strings.Cut(t.SQL, ".")
	table := map[string]any{"schema": unquoted(schema), "name": unquoted(name)}
	return w.spelled("_exists"), map[string]any{"_table": table, "_where": inner.yaml},
		fmt.Sprintf("EXISTS (SELECT FROM %s %s WHERE %s)", rawName(t), alias, inner.sql)
}

// comparisons draws what is said of a column: operators, or a value that it equals.
func (w *ruleWriter) comparisons(t *oracle.Table, c *oracle.Column, row string) (any, string) {
	cell := row + "." + c.SQL
	if c.Kind != oracle.JSONB && c.Kind != oracle.TextArray && w.chance(15) {
		value, sql := w.operand(c)
		return value, fmt.Sprintf("(%s = %s)", cell, sql)
	}
	out := map[string]any{}
	var parts []string
	for range 1 + w.IntN(2)/2 {
		operator := pick(w, append(operatorsOf(c), "_ceq", "_cneq", "_clt", "_cgt", "_clte", "_cgte", "null"))
		if value, sql, ok := w.comparison(t, c, cell, operator); ok {
			if operator == "null" {
				operator = "_eq"
				if strings.Contains(sql, "<>") {
					operator = "_neq"
				}
			}
			out[w.spelled(operator)] = value
			parts = append(parts, sql)
		}
	}
	if len(parts) == 0 {
		return map[string]any{"_is_null": false}, cell + " IS NOT NULL"
	}
	return out, "(" + strings.Join(parts, " AND ") + ")"
}

var sqlComparisons = map[string]string{"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

func (w *ruleWriter) comparison(t *oracle.Table, c *oracle.Column, cell, operator string) (value any, sql string, ok bool) {
	typ := sqlTypes[c.Kind]
	switch operator {
	case "null":
		if w.chance(50) {
			return nil, fmt.Sprintf("(%s = NULL::%s OR %s IS NULL)", cell, typ, cell), true
		}
		return nil, fmt.Sprintf("(%s <> NULL::%s OR %s IS NOT NULL)", cell, typ, cell), true
	case "_is_null":
		if w.chance(50) {
			return true, cell + " IS NULL", true
		}
		return false, cell + " IS NOT NULL", true
	case "_in", "_nin":
		return w.in(c, cell, operator == "_nin")
	case "_cast":
		inner := map[string]any{"_like": "%a%"}
		return map[string]any{"String": inner}, cell + "::text LIKE '%a%'", true
	case "_has_key":
		return "a", cell + " ? 'a'", true
	case "_has_keys_any":
		return []any{"a", "key"}, cell + " ?| array['a', 'key']", true
	case "_has_keys_all":
		return []any{"a", "b"}, cell + " ?& array['a', 'b']", true
	case "_contains", "_contained_in":
		value, sql := w.operand(c)
		return value, fmt.Sprintf("%s %s %s", cell, map[string]string{"_contains": "@>", "_contained_in": "<@"}[operator], sql), true
	}
	if name, isColumn := strings.CutPrefix(operator, "_c"); isColumn {
		return w.columns(t, c, cell, sqlComparisons[name])
	}
	if symbol, ok := sqlComparisons[operator[1:]]; ok {
		value, sql := w.operand(c)
		return value, fmt.Sprintf("(%s %s %s)", cell, symbol, sql), true
	}
	return w.pattern(cell, operator)
}

// columns compares with another column of the same type: of the same row, or of the permission's own.
func (w *ruleWriter) columns(t *oracle.Table, c *oracle.Column, cell, symbol string) (any, string, bool) {
	of, row, root := t, cell[:strings.Index(cell, "."+c.SQL)], w.chance(40)
	if root {
		of, row = w.root, w.rootRow
	}
	like := slices.DeleteFunc(slices.Clone(of.Columns), func(other *oracle.Column) bool {
		return other.Computed != nil || other.Kind != c.Kind || c.Kind == oracle.JSONB || c.Kind == oracle.TextArray
	})
	if len(like) == 0 {
		return nil, "", false
	}
	other := pick(w, like)
	sql := fmt.Sprintf("(%s %s %s.%s)", cell, symbol, row, other.SQL)
	switch name := unquoted(other.SQL); {
	case root:
		return []any{"$", name}, sql, true
	case w.chance(50):
		return []any{name}, sql, true
	default:
		return name, sql, true
	}
}

func (w *ruleWriter) pattern(cell, operator string) (any, string, bool) {
	name, negated := strings.CutPrefix(operator, "_n")
	if !negated {
		name = operator[1:]
	}
	likes, regexes := []string{"%", "a%", "%b", "A_", "%É%"}, []string{"a", "^a", "b$", "^$"}
	patterns := map[string][]string{"like": likes, "ilike": likes, "similar": {"%", "(a|b)%", "[aB]b?"}, "regex": regexes, "iregex": regexes}
	symbols := map[string]string{"like": "LIKE", "ilike": "ILIKE", "similar": "SIMILAR TO", "regex": "~", "iregex": "~*"}
	pattern := pick(w, patterns[name])
	sql := fmt.Sprintf("(%s %s %s)", cell, symbols[name], literal(pattern))
	if negated {
		sql = "(NOT " + sql + ")"
	}
	return pattern, sql, true
}

func (w *ruleWriter) in(c *oracle.Column, cell string, negated bool) (any, string, bool) {
	typ := sqlTypes[c.Kind]
	sql, value := "", any(nil)
	if c.Kind != oracle.TextArray && w.chance(40) {
		variable := w.variable(c) + "-List"
		value, sql = variable, fmt.Sprintf("%s = ANY (%s::%s[])", cell, sessionValue(variable), typ)
	} else {
		list, parts := []any{}, []string{}
		for range w.IntN(3) {
			element, part := w.operand(c)
			list, parts = append(list, element), append(parts, fmt.Sprintf("%s = %s", cell, part))
		}
		value, sql = list, strings.Join(append(parts, "false"), " OR ")
	}
	if negated {
		return value, "(NOT (" + sql + "))", true
	}
	return value, "(" + sql + ")", true
}

// operand draws a value, or a session variable.
func (w *ruleWriter) operand(c *oracle.Column) (any, string) {
	typ := sqlTypes[c.Kind]
	if w.chance(35) {
		variable := w.variable(c)
		return variable, sessionValue(variable) + "::" + typ
	}
	f := &filler{Rand: w.Rand, study: w.study}
	encoded := f.text(c)
	if c.Kind == oracle.TextArray {
		encoded = []byte(pick(w, someArrays))
	}
	var value any
	if err := json.Unmarshal(encoded, &value); err != nil {
		panic(err)
	}
	if c.Kind == oracle.JSONB && value == nil {
		value, encoded = "a", []byte(`"a"`) // null isn't a value here
	}
	if _, isNumber := value.(float64); isNumber {
		value = json.Number(encoded)
	}
	return value, literal(c.Text(c.Parse(encoded))) + "::" + typ
}

// variable is a session variable for a column, in any letter case.
func (w *ruleWriter) variable(c *oracle.Column) string {
	for kind, of := range columnKinds {
		if of.Kind == c.Kind && of.Scalar == c.Scalar {
			return pick(w, []string{"X-Hasura-", "x-hasura-", "X-HASURA-"}) + kind
		}
	}
	panic("BUG: no kind of column " + c.Name)
}

func sessionValue(variable string) string {
	return "(current_setting('hasura.user')::json ->> " + literal(strings.ToLower(variable)) + ")"
}

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

var sqlTypes = map[oracle.Kind]string{
	oracle.Int: "int", oracle.Bigint: "bigint", oracle.Numeric: "numeric", oracle.Float8: "double precision", oracle.Text: "text", oracle.Citext: "citext",
	oracle.Enum: "mood", oracle.EnumTable: "text", oracle.UUID: "uuid", oracle.Bool: "boolean", oracle.Date: "date", oracle.Timestamptz: "timestamptz",
	oracle.JSONB: "jsonb", oracle.TextArray: "text[]",
}
