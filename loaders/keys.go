package loaders

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
)

// KeySet is the keys that one place of an operation needs at once, without duplicates, in the order in which they were
// first added. It is not safe for concurrent use, and must not change after it was loaded.
type KeySet struct {
	statement *Statement
	asked     int
	n         int
	bytes     []byte       // the parts of the keys, as keyKind.append writes them
	ends      []uint32     // of each part of each key, in bytes
	slots     []int32      // a hash table of ordinals, each plus one; zero is free
	nulls     map[int]bool // parts that are null, where the statement takes such; by their place in ends

	sent    []byte // the arrays of the statement under way
	arrays  [][]byte
	formats []int16
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
	if cap(k.bytes) > maxKept || cap(k.ends) > maxKept/4 || cap(k.sent) > maxKept {
		return
	}
	clear(k.slots)
	clear(k.arrays[:cap(k.arrays)]) // they may be a query's values
	*k = KeySet{bytes: k.bytes[:0], ends: k.ends[:0], slots: k.slots, sent: k.sent[:0], arrays: k.arrays[:0], formats: k.formats[:0]}
	keySets.Put(k)
}

// maxKept bounds, in bytes, what is kept of a set or of rows.
const maxKept = 1 << 20

// Len is the number of distinct keys.
func (k *KeySet) Len() int { return k.n }

// NullKey is the ordinal of a key that has no rows because a part of it is null or absent.
const NullKey = -1

// Add adds a key, given by a JSON value for each column of the relationship, and returns its ordinal: NullKey where a
// value is null or empty (absent), but for an expression, which takes nulls. A value that can't be of the column's type
// is an [InvalidKeyError].
func (k *KeySet) Add(values ...[]byte) (ordinal int, err error) {
	k.asked++
	nulls := k.statement.expression // are values, too
	if !nulls && slices.ContainsFunc(values, isNull) {
		return NullKey, nil
	}
	start, ends := len(k.bytes), len(k.ends)
	for i, v := range values {
		if nulls && k.addIfNull(isNull(v)) {
			continue
		}
		bytes, ok := k.statement.keys[i].append(k.bytes, v)
		if !ok {
			k.bytes, k.ends = k.bytes[:start], k.ends[:ends]
			return 0, invalidKey(k.statement.relationship.Columns[i])
		}
		k.bytes, k.ends = bytes, append(k.ends, uint32(len(bytes)))
	}
	return k.commit(start), nil
}

func isNull(json []byte) bool { return len(json) == 0 || json[0] == 'n' }

// addIfNull adds a part if it is null, and reports so.
func (k *KeySet) addIfNull(null bool) bool {
	delete(k.nulls, len(k.ends)) // of a key that was taken back
	if !null {
		return false
	}
	if k.nulls == nil {
		k.nulls = map[int]bool{}
	}
	k.nulls[len(k.ends)] = true
	k.ends = append(k.ends, uint32(len(k.bytes)))
	return true
}

// isNull reports whether a part of a key is null.
func (k *KeySet) isNull(key, column int) bool {
	return k.nulls != nil && k.nulls[key*len(k.statement.keys)+column]
}

// commit makes what was appended from start on a key, or takes it back where the set has it.
func (k *KeySet) commit(start int) int {
	if 2*(k.n+1) > len(k.slots) {
		k.grow()
	}
	slot := k.slot(k.n)
	if have := k.slots[slot]; have != 0 {
		k.bytes, k.ends = k.bytes[:start], k.ends[:k.n*len(k.statement.keys)]
		return int(have - 1)
	}
	k.n++
	k.slots[slot] = int32(k.n)
	return k.n - 1
}

// slot is where a key is in the table, or where it would go. (Linear probing; at most half of the slots are taken.)
func (k *KeySet) slot(key int) int {
	hash := uint64(0)
	for column := range k.statement.keys {
		hash = 31*hash + maphash.Bytes(seed, k.part(key, column))
	}
	for i := int(hash) & (len(k.slots) - 1); ; i = (i + 1) & (len(k.slots) - 1) {
		if k.slots[i] == 0 || k.equal(int(k.slots[i]-1), key) {
			return i
		}
	}
}

