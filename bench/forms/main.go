// Command forms measures forms of the statement that reads rows by key: the CPU time that each costs Postgres and the
// client. The statement of package loaders was chosen by it.
//
//	go run ./bench/forms [--database-url URL]
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/joinery-graphql/joinery/bench/internal/dataset"
	"github.com/joinery-graphql/joinery/bench/internal/proc"
)

// A form is one way to ask for the rows of some keys.
type form struct {
	name       string
	sql        string
	binaryKeys bool
	binaryKey  bool // the first column, which says which key a row belongs to, comes in binary form
	matchByKey bool // the first column is the key itself; else it is the key's ordinal
	sorted     bool // the keys are sent in order
	describe   bool // the description of the result is asked for every time
	settings   string
}

const (
	usersUnnest = "SELECT k.ord, t.name, t.email FROM unnest($1::int8[]) WITH ORDINALITY AS k(c, ord) JOIN users t ON t.id = k.c"
	usersAny    = "SELECT t.id, t.name, t.email FROM users t WHERE t.id = ANY($1::int8[])"
	postsUnnest = "SELECT k.ord, t.id, t.title FROM unnest($1::int8[]) WITH ORDINALITY AS k(c, ord) JOIN posts t ON t.author_id = k.c"
	postsAny    = "SELECT t.author_id, t.id, t.title FROM posts t WHERE t.author_id = ANY($1::int8[])"
	postsTop5   = `SELECT k.ord, t.id, t.title FROM unnest($1::int8[]) WITH ORDINALITY AS k(c, ord)
		CROSS JOIN LATERAL (SELECT * FROM posts t WHERE t.author_id = k.c LIMIT 5) t`
)

const generic = "SET plan_cache_mode = force_generic_plan"

func forms(unnest, equalsAny string) []form {
	return []form{
		{name: "ANY, binary keys and key column", sql: equalsAny, binaryKeys: true, binaryKey: true, matchByKey: true},
		{name: "ANY, binary keys, text results", sql: equalsAny, binaryKeys: true, matchByKey: true},
		{name: "ANY, text keys and results", sql: equalsAny, matchByKey: true},
		{name: "ANY, binary, generic plan forced", sql: equalsAny, binaryKeys: true, binaryKey: true, matchByKey: true, settings: generic},
		{name: "unnest, binary keys and ordinal", sql: unnest, binaryKeys: true, binaryKey: true},
		{name: "unnest, binary keys, text results", sql: unnest, binaryKeys: true},
		{name: "unnest, text keys and results", sql: unnest},
		{name: "unnest, text, described every time", sql: unnest, describe: true},
		{name: "unnest, binary, generic plan forced", sql: unnest, binaryKeys: true, binaryKey: true, settings: generic},
		{name: "unnest of a subquery, binary", sql: strings.Replace(unnest, "$1::int8[]", "(SELECT $1::int8[])", 1), binaryKeys: true, binaryKey: true},
		{name: "unnest, binary, sorted keys", sql: unnest, binaryKeys: true, binaryKey: true, sorted: true},
	}
}

