package catalog_test

import (
	"testing"

	"github.com/joinery-graphql/joinery/catalog"
)

func TestName(t *testing.T) {
	n := catalog.Name{Schema: "My Schema", Name: `a "b"`}
	if got, want := n.String(), `My Schema.a "b"`; got != want {
		t.Errorf("String: got %s, want %s", got, want)
	}
	if got, want := n.Quoted(), `"My Schema"."a ""b"""`; got != want {
		t.Errorf("Quoted: got %s, want %s", got, want)
	}
}

func TestColumn(t *testing.T) {
	table := catalog.Table{Columns: []*catalog.Column{{Name: "id"}, {Name: "Id"}}}
	if got := table.Column("Id"); got != table.Columns[1] {
		t.Errorf("got %v", got)
	}
	if got := table.Column("ID"); got != nil {
		t.Errorf("got %v, want nil", got)
	}
}

func TestHasIndex(t *testing.T) {
	table := catalog.Table{Indexes: []catalog.Index{{Name: "abc", Columns: []string{"a", "b", "c"}}, {Name: "d", Columns: []string{"d"}}}}
	tests := map[string]struct {
		columns []string
		want    bool
	}{
		"first":              {[]string{"a"}, true},
		"not_first":          {[]string{"b"}, false},
		"two":                {[]string{"a", "b"}, true},
		"two_in_other_order": {[]string{"b", "a"}, true},
		"gap":                {[]string{"a", "c"}, false},
		"all":                {[]string{"c", "a", "b"}, true},
		"more_than_indexed":  {[]string{"d", "a"}, false},
		"twice_the_same":     {[]string{"d", "d"}, true},
		"unknown":            {[]string{"e"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := table.HasIndex(test.columns...); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
