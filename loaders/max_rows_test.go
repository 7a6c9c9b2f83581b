package loaders_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// TestMaxRows gives key i of a table i rows, and lets a key have three.
func TestMaxRows(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, `
		create table things (id int primary key, owner int);
		insert into things select 10 * o + i, o from generate_series(1, 6) o, generate_series(1, o) i order by i, o`)
	tooMany := `error: more than 3 rows: ask for fewer with "limit" or "where"`
	id := d.columns("things", "id")
	one, ten := int64(1), int64(10)
	for _, test := range []struct {
		name    string
		query   *loaders.Query
		columns []string
		keys    []string
		maxKeys int
		want    []string
	}{
		{name: "joined", columns: []string{"owner"}, keys: []string{"6", "2", "3", "4", "9"}, want: []string{tooMany, "2 rows", "3 rows", tooMany, "0 rows"}},
		{name: "in several statements", columns: []string{"owner"}, keys: []string{"5", "1", "4", "6", "3"}, maxKeys: 2, want: []string{tooMany, "1 rows", tooMany, tooMany, "3 rows"}},
		{name: "fewer in all", columns: []string{"owner"}, keys: []string{"3"}, want: []string{"3 rows"}},
		{name: "ordered", query: &loaders.Query{OrderBy: []loaders.Order{{Column: id[0]}}}, columns: []string{"owner"}, keys: []string{"6", "3"}, want: []string{tooMany, "3 rows"}},
		{name: "filtered", query: &loaders.Query{Where: d.comparison(t, "things", "id", "_lt", "63")}, columns: []string{"owner"}, keys: []string{"6", "5", "3"}, want: []string{"2 rows", tooMany, "3 rows"}},
		{name: "limited to less", query: &loaders.Query{Limit: &one}, columns: []string{"owner"}, keys: []string{"6", "3"}, want: []string{"1 rows", "1 rows"}},
		{name: "limited to more", query: &loaders.Query{Limit: &ten, Offset: 2}, columns: []string{"owner"}, keys: []string{"6", "5"}, want: []string{tooMany, "3 rows"}},
		{name: "whole table", keys: []string{""}, want: []string{tooMany}},
		{name: "whole table, filtered", query: &loaders.Query{Where: d.comparison(t, "things", "owner", "_eq", "3")}, keys: []string{""}, want: []string{"3 rows"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := d.relationship(metadata.ArrayRelationship, "things", test.columns...)
			r.MaxRows = 3
			s := loaders.NewStatement(r, id, test.query)
			for range 2 { // memory is used again
				l := loaders.New(loaders.Session{}, loaders.Options{MaxKeys: test.maxKeys})
				got := load(t, l, s, test.keys...)
				l.Release()
				for i := range got {
					if !strings.HasPrefix(got[i], "error") {
						got[i] = fmt.Sprint(strings.Count(got[i], ";"), " rows")
					}
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("-want +got:\n%s\n%s", diff, s.SQL())
				}
			}
		})
	}
}

// TestMaxRowsAfterRetry reads the keys again in halves, since one of them is refused: what was dropped before counts no more.
func TestMaxRowsAfterRetry(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, `create table things (id numeric); insert into things select 1 + i % 2 from generate_series(1, 6) i`)
	r := d.relationship(metadata.ArrayRelationship, "things", "id")
	r.MaxRows = 3
	s := loaders.NewStatement(r, []*catalog.Column{r.Columns[0]}, nil)
	want := []string{"1;1;1;", "2;2;2;", "error: invalid input syntax for type numeric", ""}
	if diff := cmp.Diff(want, load(t, loaders.New(loaders.Session{}, loaders.Options{}), s, "1", "2", `"x"`, "3")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
