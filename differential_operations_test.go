package joinery

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/joinery-graphql/joinery/internal/oracle"
)

// generator draws operations. The least that can be drawn is the simplest, which is what a failure shrinks to.
type generator struct {
	*rapid.T
	*study
}

// n draws a number from 0 to most.
func (g *generator) n(most int) int { return rapid.IntRange(0, most).Draw(g.T, "n") }

// chance is true in so many of a hundred cases.
func (g *generator) chance(percent int) bool { return g.n(99) >= 100-percent }

func choose[E any](g *generator, list []E) E { return list[g.n(len(list)-1)] }

func (g *generator) operation() *oracle.Operation {
	op := &oracle.Operation{Mutation: g.chance(10)}
	for i := range 1 + g.n(2) {
		f := g.root(op.Mutation)
		if i > 0 {
			f.Alias = fmt.Sprint("r", i)
		}
		op.Roots = append(op.Roots, f)
	}
	return op
}

// maxDepth is how deep relationships nest below a root field.
const maxDepth = 4

func (g *generator) root(mutation bool) *oracle.Field {
	if mutation {
		return g.action(choose(g, []string{"add_visit", "add_visits"}))
	}
	t := choose(g, g.oracle.Tables[:8])
	switch choice := g.n(9); {
	case choice < 4:
		return g.rows(t, t.Select, maxDepth-1)
	case choice < 5:
		return g.aggregate(t, t.SelectAggregate, maxDepth-1)
	case choice < 6:
		return g.byKey(t)
	case choice < 8:
		return g.action(choose(g, []string{"visits", "visit", "visit_grid", "place"}))
	}
	return g.entities()
}

// vary draws other values for variables, and reports whether there are any.
func (g *generator) vary(variables []*oracle.Input) (varied bool) {
	for _, in := range variables {
		switch _, isNumber := in.Value.(json.Number); {
		case in.Type == "Int" && isNumber:
			in.Value = json.Number(fmt.Sprint(g.n(6)))
		case in.Type == "Boolean" || in.Type == "Boolean!":
			in.Value = in.Value == false
		case in.Type == "order_by":
			in.Value = choose(g, orders)
		case in.Type == "String" || in.Type == "citext":
			in.Value = choose(g, []string{"a", "B", "ab", "", "É", "x_y", "10"}) // which are patterns, too
		default:
			continue
		}
		varied = true
	}
	return varied
}

// action draws what a handler answers and what is selected of it.
func (g *generator) action(name string) *oracle.Field {
	a := g.actions[name]
	answer, _ := json.Marshal(g.nested(a, a.Depth, 2))
	return &oracle.Field{
		Name:      name,
		Arguments: []oracle.Member{{Name: "answer", Value: g.input("String!", string(answer))}},
		Fields:    g.fields(a.Type, maxDepth, false),
		Split:     g.chance(5),
	}
}

// nested draws objects of a handler's answer, in lists as deep as the type says.
func (g *generator) nested(n *oracle.Nested, lists, depth int) any {
	if lists > 0 {
		if !n.Single && g.chance(5) {
			return nil
		}
		out := make([]any, g.n(4))
		for i := range out {
			out[i] = g.nested(n, lists-1, depth)
		}
		return out
	}
	if !n.Single && g.chance(10) {
		return nil
	}
	object := map[string]any{}
	for i, c := range n.Type.Columns {
		switch required := c.Name == "name"; {
		case !required && g.chance(10):
		case !required && g.chance(10):
			object[c.Name] = nil
		default:
			object[c.Name] = json.RawMessage(g.key(n.Type, i))
		}
	}
	for _, m := range n.Type.Nested {
		if depth > 0 && g.chance(60) {
			object[m.Name] = g.nested(m, m.Depth, depth-1)
		}
	}
	return object
}

