package edit

import "github.com/joinery-graphql/joinery/metadata"

// Caused are the faults of after that before hasn't, wherever they stand: those that a change makes.
func Caused(before, after metadata.Faults) metadata.Faults {
	key := func(f metadata.Fault) metadata.Fault {
		f.Pos, f.Hint = metadata.Pos{File: f.Pos.File}, ""
		return f
	}
	known := map[metadata.Fault]int{}
	for _, f := range before {
		known[key(f)]++
	}
	var out metadata.Faults
	for _, f := range after {
		if known[key(f)]--; known[key(f)] < 0 {
			out = append(out, f)
		}
	}
	return out
}
