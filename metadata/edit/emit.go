package edit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/joinery-graphql/joinery/metadata/internal/yamlast"
)

// block writes a value that is not empty as lines, indented by column. It looks like the value like, where there is
// one: the order of keys, and what is written between brackets.
func (d *document) block(v any, column int, like ast.Node) string {
	indent := strings.Repeat(" ", column)
	var lines []string
	switch v := v.(type) {
	case yaml.MapSlice:
		for _, item := range ordered(v, like) {
			lines = append(lines, indent+d.entry(item, column, like))
		}
	case []any:
		items, _ := like.(*ast.SequenceNode)
		for _, item := range v {
			lines = append(lines, indent+"- "+d.item(item, column, lastOf(items)))
		}
	default:
		text, _ := inline(v)
		return indent + text
	}
	return strings.Join(lines, "\n")
}

// entry is an entry of a mapping whose keys begin at column.
func (d *document) entry(item yaml.MapItem, column int, like ast.Node) string {
	key := item.Key.(string)
	like = childOf(like, key)
	if like == nil {
		like = d.like(key)
	}
	name, _ := inline(key)
	if text, ok := inline(item.Value); ok {
		return name + ": " + text
	}
	if s, ok := item.Value.(string); ok {
		return name + ": " + literal(s, column+d.style().step)
	}
	if isFlow(like) {
		return name + ": " + d.flow(item.Value)
	}
	return name + ":\n" + d.block(item.Value, d.childColumn(column, item.Value), like)
}

// item is an item of a list whose dashes begin at column.
func (d *document) item(v any, column int, like ast.Node) string {
	if text, ok := inline(v); ok {
		return text
	}
	if s, ok := v.(string); ok {
		return literal(s, column+2)
	}
	if isFlow(like) {
		return d.flow(v)
	}
	return strings.TrimLeft(d.block(v, column+2, like), " ")
}

// itemText is a new item of a list.
func (c *collection) itemText(v any) string {
	if c.isFlow {
		return c.n.doc.flow(v)
	}
	like := c.values[len(c.values)-1]
	return strings.Repeat(" ", c.column()) + "- " + c.n.doc.item(v, c.column(), like)
}

// entryText is a new entry of a mapping.
func (c *collection) entryText(item yaml.MapItem) string {
	if c.isFlow {
		return c.n.doc.flowEntry(item)
	}
	return strings.Repeat(" ", c.column()) + c.n.doc.entry(item, c.column(), nil)
}

func isFlow(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.MappingNode:
		return x.IsFlowStyle && len(x.Values) > 0
	case *ast.SequenceNode:
		return x.IsFlowStyle && len(x.Values) > 0
	}
	return false
}

func lastOf(list *ast.SequenceNode) ast.Node {
	if list == nil || len(list.Values) == 0 {
		return nil
	}
	return list.Values[len(list.Values)-1]
}

func childOf(mapping ast.Node, key string) ast.Node {
	values, _ := yamlast.MappingValues(mapping)
	for _, v := range values {
		if yamlast.KeyText(v.Key) == key {
			return v.Value
		}
	}
	return nil
}

// ordered is a mapping in the order of the keys of like, with others last.
func ordered(m yaml.MapSlice, like ast.Node) yaml.MapSlice {
	values, _ := yamlast.MappingValues(like)
	rank := func(e yaml.MapItem) int {
		i := slices.IndexFunc(values, func(v *ast.MappingValueNode) bool { return yamlast.KeyText(v.Key) == e.Key })
		if i < 0 {
			return len(values)
		}
		return i
	}
	out := slices.Clone(m)
	slices.SortStableFunc(out, func(a, b yaml.MapItem) int { return rank(a) - rank(b) })
	return out
}

// inline is a scalar or an empty collection as it stands on one line. ok is false for values that want lines.
func inline(v any) (text string, ok bool) {
	switch v := v.(type) {
	case yaml.MapSlice:
		return "{}", len(v) == 0
	case []any:
		return "[]", len(v) == 0
	case string:
		return quoted(v, ""), !isLiteral(v)
	}
	return plain(v), true
}