// key draws a value for a column that keys are made of: mostly one that a relationship finds.
func (g *generator) key(t *oracle.Table, column int) []byte {
	for _, r := range t.Relationships {
		for i, own := range r.Own {
			if rows := g.oracle.Rows[r.Target]; own == column && len(rows) > 0 && g.chance(80) {
				if v := rows[g.n(len(rows)-1)].Cells[r.Remote[i]]; v != nil {
					return g.spell(t.Columns[column], jsonOf(r.Target.Columns[r.Remote[i]], v))
				}
			}
		}
	}
	if c := t.Columns[column]; c.Name != "mood" {
		return g.value(c)
	}
	return quoteText("sad")
}

// spell draws how a handler writes a key. A bigint may be a text.
func (g *generator) spell(c *oracle.Column, text []byte) []byte {
	if c.Kind == oracle.Bigint && g.chance(30) {
		return quoteText(string(text))
	}
	return text
}

// jsonOf writes a value as JSON.
func jsonOf(c *oracle.Column, v oracle.Value) []byte {
	switch c.Kind {
	case oracle.Int, oracle.Bigint, oracle.Numeric, oracle.Float8, oracle.JSONB, oracle.Bool:
		return []byte(c.Text(v))
	case oracle.TextArray:
		text, _ := json.Marshal(v)
		return text
	}
	return quoteText(c.Text(v))
}

func (g *generator) byKey(t *oracle.Table) *oracle.Field {
	if len(t.PrimaryKey) == 0 {
		return g.rows(t, t.Select, maxDepth-1)
	}
	return &oracle.Field{Name: t.SelectByPK, Arguments: g.keyOf(t, t.PrimaryKey), Fields: g.fields(t, maxDepth-1, false)}
}

// keyOf draws a key: that of a row, or one that no row has.
func (g *generator) keyOf(t *oracle.Table, key []int) []oracle.Member {
	row := (*oracle.Row)(nil)
	if rows := g.oracle.Rows[t]; len(rows) > 0 {
		row = choose(g, rows)
	}
	var out []oracle.Member
	for _, i := range key {
		c := t.Columns[i]
		text := g.value(c)
		if row != nil && row.Cells[i] != nil && g.chance(95) {
			text = jsonOf(c, row.Cells[i])
		}
		out = append(out, oracle.Member{Name: c.Name, Value: g.input(c.Scalar+"!", valueOf(c, text))})
	}
	return out
}

// entities draws representations of several types.
func (g *generator) entities() *oracle.Field {
	types := g.oracle.Tables[:8]
	if g.chance(50) {
		types = g.oracle.Tables
	}
	f := &oracle.Field{Name: "_entities"}
	if g.chance(30) {
		f.Fields = append(f.Fields, &oracle.Field{Name: "__typename"})
	}
	var of []*oracle.Table
	for i := range 1 + g.n(2) {
		t := choose(g, types)
		if len(t.Keys) == 0 || slices.Contains(of, t) {
			continue
		}
		of = append(of, t)
		if i > 0 && g.chance(10) {
			continue // nothing of it is selected
		}
		for _, sub := range g.fields(t, maxDepth-1, true) {
			sub.On, sub.Alias = t.Type, fmt.Sprintf("%s_%s", t.Type, sub.Name+sub.Alias)
			f.Fields = append(f.Fields, sub)
		}
	}
	if len(of) == 0 || len(f.Fields) == 0 {
		of = []*oracle.Table{g.oracle.Tables[0]}
		f.Fields = append(f.Fields, &oracle.Field{Name: "id", On: "users"})
	}
	list := []*oracle.Input{}
	for range g.n(6) {
		list = append(list, &oracle.Input{Value: g.representation(choose(g, of))})
	}
	f.Arguments = []oracle.Member{{Name: "representations", Value: g.input("[_Any!]!", list)}}
	return f
}

func (g *generator) representation(t *oracle.Table) []oracle.Member {
	out := []oracle.Member{{Name: "__typename", Value: &oracle.Input{Value: t.Type}}}
	key := choose(g, t.Keys)
	if !t.Output() {
		for _, m := range g.keyOf(t, key) {
			in := &oracle.Input{Value: m.Value.Value}
			if g.chance(4) {
				in.Value = nil
			}
			out = append(out, oracle.Member{Name: m.Name, Value: in})
		}
		return out
	}
	for _, i := range key {
		in := &oracle.Input{Value: valueOf(t.Columns[i], g.key(t, i))}
		if g.chance(15) {
			in.Value = nil
		}
		out = append(out, oracle.Member{Name: t.Columns[i].Name, Value: in})
	}
	return out
}

