package oracle

import (
	"math"
	"math/big"
	"strings"
)

// Functions are the aggregates over one column.
var Functions = []string{"avg", "max", "min", "stddev", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp", "variance"}

// Allows reports whether a function can be used on the column.
func (c *Column) Allows(function string) bool {
	if c.Computed != nil {
		return false
	}
	return c.Kind.Number() || (function == "min" || function == "max") && c.Kind.Ordered()
}

// aggregate answers <t>_aggregate over rows.
func (db *Database) aggregate(t *Table, rows []*Row, f *Field) Object {
	out := Object{}
	for _, sub := range f.Fields {
		switch {
		case sub.leftOut():
		case sub.Name == "__typename":
			out = append(out, Answered{sub.key(), t.Type + "_aggregate"})
		case sub.Name == "nodes":
			out = append(out, Answered{sub.key(), db.list(t, rows, sub.Fields)})
		default:
			out = append(out, Answered{sub.key(), t.functions(rows, sub)})
		}
	}
	return out
}

func (t *Table) functions(rows []*Row, f *Field) Object {
	out := Object{}
	for _, sub := range f.Fields {
		switch {
		case sub.leftOut():
		case sub.Name == "__typename":
			out = append(out, Answered{sub.key(), t.Type + "_aggregate_fields"})
		case sub.Name == "count":
			out = append(out, Answered{sub.key(), big.NewRat(int64(t.count(rows, sub.argument("columns"), sub.argument("distinct"))), 1)})
		default:
			out = append(out, Answered{sub.key(), t.function(rows, sub)})
		}
	}
	return out
}

func (t *Table) function(rows []*Row, f *Field) Object {
	out := Object{}
	for _, sub := range f.Fields {
		switch {
		case sub.leftOut():
		case sub.Name == "__typename":
			out = append(out, Answered{sub.key(), t.Type + "_" + f.Name + "_fields"})
		default:
			i := t.place(sub.Name)
			out = append(out, Answered{sub.key(), t.Columns[i].aggregateAnswer(f.Name, cells(rows, i))})
		}
	}
	return out
}

func (c *Column) aggregateAnswer(function string, values []Value) any {
	v := aggregateOf(function, c, values)
	switch {
	case v == nil:
		return nil
	case function == "min" || function == "max":
		if text, ok := v.(string); ok && c.Kind == Citext {
			return Folded(text)
		}
		return c.answer(v)
	case function == "sum":
		return v
	case strings.HasPrefix(function, "stddev"):
		square, _ := v.(*big.Rat).Float64()
		return Approximate(math.Sqrt(square))
	}
	f, _ := v.(*big.Rat).Float64()
	return Approximate(f)
}

// count counts rows; with a column, its values that aren't null; with several, rows, because a row of nulls is no null.
func (t *Table) count(rows []*Row, of, distinct *Input) int {
	columns := of.elements()
	n, seen := 0, map[string]bool{}
	for _, row := range rows {
		var identity strings.Builder
		for _, name := range columns {
			i := t.place(string(name.Value.(EnumValue)))
			identity.WriteString(t.Columns[i].distinct(row.Cells[i]) + "\x00")
		}
		if len(columns) == 1 && row.Cells[t.place(string(columns[0].Value.(EnumValue)))] == nil {
			continue
		}
		n++
		seen[identity.String()] = true
	}
	if distinct != nil && distinct.Value == true && len(columns) > 0 {
		return len(seen)
	}
	return n
}

// cells are the values of a column that aren't null.
func cells(rows []*Row, i int) []Value {
	var out []Value
	for _, row := range rows {
		if row.Cells[i] != nil {
			out = append(out, row.Cells[i])
		}
	}
	return out
}

// aggregateOf is exact; a deviation is still squared, which orders the same.
func aggregateOf(function string, c *Column, values []Value) Value {
	if len(values) == 0 {
		return nil
	}
	switch function {
	case "min", "max":
		best := values[0]
		for _, v := range values[1:] {
			if less := c.compare(v, best) < 0; less == (function == "min") && c.compare(v, best) != 0 {
				best = v
			}
		}
		return best
	case "sum":
		return sum(values)
	case "avg":
		return new(big.Rat).Quo(sum(values), big.NewRat(int64(len(values)), 1))
	case "stddev_pop", "var_pop":
		return variance(values, len(values))
	}
	if len(values) == 1 {
		return nil
	}
	return variance(values, len(values)-1)
}

func sum(values []Value) *big.Rat {
	total := new(big.Rat)
	for _, v := range values {
		total.Add(total, v.(*big.Rat))
	}
	return total
}

func variance(values []Value, by int) *big.Rat {
	mean := new(big.Rat).Quo(sum(values), big.NewRat(int64(len(values)), 1))
	total := new(big.Rat)
	for _, v := range values {
		d := new(big.Rat).Sub(v.(*big.Rat), mean)
		total.Add(total, d.Mul(d, d))
	}
	return total.Quo(total, big.NewRat(int64(by), 1))
}
