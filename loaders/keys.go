package loaders

import (
	"encoding/binary"
)

// KeySet is the keys that one place of an operation needs at once, without duplicates, in the order in which they were
// first added. It is not safe for concurrent use, and must not change after it was loaded.
type KeySet struct {
	statement *Statement
	asked     int
	n         int
	texts     []byte
	ends      []uint32 // of each part of each key, in texts
	ordinals  map[string]int32
	scratch   []byte
	parts     [][]byte
}

// NewKeySet returns an empty set.
func (s *Statement) NewKeySet() *KeySet {
	return &KeySet{statement: s, ordinals: map[string]int32{}}
}

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
	id := k.identity(parts)
	if n, ok := k.ordinals[string(id)]; ok {
		return int(n)
	}
	n := k.n
	k.n++
	k.ordinals[string(id)] = int32(n)
	for _, text := range parts {
		k.texts = append(k.texts, text...)
		k.ends = append(k.ends, uint32(len(k.texts)))
	}
	return n
}

// identity is the key as one string: the text of its only part, or the parts with their lengths.
func (k *KeySet) identity(parts [][]byte) []byte {
	if len(parts) == 1 {
		return parts[0]
	}
	k.scratch = k.scratch[:0]
	for _, text := range parts {
		k.scratch = binary.AppendUvarint(k.scratch, uint64(len(text)))
		k.scratch = append(k.scratch, text...)
	}
	return k.scratch
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

// arguments are the statement's parameters for the keys from..to-1: an array literal for each column, then the query's.
func (k *KeySet) arguments(from, to int) []any {
	args := make([]any, len(k.statement.keys), len(k.statement.keys)+len(k.statement.parameters))
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
	return append(args, k.statement.parameters...)
}
