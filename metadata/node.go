package metadata

import (
	"fmt"
	"math"
	"path"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/joinery-graphql/joinery/metadata/internal/yamlast"
)

// node is a value of a YAML file. Anchors, aliases, tags and includes are resolved: the file is the one that the
// value stands in. The zero node is an absent value.
type node struct {
	doc    *document
	ast    ast.Node
	from   *inclusion
	failed bool // there is no value because of a fault that is already reported
}

// inclusion is the chain of includes that led to a file.
type inclusion struct {
	file string
	from *inclusion
}

// chain is the way from the outermost file to file.
func (i *inclusion) chain(file string) string {
	for ; i != nil; i = i.from {
		file = i.file + " -> " + file
	}
	return file
}

func (i *inclusion) has(file string) bool {
	for ; i != nil; i = i.from {
		if i.file == file {
			return true
		}
	}
	return false
}

// absent says whether the value is missing or null.
func (n node) absent() bool {
	_, null := n.ast.(*ast.NullNode)
	return n.ast == nil || null
}

func (n node) pos() Pos {
	if n.doc == nil {
		return Pos{}
	}
	return n.doc.nodePos(n.ast)
}

// describe names the kind of value for a message.
func (n node) describe() string {
	switch n.ast.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "a string"
	case *ast.BoolNode:
		return "a boolean"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case nil, *ast.NullNode:
		return "nothing"
	}
	return "something else"
}

// text is the value of a string.
func (n node) text() (string, bool) {
	switch s := n.ast.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return s.Value.Value, true
	}
	return "", false
}

// resolve follows anchors, aliases, tags and includes from a raw node to a value.
func (r *reader) resolve(n node) node {
	for {
		switch x := n.ast.(type) {
		case *ast.AnchorNode:
			n.ast = x.Value
		case *ast.AliasNode:
			target, ok := n.doc.aliases[x]
			if !ok {
				return r.fail(n, fmt.Sprintf("unknown anchor %q", yamlast.TokenText(x.Value)), "")
			}
			n.ast = target
		case *ast.TagNode:
			tag := x.Start.Value
			if tag == "!include" {
				target, _ := node{ast: x.Value}.text()
				return r.include(n, target)
			}
			if !strings.HasPrefix(tag, "!!") {
				return r.fail(n, fmt.Sprintf("unknown YAML tag %q", tag), "")
			}
			n.ast = tagged(tag, x.Value)
		case *ast.StringNode:
			if target, ok := strings.CutPrefix(x.Value, "!include "); ok {
				return r.include(n, strings.TrimSpace(target))
			}
			return n
		default:
			return n
		}
	}
}

// tagged is the value of a standard tag; only !!str changes what was written.
func tagged(tag string, value ast.Node) ast.Node {
	scalar, ok := value.(ast.ScalarNode)
	if tag != "!!str" || !ok || scalar.GetToken() == nil {
		return value
	}
	if _, ok := value.(*ast.LiteralNode); ok {
		return value
	}
	return ast.String(scalar.GetToken())
}

// include is the content of another file, named relative to the one that n stands in.
func (r *reader) include(n node, target string) node {
	file := path.Join(path.Dir(n.doc.name), target)
	switch {
	case target == "" || path.IsAbs(target) || strings.HasPrefix(file+"/", "../"):
		return r.fail(n, fmt.Sprintf("invalid include %q: it must name a file of the metadata directory", target), "")
	case n.from.has(file):
		return r.fail(n, "invalid include: it includes itself: "+n.from.chain(file), "")
	}
	doc := r.document(file)
	if doc == nil {
		if r.missing[file] {
			r.fail(n, fmt.Sprintf("unknown file %q", file), r.nearFile(file))
		}
		r.broken[n.doc.name] = true
		return node{failed: true}
	}
	return r.resolve(node{doc: doc, ast: doc.body, from: &inclusion{file: file, from: n.from}})
}

// fail reports a value that cannot be had and remembers that its file was not read in full.
func (r *reader) fail(n node, message, hint string) node {
	r.add(Fault{Pos: n.pos(), Message: message, Hint: hint})
	r.broken[n.doc.name] = true
	return node{failed: true}
}

// child is a value below n.
func (r *reader) child(n node, raw ast.Node) node {
	return r.resolve(node{doc: n.doc, ast: raw, from: n.from})
}

