package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRowsInOrderOfKeys(t *testing.T) {
	// Rows of the keys 2, 0, 2, 1, in the order in which they came; key 3 has none.
	r := &rows{order: []uint32{2, 0, 2, 1}, ends: []uint32{1, 1, 2, 0}, values: []byte("abcd"), cells: []uint32{1, 2, 3, 4}}
	r.finish(false)
	var got [][]string
	for key := range r.ends {
		var cells []string
		from, to := r.of(key)
		for i := from; i < to; i++ {
			cells = append(cells, string(r.cell(r.at(i), 0)))
		}
		got = append(got, cells)
	}
	if diff := cmp.Diff([][]string{{"b"}, {"d"}, {"a", "c"}, nil}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAppendString(t *testing.T) {
	if got, want := string(appendString(nil, []byte("a\"b\\c\n√"))), `"a\"b\\c\u000a√"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
