package joinery

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/google/go-cmp/cmp"
)

// TestErrorsDocumented compares the codes of docs/errors.md with those in the source: a code that nobody explains, or
// that is never sent, fails.
func TestErrorsDocumented(t *testing.T) {
	page, err := os.ReadFile("docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, heading := range regexp.MustCompile("(?m)^### `([^`]+)`$").FindAllStringSubmatch(string(page), -1) {
		documented[heading[1]] = true
	}
	sent := map[string]bool{"PERSISTED_QUERY_NOT_FOUND": true} // of gqlgen's extension.AutomaticPersistedQuery
	for _, dir := range []string{"subgraph", "actions", "auth"} {
		maps.Copy(sent, codes(t, dir))
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(sent)), slices.Sorted(maps.Keys(documented))); diff != "" {
		t.Errorf("codes of docs/errors.md (-source +page):\n%s", diff)
	}
}

// gqlgenCodes are the constants of gqlgen that ours are made of.
var gqlgenCodes = map[string]string{"ParseFailed": errcode.ParseFailed, "ValidationFailed": errcode.ValidationFailed}

// codes are the codes in the source of a package: constants named Code..., fields named Code, and what refuse and fail
// are given after the reason.
func codes(t *testing.T, dir string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	literal := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			code, err := strconv.Unquote(l.Value)
			if err != nil {
				t.Fatal(err)
			}
			found[code] = true
		}
	}
	constant := func(e ast.Expr) {
		literal(e)
		if of, ok := e.(*ast.SelectorExpr); ok {
			code, ok := gqlgenCodes[of.Sel.Name]
			if !ok {
				t.Errorf("unknown constant %s of gqlgen", of.Sel.Name)
			}
			found[code] = true
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if strings.HasPrefix(n.Names[0].Name, "Code") && len(n.Values) == 1 {
					constant(n.Values[0])
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
					literal(n.Value)
				}
			case *ast.CallExpr:
				if called := name(n.Fun); (called == "refuse" || called == "fail") && len(n.Args) >= 3 {
					literal(n.Args[1])
				}
			}
			return true
		})
	}
	return found
}

func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
