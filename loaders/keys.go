package loaders

import (
	"bytes"
	"hash/maphash"
	"sync"
)

// KeySet is the keys that one place of an operation needs at once, without duplicates, in the order in which they were
// first added. It is not safe for concurrent use, and must not change after it was loaded.
type KeySet struct {
	statement *Statement
	asked     int
	n         int
	texts     []byte
	ends      []uint32 // of each part of each key, in texts
	slots     []int32  // a hash table of ordinals, each plus one; zero is free
	parts     [][]byte
}

// NewKeySet returns an empty set.
func (s *Statement) NewKeySet() *KeySet {
	k := keySets.Get().(*KeySet)
	k.statement = s
	return k
}

// keySets are kept for further requests: a set of a thousand keys would else be most of a request's garbage.
var keySets = sync.Pool{New: func() any { return &KeySet{} }}

// release gives the set back. Its memory is kept unless it is unusually much.
func (k *KeySet) release() {
	if cap(k.texts) > maxKept || cap(k.ends) > maxKept/4 {
		return
	}
	clear(k.slots)
	*k = KeySet{texts: k.texts[:0], ends: k.ends[:0], slots: k.slots, parts: k.parts[:0]}
	keySets.Put(k)
}

// maxKept bounds, in bytes, what is kept of a set or of rows.
const maxKept = 1 << 20

// Len is the number of distinct keys.
func (k *KeySet) Len() int { return k.n }

// NullKey is the ordinal of a key that has no rows because a part of it is null or absent.
const NullKey = -1

// Add adds a key, given by a JSON value for each column of the relationship, and returns its ordinal: NullKey where a
// value is null or empty (absent). A value that can't be of the column's type is an [InvalidKeyError].
func (k *KeySet) Add(values ...[]byte) (ordinal int, err error) {
	k.asked++
	k.parts = k.parts[:0]
	for _, v := range values {
		if len(v) == 0 || v[0] == 'n' {
			return NullKey, nil
		}
	}
	for i, v := range values {
		text, ok := k.statement.keys[i].text(v)
		if !ok {
			return 0, invalidKey(k.statement.relationship.Columns[i])
		}
		k.parts = append(k.parts, text)
	}
	return k.add(k.parts), nil
}

func (k *KeySet) add(parts [][]byte) int {
	if 2*(k.n+1) > len(k.slots) {
		k.grow()
	}
	slot := k.slot(parts)
	if k.slots[slot] != 0 {
		return int(k.slots[slot] - 1)
	}
	k.n++
	k.slots[slot] = int32(k.n)
	for _, text := range parts {
		k.texts = append(k.texts, text...)
		k.ends = append(k.ends, uint32(len(k.texts)))
	}
	return k.n - 1
}

// slot is where the key is in the table, or where it would go. (Linear probing; at most half of the slots are taken.)
func (k *KeySet) slot(parts [][]byte) int {
	hash := uint64(0)
	for _, text := range parts {
		hash = 31*hash + maphash.Bytes(seed, text)
	}
	for i := int(hash) & (len(k.slots) - 1); ; i = (i + 1) & (len(k.slots) - 1) {
		if k.slots[i] == 0 || k.equal(int(k.slots[i]-1), parts) {
			return i
		}
	}
}

var seed = maphash.MakeSeed()

func (k *KeySet) equal(key int, parts [][]byte) bool {
	for column, text := range parts {
		if !bytes.Equal(k.part(key, column), text) {
			return false
		}
	}
	return true
}

// grow makes the table larger and puts the keys into it anew.
func (k *KeySet) grow() {
	k.slots = make([]int32, max(16, 2*len(k.slots)))
	parts := make([][]byte, len(k.statement.keys))
	for key := range k.n {
		for column := range parts {
			parts[column] = k.part(key, column)
		}
		k.slots[k.slot(parts)] = int32(key + 1)
	}
}

// part is the text of one part of a key.
func (k *KeySet) part(key, column int) []byte {
	i := key*len(k.statement.keys) + column
	start := uint32(0)
	if i > 0 {
		start = k.ends[i-1]
	}
	return k.texts[start:k.ends[i]]
}

// merge adds the keys of other and returns their ordinals in k.
func (k *KeySet) merge(other *KeySet) []int32 {
	k.asked += other.asked
	ordinals := make([]int32, other.Len())
	parts := make([][]byte, len(k.statement.keys))
	for key := range ordinals {
		for column := range parts {
			parts[column] = other.part(key, column)
		}
		ordinals[key] = int32(k.add(parts))
	}
	return ordinals
}

// arguments are the statement's parameters for the keys from..to-1: an array literal for each column, then the others.
func (k *KeySet) arguments(from, to int, others []any) []any {
	args := make([]any, len(k.statement.keys), len(k.statement.keys)+len(others))
	for column, kind := range k.statement.keys {
		literal := []byte{'{'}
		for key := from; key < to; key++ {
			if key > from {
				literal = append(literal, ',')
			}
			literal = kind.appendElement(literal, k.part(key, column))
		}
		args[column] = string(append(literal, '}'))
	}
	return append(args, others...)
}
