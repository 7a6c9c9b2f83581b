package edit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/joinery-graphql/joinery/metadata/internal/yamlast"
)

const (
	loneReturn = "unexpected carriage return without a line feed"
	byHand     = "make this change with an editor"
	elsewhere  = "the change can't be made alone: what it changes stands for something else, too, by an include or an alias"
)

// patch splices files until the collection n, which has the value have, has the value want, which must be of the same
// kind. Neither is empty.
func (e *editor) patch(n node, have, want any) error {
	n, way, err := e.resolve(n)
	if err != nil {
		return err
	}
	for _, a := range way.anchors {
		if err := a.refuseAliased(); err != nil {
			return err
		}
	}
	switch have := have.(type) {
	case yaml.MapSlice:
		if want, ok := want.(yaml.MapSlice); ok {
			return e.patchMapping(n, have, want)
		}
	case []any:
		if want, ok := want.([]any); ok {
			return e.patchSequence(n, have, want)
		}
	}
	return n.refuse("the value can't become one of another kind", byHand)
}

// refuseAliased is the error of changing an anchored value that stands elsewhere, too.
func (n node) refuseAliased() error {
	anchor := n.ast.(*ast.AnchorNode)
	name := yamlast.KeyText(anchor.Name)
	found := &aliasFinder{name: name}
	ast.Walk(found, n.doc.body)
	if found.alias == nil {
		return nil
	}
	return n.refuse(fmt.Sprintf("the value has the anchor &%s, and line %d stands for it, too", name, found.alias.Start.Position.Line), byHand)
}

// refuseAnchors is the error of taking away a value, in which anchors stand that are referred to.
func (n node) refuseAnchors() error {
	found := &anchorFinder{}
	ast.Walk(found, n.ast)
	for _, a := range found.anchors {
		if err := (node{n.doc, a}).refuseAliased(); err != nil {
			return err
		}
	}
	return nil
}

type anchorFinder struct{ anchors []*ast.AnchorNode }

func (f *anchorFinder) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AnchorNode); ok {
		f.anchors = append(f.anchors, a)
	}
	return f
}

type aliasFinder struct {
	name  string
	alias *ast.AliasNode
}

func (f *aliasFinder) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AliasNode); ok && yamlast.KeyText(a.Value) == f.name && f.alias == nil {
		f.alias = a
	}
	return f
}

func (e *editor) patchMapping(n node, have, want yaml.MapSlice) error {
	values, _ := yamlast.MappingValues(n.ast)
	c := newCollection(n)
	for i, v := range values {
		now, ok := field(want, yamlast.KeyText(v.Key))
		switch {
		case !ok:
			c.remove(i)
		case !equal(have[i].Value, now):
			if err := e.patchValue(c, i, v, have[i].Value, now); err != nil {
				return err
			}
		}
	}
	for _, item := range want {
		if _, ok := field(have, item.Key.(string)); !ok {
			c.insert(len(values)-1, c.entryText(item))
		}
	}
	return c.apply()
}

// patchValue gives an entry of a mapping another value.
func (e *editor) patchValue(c *collection, i int, entry *ast.MappingValueNode, have, want any) error {
	value := node{c.n.doc, entry.Value}
	target, _, err := e.resolve(value)
	switch {
	case err != nil:
		return err
	case !empty(have) && !empty(want) && collections(have, want):
		return e.patch(value, have, want)
	case target.doc != value.doc:
		target.doc.setRoot(want)
		return nil
	case c.isFlow:
		return c.setFlowValue(i, entry, want)
	}
	return value.doc.setBlockValue(entry, want)
}

func collections(a, b any) bool {
	_, mappingA := a.(yaml.MapSlice)
	_, mappingB := b.(yaml.MapSlice)
	_, listA := a.([]any)
	_, listB := b.([]any)
	return mappingA && mappingB || listA && listB
}

func (e *editor) patchSequence(n node, have, want []any) error {
	values := n.ast.(*ast.SequenceNode).Values
	if i, ok := renamed(have, want); ok {
		return e.patch(node{n.doc, values[i]}, have[i], want[i])
	}
	c := newCollection(n)
	done := 0 // of have
	for _, w := range want {
		i := done
		for i < len(have) && !same(have[i], w) {
			i++
		}
		if i == len(have) {
			c.insert(done-1, c.itemText(w))
			continue
		}
		for ; done < i; done++ {
			c.remove(done)
		}
		done++
		if !equal(have[i], w) {
			if err := e.patch(node{n.doc, values[i]}, have[i], w); err != nil {
				return err
			}
		}
	}
	for ; done < len(have); done++ {
		c.remove(done)
	}
	return c.apply()
}

// renamed is the only item that is another one in want, where it has something in common with it: its lines are kept.
func renamed(have, want []any) (int, bool) {
	if len(have) != len(want) {
		return 0, false
	}
	found := -1
	for i := range have {
		if same(have[i], want[i]) {
			continue
		}
		if found >= 0 || !collections(have[i], want[i]) || !alike(have[i], want[i]) {
			return 0, false
		}
		found = i
	}
	return found, found >= 0
}

