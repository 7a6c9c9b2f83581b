package loaders_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// comparison makes a filter as a client's where would.
func (d *database) comparison(t testing.TB, table, column, operator, json string) loaders.Comparison {
	t.Helper()
	c := d.columns(table, column)[0]
	v, err := loaders.NewValue(c.Type, false, loaders.Operator(operator), []byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return loaders.Comparison{Column: c, Operator: loaders.Operator(operator), Value: v}
}

func limit(n int64) *int64 { return &n }

func TestQuery(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts+`
		create extension citext;
		create table things (id int primary key, user_id bigint, n numeric, words text[], doc jsonb, mail citext, day date, mood text);
		insert into things select i, i % 3, i * 1.5, array['w' || i, 'all'], jsonb_build_object('n', i, 'odd', i % 2 = 1), 'Mail' || i, date '2020-01-01' + i,
			case when i % 4 = 0 then null else 'm' || (i % 4) end from generate_series(1, 12) i;`)
	users := d.catalog.Tables[d.relationship(metadata.ObjectRelationship, "users", "id").Table.Name]
	owner := loaders.Target{Table: users, Own: d.columns("things", "user_id"), Remote: d.columns("users", "id")}
	things := loaders.Target{Table: d.relationship(metadata.ObjectRelationship, "things", "id").Table, Own: d.columns("users", "id"), Remote: d.columns("things", "user_id")}
	compare := func(column, operator, json string) loaders.Filter {
		return d.comparison(t, "things", column, operator, json)
	}
	byID := []loaders.Order{{Column: d.columns("things", "id")[0]}}
	for _, test := range []struct {
		name  string
		query loaders.Query
		want  []string // of the keys 1 and 2
	}{
		{"all", loaders.Query{OrderBy: byID}, []string{`1;4;7;10;`, `2;5;8;11;`}},
		{"limit and offset are per key", loaders.Query{OrderBy: byID, Limit: limit(2), Offset: 1}, []string{`4;7;`, `5;8;`}},
		{"limit 0", loaders.Query{Limit: limit(0)}, []string{``, ``}},
		{"descending", loaders.Query{OrderBy: []loaders.Order{{Column: byID[0].Column, Desc: true}}}, []string{`10;7;4;1;`, `11;8;5;2;`}},
		{"nulls first", loaders.Query{OrderBy: []loaders.Order{{Column: d.columns("things", "mood")[0], Nulls: loaders.NullsFirst}, byID[0]}}, []string{`4;1;10;7;`, `8;5;2;11;`}},
		{"order through a relationship", loaders.Query{OrderBy: []loaders.Order{{Path: []loaders.Target{owner}, Column: d.columns("users", "name")[0]}, byID[0]}}, []string{`1;4;7;10;`, `2;5;8;11;`}},
		{
			"order by an aggregate",
			loaders.Query{OrderBy: []loaders.Order{{Path: []loaders.Target{owner, things}, Aggregate: &loaders.Aggregate{Function: "count"}}, {Column: byID[0].Column, Desc: true}}},
			[]string{`10;7;4;1;`, `11;8;5;2;`},
		},
		{"distinct on", loaders.Query{DistinctOn: d.columns("things", "mood"), OrderBy: []loaders.Order{{Column: d.columns("things", "mood")[0]}, byID[0]}}, []string{`1;10;7;4;`, `5;2;11;8;`}},
		{"_eq", loaders.Query{Where: compare("id", "_eq", `4`)}, []string{`4;`, ``}},
		{"_neq and", loaders.Query{Where: loaders.And{compare("id", "_neq", `4`), compare("n", "_lt", `10`)}, OrderBy: byID}, []string{`1;`, `2;5;`}},
		{"or not", loaders.Query{Where: loaders.Or{loaders.Not{Filter: compare("id", "_gte", `3`)}, compare("id", "_gt", `10`)}, OrderBy: byID}, []string{`1;`, `2;11;`}},
		{"empty and, empty or", loaders.Query{Where: loaders.And{loaders.And{}, loaders.Not{Filter: loaders.Or{}}}, OrderBy: byID}, []string{`1;4;7;10;`, `2;5;8;11;`}},
		{"_in", loaders.Query{Where: compare("id", "_in", `[1, 5, 10, "4"]`), OrderBy: byID}, []string{`1;4;10;`, `5;`}},
		{"_in nothing", loaders.Query{Where: compare("id", "_in", `[]`)}, []string{``, ``}},
		{"_nin", loaders.Query{Where: compare("id", "_nin", `[1, 2]`), OrderBy: byID}, []string{`4;7;10;`, `5;8;11;`}},
		{"is null", loaders.Query{Where: loaders.IsNull{Column: d.columns("things", "mood")[0]}}, []string{`4;`, `8;`}},
		{"_like", loaders.Query{Where: compare("mood", "_like", `"m_"`), OrderBy: byID}, []string{`1;7;10;`, `2;5;11;`}},
		{"_ilike", loaders.Query{Where: compare("mood", "_ilike", `"M1"`)}, []string{`1;`, `5;`}},
		{"_similar", loaders.Query{Where: compare("mood", "_similar", `"m(1|2)"`), OrderBy: byID}, []string{`1;10;`, `2;5;`}},
		{"_iregex", loaders.Query{Where: compare("mood", "_iregex", `"^M[13]$"`), OrderBy: byID}, []string{`1;7;`, `5;11;`}},
		{"citext ignores case", loaders.Query{Where: compare("mail", "_eq", `"mAIL7"`)}, []string{`7;`, ``}},
		{"citext in a list", loaders.Query{Where: compare("mail", "_in", `["MAIL1", "mail2"]`)}, []string{`1;`, `2;`}},
		{"jsonb _contains", loaders.Query{Where: compare("doc", "_contains", `{"odd": true}`), OrderBy: byID}, []string{`1;7;`, `5;11;`}},
		{"jsonb _contained_in", loaders.Query{Where: compare("doc", "_contained_in", `{"n": 1, "odd": true}`)}, []string{`1;`, ``}},
		{"jsonb _has_key", loaders.Query{Where: compare("doc", "_has_key", `"n"`), OrderBy: byID}, []string{`1;4;7;10;`, `2;5;8;11;`}},
		{"jsonb _has_keys_all", loaders.Query{Where: compare("doc", "_has_keys_all", `["n", "x"]`)}, []string{``, ``}},
		{"jsonb _eq", loaders.Query{Where: compare("doc", "_eq", `{"odd": false, "n": 2}`)}, []string{``, `2;`}},
		{"array _contains", loaders.Query{Where: compare("words", "_contains", `["w4"]`)}, []string{`4;`, ``}},
		{"array _eq", loaders.Query{Where: compare("words", "_eq", `["w5", "all"]`)}, []string{``, `5;`}},
		{"exists", loaders.Query{Where: loaders.Exists{Target: owner, Where: d.comparison(t, "users", "name", "_eq", `"u2"`)}, OrderBy: byID}, []string{``, `2;5;8;11;`}},
		{
			"exists within exists",
			loaders.Query{Where: loaders.Exists{Target: owner, Where: loaders.Exists{Target: things, Where: compare("id", "_eq", `10`)}}, OrderBy: byID},
			[]string{`1;4;7;10;`, ``},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := d.relationship(metadata.ArrayRelationship, "things", "user_id")
			s := loaders.NewStatement(r, d.columns("things", "id"), &test.query)
			if diff := cmp.Diff(test.want, load(t, loaders.New(loaders.Session{}, loaders.Options{}), s, `1`, `2`)); diff != "" {
				t.Errorf("-want +got:\n%s\n%s", diff, s.SQL())
			}
		})
	}
}

