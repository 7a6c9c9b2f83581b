package oracle

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Object is an answer's object, in its order.
type Object []Answered

// Answered is a member of an answer's object.
type Answered struct {
	Key   string
	Value any // Object, List, JSON, *big.Rat, string, bool, nil; Approximate or Folded
}

// List is an answer's list.
type List []any

// Approximate is a number that Postgres rounds.
type Approximate float64

// Folded is a text whose case isn't determined: the least of several citext values that are equal.
type Folded string

// Actions are what handlers answer, by action: the type of its output, and how deep in lists.
type Actions map[string]*Nested

// Answer is the data of an operation's answer. The answer of an action is its argument "answer".
func (db *Database) Answer(op *Operation, actions Actions) Object {
	out := Object{}
	for _, f := range op.Roots {
		if !f.leftOut() {
			out = append(out, Answered{f.key(), db.rootField(op, f, actions)})
		}
	}
	return out
}

func (db *Database) rootField(op *Operation, f *Field, actions Actions) any {
	t := db.root(f.Name)
	switch {
	case f.Name == "__typename":
		return map[bool]string{false: "Query", true: "Mutation"}[op.Mutation]
	case f.Name == "_entities":
		return db.entities(f)
	case t == nil:
		action := actions[f.Name]
		return db.nested(action.Type, action.Type.parse(decode([]byte(f.argument("answer").Value.(string)))), f.Fields)
	case f.Name == t.SelectByPK:
		return db.byKey(t, f)
	case f.Name == t.SelectAggregate:
		return db.aggregate(t, db.query(t, db.Rows[t], f), f)
	}
	return db.list(t, db.query(t, db.Rows[t], f), f.Fields)
}

func (db *Database) byKey(t *Table, f *Field) any {
	for _, row := range db.Rows[t] {
		if !slices.ContainsFunc(f.Arguments, func(a Member) bool { return !t.has(row, a) }) {
			return db.object(t, row, f.Fields)
		}
	}
	return nil
}

// has reports whether a cell equals a member of a key.
func (t *Table) has(row *Row, m Member) bool {
	i := t.place(m.Name)
	v := t.Columns[i].Parse(m.Value.json())
	return v != nil && row.Cells[i] != nil && t.Columns[i].compare(v, row.Cells[i]) == 0
}

// entities answers a list of representations. An entity of a type that nothing is selected of is {}.
func (db *Database) entities(f *Field) List {
	out := List{}
	for _, rep := range f.argument("representations").elements() {
		members := rep.members()
		typename := members[0].Value.Value.(string)
		fields := slices.DeleteFunc(slices.Clone(f.Fields), func(f *Field) bool { return f.leftOut() || f.On != "" && f.On != typename })
		if len(fields) == 0 {
			out = append(out, Object{})
			continue
		}
		t := db.typeNamed(typename)
		if row := db.represented(t, members[1:]); row != nil {
			out = append(out, db.object(t, row, fields))
		} else {
			out = append(out, nil)
		}
	}
	return out
}

func (db *Database) typeNamed(name string) *Table {
	i := slices.IndexFunc(db.Tables, func(t *Table) bool { return t.Type == name })
	return db.Tables[i]
}

// represented is the row that a representation stands for: itself, where it is an action's output.
func (db *Database) represented(t *Table, members []Member) *Row {
	if t.Output() {
		row := t.newRow()
		for _, m := range members {
			t.set(row, t.place(m.Name), m.Value.json())
		}
		return row
	}
	for _, row := range db.Rows[t] {
		if !slices.ContainsFunc(members, func(m Member) bool { return !t.has(row, m) }) {
			return row
		}
	}
	return nil
}

func (t *Table) newRow() *Row {
	return &Row{Cells: make([]Value, len(t.Columns)), Sent: make([]any, len(t.Columns)), Nested: make([]any, len(t.Nested))}
}

// set sets a cell of an output, which is answered as it came.
func (t *Table) set(row *Row, i int, text []byte) {
	row.Cells[i], row.Sent[i] = t.Columns[i].Parse(text), JSON{decode(text)}
}

// parse makes rows of a handler's answer.
func (t *Table) parse(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, element := range v {
			out[i] = t.parse(element)
		}
		return out
	case map[string]any:
		row := t.newRow()
		for name, value := range v {
			if i := t.place(name); i >= 0 {
				text, _ := json.Marshal(value)
				t.set(row, i, text)
			} else if i := t.nested(name); i >= 0 {
				row.Nested[i] = t.Nested[i].Type.parse(value)
			}
		}
		return row
	}
	return nil
}

func (db *Database) nested(t *Table, v any, fields []*Field) any {
	switch v := v.(type) {
	case []any:
		out := List{}
		for _, element := range v {
			out = append(out, db.nested(t, element, fields))
		}
		return out
	case *Row:
		return db.object(t, v, fields)
	}
	return nil
}

func (db *Database) list(t *Table, rows []*Row, fields []*Field) List {
	out := List{}
	for _, row := range rows {
		out = append(out, db.object(t, row, fields))
	}
	return out
}

func (db *Database) object(t *Table, row *Row, fields []*Field) Object {
	out := Object{}
	for _, f := range fields {
		if !f.leftOut() {
			out = append(out, Answered{f.key(), db.field(t, row, f)})
		}
	}
	return out
}

