package compat

import (
	"encoding/json"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/internal/fedtest"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/supergraph"
)

// suite is the supergraph under test.
type suite struct {
	products string // URL of Joinery
	router   string // URL of Apollo Router, in front of all three subgraphs
	sdl      string // of Joinery, as _service gives it
	stripped string // without what GraphQL ignores
}

func newSuite(t *testing.T) *suite {
	t.Helper()
	urls := fedtest.Node(t, "testdata/suite.mjs")
	schema, err := os.ReadFile("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	urls["products"] = startJoinery(t, os.DirFS("metadata"), string(schema))
	s := &suite{products: urls["products"]}
	s.sdl = s.service(t)
	s.stripped = strip(t, s.sdl)
	s.router = startRouter(t, urls)
	return s
}

// startJoinery serves a metadata directory and a database of its own.
func startJoinery(t *testing.T, metadata fs.FS, schema string) string {
	t.Helper()
	db := pgtest.New(t)
	db.Exec(t, schema)
	return fedtest.Serve(t, fedtest.Joinery(t, joinery.Config{Metadata: metadata, DatabaseURL: db.URL}))
}

// startRouter runs Apollo Router over subgraphs, whose URLs are by name, and returns its URL.
func startRouter(t *testing.T, urls map[string]string) string {
	t.Helper()
	return fedtest.Route(t, supergraph.RouterOptions{Path: fedtest.ApolloRouter(t), Supergraph: fedtest.Compose(t, fedtest.Config(urls))})
}

// strip leaves out what GraphQL ignores, but for the spaces that names and numbers need between them.
func strip(t *testing.T, sdl string) string {
	t.Helper()
	var b strings.Builder
	lex := lexer.New(&ast.Source{Input: sdl})
	spaced := false // the token before ends in what would run into a name
	for {
		token, err := lex.ReadToken()
		if err != nil {
			t.Fatal(err)
		}
		isWord := token.Kind == lexer.Name || token.Kind == lexer.Int || token.Kind == lexer.Float
		isText := token.Kind == lexer.String || token.Kind == lexer.BlockString
		switch {
		case token.Kind == lexer.EOF:
			return b.String()
		case token.Kind == lexer.Comment:
			continue
		case spaced && (isWord || isText):
			b.WriteByte(' ')
		}
		if isText {
			quoted, _ := json.Marshal(token.Value)
			b.Write(quoted)
		} else if isWord {
			b.WriteString(token.Value)
		} else {
			b.WriteString(token.Kind.String())
		}
		spaced = isWord || isText
	}
}

// service asks _service for the SDL.
func (s *suite) service(t *testing.T) string {
	t.Helper()
	var answer struct {
		Data struct {
			Service struct{ SDL string } `json:"_service"`
		}
	}
	if err := json.Unmarshal([]byte(fedtest.Ask(t, s.products, "query { _service { sdl } }", "null")), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Data.Service.SDL
}

// has checks that the SDL matches a regular expression.
func (s *suite) has(t *testing.T, expression string) {
	t.Helper()
	if !regexp.MustCompile(expression).MatchString(s.stripped) {
		t.Errorf("the SDL doesn't match %s:\n%s", expression, s.sdl)
	}
}

func (s *suite) hasNot(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(s.stripped, text) {
		t.Errorf("the SDL has %s:\n%s", text, s.sdl)
	}
}