// fields draws a selection. Of a representation, an output has its key and relationships only.
func (g *generator) fields(t *oracle.Table, depth int, representation bool) []*oracle.Field {
	var out []*oracle.Field
	used := map[string]bool{}
	for range 1 + g.n(3) {
		f := g.field(t, depth, representation)
		if len(out) > 0 && g.chance(12) {
			f = g.again(t, choose(g, out), depth)
		}
		if used[f.Name] || g.chance(10) {
			f.Alias = fmt.Sprint("f", len(out))
		}
		used[f.Name] = used[f.Name] || f.Alias == ""
		out = append(out, f)
	}
	g.decorate(out)
	return out
}

// again draws a field with the arguments of another, which it shares a statement with.
func (g *generator) again(t *oracle.Table, f *oracle.Field, depth int) *oracle.Field {
	out := &oracle.Field{Name: f.Name, Arguments: f.Arguments}
	for _, r := range t.Relationships {
		switch f.Name {
		case r.Name:
			out.Fields = g.fields(r.Target, depth-1, false)
		case r.Name + "_aggregate":
			out.Fields = []*oracle.Field{{Name: "aggregate", Fields: g.functions(r.Target)}}
		}
	}
	for _, n := range t.Nested {
		if n.Name == f.Name {
			out.Fields = g.fields(n.Type, depth, false)
		}
	}
	return out
}

// decorate draws how fields are written.
func (g *generator) decorate(fields []*oracle.Field) {
	for i, f := range fields {
		if g.chance(12) {
			f.Fragment = oracle.Fragment(1 + g.n(2))
		}
		f.Split = g.chance(10)
		f.Left = i > 0 && g.chance(5)
		if !f.Left && g.chance(5) {
			f.Include = g.input("Boolean!", true)
		}
	}
}

func (g *generator) field(t *oracle.Table, depth int, representation bool) *oracle.Field {
	choice := g.n(9)
	switch {
	case choice == 9:
		return &oracle.Field{Name: "__typename"}
	case choice >= 4 && depth > 0 && len(t.Relationships) > 0:
		r := choose(g, t.Relationships)
		switch {
		case !r.Array:
			return &oracle.Field{Name: r.Name, Fields: g.fields(r.Target, depth-1, false)}
		case g.chance(35):
			return g.aggregate(r.Target, r.Name+"_aggregate", depth-1)
		}
		return g.rows(r.Target, r.Name, depth-1)
	case choice == 3 && len(t.Nested) > 0 && !representation:
		n := choose(g, t.Nested)
		return &oracle.Field{Name: n.Name, Fields: g.fields(n.Type, depth, false)}
	}
	columns := t.Columns
	if representation && t.Output() {
		columns = columns[:0:0]
		for _, i := range t.Keys[0] {
			columns = append(columns, t.Columns[i])
		}
	}
	return &oracle.Field{Name: choose(g, columns).Name}
}

// rows draws a field that gives rows, with its arguments.
func (g *generator) rows(t *oracle.Table, name string, depth int) *oracle.Field {
	return &oracle.Field{Name: name, Arguments: g.arguments(t, true), Fields: g.fields(t, depth, false)}
}

// aggregate draws <t>_aggregate. Where nothing goes by the order of rows, it may have none.
func (g *generator) aggregate(t *oracle.Table, name string, depth int) *oracle.Field {
	f := &oracle.Field{Name: name}
	nodes := g.chance(30)
	f.Arguments = g.arguments(t, nodes || g.chance(50))
	f.Fields = append(f.Fields, &oracle.Field{Name: "aggregate", Fields: g.functions(t)})
	if nodes {
		f.Fields = append(f.Fields, &oracle.Field{Name: "nodes", Fields: g.fields(t, depth, false)})
	}
	if g.chance(10) {
		f.Fields = append(f.Fields, &oracle.Field{Name: "aggregate", Alias: "again", Fields: g.functions(t)}, &oracle.Field{Name: "__typename"})
	}
	g.decorate(f.Fields)
	return f
}

