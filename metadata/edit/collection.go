package edit

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/joinery-graphql/joinery/metadata/internal/yamlast"
)

// collection is a mapping or list whose members are taken away and added. Members have the numbers that they have in
// the file.
type collection struct {
	n       node
	members []int // where each begins: a key, or the dash or the value of an item
	values  []ast.Node
	list    bool
	isFlow  bool
	open    *token.Token // the bracket, where it is a flow collection

	removed  map[int]bool
	inserted map[int][]string // behind a member; -1 is before all
}

func newCollection(n node) *collection {
	c := &collection{n: n, removed: map[int]bool{}, inserted: map[int][]string{}}
	switch x := n.ast.(type) {
	case *ast.SequenceNode:
		c.list, c.isFlow, c.open, c.values = true, x.IsFlowStyle, x.Start, x.Values
		for i, v := range x.Values {
			if !x.IsFlowStyle {
				c.members = append(c.members, n.doc.at(x.Entries[i].Start))
			} else {
				c.members = append(c.members, n.doc.start(v))
			}
		}
		return c
	case *ast.MappingNode:
		c.isFlow, c.open = x.IsFlowStyle, x.Start
	}
	entries, _ := yamlast.MappingValues(n.ast)
	for _, v := range entries {
		c.members, c.values = append(c.members, n.doc.start(v.Key)), append(c.values, v.Value)
	}
	return c
}

func (c *collection) remove(i int) { c.removed[i] = true }

func (c *collection) insert(after int, text string) {
	c.inserted[after] = append(c.inserted[after], text)
}

// column is where the members of a block collection begin.
func (c *collection) column() int { return c.n.doc.column(c.members[0]) }

// apply makes the splices.
func (c *collection) apply() error {
	if len(c.removed) == 0 && len(c.inserted) == 0 {
		return nil
	}
	for i := range c.removed {
		if err := (node{c.n.doc, c.values[i]}).refuseAnchors(); err != nil {
			return err
		}
	}
	if c.isFlow {
		return c.applyFlow()
	}
	for i := range c.members {
		if c.removed[i] {
			if err := c.removeBlock(i); err != nil {
				return err
			}
		}
	}
	for after, texts := range c.inserted {
		c.insertBlock(after, strings.Join(texts, "\n"+strings.Repeat("\n", c.gap())))
	}
	return nil
}

// lines are the lines of a member of a block collection.
func (c *collection) lines(i int) (first, last int) {
	d := c.n.doc
	first = d.lineOf(c.members[i])
	_, dashes := c.values[i].(*ast.SequenceNode)
	return first, d.lastLine(first, c.column(), dashes && !c.list)
}

// gap is how many blank lines stand between members.
func (c *collection) gap() int {
	if len(c.members) < 2 {
		return 0
	}
	first, _ := c.lines(len(c.members) - 1)
	return first - c.n.doc.aboveBlanks(first)
}

// aboveBlanks is the first of the blank lines right above a line, else the line.
func (t *text) aboveBlanks(line int) int {
	for line > 0 && t.blank(line-1) {
		line--
	}
	return line
}

// removeBlock removes the lines of a member, and the blank lines above it where they separate nothing any more.
// Comments above it stay: they may be about more than this member.
func (c *collection) removeBlock(i int) error {
	d := c.n.doc
	first, last := c.lines(i)
	if _, whole := d.indented(c.members[i]); !whole {
		return c.removeBehindDash(i, last)
	}
	if i > 0 && (i == len(c.members)-1 || d.blank(last+1)) {
		first = d.aboveBlanks(first)
	}
	d.removeLines(first, last)
	return nil
}

// removeBehindDash removes a member that stands behind the dash of the list that it is in: the next takes its place.
func (c *collection) removeBehindDash(i, last int) error {
	d := c.n.doc
	if i+1 < len(c.members) && d.lineOf(c.members[i+1]) == last+1 {
		d.splice(c.members[i], c.members[i+1], "")
		return nil
	}
	return refusal(d.pos(c.members[i]), "what stands on the line of another item can't be taken away", byHand)
}

