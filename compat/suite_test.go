package compat

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
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
	urls := startOthers(t, "suite.mjs")
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

// startJoinery serves a metadata directory and a database until the test ends, and returns its URL.
func startJoinery(t *testing.T, metadata fs.FS, schema string) string {
	t.Helper()
	db := pgtest.New(t)
	db.Exec(t, schema)
	service, err := joinery.New(t.Context(), joinery.Config{Metadata: metadata, DatabaseURL: db.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Close)
	for _, warning := range service.Warnings() {
		t.Errorf("metadata: %v", warning)
	}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	return server.URL
}

// startOthers runs the subgraphs of a script in node/ until the test ends, and returns their URLs by name.
func startOthers(t *testing.T, script string) map[string]string {
	t.Helper()
	cmd := exec.Command("node", filepath.Join(installNode(t), script))
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", script, err)
		}
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() { // Apollo Server says things of its own
		var urls map[string]string
		if json.Unmarshal(lines.Bytes(), &urls) == nil {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return urls
		}
	}
	t.Fatalf("%s ended: %v", script, lines.Err())
	return nil
}

// installNode installs the Node packages once, beside a copy of the sources, and returns the folder.
func installNode(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			testkit.Skip(t, "%v", err)
		}
	}
	dir := filepath.Join("..", ".cache", "compat")
	lock, err := os.ReadFile(filepath.Join("node", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	have, _ := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"package.json", "package-lock.json", "serve.mjs", "suite.mjs", "neighbours.mjs"} {
		text, err := os.ReadFile(filepath.Join("node", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err == nil && bytes.Equal(have, lock) {
		return dir
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		testkit.Skip(t, "npm ci: %v\n%s", err, out)
	}
	return dir
}

// startRouter composes subgraphs, whose URLs are by name, and runs Apollo Router until the test ends. It returns its URL.
func startRouter(t *testing.T, urls map[string]string) string {
	t.Helper()
	config := &supergraph.Config{}
	for _, name := range slices.Sorted(maps.Keys(urls)) {
		config.Subgraphs = append(config.Subgraphs, supergraph.Subgraph{Name: name, RoutingURL: urls[name], Schema: supergraph.Schema{URL: urls[name]}})
	}
	path, err := supergraph.FindRouter(t.Context(), supergraph.FindOptions{})
	if err != nil {
		testkit.Skip(t, "%v", err)
	}
	composed, err := supergraph.Compose(t.Context(), config, supergraph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "supergraph.graphql")
	if err := os.WriteFile(file, []byte(composed.SDL), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &testkit.Buffer{}
	router, err := supergraph.StartRouter(t.Context(), supergraph.RouterOptions{Path: path, Supergraph: file, Config: "router.yaml", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		router.Stop()
		if t.Failed() {
			t.Log(log)
		}
	})
	return router.URL()
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
	if err := json.Unmarshal([]byte(ask(t, s.products, "query { _service { sdl } }", "null")), &answer); err != nil {
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

// answers checks that an operation has exactly this answer. variables are JSON.
func answers(t *testing.T, url, query, variables, want string) {
	t.Helper()
	var got, wanted any
	text := ask(t, url, query, variables)
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// ask sends an operation, with these headers, names and values in turn.
func ask(t *testing.T, url, query, variables string, headers ...string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": json.RawMessage(variables)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