func (g *generator) functions(t *oracle.Table) []*oracle.Field {
	var out []*oracle.Field
	for i := range 1 + g.n(2) {
		f := g.function(t)
		if i > 0 {
			f.Alias = fmt.Sprint("a", i)
		}
		out = append(out, f)
	}
	g.decorate(out)
	return out
}

func (g *generator) function(t *oracle.Table) *oracle.Field {
	name := choose(g, append([]string{"count", "count", "count", "__typename"}, oracle.Functions...))
	var columns []*oracle.Field
	for _, c := range t.Columns {
		if c.Allows(name) && (len(columns) == 0 || g.chance(50)) {
			columns = append(columns, &oracle.Field{Name: c.Name})
		}
	}
	switch {
	case name == "__typename":
		return &oracle.Field{Name: name}
	case name == "count" || len(columns) == 0:
		return g.count(t)
	}
	g.decorate(columns)
	return &oracle.Field{Name: name, Fields: columns}
}

func (g *generator) count(t *oracle.Table) *oracle.Field {
	f := &oracle.Field{Name: "count"}
	if g.chance(50) {
		f.Arguments = append(f.Arguments, oracle.Member{Name: "columns", Value: g.columns(t, g.columnNames(t, 1+g.n(1)))})
	}
	if g.chance(50) {
		f.Arguments = append(f.Arguments, oracle.Member{Name: "distinct", Value: g.input("Boolean", g.chance(70))})
	}
	return f
}

