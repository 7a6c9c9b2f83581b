package catalog_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/internal/pgtest"
)

var update = flag.Bool("update", false, "rewrite testdata/nasty.golden")

func read(t *testing.T, conn catalog.Querier) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Read(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A schema with everything in it, on the server at hand and on the oldest and newest supported.
func TestRead(t *testing.T) {
	t.Parallel()
	servers := map[string]func(t *testing.T) *pgtest.DB{
		"server": func(t *testing.T) *pgtest.DB { return pgtest.New(t) },
		"13":     func(t *testing.T) *pgtest.DB { return pgtest.Version(t, 13) },
		"15":     func(t *testing.T) *pgtest.DB { return pgtest.Version(t, 15) },
		"17":     func(t *testing.T) *pgtest.DB { return pgtest.Version(t, 17) },
	}
	for name, server := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := server(t)
			db.ExecFile(t, "testdata/nasty.sql")
			c := read(t, db.Conn(t))
			if name != "server" && fmt.Sprint(c.Version/10000) != name {
				t.Errorf("got version %d", c.Version)
			}
			got := dump(c)
			if *update && name == "server" {
				if err := os.WriteFile("testdata/nasty.golden", []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile("testdata/nasty.golden")
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got (rewrite with -update)\n%s", diff)
			}
		})
	}
}

// dump writes a catalog as text, all but numbers that differ between databases.
func dump(c *catalog.Catalog) string {
	var b strings.Builder
	byName := func(a, b catalog.Name) int { return cmp.Compare(a.String(), b.String()) }
	for _, name := range slices.SortedFunc(maps.Keys(c.Tables), byName) {
		t := c.Tables[name]
		fmt.Fprintf(&b, "%s %s %q\n", t.Kind, t.Name.Quoted(), t.Comment)
		for _, column := range t.Columns {
			fmt.Fprintf(&b, "\t%q %s%s\n", column.Name, dumpType(column.Type), dumpColumn(column))
		}
		dumpKeys(&b, t)
	}
	for _, name := range slices.SortedFunc(maps.Keys(c.Enums), byName) {
		e := c.Enums[name]
		fmt.Fprintf(&b, "enum %s %q %q\n", e.Name.Quoted(), e.Labels, e.Comment)
	}
	for _, name := range slices.SortedFunc(maps.Keys(c.Functions), byName) {
		if name.Schema != "public" { // citext has many there
			dumpFunctions(&b, c.Functions[name])
		}
	}
	return b.String()
}

func dumpFunctions(b *strings.Builder, functions []*catalog.Function) {
	for _, f := range functions {
		fmt.Fprintf(b, "function %s %q\n", f.Name.Quoted(), f.Comment)
		for _, a := range f.Arguments {
			fmt.Fprintf(b, "\targument %q %s%s\n", a.Name, dumpType(a.Type), map[bool]string{true: ", default"}[a.HasDefault])
		}
		fmt.Fprintf(b, "\treturns %s%s\n", map[bool]string{true: "set of "}[f.ReturnsSet], dumpType(f.Returns))
	}
}

func dumpType(t catalog.Type) string {
	s := t.Name.Quoted()
	if t.Array {
		s += "[]"
	}
	s += fmt.Sprintf(" (%s %c)", t.Kind, t.Category)
	if t.Base != t.Name || t.BaseArray || t.BaseKind != t.Kind {
		s += " over " + t.Base.Quoted()
		if t.BaseArray {
			s += "[]"
		}
		s += fmt.Sprintf(" (%s)", t.BaseKind)
	}
	return s
}

func dumpColumn(c *catalog.Column) string {
	var s string
	for _, flag := range []struct {
		set  bool
		text string
	}{{c.NotNull, "not null"}, {c.HasDefault, "default"}, {c.Identity, "identity"}, {c.Generated, "generated"}} {
		if flag.set {
			s += ", " + flag.text
		}
	}
	if c.Comment != "" {
		s += fmt.Sprintf(", comment %q", c.Comment)
	}
	return s
}

func dumpKeys(b *strings.Builder, t *catalog.Table) {
	if t.PrimaryKey != nil {
		fmt.Fprintf(b, "\tprimary key %q\n", t.PrimaryKey)
	}
	for _, u := range t.Uniques {
		fmt.Fprintf(b, "\tunique %q\n", u)
	}
	for _, k := range t.ForeignKeys {
		fmt.Fprintf(b, "\tforeign key %q: %q to %s %q\n", k.Name, k.Columns, k.Table.Quoted(), k.References)
	}
	for _, i := range t.Indexes {
		fmt.Fprintf(b, "\tindex %s %q\n", i.Name, i.Columns)
	}
}

