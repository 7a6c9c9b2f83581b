package loaders

import (
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"
)

// Rows are rows of one statement, as JSON values. They are not changed after they were loaded; reading them from
// several goroutines is safe.
type Rows struct {
	width int
	json  []byte
	ends  []uint32 // of each cell, in json
	keys  []int32  // of each row: the ordinal of its key

	keyEnds []int32 // by key: where its rows end

	max    int            // of a key; further ones are dropped; zero means any number
	counts []int          // by key: its rows, counted only once there are more than max in all
	excess map[int32]bool // keys that have more than max
}

var rowSets = sync.Pool{New: func() any { return &Rows{} }}

func newRows(width, most int) *Rows {
	r := rowSets.Get().(*Rows)
	r.width, r.max = width, most
	return r
}

// release gives the rows back, see KeySet.release.
func (r *Rows) release() {
	if cap(r.json) > maxKept || cap(r.ends) > maxKept/4 {
		return
	}
	*r = Rows{json: r.json[:0], ends: r.ends[:0], keys: r.keys[:0], keyEnds: r.keyEnds[:0]}
	rowSets.Put(r)
}

// Len is the number of rows.
func (r *Rows) Len() int { return len(r.keys) }

// Cell is the JSON value of a column of the statement, or nil where it is null.
func (r *Rows) Cell(row, column int) []byte {
	i := row*r.width + column
	start := uint32(0)
	if i > 0 {
		start = r.ends[i-1]
	}
	if start == r.ends[i] {
		return nil
	}
	return r.json[start:r.ends[i]:r.ends[i]]
}

var errTooLarge = errors.New("rows of one statement take more than 4 GiB")

// add reads a row: the key's number within its statement, from 1, then the columns. The number is in binary form or a
// text.
func (r *Rows) add(values [][]byte, binary bool, encodings []encoding, firstKey int) error {
	ord, err := ordinal(values[0], binary)
	if err != nil {
		return err
	}
	key := int32(firstKey + ord - 1)
	if r.max > 0 && len(r.keys) >= r.max && r.exceeds(key) {
		return nil
	}
	r.keys = append(r.keys, key)
	for i, e := range encodings {
		if text := values[i+1]; text != nil {
			r.json = e.append(r.json, text)
		}
		r.ends = append(r.ends, uint32(len(r.json)))
	}
	if len(r.json) > math.MaxUint32 {
		return errTooLarge
	}
	return nil
}

func ordinal(value []byte, inBinary bool) (int, error) {
	switch {
	case !inBinary:
		return strconv.Atoi(string(value))
	case len(value) == 8:
		return int(binary.BigEndian.Uint64(value)), nil
	case len(value) == 4:
		return int(binary.BigEndian.Uint32(value)), nil
	}
	return 0, errOrdinal
}

var errOrdinal = errors.New("unexpected type of the number of a key")

// exceeds counts a further row of a key, and reports whether there may be no such row.
func (r *Rows) exceeds(key int32) bool {
	if r.counts == nil {
		for _, k := range r.keys {
			r.count(k)
		}
	}
	if r.count(key) <= r.max {
		return false
	}
	if r.excess == nil {
		r.excess = map[int32]bool{}
	}
	r.excess[key] = true
	return true
}

func (r *Rows) count(key int32) int {
	for int(key) >= len(r.counts) {
		r.counts = append(r.counts, 0)
	}
	r.counts[key]++
	return r.counts[key]
}

// truncate drops all but the first n rows, and all that is known of keys from firstKey on.
func (r *Rows) truncate(n, firstKey int) {
	r.counts = nil
	maps.DeleteFunc(r.excess, func(key int32, _ bool) bool { return int(key) >= firstKey })
	r.keys = r.keys[:n]
	r.ends = r.ends[:n*r.width]
	r.json = r.json[:0]
	if len(r.ends) > 0 {
		r.json = r.json[:r.ends[len(r.ends)-1]]
	}
}

// byKey brings the rows into the order of their keys and returns where each key's rows end. Rows of one key keep
// the order in which Postgres gave them.
func (r *Rows) byKey(keys int) []int32 {
	if !slices.IsSorted(r.keys) {
		r.sort()
	}
	row := 0
	for key := range keys {
		for row < len(r.keys) && int(r.keys[row]) == key {
			row++
		}
		r.keyEnds = append(r.keyEnds, int32(row))
	}
	return r.keyEnds
}

func (r *Rows) sort() {
	order := make([]int, len(r.keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(r.keys[a]) - int(r.keys[b]) })
	sorted := Rows{width: r.width, json: make([]byte, 0, len(r.json)), ends: make([]uint32, 0, len(r.ends)), keys: make([]int32, 0, len(r.keys))}
	for _, row := range order {
		sorted.keys = append(sorted.keys, r.keys[row])
		for column := range r.width {
			sorted.json = append(sorted.json, r.Cell(row, column)...)
			sorted.ends = append(sorted.ends, uint32(len(sorted.json)))
		}
	}
	sorted.keyEnds, sorted.excess = r.keyEnds, r.excess
	*r = sorted
}

// Result is the rows for one key set.
type Result struct {
	Rows     *Rows // may hold rows of other key sets as well
	ends     []int32
	ordinals []int32 // from the set's keys to those of the batch; nil where they are the same
	invalid  map[int]error
}

// Ends is where the rows of each key end, the first key's beginning at 0; nil where the rows of a key don't follow those of
// the one before, or a key has an error: then [Result.Key] tells. It is valid until [Loaders.Release].
func (r *Result) Ends() []int32 {
	if r.ordinals != nil || r.invalid != nil {
		return nil
	}
	return r.ends
}

// Key gives the rows of a key, by the ordinal that [KeySet.Add] returned: they are from..to-1. NullKey has none.
// The error is an [InvalidKeyError] where Postgres did not take the key as a value of the column's type, or a
// [TooManyRowsError].
func (r *Result) Key(ordinal int) (from, to int, err error) {
	if ordinal == NullKey {
		return 0, 0, nil
	}
	if r.ordinals != nil {
		ordinal = int(r.ordinals[ordinal])
	}
	if err := r.invalid[ordinal]; err != nil {
		return 0, 0, err
	}
	if ordinal > 0 {
		from = int(r.ends[ordinal-1])
	}
	return from, int(r.ends[ordinal]), nil
}
