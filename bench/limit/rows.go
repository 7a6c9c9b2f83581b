package main

import (
	"context"
	"encoding/binary"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// statements give rows with the ordinal, from 1, of the key that each belongs to. A key that occurs twice has its rows
// twice.
var statements = [...]string{
	usersStatement:       `SELECT k.ord, t.name, t.email FROM unnest((SELECT $1::int8[])) WITH ORDINALITY AS k(c, ord) JOIN users t ON t.id = k.c`,
	userNamesStatement:   `SELECT k.ord, t.name FROM unnest((SELECT $1::int8[])) WITH ORDINALITY AS k(c, ord) JOIN users t ON t.id = k.c`,
	postEditorsStatement: `SELECT k.ord, t.title, t.editor_id FROM unnest((SELECT $1::int8[])) WITH ORDINALITY AS k(c, ord) JOIN posts t ON t.author_id = k.c`,
	firstPostsStatement: `SELECT k.ord, t.id, t.title FROM unnest((SELECT $1::int8[])) WITH ORDINALITY AS k(c, ord)
		CROSS JOIN LATERAL (SELECT id, title FROM posts WHERE author_id = k.c LIMIT $2) t`,
	postsAfterStatement: `SELECT k.ord, t.id, t.title FROM unnest((SELECT $1::int8[])) WITH ORDINALITY AS k(c, ord)
		CROSS JOIN LATERAL (SELECT id, title FROM posts WHERE author_id = k.c AND id > $3 ORDER BY id DESC LIMIT $2) t`,
	postsTotalStatement: `SELECT k.ord, t.n, t.likes FROM unnest((SELECT $1::int8[])) WITH ORDINALITY AS k(c, ord)
		CROSS JOIN LATERAL (SELECT count(*) AS n, max(likes) AS likes FROM posts WHERE author_id = k.c AND id > $2) t`,
	postTitlesStatement: `SELECT k.ord, t.title FROM unnest((SELECT $1::int8[])) WITH ORDINALITY AS k(c, ord) JOIN posts t ON t.author_id = k.c`,
}

const (
	usersStatement = iota
	userNamesStatement
	firstPostsStatement
	postsAfterStatement
	postsTotalStatement
	postEditorsStatement
	postTitlesStatement
)

// The ordinal comes in binary form, everything else as its text, but for the key of the next level.
var resultFormats = [...][]int16{
	usersStatement: {1, 0, 0}, userNamesStatement: {1, 0}, firstPostsStatement: {1, 0, 0},
	postsAfterStatement: {1, 0, 0}, postsTotalStatement: {1, 0, 0},
	postEditorsStatement: {1, 0, 1}, postTitlesStatement: {1, 0},
}

const preparedKey = "prepared"

type prepared [len(statements)]*pgconn.StatementDescription

// prepare prepares all statements on a new connection.
func prepare(ctx context.Context, conn *pgx.Conn) error {
	p := &prepared{}
	for i, sql := range statements {
		var err error
		if p[i], err = conn.Prepare(ctx, "s"+string(rune('0'+i)), sql); err != nil {
			return err
		}
	}
	conn.PgConn().CustomData()[preparedKey] = p
	return nil
}

// rows are the rows of some keys, in the order of the keys: those of key i end at ends[i].
type rows struct {
	values []byte
	cells  []uint32 // the end of each value
	next   []int64  // keys of the next level, of each row
	ends   []uint32
	order  []uint32 // of the rows, where they didn't come in the order of their keys
	width  int
}

var binaryFormat = []int16{1} // of all parameters

// load reads the rows of ids. The keys are sent as one binary array, before further parameters.
func (s *server) load(ctx context.Context, x *exchange, into *rows, statement int, ids []int64, more ...[]byte) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	pg := conn.Conn().PgConn()
	stmt := pg.CustomData()[preparedKey].(*prepared)[statement]
	x.keys = appendKeys(x.keys[:0], ids)
	x.parameters = append(append(x.parameters[:0], x.keys), more...)
	result := pg.ExecStatement(ctx, stmt, x.parameters, binaryFormat, resultFormats[statement])
	into.read(result, len(ids), resultFormats[statement])
	_, err = result.Close()
	return err
}

func (r *rows) read(result *pgconn.ResultReader, keys int, formats []int16) {
	r.values, r.cells, r.next, r.order = r.values[:0], r.cells[:0], r.next[:0], r.order[:0]
	r.ends = append(r.ends[:0], make([]uint32, keys)...)
	r.width = 0
	last, sorted := uint64(0), true
	for result.NextRow() {
		values := result.Values()
		ord := binary.BigEndian.Uint64(values[0])
		sorted = sorted && last <= ord
		last = ord
		r.ends[ord-1]++
		r.order = append(r.order, uint32(ord-1))
		for i, v := range values[1:] {
			if formats[i+1] == 1 {
				r.next = append(r.next, int64(binary.BigEndian.Uint64(v)))
				continue
			}
			r.values = append(r.values, v...)
			r.cells = append(r.cells, uint32(len(r.values)))
		}
	}
	r.finish(sorted)
}

// finish turns the counts of rows per key into ends and, where need be, the rows' keys into their order.
func (r *rows) finish(sorted bool) {
	total := uint32(0)
	for i, n := range r.ends {
		total += n
		r.ends[i] = total
	}
	if total > 0 {
		r.width = len(r.cells) / int(total)
	}
	if sorted {
		r.order = r.order[:0]
		return
	}
	order := make([]uint32, total)
	places := append([]uint32{0}, r.ends...)
	for row, key := range r.order {
		order[places[key]] = uint32(row)
		places[key]++
	}
	r.order = order
}

// of gives the rows of a key as from..to-1. Each is then passed through at.
func (r *rows) of(key int) (from, to int) {
	if key > 0 {
		from = int(r.ends[key-1])
	}
	return from, int(r.ends[key])
}

func (r *rows) at(i int) int {
	if len(r.order) == 0 {
		return i
	}
	return int(r.order[i])
}

func (r *rows) cell(row, column int) []byte {
	i := row*r.width + column
	from := uint32(0)
	if i > 0 {
		from = r.cells[i-1]
	}
	return r.values[from:r.cells[i]]
}

// five is the limit of posts, as a binary parameter.
var five = binary.BigEndian.AppendUint64(nil, 5)

// appendKeys writes an array of int8 as Postgres' array_recv reads it.
func appendKeys(dst []byte, ids []int64) []byte {
	const int8OID = 20
	for _, n := range [...]uint32{1, 0, int8OID, uint32(len(ids)), 1} { // dimensions, nulls, type, length, lower bound
		dst = binary.BigEndian.AppendUint32(dst, n)
	}
	for _, id := range ids {
		dst = binary.BigEndian.AppendUint32(dst, 8)
		dst = binary.BigEndian.AppendUint64(dst, uint64(id))
	}
	return dst
}