func TestReadTypeOID(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, "create domain d as text; create table t (a bigint, b bigint[], c d)")
	conn := db.Conn(t)
	table := read(t, conn).Tables[catalog.Name{Schema: "public", Name: "t"}]
	for _, column := range table.Columns {
		var want uint32
		err := conn.QueryRow(t.Context(), "select atttypid from pg_attribute where attrelid = 't'::regclass and attname = $1", column.Name).Scan(&want)
		if err != nil {
			t.Fatal(err)
		}
		if column.Type.OID != want {
			t.Errorf("%s: got OID %d, want %d", column.Name, column.Type.OID, want)
		}
	}
}

func TestReadNullsNotDistinct(t *testing.T) {
	t.Parallel()
	db := pgtest.Version(t, 15)
	db.Exec(t, "create table t (a int unique, b int, unique nulls not distinct (b, a))")
	table := read(t, db.Conn(t)).Tables[catalog.Name{Schema: "public", Name: "t"}]
	if diff := gocmp.Diff([][]string{{"a"}, {"b", "a"}}, table.Uniques); diff != "" {
		t.Errorf("uniques: -want +got\n%s", diff)
	}
	if diff := gocmp.Diff([][]string{{"b", "a"}}, table.NullsNotDistinct); diff != "" {
		t.Errorf("nulls not distinct: -want +got\n%s", diff)
	}
}

// An index that a failed CREATE INDEX CONCURRENTLY leaves is no key.
func TestReadInvalidIndex(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, "create table t (a int); insert into t values (1), (1)")
	conn := db.Conn(t)
	if _, err := conn.Exec(t.Context(), "create unique index concurrently on t (a)"); err == nil {
		t.Fatal("got no error for a unique index over duplicates")
	}
	table := read(t, conn).Tables[catalog.Name{Schema: "public", Name: "t"}]
	if len(table.Uniques)+len(table.Indexes) > 0 {
		t.Errorf("got uniques %q, indexes %q, want none", table.Uniques, table.Indexes)
	}
}

// A role without any right reads the same, unless it may not even connect.
func TestReadUnprivileged(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.ExecFile(t, "testdata/nasty.sql")
	role := pgx.Identifier{db.Name}.Sanitize()
	db.Exec(t, "revoke all on schema public from public; create role "+role)
	conn := db.Conn(t)
	t.Cleanup(func() { // runs before the connection is closed
		if _, err := conn.Exec(context.WithoutCancel(t.Context()), "reset role; drop role "+role); err != nil {
			t.Error(err)
		}
	})
	want := dump(read(t, conn))
	if _, err := conn.Exec(t.Context(), "set role "+role); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "table public.keys"); err == nil {
		t.Fatal("the role has a right to read")
	}
	if diff := gocmp.Diff(want, dump(read(t, conn))); diff != "" {
		t.Errorf("-superuser +role\n%s", diff)
	}
}

// Behind PgBouncer in transaction mode each transaction may have another connection, so nothing may be prepared.
func TestReadPreparesNothing(t *testing.T) {
	t.Parallel()
	conn := pgtest.New(t).Conn(t)
	read(t, conn)
	var prepared int
	if err := conn.QueryRow(t.Context(), "select count(*) from pg_prepared_statements", pgx.QueryExecModeSimpleProtocol).Scan(&prepared); err != nil {
		t.Fatal(err)
	}
	if prepared != 0 {
		t.Errorf("got %d prepared statements", prepared)
	}
}

func TestReadStatements(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var sent pgtest.Counter
	config, err := pgx.ParseConfig(db.URL)
	if err != nil {
		t.Fatal(err)
	}
	config.Tracer = &sent
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))

	read(t, conn)
	got := sent.SQL()
	if first, last := got[0], got[len(got)-1]; first != "begin isolation level repeatable read read only" || last != "rollback" || len(got) != 8 {
		t.Errorf("got %d statements from %q to %q, want six in a read-only transaction", len(got), first, last)
	}
	sent.Reset()
	read(t, querier{conn})
	if sent.Count() != 6 {
		t.Errorf("on a plain Querier: got %d statements, want 6", sent.Count())
	}
}

// querier hides everything but Query.
type querier struct{ conn *pgx.Conn }

func (q querier) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return q.conn.Query(ctx, sql, args...)
}

func TestReadFaults(t *testing.T) {
	t.Parallel()
	conn := pgtest.New(t).Conn(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := catalog.Read(ctx, conn); err == nil || !strings.HasPrefix(err.Error(), "read the database's catalog: ") {
		t.Errorf("with ctx ended: got error %v", err)
	}
	conn.Close(t.Context())
	if _, err := catalog.Read(t.Context(), querier{conn}); err == nil || !strings.HasPrefix(err.Error(), "read the database's catalog: ") {
		t.Errorf("on a closed connection: got error %v", err)
	}
}