func main() {
	url := flag.String("database-url", os.Getenv("DATABASE_URL"), "URL of a Postgres server; empty: an own one")
	rounds := flag.Int("rounds", 5, "rounds; the medians are shown")
	flag.Parse()
	if err := run(context.Background(), *url, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "forms:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url string, rounds int) (err error) {
	db, err := dataset.Open(ctx, url, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if db.Postmaster() == 0 {
		return errors.New("the server's CPU time can't be read: it must run on this machine")
	}
	fmt.Printf("Postgres %s, microseconds of CPU time per statement: client / Postgres\n", db.Version)
	tables := []struct {
		name  string
		forms []form
	}{
		{"users by id (unique), two columns", forms(usersUnnest, usersAny)},
		{"posts by author_id (5 each), two columns", append(forms(postsUnnest, postsAny),
			form{name: "lateral LIMIT 5, binary", sql: postsTop5, binaryKeys: true, binaryKey: true})},
	}
	for _, t := range tables {
		fmt.Printf("\n| %s |", t.name)
		for _, n := range sizes {
			fmt.Printf(" %d keys |", n)
		}
		fmt.Println("\n|---|---|---|---|---|")
		if err := table(ctx, db, t.forms, rounds); err != nil {
			return err
		}
	}
	return nil
}

var sizes = []int{1, 10, 100, 1000}

func table(ctx context.Context, db *dataset.Database, forms []form, rounds int) error {
	costs := make([][][]cost, len(forms)) // by form, size, round
	runners := make([]*runner, len(forms))
	for i, f := range forms {
		r, err := newRunner(ctx, db, f)
		if err != nil {
			return err
		}
		defer r.close(ctx)
		runners[i], costs[i] = r, make([][]cost, len(sizes))
	}
	for range rounds {
		for s, n := range sizes {
			for i, r := range runners {
				c, err := r.measure(ctx, n, max(40, 40_000/(n+20)))
				if err != nil {
					return fmt.Errorf("%s: %w", r.form.name, err)
				}
				costs[i][s] = append(costs[i][s], c)
			}
		}
	}
	for i, f := range forms {
		fmt.Printf("| %s |", f.name)
		for s := range sizes {
			client := median(costs[i][s], func(c cost) time.Duration { return c.client })
			postgres := median(costs[i][s], func(c cost) time.Duration { return c.postgres })
			fmt.Printf(" %d / %d |", client.Microseconds(), postgres.Microseconds())
		}
		fmt.Println()
	}
	return nil
}

type cost struct{ client, postgres time.Duration }

func median(costs []cost, of func(cost) time.Duration) time.Duration {
	var all []time.Duration
	for _, c := range costs {
		all = append(all, of(c))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// runner holds a connection with the form's statement prepared.
type runner struct {
	form    form
	conn    *pgx.Conn
	stmt    *pgconn.StatementDescription
	results []int16
	keys    []int64
	scratch []byte
	slots   []int32
	byKey   map[int64]int32
	out     []byte
}

func newRunner(ctx context.Context, db *dataset.Database, f form) (*runner, error) {
	conn, err := pgx.Connect(ctx, db.URL)
	if err != nil {
		return nil, err
	}
	if f.settings != "" {
		if _, err := conn.Exec(ctx, f.settings); err != nil {
			return nil, err
		}
	}
	r := &runner{form: f, conn: conn, results: []int16{0, 0, 0}, byKey: map[int64]int32{}}
	if f.binaryKey {
		r.results[0] = 1
	}
	r.stmt, err = conn.PgConn().Prepare(ctx, "rows", f.sql, nil)
	return r, err
}

func (r *runner) close(ctx context.Context) { _ = r.conn.Close(ctx) }

func (r *runner) measure(ctx context.Context, n, times int) (cost, error) {
	random := rand.New(rand.NewPCG(uint64(n), 1))
	if err := r.repeat(ctx, random, n, times/10+10); err != nil {
		return cost{}, err
	}
	before, err := r.spent()
	if err != nil {
		return cost{}, err
	}
	if err := r.repeat(ctx, random, n, times); err != nil {
		return cost{}, err
	}
	after, err := r.spent()
	return cost{(after.client - before.client) / time.Duration(times), (after.postgres - before.postgres) / time.Duration(times)}, err
}

func (r *runner) repeat(ctx context.Context, random *rand.Rand, n, times int) error {
	for range times {
		r.keys = r.keys[:0]
		for range n {
			r.keys = append(r.keys, 1+random.Int64N(dataset.Users))
		}
		if r.form.sorted {
			slices.Sort(r.keys)
		}
		rows, err := r.query(ctx)
		if err == nil && rows < n*9/10 {
			err = fmt.Errorf("%d rows for %d keys", rows, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// query sends the statement, copies the values and finds for each row the key it belongs to.
func (r *runner) query(ctx context.Context) (rows int, err error) {
	r.prepareKeys()
	formats := []int16{0}
	if r.form.binaryKeys {
		formats[0] = 1
	}
	var result *pgconn.ResultReader
	if r.form.describe {
		result = r.conn.PgConn().ExecPrepared(ctx, "rows", [][]byte{r.scratch}, formats, r.results)
	} else {
		result = r.conn.PgConn().ExecStatement(ctx, r.stmt, [][]byte{r.scratch}, formats, r.results)
	}
	r.out = r.out[:0]
	for result.NextRow() {
		values := result.Values()
		r.slots[r.slot(values[0])]++
		for _, v := range values[1:] {
			r.out = append(r.out, v...)
		}
		rows++
	}
	_, err = result.Close()
	return rows, err
}

func (r *runner) slot(value []byte) int32 {
	var n int64
	if r.form.binaryKey {
		n = int64(binary.BigEndian.Uint64(value))
	} else {
		n, _ = strconv.ParseInt(string(value), 10, 64)
	}
	if r.form.matchByKey {
		return r.byKey[n]
	}
	return int32(n - 1)
}

func (r *runner) prepareKeys() {
	r.slots = append(r.slots[:0], make([]int32, len(r.keys))...)
	if r.form.matchByKey {
		clear(r.byKey)
		for i, k := range r.keys {
			r.byKey[k] = int32(i)
		}
	}
	if r.form.binaryKeys {
		r.scratch = appendBinary(r.scratch[:0], r.keys)
		return
	}
	r.scratch = append(r.scratch[:0], '{')
	for i, k := range r.keys {
		if i > 0 {
			r.scratch = append(r.scratch, ',')
		}
		r.scratch = strconv.AppendInt(r.scratch, k, 10)
	}
	r.scratch = append(r.scratch, '}')
}

// appendBinary writes an array of int8 as Postgres' array_recv reads it.
func appendBinary(dst []byte, keys []int64) []byte {
	const int8OID = 20
	for _, n := range []uint32{1, 0, int8OID, uint32(len(keys)), 1} { // dimensions, nulls, type, length, lower bound
		dst = binary.BigEndian.AppendUint32(dst, n)
	}
	for _, k := range keys {
		dst = binary.BigEndian.AppendUint32(dst, 8)
		dst = binary.BigEndian.AppendUint64(dst, uint64(k))
	}
	return dst
}

// spent is the CPU time of this process and of Postgres' so far.
func (r *runner) spent() (cost, error) {
	client, err := proc.CPU(os.Getpid())
	if err != nil {
		return cost{}, err
	}
	postgres, err := proc.CPU(int(r.conn.PgConn().PID()))
	return cost{client, postgres}, err
}