func (c *collection) insertBlock(after int, text string) {
	d := c.n.doc
	if after < 0 {
		first, _ := c.lines(0)
		d.insertBefore(first, text)
		return
	}
	_, last := c.lines(after)
	if after == len(c.members)-1 {
		text = strings.Repeat("\n", c.gap()) + text
	}
	d.insertAfter(last, text)
}

// applyFlow removes each run of members with the commas that it no longer needs, and adds others with theirs.
func (c *collection) applyFlow() error {
	spans, err := c.spans()
	if err != nil {
		return err
	}
	d := c.n.doc
	all := len(spans) == len(c.removed)
	for i := 0; i < len(spans); i++ {
		if !c.removed[i] {
			continue
		}
		run := i
		for i+1 < len(spans) && c.removed[i+1] {
			i++
		}
		switch {
		case run > 0:
			d.splice(spans[run-1].end, spans[i].end, "")
		case all:
			d.splice(spans[0].start, spans[i].end, "")
		default:
			d.splice(spans[0].start, spans[i+1].start, "")
		}
	}
	for after, texts := range c.inserted {
		text := strings.Join(texts, ", ")
		switch {
		case all:
			at := spans[len(spans)-1].end
			d.splice(at, at, text)
		case after < 0:
			d.splice(spans[0].start, spans[0].start, text+", ")
		default:
			d.splice(spans[after].end, spans[after].end, ", "+text)
		}
	}
	return nil
}

type span struct{ start, end int }

// spans are the members of a flow collection without the spaces and commas around them.
func (c *collection) spans() ([]span, error) {
	d := c.n.doc
	var spans []span
	start, depth := d.at(c.open)+1, 0
	for tk := c.open.Next; tk != nil; tk = tk.Next {
		switch tk.Type {
		case token.CommentType:
			return nil, refusal(d.pos(d.at(tk)), "unexpected comment between brackets", "write the value as lines with dashes or keys, or "+byHand)
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			if depth--; depth < 0 {
				spans = append(spans, d.trimmed(start, d.at(tk)))
				return c.checkSpans(spans)
			}
		case token.CollectEntryType:
			if depth == 0 {
				spans = append(spans, d.trimmed(start, d.at(tk)))
				start = d.at(tk) + 1
			}
		}
	}
	return nil, c.n.refuse("the brackets are not closed", byHand)
}

// checkSpans wants a span for each member; a comma behind the last makes an empty one more.
func (c *collection) checkSpans(spans []span) ([]span, error) {
	if last := len(spans) - 1; spans[last].start == spans[last].end {
		spans = spans[:last]
	}
	if len(spans) != len(c.members) {
		return nil, c.n.refuse("the members between the brackets can't be told apart", byHand)
	}
	return spans, nil
}

func (t *text) trimmed(start, end int) span {
	s := t.plain[start:end]
	start += len(s) - len(strings.TrimLeft(s, " \t\n"))
	return span{start, max(start, start+len(strings.TrimSpace(s)))}
}

// setFlowValue replaces the value of an entry of a flow mapping.
func (c *collection) setFlowValue(i int, entry *ast.MappingValueNode, want any) error {
	spans, err := c.spans()
	if err != nil {
		return err
	}
	d := c.n.doc
	colon := d.at(entry.Start) + 1
	switch entry.Value.(type) {
	case *ast.AliasNode, *ast.AnchorNode, *ast.TagNode:
		return node{d, entry.Value}.refuse("the value has an alias, an anchor or a tag", byHand)
	}
	if !strings.HasPrefix(d.plain[colon-1:], ":") {
		return node{d, entry}.refuse("the key has no value", byHand)
	}
	d.splice(colon, spans[i].end, " "+d.flow(want))
	return nil
}