// alike says whether two values have something in common.
func alike(a, b any) bool {
	switch a := a.(type) {
	case yaml.MapSlice:
		b, _ := b.(yaml.MapSlice)
		return slices.ContainsFunc(a, func(e yaml.MapItem) bool {
			v, ok := field(b, e.Key.(string))
			return ok && alike(e.Value, v)
		})
	case []any:
		b, _ := b.([]any)
		return slices.ContainsFunc(a, func(x any) bool {
			return slices.ContainsFunc(b, func(y any) bool { return equal(x, y) })
		})
	}
	return equal(a, b)
}

// setRoot makes want the whole value of a file. Comments above and below it stay.
func (d *document) setRoot(want any) {
	text := d.block(want, 0, nil)
	if d.body == nil {
		d.insertBefore(len(d.lines)-1, text)
		return
	}
	first := d.lineOf(d.start(d.body))
	d.splice(d.lines[first], d.endOf(d.lastLine(first, -1, true)), text)
}

// setBlockValue replaces the value of an entry of a block mapping.
func (d *document) setBlockValue(entry *ast.MappingValueNode, want any) error {
	x, err := d.extent(entry)
	if err != nil {
		return err
	}
	line := d.lineOf(x.colon)
	switch text, ok := inline(want); {
	case ok && x.end > x.colon && isString(want):
		d.splice(x.start, x.end, requoted(d.plain[x.start], want.(string), text))
	case !ok:
		if x.end > x.colon {
			d.splice(x.colon, x.end, "")
		}
		column := d.column(d.start(entry.Key))
		above := line
		if x.last == line { // comments of the entry stay above
			above = d.lastLine(line, column, false)
		}
		d.insertAfter(above, d.block(want, d.childColumn(column, want), d.like(yamlast.KeyText(entry.Key))))
	case x.end > x.colon:
		d.splice(x.start, x.end, text)
	default:
		d.splice(x.colon, x.colon, " "+text)
	}
	if x.last > line {
		d.removeLines(x.below, x.last)
	}
	return nil
}

// extent is where the value of an entry of a block mapping stands: from start to end on the line of its key, which is
// nothing where both are colon, and on the lines from below to last.
type extent struct {
	colon, start, end int // colon is the offset behind it
	below, last       int // comments above below are none of it
}

func (d *document) extent(entry *ast.MappingValueNode) (extent, error) {
	key, colon := d.start(entry.Key), d.at(entry.Start)+1
	line := d.lineOf(key)
	x := extent{colon: colon, start: colon, end: colon, last: line}
	switch entry.Value.(type) {
	case *ast.AliasNode, *ast.AnchorNode, *ast.TagNode:
		return x, node{d, entry.Value}.refuse("the value has an alias, an anchor or a tag", byHand)
	}
	if d.lineOf(colon) != line {
		return x, node{d, entry}.refuse("the key and its colon are on different lines", byHand)
	}
	if implicitNull(d, entry.Value) {
		return x, nil
	}
	start := d.start(entry.Value)
	x.below = d.lineOf(start)
	if x.below == line {
		var ends bool
		x.start = start
		if x.end, ends = d.end(entry.Value); ends {
			return x, nil
		}
		x.end, x.below = d.endOf(line), line+1
	}
	_, list := entry.Value.(*ast.SequenceNode)
	x.last = d.lastLine(line, d.column(key), list)
	return x, nil
}

func isString(v any) bool {
	_, ok := v.(string)
	return ok
}

// column counts the characters before an offset on its line.
func (d *document) column(offset int) int { return d.pos(offset).Column - 1 }

func implicitNull(d *document, n ast.Node) bool {
	null, ok := n.(*ast.NullNode)
	return ok && !strings.HasPrefix(d.plain[d.at(null.Token):], null.Token.Value)
}

// end is where a value that ends on the line that it begins on ends. ok is false for others.
func (d *document) end(n ast.Node) (end int, ok bool) {
	start := d.start(n)
	line := d.plain[start:d.endOf(d.lineOf(start))]
	length := -1
	switch x := n.(type) {
	case *ast.MappingNode:
		if x.IsFlowStyle {
			length = d.at(x.End) + 1 - start
		}
	case *ast.SequenceNode:
		if x.IsFlowStyle {
			length = d.at(x.End) + 1 - start
		}
	case *ast.LiteralNode, *ast.MappingValueNode:
	default:
		length = scalarLength(line, n.GetToken().Value)
	}
	if length < 0 || length > len(line) {
		return 0, false
	}
	return start + length, true
}

// scalarLength is how long the scalar at the beginning of a line is, -1 where it doesn't end on it.
func scalarLength(line, value string) int {
	switch {
	case strings.HasPrefix(line, `'`):
		for i := 1; i < len(line); i++ {
			if line[i] == '\'' {
				if i++; i == len(line) || line[i] != '\'' {
					return i
				}
			}
		}
		return -1
	case strings.HasPrefix(line, `"`):
		for i := 1; i < len(line); i++ {
			switch line[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return -1
	case strings.HasPrefix(line, value):
		return len(value)
	}
	return -1
}
