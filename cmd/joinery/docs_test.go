package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

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

// TestDocLinks: relative links of all Markdown files lead to files that there are, and anchors to their headings.
func TestDocLinks(t *testing.T) {
	pages := markdown(t)
	root := os.DirFS("../..")
	links := 0
	for page, text := range pages {
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(codeSpan.ReplaceAllString(text, ""), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			target, anchor, anchored := strings.Cut(m[1], "#")
			if target = path.Join(path.Dir(page), target); strings.HasPrefix(m[1], "#") {
				target = page
			}
			if _, err := fs.Stat(root, target); err != nil {
				t.Errorf("%s: the link %s leads nowhere: %v", page, m[1], err)
			} else if anchored && !slices.Contains(anchors(pages[target]), anchor) {
				t.Errorf("%s: the link %s leads to no heading of %s", page, m[1], target)
			}
		}
	}
	if links < 100 {
		t.Errorf("found only %d links in %d files", links, len(pages))
	}
}

var (
	fence    = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	codeSpan = regexp.MustCompile("`[^`]*`")
)

// markdown is the text of the repository's Markdown files, without code blocks, by their paths.
func markdown(t *testing.T) map[string]string {
	t.Helper()
	root, pages := os.DirFS("../.."), map[string]string{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (base == "testdata" || base == "node_modules" || len(base) > 1 && base[0] == '.'):
			return fs.SkipDir
		case path.Ext(name) == ".md":
			text, err := fs.ReadFile(root, name)
			pages[name] = fence.ReplaceAllString(string(text), "")
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// anchors are those that GitHub gives a text's headings: lower case without punctuation, and numbered where there are several
// of a name.
func anchors(text string) (found []string) {
	seen := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^#+ +(.+)$`).FindAllStringSubmatch(text, -1) {
		title := regexp.MustCompile(`\]\([^)]*\)`).ReplaceAllString(m[1], "]") // a link counts as its text
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsNumber(r):
				return unicode.ToLower(r)
			}
			return -1
		}, title)
		if seen[anchor]++; seen[anchor] > 1 {
			anchor = fmt.Sprintf("%s-%d", anchor, seen[anchor]-1)
		}
		found = append(found, anchor)
	}
	return found
}
