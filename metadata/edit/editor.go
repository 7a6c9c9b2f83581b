package edit

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/internal/yamlast"
)

// editor edits the YAML files of one directory.
type editor struct {
	fsys   fs.FS
	docs   map[string]*document
	opaque bool // a value that was asked for has an alias, a merge key or a tag
}

func newEditor(fsys fs.FS) *editor { return &editor{fsys: fsys, docs: map[string]*document{}} }

// node is a value of a file, which is absent where ast is nil.
type node struct {
	doc *document
	ast ast.Node
}

func (n node) pos() metadata.Pos {
	if n.ast == nil {
		return metadata.Pos{File: n.doc.name}
	}
	return n.doc.pos(n.doc.start(n.ast))
}

// refuse is the error of an edit that can't be made at n.
func (n node) refuse(message, hint string) error { return refusal(n.pos(), message, hint) }

func refusal(pos metadata.Pos, message, hint string) error {
	return metadata.Faults{{Pos: pos, Message: message, Hint: hint}}
}

// start is where a value begins; goccy's block mappings name the place of their first colon.
func (d *document) start(n ast.Node) int {
	switch m := n.(type) {
	case *ast.MappingNode:
		if len(m.Values) > 0 && !m.IsFlowStyle {
			return d.start(m.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return d.start(m.Key)
	}
	return d.at(n.GetToken())
}

// root is the value of a file, absent where there is no such file or nothing in it.
func (e *editor) root(name string) (node, error) {
	if d := e.docs[name]; d != nil {
		return node{d, d.body}, nil
	}
	raw, err := fs.ReadFile(e.fsys, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return node{}, fmt.Errorf("read %s: %w", name, err)
	}
	d := &document{text: newText(name, raw)}
	body, fault := metadata.ParseYAML(name, []byte(d.plain))
	if fault != nil {
		return node{}, metadata.Faults{*fault}
	}
	if i := strings.IndexByte(d.plain, '\r'); i >= 0 {
		return node{}, refusal(d.pos(i), loneReturn, "end lines with a line feed")
	}
	d.body, e.docs[name] = body, d
	return node{d, body}, nil
}

// resolve looks through anchors and includes. The way is what it passed.
func (e *editor) resolve(n node) (out node, way passed, err error) {
	for {
		if a, ok := n.ast.(*ast.AnchorNode); ok {
			way.anchors = append(way.anchors, n)
			n.ast = a.Value
			continue
		}
		target, ok := included(n.ast)
		if !ok {
			return n, way, nil
		}
		if n, err = e.include(n, target, &way); err != nil {
			return n, way, err
		}
	}
}

// included is what an include names, which may be written as a tag or as a string.
func included(n ast.Node) (target string, ok bool) {
	switch x := n.(type) {
	case *ast.TagNode:
		if x.Start.Value != "!include" {
			return "", false
		}
		target, _ = scalar(x.Value).(string)
		return target, true
	case *ast.StringNode:
		target, ok = strings.CutPrefix(x.Value, "!include ")
	}
	return strings.TrimSpace(target), ok
}

// passed is what stood before a value.
type passed struct {
	anchors []node
	files   []string
}

func (e *editor) include(n node, target string, way *passed) (node, error) {
	file := path.Join(path.Dir(n.doc.name), target)
	if target == "" || !fs.ValidPath(file) || slices.Contains(way.files, file) {
		return n, n.refuse(fmt.Sprintf("invalid include %q", target), "")
	}
	way.files = append(way.files, file)
	root, err := e.root(file)
	if err == nil && root.doc.raw == nil {
		err = n.refuse(fmt.Sprintf("unknown file %q", file), "")
	}
	return root, err
}

const maxIncludes = 100 // in each other; metadata.Read has reported a cycle before

// value is the value of n.
func (e *editor) value(n node) (any, error) { return e.valueBelow(n, maxIncludes) }

func (e *editor) valueBelow(n node, depth int) (any, error) {
	at := n
	n, way, err := e.resolve(n)
	if err != nil {
		return nil, err
	}
	if len(way.files) > 0 {
		if depth--; depth < 0 {
			return nil, at.refuse("invalid include: it includes itself", "")
		}
	}
	switch x := n.ast.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return e.mapping(n, depth)
	case *ast.SequenceNode:
		list := make([]any, len(x.Values))
		for i, v := range x.Values {
			if list[i], err = e.valueBelow(node{n.doc, v}, depth); err != nil {
				return nil, err
			}
		}
		return list, nil
	case *ast.AliasNode:
		e.opaque = true
		return alias(yamlast.KeyText(x.Value)), nil
	case *ast.TagNode:
		e.opaque = true
		v, err := e.valueBelow(node{n.doc, x.Value}, depth)
		return tagged{x.Start.Value, v}, err
	}
	return scalar(n.ast), nil
}

func (e *editor) mapping(n node, depth int) (any, error) {
	values, _ := yamlast.MappingValues(n.ast)
	m := make(yaml.MapSlice, len(values))
	for i, v := range values {
		key := yamlast.KeyText(v.Key)
		e.opaque = e.opaque || v.Key.IsMergeKey()
		if _, taken := field(m[:i], key); taken {
			return nil, node{n.doc, v}.refuse(fmt.Sprintf("duplicate key %q", key), "remove one of them first")
		}
		below, err := e.valueBelow(node{n.doc, v.Value}, depth)
		if err != nil {
			return nil, err
		}
		m[i] = yaml.MapItem{Key: key, Value: below}
	}
	return m, nil
}

// set makes want the value of a file, which may be new, and changes only the lines that must change. It is verified by
// reading the files back: where that gives anything but want, the edit is refused.
func (e *editor) set(name string, want any) error {
	n, err := e.root(name)
	if err != nil {
		return err
	}
	have, err := e.value(n)
	if err != nil || equal(have, want) {
		return err
	}
	if have == nil || empty(have) || empty(want) {
		n.doc.setRoot(want)
	} else if err := e.patch(n, have, want); err != nil {
		return err
	}
	return e.verify(name, want)
}

func (e *editor) verify(name string, want any) error {
	change, err := e.change()
	if err != nil {
		return err
	}
	back := newEditor(change.Over(e.fsys))
	n, err := back.root(name)
	if err == nil {
		var have any
		if have, err = back.value(n); err == nil && equal(have, want) {
			return nil
		}
	}
	return refusal(metadata.Pos{File: name}, elsewhere, byHand)
}

// change is what the splices do.
func (e *editor) change() (Change, error) {
	var c Change
	for name, d := range e.docs {
		if len(d.splices) == 0 {
			continue
		}
		after, ok := d.spliced()
		if !ok {
			return Change{}, refusal(metadata.Pos{File: name}, "the change can't be made: a line would be changed twice", byHand)
		}
		c.Files = append(c.Files, File{Path: name, Before: d.raw, After: after})
	}
	return Change{}.Then(c), nil
}
