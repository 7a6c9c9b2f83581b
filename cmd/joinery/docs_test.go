package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestDocs: the documentation names only commands and flags that there are, and all flags and variables that there are.
func TestDocs(t *testing.T) {
	parser, err := kong.New(&cli{}, kong.Vars{"version": version()})
	if err != nil {
		t.Fatal(err)
	}
	var commands, flags, variables []string
	for _, c := range parser.Model.Children {
		commands = append(commands, c.Name)
	}
	for _, c := range parser.Model.Leaves(true) {
		for _, f := range slices.Concat(c.AllFlags(false)...) {
			name := f.Name
			if f.Tag.Negatable != "" && f.Default == "true" {
				name = "no-" + name
			}
			flags = append(flags, name)
			variables = append(variables, strings.FieldsFunc(f.Tag.Get("vars"), func(r rune) bool { return r == ',' })...)
		}
	}
	text := documentation(t)
	for _, m := range regexp.MustCompile("(?m)(?:^ *(?:bin/)?|`)joinery ([a-z]+)").FindAllStringSubmatch(text, -1) {
		if !slices.Contains(commands, m[1]) {
			t.Errorf("there is no command %q", m[0])
		}
	}
	others := []string{"opentelemetry"} // Hive Gateway's
	for _, m := range regexp.MustCompile("`--([a-z-]+)").FindAllStringSubmatch(text, -1) {
		if !slices.Contains(flags, m[1]) && !slices.Contains(others, m[1]) {
			t.Errorf("there is no flag --%s", m[1])
		}
	}
	words := map[string]bool{}
	for _, word := range regexp.MustCompile("--[a-z-]+|[A-Z][A-Z0-9_]+").FindAllString(text, -1) {
		words[word] = true
	}
	for _, name := range flags {
		if name != "help" && name != "version" && !words["--"+name] {
			t.Errorf("the flag --%s is not documented", name)
		}
	}
	for _, name := range variables {
		if !words[name] {
			t.Errorf("the variable %s is not documented", name)
		}
	}
}

// documentation is all that is written for users, with README.md of the programs.
func documentation(t *testing.T) string {
	t.Helper()
	paths, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no documentation: %v", err)
	}
	var b strings.Builder
	for _, path := range append(paths, "../../README.md", "../../CHANGELOG.md", "../../supergraph/README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}
