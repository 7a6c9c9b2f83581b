package edit

import (
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff is a unified diff of all files, "" where nothing changes.
func (c Change) Diff() string {
	var b strings.Builder
	for _, f := range c.Files {
		before, after := "a/"+f.Path, "b/"+f.Path
		if f.Before == nil {
			before = "/dev/null"
		}
		if f.After == nil {
			after = "/dev/null"
		}
		b.Write(diff.Diff(before, f.Before, after, f.After))
	}
	return b.String()
}