func (db *Database) field(t *Table, row *Row, f *Field) any {
	if f.Name == "__typename" {
		return t.Type
	}
	if i := t.place(f.Name); i >= 0 && t.Output() {
		return row.Sent[i]
	} else if i >= 0 {
		return t.Columns[i].answer(row.Cells[i])
	}
	if i := t.nested(f.Name); i >= 0 {
		return db.nested(t.Nested[i].Type, row.Nested[i], f.Fields)
	}
	name, aggregate := strings.CutSuffix(f.Name, "_aggregate")
	r := t.relationship(name)
	rows := db.follow(r, row)
	switch {
	case aggregate:
		return db.aggregate(r.Target, db.query(r.Target, rows, f), f)
	case r.Array:
		return db.list(r.Target, db.query(r.Target, rows, f), f.Fields)
	case len(rows) == 0:
		return nil
	}
	return db.object(r.Target, rows[0], f.Fields)
}

// query narrows and orders rows by a field's arguments, in SQL's order: WHERE, ORDER BY, DISTINCT ON, OFFSET, LIMIT.
func (db *Database) query(t *Table, rows []*Row, f *Field) []*Row {
	rows = slices.Clone(rows)
	if where := f.argument("where"); where != nil {
		rows = slices.DeleteFunc(rows, func(row *Row) bool { return db.where(t, row, where) != yes })
	}
	db.sort(t, rows, f.argument("order_by"))
	rows = t.distinctOn(rows, f.argument("distinct_on"))
	if n := f.argument("offset"); n != nil {
		rows = rows[min(n.integer(), len(rows)):]
	}
	if n := f.argument("limit"); n != nil {
		rows = rows[:min(n.integer(), len(rows))]
	}
	return rows
}

func (in *Input) integer() int {
	n, err := strconv.Atoi(string(in.Value.(json.Number)))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return n
}

// distinctOn keeps the first row of each group.
func (t *Table) distinctOn(rows []*Row, names *Input) []*Row {
	if names == nil || len(names.elements()) == 0 {
		return rows
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(rows, func(row *Row) bool {
		var group strings.Builder
		for _, name := range names.elements() {
			i := t.place(string(name.Value.(EnumValue)))
			group.WriteString(t.Columns[i].distinct(row.Cells[i]) + "\x00")
		}
		before := seen[group.String()]
		seen[group.String()] = true
		return before
	})
}

// sortKey is what a row is ordered by at one place.
type sortKey struct {
	column *Column
	value  func(*Row) Value
	desc   bool
	first  bool // nulls
}

func (db *Database) sort(t *Table, rows []*Row, orders *Input) {
	if orders == nil {
		return
	}
	var keys []sortKey
	for _, in := range orders.elements() {
		keys = append(keys, db.sortKeys(t, in, func(row *Row) *Row { return row })...)
	}
	slices.SortStableFunc(rows, func(a, b *Row) int {
		for _, k := range keys {
			if c := k.compare(k.value(a), k.value(b)); c != 0 {
				return c
			}
		}
		return 0
	})
}

func (k *sortKey) compare(a, b Value) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil || b == nil:
		return compareBool(a == nil != k.first, b == nil != k.first)
	case k.desc:
		return k.column.compare(b, a)
	}
	return k.column.compare(a, b)
}

// sortKeys reads a <t>_order_by. to leads to the row that it is about, or nil.
func (db *Database) sortKeys(t *Table, in *Input, to func(*Row) *Row) []sortKey {
	var keys []sortKey
	for _, m := range in.members() {
		if m.Value.Value == nil {
			continue
		}
		if i := t.place(m.Name); i >= 0 {
			keys = append(keys, direction(m.Value, t.Columns[i], func(row *Row) Value {
				if row = to(row); row == nil {
					return nil
				}
				return row.Cells[i]
			}))
			continue
		}
		if name, ok := strings.CutSuffix(m.Name, "_aggregate"); ok {
			keys = append(keys, db.aggregateKeys(t.relationship(name), m.Value, to)...)
			continue
		}
		r := t.relationship(m.Name)
		keys = append(keys, db.sortKeys(r.Target, m.Value, func(row *Row) *Row {
			if row = to(row); row != nil {
				if rows := db.follow(r, row); len(rows) > 0 {
					return rows[0]
				}
			}
			return nil
		})...)
	}
	return keys
}

func direction(in *Input, c *Column, value func(*Row) Value) sortKey {
	name := string(in.Value.(EnumValue))
	desc := strings.HasPrefix(name, "desc")
	return sortKey{column: c, value: value, desc: desc, first: strings.HasSuffix(name, "first") || desc && !strings.HasSuffix(name, "last")}
}

// numeric stands for the result of an aggregate that is a number.
var numeric = &Column{Kind: Numeric}

func (db *Database) aggregateKeys(r *Relationship, in *Input, to func(*Row) *Row) []sortKey {
	rows := func(row *Row) []*Row {
		if row = to(row); row == nil {
			return nil
		}
		return db.follow(r, row)
	}
	var keys []sortKey
	for _, function := range in.members() {
		if function.Name == "count" {
			keys = append(keys, direction(function.Value, numeric, func(row *Row) Value {
				if to(row) == nil {
					return nil
				}
				return big.NewRat(int64(len(rows(row))), 1)
			}))
			continue
		}
		for _, m := range function.Value.members() {
			c := r.Target.place(m.Name)
			column := r.Target.Columns[c]
			if function.Name != "min" && function.Name != "max" {
				column = numeric
			}
			keys = append(keys, direction(m.Value, column, func(row *Row) Value {
				return aggregateOf(function.Name, r.Target.Columns[c], cells(rows(row), c))
			}))
		}
	}
	return keys
}
