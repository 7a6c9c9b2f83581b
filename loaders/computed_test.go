package loaders_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

const computedFields = `
	create table things (id numeric, name text);
	insert into things values (1, 'a'), (2, '22'), (3, null);
	create function shout(t things) returns text language sql as $$ select upper(t.name) $$;
	create function strict_number(t things) returns int language plpgsql as $$ begin return t.name::int; end $$;
	create function says(first int default 1, session json default null, "T.x" things default null) returns text
		language sql as $$ select first || "T.x".name || (session ->> 'x-hasura-user-id') $$`

func (d *database) computed(name string, row, session int) *catalog.Column {
	f := d.catalog.Functions[catalog.Name{Schema: "public", Name: name}][0]
	return &catalog.Column{Name: name, Type: f.Returns, Computed: &catalog.Call{Function: f, Row: row, Session: session}}
}

func TestComputed(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, computedFields)
	says, shout := d.computed("says", 2, 1), d.computed("shout", 0, catalog.NoArgument)
	first := int64(1)
	s := loaders.NewStatement(
		d.relationship(metadata.ArrayRelationship, "things"), []*catalog.Column{says, shout},
		&loaders.Query{OrderBy: []loaders.Order{{Column: says, Desc: true, Nulls: loaders.NullsLast}}, Where: loaders.Not{Filter: loaders.IsNull{Column: shout}}, Limit: &first},
	)
	session := loaders.Session{Variables: map[string]string{"x-hasura-user-id": `"7"`}}
	want := []string{`"1a\"7\"";`}
	for range 2 {
		if diff := cmp.Diff(want, load(t, loaders.New(session, loaders.Options{}), s, "")); diff != "" {
			t.Errorf("-want +got:\n%s\n%s", diff, s.SQL())
		}
	}
	want = []string{`;`}
	if diff := cmp.Diff(want, load(t, loaders.New(loaders.Session{}, loaders.Options{}), s, "")); diff != "" {
		t.Errorf("without a session: -want +got:\n%s\n%s", diff, s.SQL())
	}
}

// TestComputedFails tells a key that Postgres refuses from a value that a function doesn't.
func TestComputedFails(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, computedFields)
	s := loaders.NewStatement(d.relationship(metadata.ArrayRelationship, "things", "id"), []*catalog.Column{d.computed("strict_number", 0, catalog.NoArgument)}, nil)
	if diff := cmp.Diff([]string{`22;`, `error: invalid input syntax for type numeric`, `;`}, load(t, loaders.New(loaders.Session{}, loaders.Options{}), s, `2`, `"x"`, `3`)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	l := loaders.New(loaders.Session{}, loaders.Options{})
	a := ask(t, l, s, `1`, `2`)
	l.Flush()
	var failed *loaders.DatabaseError
	if _, err := a.thunk(); !errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
}
