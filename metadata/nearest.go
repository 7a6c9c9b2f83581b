package metadata

import (
	"cmp"
	"strings"

	"github.com/agnivade/levenshtein"
)

// maxNameLength bounds the cost of a comparison; Postgres and GraphQL names are far shorter.
const maxNameLength = 128

// nearest is the candidate that name was most likely meant to be, or "" where none is near. Near are two edits, or one
// edit in three letters of a longer name, but never more than half of a short one. Letter case counts only between
// candidates that are equally near otherwise.
func nearest(name string, candidates []string) string {
	if len(name) > maxNameLength {
		return ""
	}
	limit := min(max(2, len(name)/3), len(name)/2)
	best, least := "", [3]int{limit + 1}
	for _, c := range candidates {
		if c == name || c == "" || len(c) > len(name)+limit || len(c) < len(name)-limit {
			continue
		}
		folded := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(c))
		d := [3]int{folded, levenshtein.ComputeDistance(name, c), -len(c)}
		if folded <= limit && compare(d, least) < 0 {
			best, least = c, d
		}
	}
	return best
}

func compare(a, b [3]int) int {
	return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]), cmp.Compare(a[2], b[2]))
}
