package joinery

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"

	"github.com/joinery-graphql/joinery/internal/oracle"
)

// Values that columns have, and that operations compare with: few, so that they meet, and with what is special to
// literals, patterns and quoting.
var (
	someTexts = []string{
		"a", "b", "A", "ab", "Ab", "abc", "", "B", "x_y", "100%", "a b", "É", "é", `q"q`, "it's", `b\s`, "l\nn", "NULL", "null", "{a,b}", "10", "9", "日本",
	}
	someTags   = []string{"red", "Green", "blue", "x y", "ÉTÉ"}
	someLangs  = []string{"en", "de", "fr"}
	someNumber = []string{"0", "1", "2", "1.5", "-1", "-2.25", "10", "9", "7.75"}
	someBig    = []string{"0", "1", "9007199254740993", "-9007199254740993", "3"}
	someTimes  = []string{
		"2020-01-01T00:00:00Z", "2020-01-01T00:00:00.5Z", "2020-02-29T12:30:00.000001Z", "1999-12-31T23:59:59Z", "2038-01-19T03:14:08Z",
	}
	someDates = []string{"2020-01-01", "2020-02-29", "1999-12-31", "2038-01-19"}
	someJSON  = []string{
		`{}`, `1`, `"a"`, `true`, `[]`, `[1]`, `[1, 2]`, `["a", "b"]`, `{"a": 1}`, `{"a": 1.0}`, `{"b": "x", "a": 1}`, `{"a": {"b": [1, "x"]}}`,
		`{"key": null}`, `[{"a": 1}, "a"]`, `[[1]]`, `false`, `1.50`, `"key"`, `{"a": [], "bb": {}}`,
	}
	someArrays = []string{`[]`, `["a"]`, `["a", "b"]`, `["b", "a"]`, `["A b", "é"]`, `["it's \"q\""]`, `["NULL"]`, `[""]`, `["a", "a"]`}
)

// filler makes rows.
type filler struct {
	*rand.Rand
	*study
}

func (f *filler) choose(list []string) string { return list[f.IntN(len(list))] }

// value is a random value of a column, or null.
func (f *filler) value(c *oracle.Column) oracle.Value {
	if f.IntN(5) == 0 {
		return nil
	}
	return c.Parse(f.text(c))
}

func (f *filler) text(c *oracle.Column) []byte {
	switch c.Kind {
	case oracle.Int:
		return fmt.Append(nil, f.IntN(12)-2)
	case oracle.Bigint:
		return []byte(f.choose(someBig))
	case oracle.Numeric, oracle.Float8:
		return []byte(f.choose(someNumber))
	case oracle.Bool:
		return fmt.Append(nil, f.IntN(2) == 0)
	case oracle.JSONB:
		return []byte(f.choose(append(someJSON, "null")))
	case oracle.TextArray:
		return []byte(f.choose(append(someArrays, `[null]`, `["a", null]`)))
	}
	return quoteText(f.choose(textsOf(c)))
}

func quoteText(text string) []byte {
	quoted, _ := json.Marshal(text)
	return quoted
}

// textsOf are the values of a kind that is a text in JSON.
func textsOf(c *oracle.Column) []string {
	switch c.Kind {
	case oracle.Date:
		return someDates
	case oracle.Timestamptz:
		return someTimes
	case oracle.Enum, oracle.EnumTable:
		return c.Labels
	case oracle.Citext:
		return append([]string{"h1", "H2", "nobody"}, someTags...)
	case oracle.UUID:
		return []string{uuidOf(0), uuidOf(1), strings.ToUpper(uuidOf(2)), uuidOf(999)}
	}
	return someTexts
}

func uuidOf(i int) string { return fmt.Sprintf("7ffd68ba-535e-4c72-9051-%012x", i*0xabc) }

func (f *filler) row(t *oracle.Table) *oracle.Row {
	row := &oracle.Row{Cells: make([]oracle.Value, len(t.Columns))}
	for i, c := range t.Columns {
		row.Cells[i] = f.value(c)
	}
	f.oracle.Rows[t] = append(f.oracle.Rows[t], row)
	return row
}

func number(i int) *big.Rat { return big.NewRat(int64(i), 1) }

// users makes users whose managers come before them.
func (f *filler) users(n int) {
	t := f.oracle.Tables[0]
	for i := range n {
		row := f.row(t)
		row.Cells[0] = number(i + 1)
		if i == 3 {
			row.Cells[0] = new(big.Rat).SetInt64(9007199254740993)
		}
		if row.Cells[2] = nil; f.IntN(4) > 0 {
			row.Cells[2] = f.choose([]string{"h", "H"}) + fmt.Sprint(i)
		}
		row.Cells[7] = f.someOf(t, 0, i)
	}
}

// someOf is a column's value in one of the first n rows of a table, or null.
func (f *filler) someOf(t *oracle.Table, column, n int) oracle.Value {
	if n == 0 || f.IntN(4) == 0 {
		return nil
	}
	return f.oracle.Rows[t][f.IntN(n)].Cells[column]
}

// rest makes the rows of all other tables.
func (f *filler) rest(users int) {
	t := f.oracle.Tables
	for i := range users * 2 {
		post := f.row(t[1])
		post.Cells[0], post.Cells[1] = number(i+1), f.someOf(t[0], 0, users)
		post.Cells[2] = f.choose(someTexts)
		if post.Cells[10] == nil {
			post.Cells[10] = []oracle.Value{}
		}
		for _, tag := range f.Perm(len(someTags))[:f.IntN(4)] {
			f.tagging(post, someTags[tag])
		}
		for _, lang := range f.Perm(len(someLangs))[:f.IntN(3)] {
			edition := f.row(t[5])
			edition.Cells[0], edition.Cells[1] = post.Cells[0], someLangs[lang]
		}
	}
	for i := range users * 3 {
		comment := f.row(t[2])
		comment.Cells[0], comment.Cells[1], comment.Cells[2] = uuidOf(i), f.loose(users*2), f.loose(users)
		comment.Cells[3], comment.Cells[4] = f.someOf(t[2], 0, i), f.choose(someTexts)
	}
	for i := range users * 2 {
		note := f.row(t[6])
		note.Cells[0], note.Cells[1] = number(i+1), f.loose(users*2)
		if note.Cells[2] != nil {
			note.Cells[2] = f.choose(someLangs)
		}
	}
}

// loose is a number that may be a row's key, somewhat more or null.
func (f *filler) loose(n int) oracle.Value {
	if f.IntN(5) == 0 {
		return nil
	}
	return number(1 + f.IntN(n+2))
}

// tagging tags a post; the key that refers to the tag has a case of its own.
func (f *filler) tagging(post *oracle.Row, tag string) {
	tags, taggings := f.oracle.Tables[3], f.oracle.Tables[4]
	known := false
	for _, row := range f.oracle.Rows[tags] {
		known = known || row.Cells[0] == tag
	}
	if !known {
		f.row(tags).Cells[0] = tag
	}
	row := f.row(taggings)
	row.Cells[0], row.Cells[1], row.Cells[2] = post.Cells[0], tag, number(f.IntN(3))
	if f.IntN(2) == 0 {
		row.Cells[1] = strings.ToUpper(tag)
	}
}
