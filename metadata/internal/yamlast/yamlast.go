// Package yamlast reads nodes of goccy/go-yaml's syntax trees.
package yamlast

import "github.com/goccy/go-yaml/ast"

// MappingValues are the entries of a mapping, in their order; ok is false where n is none. The parser writes a mapping with
// one entry as that entry.
func MappingValues(n ast.Node) (values []*ast.MappingValueNode, ok bool) {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}, true
	}
	return nil, false
}

// KeyText is a key as it is compared: without quotes, anchors and tags.
func KeyText(n ast.Node) string {
	switch k := n.(type) {
	case *ast.StringNode:
		return k.Value
	case *ast.MappingKeyNode:
		return KeyText(k.Value)
	case *ast.AnchorNode:
		return KeyText(k.Value)
	case *ast.TagNode:
		return KeyText(k.Value)
	}
	return TokenText(n)
}

// TokenText is what the file has for a node without others below it; "" for none.
func TokenText(n ast.Node) string {
	if n == nil || n.GetToken() == nil {
		return ""
	}
	return n.GetToken().Value
}
