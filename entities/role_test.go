package entities

import (
	"testing"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// TestRoleGuarded has an inherited role reach a table that only the database's rules guard: its columns are themselves,
// and the query still knows the redactions of other tables, which conditions may lead to.
func TestRoleGuarded(t *testing.T) {
	model, _ := handMade(t)
	users := model.Type("users")
	users.guarded = true
	redacted := &catalog.Column{Name: "secret_"}
	role := &Role{redactions: map[*catalog.Column]loaders.Redaction{redacted: {Column: &catalog.Column{Name: "secret"}, Visible: loaders.Or{}}}}
	id := users.Field("id").Column
	if got := role.column(users, id); got != id {
		t.Errorf("got %v", got)
	}
	l := &load{target: users, relationship: users.Keys[0].lookup, byKey: true}
	if q := role.narrow(l, nil); q == nil || q.Where != nil || len(q.Redactions) != 1 {
		t.Errorf("got %+v", q)
	}
}

// TestRoleUnknown has roles that the metadata doesn't know be one, however many names come.
func TestRoleUnknown(t *testing.T) {
	model, _ := handMade(t)
	a, b := model.Role("a"), model.Role("b")
	if a != b || a.Name != "" || a.admin {
		t.Errorf("got %+v and %+v", a, b)
	}
	if err := a.Action("Query", "get"); err == nil {
		t.Error("an unknown role may call an action")
	}
	if model.Role(metadata.AdminRole).Action("Query", "get") != nil {
		t.Error("the admin may not call an action")
	}
}
