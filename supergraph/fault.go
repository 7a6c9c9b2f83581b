package supergraph

import (
	"fmt"
	"strings"
)

// Fault is something wrong with a supergraph config or with a subgraph that it names, for the person who edits it.
type Fault struct {
	File    string // the config
	Line    int    // from 1; 0 where the fault belongs to the whole file
	Message string // what is wrong, lower case, no final stop
	Mend    string // how to put it right; may be empty
	Cause   error  // what the fault comes from; may be nil
}

// String is "file:line: message (mend)".
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	b.WriteString(": " + f.Message)
	if f.Mend != "" {
		b.WriteString(" (" + f.Mend + ")")
	}
	return b.String()
}

// Faults are all the faults found, in the order of the config's lines.
type Faults []Fault

// Error has a line for each fault.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives [errors.Is] and [errors.As] the causes.
func (fs Faults) Unwrap() []error {
	var causes []error
	for _, f := range fs {
		if f.Cause != nil {
			causes = append(causes, f.Cause)
		}
	}
	return causes
}

// err is nil where there is no fault, which Faults(nil) as an error would not be.
func (fs Faults) err() error {
	if len(fs) == 0 {
		return nil
	}
	return fs
}
