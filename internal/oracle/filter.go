package oracle

import (
	"math/big"
	"slices"
	"strings"
)

// truth is SQL's: a comparison with null is unknown.
type truth int8

const (
	no      truth = -1
	unknown truth = 0
	yes     truth = 1
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// where evaluates a <t>_bool_exp over a row.
func (db *Database) where(t *Table, row *Row, in *Input) truth {
	result := yes
	for _, m := range in.members() {
		result = min(result, db.condition(t, row, m))
	}
	return result
}

func (db *Database) condition(t *Table, row *Row, m Member) truth {
	switch m.Name {
	case "_and":
		return db.all(t, row, m.Value)
	case "_or":
		result := no
		for _, in := range m.Value.elements() {
			result = max(result, db.where(t, row, in))
		}
		return result
	case "_not":
		return -db.where(t, row, m.Value)
	}
	if r := t.relationship(m.Name); r != nil {
		return db.exists(r, row, m.Value)
	}
	if name, ok := strings.CutSuffix(m.Name, "_aggregate"); ok {
		return db.having(t.relationship(name), row, m.Value)
	}
	i := t.place(m.Name)
	result := yes
	for _, c := range m.Value.members() {
		result = min(result, t.Columns[i].comparison(row.Cells[i], c))
	}
	return result
}

func (db *Database) all(t *Table, row *Row, list *Input) truth {
	result := yes
	for _, in := range list.elements() {
		result = min(result, db.where(t, row, in))
	}
	return result
}

// exists asks all rows, also of an object relationship that has several.
func (db *Database) exists(r *Relationship, row *Row, in *Input) truth {
	for _, target := range db.Rows[r.Target] {
		if r.matches(row, target) && db.where(r.Target, target, in) == yes {
			return yes
		}
	}
	return no
}

// having evaluates a <t>_aggregate_bool_exp over the rows that a relationship leads to.
func (db *Database) having(r *Relationship, row *Row, in *Input) truth {
	for _, m := range in.members() {
		if !db.hasAggregate(r, row, m) {
			return no
		}
	}
	return yes
}

func (db *Database) hasAggregate(r *Relationship, row *Row, m Member) bool {
	f := &Field{Arguments: m.Value.members()}
	var rows []*Row
	for _, target := range db.follow(r, row) {
		if db.where(r.Target, target, f.argument("filter")) == yes {
			rows = append(rows, target)
		}
	}
	result, value := &Column{Kind: Int}, Value(nil)
	if m.Name == "count" {
		value = big.NewRat(int64(r.Target.count(rows, f.argument("arguments"), f.argument("distinct"))), 1)
	} else {
		result.Kind = Bool
		for i, cell := range cells(rows, r.Target.place(string(f.argument("arguments").Value.(EnumValue)))) {
			if i == 0 || cell == (m.Name == "bool_or") {
				value = cell
			}
		}
	}
	for _, c := range f.argument("predicate").members() {
		if result.comparison(value, c) != yes {
			return false
		}
	}
	return true
}

// text stands for the column in _cast: {String: ...}.
var text = &Column{Kind: Text}

func (c *Column) comparison(v Value, m Member) truth {
	switch m.Name {
	case "_is_null":
		return truthOf((v == nil) == m.Value.Value.(bool))
	case "_cast":
		result := yes
		for _, cast := range m.Value.members() {
			for _, inner := range cast.Value.members() {
				result = min(result, text.comparison(castText(v), inner))
			}
		}
		return result
	case "_in":
		return c.in(v, m.Value)
	case "_nin":
		return -c.in(v, m.Value)
	}
	if v == nil {
		return unknown
	}
	if operator, ok := strings.CutPrefix(m.Name, "_n"); ok && m.Name != "_neq" {
		return -c.compareOne(v, "_"+operator, m.Value)
	}
	return c.compareOne(v, m.Name, m.Value)
}

func castText(v Value) Value {
	if v == nil {
		return nil
	}
	return jsonText(v.(JSON).Value)
}

// in is unknown for a null, unless the list is empty.
func (c *Column) in(v Value, list *Input) truth {
	result := no
	for _, in := range list.elements() {
		if v == nil {
			return unknown
		}
		result = max(result, truthOf(c.compare(v, c.Parse(in.json())) == 0))
	}
	return result
}

func (c *Column) compareOne(v Value, operator string, in *Input) truth {
	switch operator {
	case "_has_key":
		return truthOf(hasKey(v.(JSON).Value, in.Value.(string)))
	case "_has_keys_any":
		return truthOf(slices.ContainsFunc(in.elements(), func(key *Input) bool { return hasKey(v.(JSON).Value, key.Value.(string)) }))
	case "_has_keys_all":
		return truthOf(!slices.ContainsFunc(in.elements(), func(key *Input) bool { return !hasKey(v.(JSON).Value, key.Value.(string)) }))
	}
	other := c.Parse(in.json())
	switch operator {
	case "_eq":
		return truthOf(c.compare(v, other) == 0)
	case "_neq":
		return truthOf(c.compare(v, other) != 0)
	case "_gt":
		return truthOf(c.compare(v, other) > 0)
	case "_gte":
		return truthOf(c.compare(v, other) >= 0)
	case "_lt":
		return truthOf(c.compare(v, other) < 0)
	case "_lte":
		return truthOf(c.compare(v, other) <= 0)
	case "_contains":
		return truthOf(c.contains(v, other))
	case "_contained_in":
		return truthOf(c.contains(other, v))
	}
	return truthOf(c.matches(v.(string), operator, other.(string)))
}

func (c *Column) contains(a, b Value) bool {
	if c.Kind == JSONB {
		return containsJSON(a.(JSON).Value, b.(JSON).Value)
	}
	for _, element := range b.([]Value) {
		if element == nil || !slices.Contains(a.([]Value), element) {
			return false
		}
	}
	return true
}

func (c *Column) matches(text, operator, pattern string) bool {
	fold := c.Kind == Citext
	switch operator {
	case "_like":
		return like(text, pattern, fold)
	case "_ilike":
		return like(text, pattern, true)
	case "_similar":
		return similar(text, pattern, fold)
	case "_regex":
		return regex(text, pattern, fold)
	case "_iregex":
		return regex(text, pattern, true)
	}
	panic("BUG: unknown operator " + operator)
}