var seed = maphash.MakeSeed()

func (k *KeySet) equal(a, b int) bool {
	for column := range k.statement.keys {
		if !bytes.Equal(k.part(a, column), k.part(b, column)) || k.isNull(a, column) != k.isNull(b, column) {
			return false
		}
	}
	return true
}

// grow makes the table larger and puts the keys into it anew.
func (k *KeySet) grow() {
	k.slots = make([]int32, max(16, 2*len(k.slots)))
	for key := range k.n {
		k.slots[k.slot(key)] = int32(key + 1)
	}
}

// part is one part of a key.
func (k *KeySet) part(key, column int) []byte {
	i := key*len(k.statement.keys) + column
	start := uint32(0)
	if i > 0 {
		start = k.ends[i-1]
	}
	return k.bytes[start:k.ends[i]]
}

// merge adds the keys of other and returns their ordinals in k.
func (k *KeySet) merge(other *KeySet) []int32 {
	k.asked += other.asked
	ordinals := make([]int32, other.Len())
	for key := range ordinals {
		start := len(k.bytes)
		for column := range k.statement.keys {
			if k.addIfNull(other.isNull(key, column)) {
				continue
			}
			k.bytes = append(k.bytes, other.part(key, column)...)
			k.ends = append(k.ends, uint32(len(k.bytes)))
		}
		ordinals[key] = int32(k.commit(start))
	}
	return ordinals
}

// parameters are the arrays of the keys from..to-1, one for each column, and others after them, with the format of each:
// strings stand for themselves, everything else for null. Where binary is false, all are texts. They are valid until the
// next call.
func (k *KeySet) parameters(from, to int, binary bool, others []any) (values [][]byte, formats []int16) {
	k.sent, k.arrays, k.formats = k.sent[:0], k.arrays[:0], k.formats[:0]
	for column, kind := range k.statement.keys {
		start, format := len(k.sent), int16(pgx.TextFormatCode)
		if binary && kind.oid() != 0 {
			k.sent, format = k.appendBinary(k.sent, column, from, to), pgx.BinaryFormatCode
		} else {
			k.sent = k.appendLiteral(k.sent, column, from, to)
		}
		k.arrays, k.formats = append(k.arrays, k.sent[start:]), append(k.formats, format)
	}
	for _, other := range others {
		var value []byte
		if text, ok := other.(string); ok {
			value = []byte(text)
		}
		k.arrays, k.formats = append(k.arrays, value), append(k.formats, pgx.TextFormatCode)
	}
	return k.arrays, k.formats
}

// appendBinary writes keys as Postgres' array_recv reads them.
func (k *KeySet) appendBinary(dst []byte, column, from, to int) []byte {
	const dimensions, lowerBound, null = 1, 1, 1<<32 - 1
	nulls := uint32(min(len(k.nulls), 1)) // whether there may be any
	for _, n := range [...]uint32{dimensions, nulls, k.statement.keys[column].oid(), uint32(to - from), lowerBound} {
		dst = binary.BigEndian.AppendUint32(dst, n)
	}
	for key := from; key < to; key++ {
		if k.isNull(key, column) {
			dst = binary.BigEndian.AppendUint32(dst, null)
			continue
		}
		part := k.part(key, column)
		dst = append(binary.BigEndian.AppendUint32(dst, uint32(len(part))), part...)
	}
	return dst
}

// appendLiteral writes keys as an array literal.
func (k *KeySet) appendLiteral(dst []byte, column, from, to int) []byte {
	kind := k.statement.keys[column]
	dst = append(dst, '{')
	for key := from; key < to; key++ {
		if key > from {
			dst = append(dst, ',')
		}
		if k.isNull(key, column) {
			dst = append(dst, "NULL"...)
			continue
		}
		dst = kind.appendElement(dst, k.part(key, column))
	}
	return append(dst, '}')
}
