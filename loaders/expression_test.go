package loaders_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/loaders"
)

func builtIn(name string) catalog.Type {
	n := catalog.Name{Schema: "pg_catalog", Name: name}
	return catalog.Type{Name: n, Base: n}
}

// expression is one over a price (int4), a "unitWeight" (numeric), a name and JSON.
func (d *database) expression(sql, result string) *loaders.Expression {
	e := &loaders.Expression{Name: "test.value", Source: d.Source, SQL: sql, Type: builtIn(result), Columns: []*catalog.Column{
		{Name: "price", Type: builtIn("int4")},
		{Name: "unitWeight", Type: builtIn("numeric")},
		{Name: "name", Type: builtIn("text")},
		{Name: "size", Type: loaders.JSONB},
	}}
	if result == "jsonb" {
		e.Type = loaders.JSONB
	}
	return e
}

func TestExpression(t *testing.T) {
	d := newDatabase(t, `SELECT 1`)
	cases := []struct {
		sql, result string
		keys        []string
		want        []string
	}{
		{`price * 2`, "int4", []string{`1 2 "a" {}`, `null 2 "a" {}`, `3 2 "a" {}`, `1 2 "a" {}`}, []string{"2;", ";", "6;", "2;"}},
		{`coalesce(price, -1) -- or none`, "int4", []string{`null null null null`}, []string{"-1;"}},
		{
			`"unitWeight" / price`, "numeric",
			[]string{`4 1.0 "" {}`, `0 1 "" {}`, `2 1.0 "" {}`},
			[]string{"0.25000000000000000000;", "error: the expression of test.value can't be computed for these values (SQLSTATE 22012)", "0.50000000000000000000;"},
		},
		{`upper(name)`, "text", []string{`1 1 "a'b\"" {}`, `1 1 "" {}`, `1 1 null {}`}, []string{`"A'B\"";`, `"";`, ";"}},
		{`(size->>'w')::int + (size->'parts'->>0)::int`, "int4", []string{`1 1 "" {"w":3,"parts":[4]}`}, []string{"7;"}},
		{`ARRAY[price, 7]`, "jsonb", []string{`1 1 "" {}`}, []string{"[1, 7];"}},
		{`price`, "int4", []string{`"x" 1 "" {}`, `5 1 "" {}`}, []string{"error: invalid input syntax for type integer", "5;"}},
		{
			`price`, "int4",
			[]string{`1 x "" {}`, `5 1 "" {}`},
			[]string{"error: the expression of test.value can't be computed for these values (SQLSTATE 22P02)", "5;"},
		},
	}
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec} {
		pool := pgtest.New(t).Pool(t, loaders.Configure, func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = mode })
		source := &loaders.Source{Name: "default", Pool: pool}
		for _, c := range cases {
			t.Run(mode.String()+"/"+c.sql, func(t *testing.T) {
				e := d.expression(c.sql, c.result)
				e.Source = source
				got := load(t, loaders.New(loaders.Session{}, loaders.Options{}), loaders.NewExpressionStatement(e), c.keys...)
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
	}
}

// TestExpressionSets has two places ask for one expression: one statement, and each gets its own.
func TestExpressionSets(t *testing.T) {
	d := newDatabase(t, `SELECT 1`)
	s := loaders.NewExpressionStatement(d.expression(`coalesce(price, 9)`, "int4"))
	l := loaders.New(loaders.Session{}, loaders.Options{})
	a, b := ask(t, l, s, `1 1 "" {}`, `null 1 "" {}`), ask(t, l, s, `null 1 "" {}`, `2 1 "" {}`)
	got := [][]string{wait(t, a, l), wait(t, b, l)}
	if diff := cmp.Diff([][]string{{"1;", "9;"}, {"9;", "2;"}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if n := d.counter.Count(); n != 1 {
		t.Errorf("%d statements, want 1", n)
	}
}

// TestExpressionErrors has most values fail: those that were found to be right before Joinery gives up keep theirs.
func TestExpressionErrors(t *testing.T) {
	d := newDatabase(t, `SELECT 1`)
	s := loaders.NewExpressionStatement(d.expression(`7 / price`, "int4"))
	keys := []string{`7 1 "" {}`}
	for i := range 1000 {
		keys = append(keys, fmt.Sprintf(`%d %d "" {}`, i%2, i))
	}
	got := load(t, loaders.New(loaders.Session{}, loaders.Options{}), s, keys...)
	if got[0] != "1;" || !strings.HasPrefix(got[1], "error: ") {
		t.Errorf("got %q", got[:2])
	}
	if n := d.counter.Count(); n > 200 {
		t.Errorf("%d statements", n)
	}
}

func TestCheckExpression(t *testing.T) {
	d := newDatabase(t, `CREATE FUNCTION public.boom() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE 'boom'; END $$`)
	for _, c := range []struct{ sql, result, want string }{
		{`price`, "int4", ""},
		{`price`, "int8", ""},
		{`price`, "text", ""},
		{`ARRAY[price]`, "jsonb", ""},
		{`price`, "bool", "it is of type integer, not boolean: cast it"},
		{`"unitWeight"`, "int4", "it is of type numeric, not integer: cast it"},
		{`unitWeight`, "int4", `column "unitweight" does not exist`},
		{`price +`, "int4", `syntax error at or near ")"`},
		{`price FROM pg_user`, "int4", `syntax error at or near "FROM"`},
		{`1/0`, "int4", "division by zero"},
		{`public.boom()`, "int4", "boom"},
	} {
		got, err := loaders.CheckExpression(t.Context(), d.expression(c.sql, c.result))
		if err != nil || got != c.want {
			t.Errorf("%s as %s: got %q, %v, want %q", c.sql, c.result, got, err, c.want)
		}
	}
}