func TestAggregate(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	r := d.relationship(metadata.ArrayRelationship, "posts", "user_id")
	column := d.columns("posts", "id")
	for _, test := range []struct {
		name      string
		aggregate loaders.Aggregate
		query     loaders.Query
		want      []string // of the keys 1 and 77
	}{
		{"count", loaders.Aggregate{Function: "count"}, loaders.Query{}, []string{`3;`, `0;`}},
		{"count of the rows that a limit leaves", loaders.Aggregate{Function: "count"}, loaders.Query{Limit: limit(2)}, []string{`2;`, `0;`}},
		{"count distinct of columns", loaders.Aggregate{Function: "count", Columns: d.columns("posts", "user_id", "title"), Distinct: true}, loaders.Query{}, []string{`3;`, `0;`}},
		{"sum", loaders.Aggregate{Function: "sum", Columns: column}, loaders.Query{}, []string{`33;`, `;`}},
		{"avg", loaders.Aggregate{Function: "avg", Columns: column}, loaders.Query{}, []string{`11.0000000000000000;`, `;`}},
		{"max of text", loaders.Aggregate{Function: "max", Columns: d.columns("posts", "title")}, loaders.Query{}, []string{`"p21";`, `;`}},
		{
			"of ordered and limited rows",
			loaders.Aggregate{Function: "sum", Columns: column},
			loaders.Query{OrderBy: []loaders.Order{{Column: column[0], Desc: true}}, Limit: limit(2)},
			[]string{`32;`, `;`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := loaders.NewAggregateStatement(r, []loaders.Aggregate{test.aggregate}, &test.query)
			if diff := cmp.Diff(test.want, load(t, loaders.New(loaders.Session{}, loaders.Options{}), s, `1`, `77`)); diff != "" {
				t.Errorf("-want +got:\n%s\n%s", diff, s.SQL())
			}
		})
	}
}

