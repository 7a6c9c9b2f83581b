package metadata

import (
	"fmt"
	"strings"
)

// Severity says what a fault means for the start.
type Severity int

// The severities. An error stops the start; a warning says what is not served or not understood; a note says how something
// is served.
const (
	Error Severity = iota
	Warning
	Note
)

// String is "error", "warning" or "note".
func (s Severity) String() string { return [...]string{"error", "warning", "note"}[s] }

// Fault is something wrong with the metadata, for the person who edits it.
type Fault struct {
	Pos      Pos
	Severity Severity
	Rule     string // a fixed name of what was looked for, such as missing-index, for tools; "" for faults of the metadata itself
	Item     string // what it is about, such as `action "createUser"`
	Message  string // what is wrong, lower case, no final stop
	Hint     string // the mend, such as `did you mean "id"?`; may be empty
}

// String is "file:line: item: message (hint)", with "warning: " before the item of a warning, and "note: " before that of a note.
func (f Fault) String() string {
	var b strings.Builder
	if f.Pos.File != "" {
		b.WriteString(f.Pos.File)
		if f.Pos.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Pos.Line)
		}
		b.WriteString(": ")
	}
	if f.Severity != Error {
		b.WriteString(f.Severity.String() + ": ")
	}
	if f.Item != "" {
		b.WriteString(f.Item + ": ")
	}
	b.WriteString(f.Message)
	if f.Hint != "" {
		b.WriteString(" (" + f.Hint + ")")
	}
	return b.String()
}

// Faults are all the faults of a metadata directory, in the order of files and lines.
type Faults []Fault

// Error has a line for each fault. It makes Faults an error; use [Faults.Err] to get nil where none is an error.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Err is nil unless at least one fault is an error; then it is the errors alone.
func (fs Faults) Err() error {
	if errs := fs.Of(Error); len(errs) > 0 {
		return errs
	}
	return nil
}

// Of returns the faults of one severity.
func (fs Faults) Of(s Severity) Faults {
	var out Faults
	for _, f := range fs {
		if f.Severity == s {
			out = append(out, f)
		}
	}
	return out
}
