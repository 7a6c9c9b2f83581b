package metadata

import (
	"github.com/goccy/go-yaml/ast"
	gqlast "github.com/vektah/gqlparser/v2/ast"
)

// ParseYAML parses a file of a metadata directory as [Read] does. The body is nil for a file without a value. The fault
// is nil where the file can be parsed.
func ParseYAML(file string, b []byte) (ast.Node, *Fault) {
	d, fault := parseDocument(newText(file, b))
	if fault != nil {
		return nil, fault
	}
	return d.body, nil
}

// ParseSDL parses the text of an actions.graphql as [Read] does.
func ParseSDL(file string, b []byte) (*gqlast.SchemaDocument, *Fault) {
	return parseSDL(newText(file, b))
}