func (g *generator) columnNames(t *oracle.Table, n int) []string {
	columns := slices.DeleteFunc(slices.Clone(t.Columns), func(c *oracle.Column) bool { return c.Computed != nil })
	var names []string
	for range n {
		if name := choose(g, columns).Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (g *generator) columns(t *oracle.Table, names []string) *oracle.Input {
	typ := t.Type + "_select_column"
	list := make([]*oracle.Input, len(names))
	for i, name := range names {
		list[i] = g.input(typ+"!", oracle.EnumValue(name))
	}
	return g.input("["+typ+"!]", list)
}

// arguments draws where, order_by, limit, offset and distinct_on, in any order. In an order, no two rows are equal.
func (g *generator) arguments(t *oracle.Table, ordered bool) []oracle.Member {
	var out []oracle.Member
	add := func(name string, value *oracle.Input) { out = append(out, oracle.Member{Name: name, Value: value}) }
	if g.chance(60) {
		add("where", g.where(t, 3))
	}
	if ordered {
		var distinct []string
		if g.chance(15) {
			distinct = g.columnNames(t, 1+g.n(1))
			add("distinct_on", g.columns(t, distinct))
		}
		add("order_by", g.orderBy(t, distinct))
		if g.chance(30) {
			add("limit", g.input("Int", json.Number(fmt.Sprint(g.n(6)))))
		}
		if g.chance(15) {
			add("offset", g.input("Int", json.Number(fmt.Sprint(g.n(4)))))
		}
	}
	if g.chance(8) && !slices.ContainsFunc(out, func(m oracle.Member) bool { return m.Name == "limit" }) {
		add("limit", g.missing("Int"))
	}
	if len(out) > 1 && g.chance(30) {
		slices.Reverse(out)
	}
	return out
}

// missing draws a null, or a variable without a value: as if the argument weren't there.
func (g *generator) missing(typ string) *oracle.Input {
	if g.chance(50) {
		return &oracle.Input{Type: typ, Value: oracle.Absent{}, As: oracle.Variable}
	}
	return &oracle.Input{}
}

var orders = []oracle.EnumValue{"asc", "desc", "asc_nulls_first", "asc_nulls_last", "desc_nulls_first", "desc_nulls_last"}

func (g *generator) orderBy(t *oracle.Table, distinct []string) *oracle.Input {
	var list []*oracle.Input
	member := func(name string) {
		list = append(list, g.object(t.Type+"_order_by!", []oracle.Member{{Name: name, Value: g.direction()}}))
	}
	for _, name := range distinct {
		member(name)
	}
	if g.chance(60) {
		list = append(list, g.order(t, 2, "!"))
	}
	last := t.PrimaryKey
	if len(last) == 0 {
		last = t.Places("user_id") // of the view
	}
	for _, i := range last {
		member(t.Columns[i].Name)
	}
	return g.input("["+t.Type+"_order_by!]", list)
}

func (g *generator) direction() *oracle.Input { return g.input("order_by", choose(g, orders)) }

// order draws a <t>_order_by.
func (g *generator) order(t *oracle.Table, depth int, nonNull string) *oracle.Input {
	var members []oracle.Member
	for range 1 + g.n(1) {
		m := g.orderMember(t, depth)
		if !slices.ContainsFunc(members, func(have oracle.Member) bool { return have.Name == m.Name }) {
			members = append(members, m)
		}
	}
	return g.object(t.Type+"_order_by"+nonNull, members)
}

func (g *generator) orderMember(t *oracle.Table, depth int) oracle.Member {
	if depth == 0 || len(t.Relationships) == 0 || !g.chance(45) {
		return oracle.Member{Name: choose(g, t.Columns).Name, Value: g.direction()}
	}
	r := choose(g, t.Relationships)
	if !r.Array {
		return oracle.Member{Name: r.Name, Value: g.order(r.Target, depth-1, "")}
	}
	return oracle.Member{Name: r.Name + "_aggregate", Value: g.aggregateOrder(r.Target)}
}

func (g *generator) aggregateOrder(t *oracle.Table) *oracle.Input {
	m := oracle.Member{Name: "count", Value: g.direction()}
	// Of the others Postgres rounds what the oracle knows exactly, so that values which differ may be equal in its order.
	function := choose(g, []string{"count", "max", "min", "sum"})
	columns := slices.DeleteFunc(slices.Clone(t.Columns), func(c *oracle.Column) bool { return !c.Allows(function) })
	if function != "count" && len(columns) > 0 {
		m = oracle.Member{Name: function, Value: g.object(t.Type+"_"+function+"_order_by", []oracle.Member{{Name: choose(g, columns).Name, Value: g.direction()}})}
	}
	return g.object(t.Type+"_aggregate_order_by", []oracle.Member{m})
}

// where draws a <t>_bool_exp.
func (g *generator) where(t *oracle.Table, depth int) *oracle.Input { return g.whereOf(t, depth, "") }

func (g *generator) whereOf(t *oracle.Table, depth int, nonNull string) *oracle.Input {
	members := map[string]*oracle.Input{}
	n := 1 + g.n(1)
	if g.chance(3) {
		n = 0
	}
	for range n {
		name, value := g.condition(t, depth)
		members[name] = value
	}
	var list []oracle.Member
	for _, name := range slices.Sorted(maps.Keys(members)) {
		list = append(list, oracle.Member{Name: name, Value: members[name]})
	}
	return g.object(t.Type+"_bool_exp"+nonNull, list)
}

func (g *generator) condition(t *oracle.Table, depth int) (string, *oracle.Input) {
	choice := g.n(9)
	switch {
	case depth > 0 && choice >= 8 && len(t.Relationships) > 0:
		r := choose(g, t.Relationships)
		if r.Array && g.chance(60) {
			return r.Name + "_aggregate", g.having(r.Target, depth-1)
		}
		return r.Name, g.whereOf(r.Target, depth-1, "")
	case depth > 0 && choice == 7:
		return "_not", g.whereOf(t, depth-1, "")
	case depth > 0 && choice >= 5:
		list := []*oracle.Input{}
		for range g.n(3) {
			list = append(list, g.whereOf(t, depth-1, "!"))
		}
		return choose(g, []string{"_and", "_or"}), g.input("["+t.Type+"_bool_exp!]", list)
	}
	c := choose(g, t.Columns)
	return c.Name, g.comparisons(c)
}

// having draws a <t>_aggregate_bool_exp.
func (g *generator) having(t *oracle.Table, depth int) *oracle.Input {
	typ := t.Type + "_aggregate_bool_exp"
	var members []oracle.Member
	if g.chance(80) {
		var arguments []oracle.Member
		if g.chance(50) {
			arguments = append(arguments, oracle.Member{Name: "arguments", Value: g.columns(t, g.columnNames(t, 1+g.n(1)))})
		}
		members = append(members, g.aggregated(t, "count", &oracle.Column{Kind: oracle.Int, Scalar: "Int"}, arguments, depth))
	}
	booleans := slices.DeleteFunc(slices.Clone(t.Columns), func(c *oracle.Column) bool { return c.Kind != oracle.Bool })
	if len(booleans) > 0 && g.chance(50) {
		function := choose(g, []string{"bool_and", "bool_or"})
		column := g.input(t.Type+"_select_column_"+typ+"_"+function+"_arguments_columns!", oracle.EnumValue(choose(g, booleans).Name))
		arguments := []oracle.Member{{Name: "arguments", Value: column}}
		members = append(members, g.aggregated(t, function, &oracle.Column{Kind: oracle.Bool, Scalar: "Boolean"}, arguments, depth))
	}
	return g.object(typ, members)
}

// aggregated draws a condition on a function's result.
func (g *generator) aggregated(t *oracle.Table, function string, result *oracle.Column, members []oracle.Member, depth int) oracle.Member {
	if g.chance(30) {
		members = append(members, oracle.Member{Name: "distinct", Value: g.input("Boolean", g.chance(70))})
	}
	if g.chance(50) {
		members = append(members, oracle.Member{Name: "filter", Value: g.whereOf(t, depth, "")})
	}
	predicate := g.comparisons(result)
	predicate.Type += "!"
	members = append(members, oracle.Member{Name: "predicate", Value: predicate})
	return oracle.Member{Name: function, Value: g.object(t.Type+"_aggregate_bool_exp_"+function, members)}
}

// comparisons draws a <scalar>_comparison_exp.
func (g *generator) comparisons(c *oracle.Column) *oracle.Input {
	typ := c.Scalar + "_comparison_exp"
	if c.Kind == oracle.TextArray {
		typ = c.Scalar + "_array_comparison_exp"
	}
	var members []oracle.Member
	n := 1
	if g.chance(15) {
		n = g.n(2)
	}
	for range n {
		m := g.comparison(c)
		if !slices.ContainsFunc(members, func(have oracle.Member) bool { return have.Name == m.Name }) {
			members = append(members, m)
		}
	}
	return g.object(typ, members)
}

func operatorsOf(c *oracle.Column) []string {
	names := []string{"_eq", "_neq", "_is_null", "_in", "_nin", "_gt", "_gte", "_lt", "_lte"}
	switch c.Kind {
	case oracle.EnumTable:
		names = names[:5]
	case oracle.Text, oracle.Citext:
		names = append(names, "_like", "_nlike", "_ilike", "_nilike", "_similar", "_nsimilar", "_regex", "_nregex", "_iregex", "_niregex")
	case oracle.JSONB:
		names = append(names, "_contains", "_contained_in", "_has_key", "_has_keys_any", "_has_keys_all", "_cast")
	case oracle.TextArray:
		names = append(names, "_contains", "_contained_in")
	}
	return names
}

func (g *generator) comparison(c *oracle.Column) oracle.Member {
	operator := choose(g, operatorsOf(c))
	if g.chance(4) {
		return oracle.Member{Name: operator, Value: &oracle.Input{Type: operandType(c, operator), Value: oracle.Absent{}, As: oracle.Variable}}
	}
	return oracle.Member{Name: operator, Value: g.operand(c, operator)}
}

func operandType(c *oracle.Column, operator string) string {
	typ := c.Scalar
	if c.Kind == oracle.TextArray {
		typ = "[" + typ + "!]"
	}
	switch operator {
	case "_is_null":
		return "Boolean"
	case "_in", "_nin":
		return "[" + typ + "!]"
	case "_has_key":
		return "String"
	case "_has_keys_any", "_has_keys_all":
		return "[String!]"
	case "_cast":
		return "jsonb_cast_exp"
	}
	return typ
}

func (g *generator) operand(c *oracle.Column, operator string) *oracle.Input {
	typ := operandType(c, operator)
	switch strings.TrimPrefix(operator, "_n") {
	case "_is_null":
		return g.input(typ, g.chance(50))
	case "_in", "in":
		list := []*oracle.Input{}
		for range g.n(3) {
			list = append(list, g.operandOf(c))
		}
		return g.input(typ, list)
	case "_has_key":
		return g.input(typ, choose(g, []string{"a", "b", "key"}))
	case "_has_keys_any", "_has_keys_all":
		return g.texts(typ, []string{"a", "b", "key"})
	case "_cast":
		return g.object(typ, []oracle.Member{{Name: "String", Value: g.comparisons(&oracle.Column{Kind: oracle.Text, Scalar: "String"})}})
	case "_like", "like", "_ilike", "ilike":
		return g.input(typ, choose(g, []string{"%", "a%", "%b", "_", "A_", `%\%`, "x\\_y", "%É%", "", "b\\\\s", "%\n%", "%'%"}))
	case "_similar", "similar":
		return g.input(typ, choose(g, []string{"%", "a%", "(a|b)%", "[aB]b?", "_+", "A.", "x_y", "(É|10)", "^a", "100%"}))
	case "_regex", "regex", "_iregex", "iregex":
		return g.input(typ, choose(g, []string{"a", "^a", "b$", "^(ab|x.y)$", "[A-C]", "é", "a b", "^$", "^.{2}$", "10{2}%", "'"}))
	}
	value := g.operandOf(c)
	value.Type = typ
	return value
}

func (g *generator) texts(typ string, of []string) *oracle.Input {
	list := []*oracle.Input{}
	for range g.n(2) {
		list = append(list, g.input("String!", choose(g, of)))
	}
	return g.input(typ, list)
}

// operandOf draws a value that a column is compared with: one that a row has, or another.
func (g *generator) operandOf(c *oracle.Column) *oracle.Input {
	if c.Kind == oracle.TextArray {
		in := g.texts("["+c.Scalar+"!]!", someTexts)
		in.As = min(in.As, oracle.Default)
		return in
	}
	return g.input(c.Scalar+"!", valueOf(c, g.value(c)))
}

// value draws a value, as JSON.
func (g *generator) value(c *oracle.Column) []byte {
	switch c.Kind {
	case oracle.Int:
		return fmt.Append(nil, g.n(12)-2)
	case oracle.Bigint:
		return []byte(choose(g, append([]string{"2", "4", "5", "6", "7", "8"}, someBig...)))
	case oracle.Numeric, oracle.Float8:
		return []byte(choose(g, someNumber))
	case oracle.Bool:
		return fmt.Append(nil, g.chance(50))
	case oracle.JSONB:
		return []byte(choose(g, someJSON))
	case oracle.TextArray:
		return []byte(choose(g, someArrays))
	}
	return quoteText(choose(g, textsOf(c)))
}

// valueOf is JSON as an input's value.
func valueOf(c *oracle.Column, text []byte) any {
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		panic(err)
	}
	switch c.Kind {
	case oracle.JSONB:
		return oracle.JSON{Value: v}
	case oracle.EnumTable:
		return oracle.EnumValue(v.(string))
	}
	return v
}

func (g *generator) object(typ string, members []oracle.Member) *oracle.Input {
	if members == nil {
		members = []oracle.Member{}
	}
	return g.input(typ, members)
}

// input draws how a value is written.
func (g *generator) input(typ string, value any) *oracle.Input {
	in := &oracle.Input{Type: typ, Value: value}
	switch choice := g.n(19); {
	case choice == 19:
		in.As = oracle.Default
	case choice >= 17:
		in.As = oracle.Variable
	case choice == 16:
		if list, ok := value.([]*oracle.Input); ok && len(list) == 1 && canStandAlone(list[0]) {
			in.As = oracle.Bare
		}
	}
	return in
}

// canStandAlone reports whether an element can stand for a list of one: not if it is a list itself,
// or a variable, which is no list.
func canStandAlone(in *oracle.Input) bool {
	_, json := in.Value.(oracle.JSON)
	_, list := in.Value.([]*oracle.Input)
	return !json && !list && in.As == oracle.Literal
}