// flow is a value between brackets.
func (d *document) flow(v any) string {
	var parts []string
	switch v := v.(type) {
	case yaml.MapSlice:
		for _, item := range v {
			parts = append(parts, d.flowEntry(item))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		for _, item := range v {
			parts = append(parts, d.flow(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case string:
		if strings.HasPrefix(strings.TrimLeft(d.plain, " \n"), "{") { // JSON
			return strconv.Quote(v)
		}
		return quoted(v, ",[]{}")
	}
	return plain(v)
}

func (d *document) flowEntry(item yaml.MapItem) string {
	return d.flow(item.Key) + ": " + d.flow(item.Value)
}

// requoted is a string in the quotes that its forerunner began with; text is it without any need.
func requoted(quote byte, s, text string) string {
	switch {
	case quote == '"':
		return strconv.Quote(s)
	case quote == '\'' && text == s:
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return text
}

func plain(v any) string {
	if v == nil {
		return "null"
	}
	return fmt.Sprint(v)
}

// quoted is a string as goccy writes it, in quotes also where it has one of special, and where other parsers of YAML
// might read a number or a merge key.
func quoted(s, special string) string {
	if s == "" || strings.ContainsFunc(s, unprintable) {
		return strconv.Quote(s)
	}
	_, err := strconv.ParseFloat(s, 64)
	if err == nil || s == "<<" || s == "=" || strings.ContainsAny(s, special) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	b, err := yaml.MarshalWithOptions(s, yaml.UseSingleQuote(true))
	if err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSuffix(string(b), "\n")
}

// isLiteral says whether a string is best written as lines of text.
func isLiteral(s string) bool {
	body := strings.TrimSuffix(s, "\n")
	return strings.Contains(s, "\n") && !strings.HasPrefix(s, " ") && !strings.HasPrefix(s, "\n") && !strings.HasSuffix(body, "\n") &&
		!strings.ContainsFunc(s, func(c rune) bool { return c != '\n' && unprintable(c) })
}

func unprintable(c rune) bool { return !unicode.IsPrint(c) }

// literal is a string as lines of text (YAML 1.2.2, section 8.1.2).
func literal(s string, column int) string {
	header := "|-"
	if body, ok := strings.CutSuffix(s, "\n"); ok {
		header, s = "|", body
	}
	var b strings.Builder
	b.WriteString(header)
	for line := range strings.SplitSeq(s, "\n") {
		b.WriteString("\n")
		if line != "" {
			b.WriteString(strings.Repeat(" ", column) + line)
		}
	}
	return b.String()
}

// style is how a file is indented.
type style struct {
	step int // of mappings below a key
	list int // of dashes below a key
}

// style looks at the first lists and mappings of the file; what it has none of is as Hasura's CLI writes it.
func (d *document) style() style {
	found := style{step: -1, list: -1}
	if d.body != nil {
		ast.Walk(&styleFinder{d, &found}, d.body)
	}
	if found.step < 1 {
		found.step = 2
	}
	found.list = max(found.list, 0)
	return found
}

type styleFinder struct {
	d     *document
	style *style
}

func (f *styleFinder) Visit(n ast.Node) ast.Visitor {
	entry, ok := n.(*ast.MappingValueNode)
	if !ok {
		return f
	}
	column := f.d.column(f.d.start(entry.Key))
	switch v := entry.Value.(type) {
	case *ast.SequenceNode:
		if !v.IsFlowStyle && f.style.list < 0 {
			f.style.list = f.d.column(f.d.at(v.Start)) - column
		}
	case *ast.MappingNode, *ast.MappingValueNode:
		if m, ok := v.(*ast.MappingNode); (!ok || !m.IsFlowStyle) && f.style.step < 0 {
			f.style.step = f.d.column(f.d.start(v)) - column
		}
	}
	return f
}

// childColumn is where a value begins that stands on the lines below a key.
func (d *document) childColumn(column int, v any) int {
	if _, list := v.([]any); list {
		return column + d.style().list
	}
	return column + d.style().step
}

// like is a value of the file that stands under the same key and isn't empty.
func (d *document) like(key string) ast.Node {
	f := &likeFinder{key: key}
	if d.body != nil {
		ast.Walk(f, d.body)
	}
	return f.found
}

type likeFinder struct {
	key   string
	found ast.Node
}

func (f *likeFinder) Visit(n ast.Node) ast.Visitor {
	entry, ok := n.(*ast.MappingValueNode)
	if ok && f.found == nil && yamlast.KeyText(entry.Key) == f.key {
		switch v := entry.Value.(type) {
		case *ast.SequenceNode:
			if len(v.Values) > 0 {
				f.found = v
			}
		case *ast.MappingNode, *ast.MappingValueNode:
			f.found = v
		}
	}
	return f
}
