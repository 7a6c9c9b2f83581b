package oracle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Value is a cell. Its Go type goes by the column's [Kind]; nil is null.
type Value = any

// JSON is a value of jsonb; what is in it is as encoding/json makes it, with json.Number. JSON's null is no null.
type JSON struct{ Value any }

// compare orders two values that aren't null, as the type's btree operator class does, in the collation C.
func (c *Column) compare(a, b Value) int {
	switch c.Kind {
	case Int, Bigint, Numeric, Float8:
		return compareNumbers(a.(*big.Rat), b.(*big.Rat))
	case Citext, UUID:
		return cmp.Compare(strings.ToLower(a.(string)), strings.ToLower(b.(string)))
	case Enum:
		return cmp.Compare(slices.Index(c.Labels, a.(string)), slices.Index(c.Labels, b.(string)))
	case Bool:
		return compareBool(a.(bool), b.(bool))
	case Date, Timestamptz:
		return a.(time.Time).Compare(b.(time.Time))
	case JSONB:
		return compareJSON(a.(JSON).Value, b.(JSON).Value)
	case TextArray:
		return compareArrays(a.([]Value), b.([]Value))
	default:
		return cmp.Compare(a.(string), b.(string))
	}
}

// compareNumbers is quick where both are integers, as keys are.
func compareNumbers(a, b *big.Rat) int {
	if a.IsInt() && b.IsInt() {
		return a.Num().Cmp(b.Num())
	}
	return a.Cmp(b)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// compareArrays goes by elements, then by length. Null is greater than all else (Postgres, array_cmp).
func compareArrays(a, b []Value) int {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i] == nil && b[i] == nil:
		case a[i] == nil:
			return 1
		case b[i] == nil:
			return -1
		default:
			if c := cmp.Compare(a[i].(string), b[i].(string)); c != 0 {
				return c
			}
		}
	}
	return cmp.Compare(len(a), len(b))
}

// distinct is a text that is equal for equal values.
func (c *Column) distinct(v Value) string {
	switch {
	case v == nil:
		return "NULL"
	case c.Kind.Number():
		return v.(*big.Rat).RatString()
	case c.Kind == Citext || c.Kind == UUID:
		return "'" + strings.ToLower(v.(string))
	case c.Kind == JSONB:
		return jsonIdentity(v.(JSON).Value)
	case c.Kind == TextArray:
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprint("'", v)
}

// Parse reads a value from JSON, as a client or a handler writes it.
func (c *Column) Parse(text []byte) Value {
	v := decode(text)
	if v == nil && c.Kind != JSONB {
		return nil
	}
	switch c.Kind {
	case Int, Bigint, Numeric, Float8:
		n, ok := new(big.Rat).SetString(fmt.Sprint(v))
		if !ok {
			panic(fmt.Sprintf("BUG: %s is no number", text))
		}
		return n
	case Date, Timestamptz:
		return parseTime(v.(string))
	case JSONB:
		return JSON{v}
	default:
		return v
	}
}

func parseTime(text string) time.Time {
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	panic("BUG: invalid time " + text)
}

// Text is what Postgres reads the value from; in an array it is SQL's literal.
func (c *Column) Text(v Value) string {
	switch v := v.(type) {
	case *big.Rat:
		return Decimal(v)
	case time.Time:
		return c.timeText(v)
	}
	switch c.Kind {
	case JSONB:
		return jsonText(v.(JSON).Value)
	case TextArray:
		parts := make([]string, len(v.([]Value)))
		for i, element := range v.([]Value) {
			parts[i] = "NULL"
			if element != nil {
				parts[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(element.(string)) + `"`
			}
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	return fmt.Sprint(v)
}

// timeText is the form of to_json in the zone UTC (hasura-actions.md section 12).
func (c *Column) timeText(t time.Time) string {
	if c.Kind == Date {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02T15:04:05.999999") + "+00:00"
}

// Decimal writes a number that has a finite decimal form.
func Decimal(n *big.Rat) string {
	if n.IsInt() {
		return n.Num().String()
	}
	return strings.TrimRight(n.FloatString(10), "0")
}

// answer is a value as [Diff] takes it.
func (c *Column) answer(v Value) any {
	switch v := v.(type) {
	case time.Time:
		return c.timeText(v)
	case []Value:
		return JSON{v}
	}
	return v
}

func decode(text []byte) any {
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		panic(fmt.Sprintf("BUG: invalid JSON %s: %v", text, err))
	}
	return v
}
