package metadata

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

const (
	maxFaults = 5000 // enough for any person; keeps hostile input from filling memory
	maxHints  = 500  // a hint compares a name with every candidate
)

// report collects faults.
type report struct {
	faults Faults
	hints  int
}

func (r *report) add(f Fault) {
	f.Message = oneLine(f.Message)
	switch {
	case len(r.faults) < maxFaults:
		r.faults = append(r.faults, f)
	case len(r.faults) == maxFaults:
		r.faults = append(r.faults, Fault{Message: fmt.Sprintf("more than %d faults, the others are not listed", maxFaults)})
	}
}

// oneLine keeps what stands in the files from breaking or colouring a terminal's lines. Items and hints quote it.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, s)
}

func (r *report) errorf(pos Pos, item, format string, args ...any) {
	r.add(Fault{Pos: pos, Item: item, Message: fmt.Sprintf(format, args...)})
}

func (r *report) warnf(pos Pos, item, format string, args ...any) {
	r.add(Fault{Pos: pos, Severity: Warning, Item: item, Message: fmt.Sprintf(format, args...)})
}

// didYouMean is the hint that names the candidate nearest to name, or "".
func (r *report) didYouMean(name string, candidates []string) string {
	if r.hints >= maxHints {
		return ""
	}
	r.hints++
	return DidYouMean(name, candidates)
}

// DidYouMean is a fault's hint at the candidate that name was most likely meant to be, or "" where none is near.
func DidYouMean(name string, candidates []string) string {
	if best := nearest(name, candidates); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}

// sorted are the faults by file, line and column, each once.
func (r *report) sorted() Faults {
	slices.SortStableFunc(r.faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	seen := map[Fault]bool{}
	return slices.DeleteFunc(r.faults, func(f Fault) bool {
		repeated := seen[f]
		seen[f] = true
		return repeated
	})
}
