package loaders

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/trace"
)

// batch reads the rows of one statement for one merged key set.
type batch struct {
	statement  *Statement
	session    Session
	keys       *KeySet
	parameters []any    // of the statement, after the keys
	settings   []string // of the session, see query
	err        error    // of finding them
	rows       *Rows
	invalid    map[int]error
	maxKeys    int
	others     []trace.Link // to the requests that it is for as well
	statements int          // sent so far
	splits     int          // left

	query  query // under way
	from   int   // its first key
	before int   // the rows before it

	description *pgconn.StatementDescription // of a pair, on its connection
	answered    time.Time                    // zero where there are no rows yet
}

// maxSplits bounds the search for keys that Postgres refuses: each costs about two statements per halving.
const maxSplits = 64

var errManyInvalidKeys = errors.New("too many keys that are not values of the column's type")

// start finds what is sent beside the keys.
func (b *batch) start() {
	b.splits = maxSplits
	b.rows = newRows(len(b.statement.encodings), b.statement.relationship.MaxRows)
	if b.parameters, b.err = b.statement.bind(b.session); b.err == nil {
		b.settings, b.err = b.statement.relationship.Source.settings(b.session)
	}
}

// finish reads the rows, unless that is done.
func (b *batch) finish(ctx context.Context) (Result, error) {
	if b.err != nil {
		return Result{}, b.err
	}
	n := b.keys.Len()
	for from := 0; from < n && b.answered.IsZero(); from += b.maxKeys {
		if err := b.read(ctx, from, min(from+b.maxKeys, n)); err != nil {
			r := b.statement.relationship
			return Result{}, &DatabaseError{Relationship: r.Name, Source: r.Source.Name, Cause: err}
		}
	}
	for key := range b.rows.excess {
		b.fail(int(key), &TooManyRowsError{Max: b.statement.relationship.MaxRows})
	}
	return Result{Rows: b.rows, ends: b.rows.byKey(n), invalid: b.invalid}, nil
}

// read reads the rows of the keys from..to-1. If Postgres refuses a value, the keys are halved until those that it
// refuses stand alone: one wrong key must not cost the others their rows.
func (b *batch) read(ctx context.Context, from, to int) error {
	err := b.send(ctx, from, to)
	switch {
	case err == nil || !b.statement.refuses(err):
		return err
	case b.statement.expression: // whatever is wrong, it is of the values
	case len(b.statement.parameters) > 0 || b.statement.computes:
		if keysErr := b.sendKeys(ctx, from, to); keysErr == nil {
			return b.statement.blame(err)
		} else if !isDataException(keysErr) {
			return keysErr
		}
	}
	if to-from == 1 {
		b.refuse(from, err)
		return nil
	}
	if b.splits--; b.splits < 0 {
		return b.giveUp(from, to, err)
	}
	middle := (from + to) / 2
	if err := b.read(ctx, from, middle); err != nil {
		return err
	}
	return b.read(ctx, middle, to)
}

// sendKeys has Postgres read the keys alone, to learn whether it refused one of them or an argument.
func (b *batch) sendKeys(ctx context.Context, from, to int) error {
	s := b.statement
	if !slices.ContainsFunc(s.keys, func(k keyKind) bool { return !k.checked() }) {
		return nil
	}
	b.statements++
	return s.relationship.Source.query(ctx, &query{sql: s.keysSQL(), keys: b.keys, from: from, to: to, settings: b.settings}, nothing{})
}

// nothing reads no rows.
type nothing struct{}

func (nothing) row([][]byte, bool) error { return nil }
func (nothing) reset()                   {}

// refuse notes that Postgres refused a key alone.
func (b *batch) refuse(key int, err error) {
	if b.statement.expression {
		b.fail(key, newExpressionError(b.statement, err))
		return
	}
	b.fail(key, invalidKey(b.statement.relationship.Columns[0]))
}

// giveUp ends the search for keys that Postgres refuses. Of an expression, which may well fail for many values, those
// that were found to be right keep theirs.
func (b *batch) giveUp(from, to int, err error) error {
	if !b.statement.expression {
		return errManyInvalidKeys
	}
	for key := from; key < to; key++ {
		b.refuse(key, err)
	}
	return nil
}

// fail has a key give an error instead of rows.
func (b *batch) fail(key int, err error) {
	if b.invalid == nil {
		b.invalid = map[int]error{}
	}
	b.invalid[key] = err
}

// ask makes the query of the keys from..to-1.
func (b *batch) ask(from, to int) *query {
	b.statements++
	b.from, b.before = from, b.rows.Len()
	b.query = query{
		sql: b.statement.sql, keys: b.keys, from: from, to: to, parameters: b.parameters, formats: b.statement.formats, settings: b.settings,
	}
	return &b.query
}

func (b *batch) send(ctx context.Context, from, to int) error {
	err := b.statement.relationship.Source.query(ctx, b.ask(from, to), b)
	if err != nil {
		b.reset()
	}
	return err
}

// row takes a row of the statement under way.
func (b *batch) row(values [][]byte, binary bool) error {
	return b.rows.add(values, binary, b.statement.encodings, b.from)
}

func (b *batch) reset() { b.rows.truncate(b.before, b.from) }