// list are the elements of a list. Absent is empty; anything but a list is a fault.
func (r *reader) list(n node, item string) []node {
	if n.absent() {
		return nil
	}
	seq, ok := n.ast.(*ast.SequenceNode)
	if !ok {
		r.errorf(n.pos(), item, "expected a list, found %s", n.describe())
		return nil
	}
	if !r.spend(n, len(seq.Values)) {
		return nil
	}
	nodes := make([]node, 0, len(seq.Values))
	for _, v := range seq.Values {
		if c := r.child(n, v); !c.failed {
			nodes = append(nodes, c)
		}
	}
	return nodes
}

// entry is a key of a mapping with its value, which is not resolved yet.
type entry struct {
	key   string
	pos   Pos
	value node
}

// entries are the keys of a mapping in the file's order, merge keys expanded. ok is false where n is no mapping.
func (r *reader) entries(n node, item string) (entries []entry, ok bool) {
	return r.merged(n, item, maxNesting)
}

func (r *reader) merged(n node, item string, depth int) ([]entry, bool) {
	values, ok := yamlast.MappingValues(n.ast)
	if !ok || depth == 0 || !r.spend(n, len(values)) {
		return nil, ok
	}
	var own, inherited []entry
	seen := map[string]bool{}
	for _, v := range values {
		if v.Key.IsMergeKey() {
			inherited = append(inherited, r.mergeSources(n, v.Value, item, depth)...)
			continue
		}
		e := entry{key: yamlast.KeyText(v.Key), pos: n.doc.nodePos(v.Key), value: node{doc: n.doc, ast: v.Value, from: n.from}}
		if seen[e.key] {
			r.errorf(e.pos, item, "duplicate key %q", e.key)
			continue
		}
		seen[e.key] = true
		own = append(own, e)
	}
	for _, e := range inherited {
		if !seen[e.key] {
			seen[e.key] = true
			own = append(own, e)
		}
	}
	return own, true
}

// mergeSources are the entries that a merge key brings: of a mapping, or of several with the first one winning.
func (r *reader) mergeSources(n node, value ast.Node, item string, depth int) []entry {
	from := r.child(n, value)
	sources := []node{from}
	if _, ok := from.ast.(*ast.SequenceNode); ok {
		sources = r.list(from, item)
	}
	var out []entry
	for _, s := range sources {
		entries, ok := r.merged(s, item, depth-1)
		if !ok && !s.failed {
			r.errorf(s.pos(), item, "invalid merge key: expected a mapping, found %s", s.describe())
		}
		out = append(out, entries...)
	}
	return out
}

// spend pays for n values. Aliases and includes let a small file stand for a huge one; the budget ends that.
func (r *reader) spend(n node, values int) bool {
	if r.budget < 0 {
		return false
	}
	if r.budget -= values; r.budget < 0 {
		r.fail(n, fmt.Sprintf("too large: aliases and includes give more than %d values", maxValues), "")
		return false
	}
	return true
}

// decode is the value as plain Go: map[string]any, []any, string, bool, int64, float64 or nil.
func (r *reader) decode(n node, item string) any {
	return r.decodeAt(n, item, maxNesting)
}

func (r *reader) decodeAt(n node, item string, depth int) any {
	if depth == 0 {
		r.fail(n, fmt.Sprintf("nested more than %d levels deep", maxNesting), "")
		return nil
	}
	if s, ok := n.text(); ok {
		return s
	}
	switch x := n.ast.(type) {
	case *ast.SequenceNode:
		list := []any{}
		for _, c := range r.list(n, item) {
			list = append(list, r.decodeAt(c, item, depth-1))
		}
		return list
	case *ast.MappingNode, *ast.MappingValueNode:
		entries, _ := r.entries(n, item)
		m := make(map[string]any, len(entries))
		for _, e := range entries {
			m[e.key] = r.decodeAt(r.resolve(e.value), item, depth-1)
		}
		return m
	case ast.ScalarNode:
		return number(x.GetValue())
	}
	return nil
}

// number gives integers that fit the type int64; what is no number stays.
func number(v any) any {
	switch v := v.(type) {
	case uint64:
		if v > math.MaxInt64 {
			return float64(v)
		}
		return int64(v)
	case int:
		return int64(v)
	}
	return v
}