// TestWholeTable reads through a relationship without columns: all rows belong to its one key.
func TestWholeTable(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	r := d.relationship(metadata.ArrayRelationship, "posts")
	id := d.columns("posts", "id")
	s := loaders.NewStatement(r, id, &loaders.Query{OrderBy: []loaders.Order{{Column: id[0], Desc: true}}, Limit: limit(3)})
	if got := load(t, loaders.New(loaders.Session{}, loaders.Options{}), s, ``); got[0] != `30;29;28;` {
		t.Errorf("got %s\n%s", got[0], s.SQL())
	}
}

// TestInvalidValue refuses what can't be a value of the column's type, before or after Postgres saw it.
func TestInvalidValue(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, usersAndPosts)
	for _, v := range []struct{ column, operator, json, want string }{
		{"id", "_eq", `"x"`, "invalid input syntax for type bigint"},
		{"id", "_in", `[1, {}]`, "invalid input syntax for type bigint"},
		{"name", "_eq", `[1]`, "invalid input syntax for type text"},
	} {
		_, err := loaders.NewValue(d.columns("users", v.column)[0].Type, false, loaders.Operator(v.operator), []byte(v.json))
		if err == nil || err.Error() != v.want {
			t.Errorf("%s %s %s: got %v, want %s", v.column, v.operator, v.json, err, v.want)
		}
	}
	s := loaders.NewStatement(d.relationship(metadata.ArrayRelationship, "users", "id"), d.columns("users", "id"),
		&loaders.Query{Where: d.comparison(t, "users", "name", "_regex", `"("`)})
	l := loaders.New(loaders.Session{}, loaders.Options{})
	a := ask(t, l, s, `1`, `2`)
	l.Flush()
	_, err := a.thunk()
	if err == nil || !strings.Contains(err.Error(), loaders.ErrInvalidArgument.Error()) {
		t.Errorf("got %v", err)
	}
	if n := d.counter.Count(); n != 1 {
		t.Errorf("%d statements, want 1", n)
	}
}
