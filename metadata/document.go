package metadata

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/joinery-graphql/joinery/metadata/internal/yamlast"
)

// maxNesting is how deep brackets and list dashes may nest: parsers recurse, and a Go stack that overflows ends the
// process. Metadata of real projects stays below 30.
const maxNesting = 200

// document is a YAML file as it was parsed, comments and order kept. Files and their trees end here: the vocabulary
// is decoded from nodes (node.go), and nothing of it points back but by its Pos.
type document struct {
	*textFile
	body    ast.Node                    // nil for an empty file
	aliases map[*ast.AliasNode]ast.Node // what each alias stands for; an unknown one is not in it
}

// parseDocument parses a YAML file. The document is nil where there is a fault.
func parseDocument(t *textFile) (*document, *Fault) {
	if fault := t.invalidUTF8(); fault != nil {
		return nil, fault
	}
	file, err := parseYAML(t.text)
	if err != nil {
		return nil, t.yamlFault(err)
	}
	d := &document{textFile: t, aliases: map[*ast.AliasNode]ast.Node{}}
	for _, doc := range file.Docs {
		if isEmpty(doc.Body) {
			continue
		}
		if d.body != nil {
			return nil, &Fault{Pos: d.tokenPos(doc.Body.GetToken()), Message: "unexpected second YAML document in one file"}
		}
		d.body = doc.Body
	}
	d.bind(d.body, map[string]ast.Node{})
	return d, nil
}

func isEmpty(body ast.Node) bool {
	switch body.(type) {
	case nil, *ast.CommentGroupNode, *ast.DirectiveNode:
		return true
	}
	return false
}

// parseYAML is goccy's parser without its panics. Line ends of Windows become those of Unix, as YAML has it (section 5.4):
// goccy counts them twice after comments and within quotes.
func parseYAML(text string) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unexpected YAML: the parser gave up (%v)", p)
		}
	}()
	tokens := lexer.Tokenize(strings.ReplaceAll(text, "\r\n", "\n"))
	if tk := tooDeep(tokens); tk != nil {
		return nil, &yaml.SyntaxError{Message: fmt.Sprintf("nested more than %d levels deep", maxNesting), Token: tk}
	}
	return parser.Parse(tokens, parser.ParseComments, parser.AllowDuplicateMapKey())
}

// tooDeep is the first token that nests deeper than maxNesting, or nil. Nesting by indentation needs no limit: its
// cost in bytes grows with the square of the depth.
func tooDeep(tokens token.Tokens) *token.Token {
	brackets, marks, line := 0, 0, 0
	for _, tk := range tokens {
		if tk.Position.Line != line {
			marks, line = 0, tk.Position.Line
		}
		switch tk.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			marks++
		}
		if brackets > maxNesting || marks > maxNesting && brackets <= 0 {
			return tk
		}
	}
	return nil
}

// yamlFault turns an error of the parser into a fault with a place. It leaves out the excerpt of the file that the
// error's own text has, which can take minutes to make.
func (t *textFile) yamlFault(err error) *Fault {
	syntax, ok := errors.AsType[yaml.Error](err)
	if !ok {
		return &Fault{Pos: Pos{File: t.name}, Message: "invalid YAML: " + err.Error()}
	}
	message, _, _ := strings.Cut(syntax.GetMessage(), "\n")
	fault := &Fault{Pos: Pos{File: t.name}, Message: "invalid YAML: " + message}
	if tk := syntax.GetToken(); tk != nil && tk.Position != nil {
		fault.Pos = t.pos(tk.Position.Line, tk.Position.Column)
	}
	return fault
}

// bind finds what each alias stands for: the anchor of its name that stands before it. An alias can therefore not
// stand for something that contains it.
func (d *document) bind(n ast.Node, anchors map[string]ast.Node) {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			d.bind(v, anchors)
		}
	case *ast.MappingValueNode:
		d.bind(n.Key, anchors)
		d.bind(n.Value, anchors)
	case *ast.MappingKeyNode:
		d.bind(n.Value, anchors)
	case *ast.SequenceNode:
		for _, v := range n.Values {
			d.bind(v, anchors)
		}
	case *ast.TagNode:
		d.bind(n.Value, anchors)
	case *ast.AnchorNode:
		d.bind(n.Value, anchors)
		anchors[yamlast.TokenText(n.Name)] = n.Value
	case *ast.AliasNode:
		if target := anchors[yamlast.TokenText(n.Value)]; target != nil {
			d.aliases[n] = target
		}
	}
}

// tokenPos is the place of a token in the file.
func (d *document) tokenPos(tk *token.Token) Pos {
	if tk == nil || tk.Position == nil {
		return Pos{File: d.name}
	}
	return d.pos(tk.Position.Line, tk.Position.Column)
}

// nodePos is where a value begins; goccy's mappings name the place of their first colon.
func (d *document) nodePos(n ast.Node) Pos {
	switch m := n.(type) {
	case nil:
		return Pos{File: d.name}
	case *ast.MappingNode:
		if len(m.Values) > 0 && !m.IsFlowStyle {
			return d.nodePos(m.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return d.nodePos(m.Key)
	}
	return d.tokenPos(n.GetToken())
}

// addPlaces adds where the elements and members of n stand, by their way from the one called way; not what aliases and includes
// stand for.
func (d *document) addPlaces(places map[string]Pos, way string, n ast.Node) {
	add := func(key string, at, value ast.Node) {
		places[way+"."+key] = d.nodePos(at)
		d.addPlaces(places, way+"."+key, value)
	}
	switch n := n.(type) {
	case *ast.AnchorNode:
		d.addPlaces(places, way, n.Value)
	case *ast.SequenceNode:
		for i, v := range n.Values {
			add(strconv.Itoa(i), v, v)
		}
	default:
		values, _ := yamlast.MappingValues(n)
		for _, v := range values {
			add(yamlast.KeyText(v.Key), v.Key, v.Value)
		}
	}
}
