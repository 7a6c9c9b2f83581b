package localstack

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/metadata"
)

// checker collects what is wrong with a stack.yaml that has the right form.
type checker struct {
	*Stack
	faults metadata.Faults
}

func (s *Stack) check() metadata.Faults {
	c := &checker{Stack: s}
	c.paths()
	c.services()
	c.subgraphs()
	c.references()
	c.tokens()
	c.operations()
	slices.SortStableFunc(c.faults, func(a, b metadata.Fault) int { return a.Pos.Line - b.Pos.Line })
	return c.faults
}

func (c *checker) fault(line int, hint, format string, args ...any) {
	c.faults = append(c.faults, metadata.Fault{
		Pos: metadata.Pos{File: c.path, Line: line}, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

func (c *checker) paths() {
	if c.file.Metadata.value == "" {
		c.fault(c.file.Metadata.line, "the folder that holds version.yaml", "missing metadata")
	} else {
		c.exists("metadata", c.file.Metadata)
	}
	for what, path := range map[string]text{"migrations": c.file.Migrations, "router config": c.file.Router.Config} {
		if path.value != "" {
			c.exists(what, path)
		}
	}
}

func (c *checker) exists(what string, path text) {
	if _, err := os.Stat(c.in(path.value)); err != nil {
		c.fault(path.line, "paths count from the folder of "+stackFile, "missing %s %q", what, path.value)
	}
}

// reserved are the names of programs that every stack has.
var reserved = []string{"postgres", "jaeger", "joinery", "router", "env", "secret"}

func (c *checker) services() {
	seen := slices.Clone(reserved)
	for i, s := range c.file.Services {
		item := fmt.Sprintf("service %q", s.Name.value)
		switch {
		case s.Name.value == "" || strings.ContainsAny(s.Name.value, `/\.}`):
			c.fault(s.Name.line, "a name without / \\ . and }", "invalid name %q of service %d", s.Name.value, i+1)
		case slices.Contains(seen, s.Name.value):
			c.fault(s.Name.line, "each program has its own", "duplicate name of %s", item)
		}
		seen = append(seen, s.Name.value)
		if len(s.Command) == 0 {
			c.fault(s.Name.line, "command: [program, argument, ...]", "missing command of %s", item)
		}
		if !strings.HasPrefix(s.Health.value, "/") {
			c.fault(max(s.Health.line, s.Name.line), "the path that answers 200, such as /healthz", "missing or invalid health of %s", item)
		}
	}
}

func (c *checker) subgraphs() {
	if len(c.file.Subgraphs) == 0 {
		c.fault(0, "subgraphs: [{name: joinery, url: '${joinery.url}/graphql'}]", "missing subgraphs")
	}
	for i, s := range c.file.Subgraphs {
		if s.Name.value == "" || s.URL.value == "" {
			c.fault(max(s.Name.line, s.URL.line), "", "missing name or url of subgraph %d", i+1)
		}
	}
}

// references looks at every ${...} for something that the stack doesn't have.
func (c *checker) references() {
	known := []string{"joinery"}
	for _, s := range c.file.Services {
		known = append(known, s.Name.value)
	}
	for _, t := range c.texts() {
		for _, r := range referencesIn(t.value) {
			if err := r.check(known); err != nil {
				c.fault(t.line, "", "%v", err)
			}
		}
	}
}

// texts are all those that are expanded.
func (c *checker) texts() []text {
	all := append(values(c.file.Joinery.Env), values(c.file.Router.Env)...)
	for _, s := range c.file.Services {
		all = append(all, s.Command...)
		all = append(all, values(s.Env)...)
		all = append(all, values(s.StandsInFor)...)
	}
	for _, s := range c.file.Subgraphs {
		all = append(all, s.URL)
		all = append(all, values(s.Headers)...)
	}
	return all
}

func values(m map[string]text) []text {
	list := make([]text, 0, len(m))
	for _, t := range m {
		list = append(list, t)
	}
	return list
}

func (c *checker) operations() {
	for _, o := range c.file.Operations {
		if filepath.Ext(o.value) != ".graphql" {
			c.fault(o.line, "its answer is the file of the same name with .json", "invalid operation %q: its name doesn't end in .graphql", o.value)
			continue
		}
		c.exists("operation", o)
		answer, err := os.ReadFile(c.in(answerPath(o.value)))
		if err != nil {
			c.fault(o.line, "write it there", "missing answer %q", answerPath(o.value))
		} else if !json.Valid(answer) {
			c.fault(o.line, "", "invalid JSON in %q", answerPath(o.value))
		}
	}
}
