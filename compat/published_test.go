package compat

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// publishedSuite is the newest version of the suite that is on npm.
const publishedSuite = "@apollo/federation-subgraph-compatibility-tests@1.2.1"

var routerAddress = regexp.MustCompile(`exports\.ROUTER_URL = '[^']*'`)

// TestPublished runs the tests that Apollo publishes on npm, unchanged but for the router's address. The suite's own
// command can't be used: it has rover compose, which it downloads, and docker or pm2 start the other subgraphs.
func TestPublished(t *testing.T) {
	if os.Getenv("COMPAT_PUBLISHED") == "" {
		t.Skip("installs 500 npm packages: run make compat-published")
	}
	s := newSuite(t)
	dir, err := filepath.Abs(filepath.Join("..", ".cache", "compat-published"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, "npm", "install", "--prefix", dir, "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error", publishedSuite)
	suite := filepath.Join(dir, "node_modules", "@apollo", "federation-subgraph-compatibility-tests")
	client := filepath.Join(suite, "dist", "utils", "client.js")
	text, err := os.ReadFile(client)
	if err != nil {
		t.Fatal(err)
	}
	if !routerAddress.Match(text) {
		t.Fatalf("no address of the router in %s", client)
	}
	text = routerAddress.ReplaceAll(text, fmt.Appendf(nil, "exports.ROUTER_URL = '%s'", s.router))
	if err := os.WriteFile(client, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out := run(t, suite, []string{"PRODUCTS_URL=" + s.products}, filepath.Join(dir, "node_modules", ".bin", "jest"),
		"dist/tests", "--ci", "--json", "--config", "federation-jest.config.js", "--rootDir", suite)
	var results struct{ NumPassedTests, NumTotalTests int }
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	fmt.Printf("published suite: %d/%d tests\n", results.NumPassedTests, results.NumTotalTests)
	if results.NumTotalTests == 0 || results.NumPassedTests != results.NumTotalTests {
		t.Errorf("%s", out)
	}
}

// run runs a program and returns what it prints. That it fails is for the caller to see there.
func run(t *testing.T, dir string, env []string, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), env...), t.Output()
	out, err := cmd.Output()
	if err != nil && len(out) == 0 {
		t.Fatalf("%s: %v", program, err)
	}
	return out
}
