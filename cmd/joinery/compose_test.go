package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/joinery-graphql/joinery/internal/testkit"
)

const roverYAML = `federation_version: 2
subgraphs:
  users:
    routing_url: http://127.0.0.1:1/graphql
    schema:
      sdl: |
        type Query { user: User }
        type User { name: String, age: AGE }
`

// compose runs `joinery compose` in a folder with a rover.yaml that has a User.age of this type.
func compose(t *testing.T, age string, args ...string) (status int, stdout, stderr, folder string) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		testkit.Skip(t, "needs Node.js")
	}
	folder = t.TempDir()
	config := filepath.Join(folder, "rover.yaml")
	if err := os.WriteFile(config, []byte(strings.Replace(roverYAML, "AGE", age, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	var out, diagnostics bytes.Buffer
	for i, arg := range args {
		args[i] = strings.Replace(arg, "FOLDER", folder, 1)
	}
	status = run(t.Context(), append([]string{"compose", "--config", config}, args...), os.LookupEnv, &out, &diagnostics)
	return status, out.String(), strings.ReplaceAll(diagnostics.String(), folder+"/", ""), folder
}

func TestComposeToStdout(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"--output", "-"}, {"--output="}} {
		status, stdout, stderr, _ := compose(t, "Int", args...)
		if status != 0 || !strings.Contains(stdout, "type User\n  @join__type(graph: USERS)") {
			t.Errorf("%v: got status %d, %q, %q", args, status, stdout, stderr)
		}
	}
}

func TestComposeToFile(t *testing.T) {
	t.Parallel()
	status, stdout, stderr, folder := compose(t, "Int", "--output", "FOLDER/supergraph.graphql")
	if status != 0 || stdout != "" {
		t.Fatalf("got status %d, %q, %q", status, stdout, stderr)
	}
	content, err := os.ReadFile(filepath.Join(folder, "supergraph.graphql"))
	if err != nil || !bytes.Contains(content, []byte("join__Graph")) {
		t.Errorf("got %q, %v", content, err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 {
		t.Errorf("got %v, %v; want rover.yaml and supergraph.graphql alone", entries, err)
	}
}

func TestComposeFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, age string
		args      []string
		want      string
	}{
		{"schema", "Year", nil, `joinery: rover.yaml (sdl of users):2:32: INVALID_GRAPHQL: `},
		{"config", "Int", []string{"--config", "FOLDER/nowhere.yaml"}, "joinery: nowhere.yaml: missing supergraph config"},
		{"output", "Int", []string{"--output", "FOLDER/no/where"}, `joinery: write the supergraph schema to "no/where": `},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr, _ := compose(t, test.age, test.args...)
			if status != 1 || stdout != "" || !strings.HasPrefix(stderr, test.want) {
				t.Errorf("got status %d, %q, %q; want %q", status, stdout, stderr, test.want)
			}
		})
	}
}

func TestReplaceFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	target, link := filepath.Join(folder, "target"), filepath.Join(folder, "link")
	if err := os.WriteFile(target, []byte("a much longer old text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("target", link); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(target); err != nil || string(content) != "new" {
		t.Errorf("got %q, %v behind the link", content, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if err := replaceFile(os.DevNull, []byte("new")); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is now %v, %v", os.DevNull, info, err)
	}
}
