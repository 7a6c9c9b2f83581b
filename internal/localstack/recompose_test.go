package localstack

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/supergraph"
)

// TestRecompose: what doesn't compose leaves the router's file as it is, and is said once.
func TestRecompose(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short leaves out what starts other programs")
	}
	if _, err := exec.LookPath("node"); err != nil {
		testkit.Skip(t, "needs Node.js")
	}
	var said bytes.Buffer
	r := &runner{Options: Options{Stderr: &said}, schema: filepath.Join(t.TempDir(), "supergraph.graphql")}
	defer r.composer.Close()
	const federation2 = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3") `
	compose := func(first, second string) string {
		said.Reset()
		r.recompose(t.Context(), &supergraph.Config{Subgraphs: []supergraph.Subgraph{
			{Name: "first", RoutingURL: "http://first.invalid", Schema: supergraph.Schema{SDL: federation2 + first}},
			{Name: "second", RoutingURL: "http://second.invalid", Schema: supergraph.Schema{SDL: federation2 + second}},
		}})
		content, err := os.ReadFile(r.schema)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	before := compose("type Query { a: Int }", "type Query { b: Int }")
	if !strings.Contains(before, "b: Int") {
		t.Fatalf("composed: %s", before)
	}
	if got := compose("type Query { a: Int }", "type Query { a: Int }"); got != before || !strings.Contains(said.String(), "INVALID_FIELD_SHARING") {
		t.Errorf("said %q, and the file has %s", said.String(), got)
	}
	if got := compose("type Query { a: Int }", "type Query { a: Int }"); got != before || said.Len() > 0 {
		t.Errorf("the same again: said %q", said.String())
	}
	if got := compose("type Query { a: Int }", "type Query { c: Int }"); !strings.Contains(got, "c: Int") {
		t.Errorf("said %q, and the file has %s", said.String(), got)
	}
}
