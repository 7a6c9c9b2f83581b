package entities

import (
	"fmt"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// Role is what callers of a role may call and see. It does not change.
type Role struct {
	Name    string // "" where the metadata doesn't know the role
	admin   bool
	actions map[string]bool
	selects map[*Type]*permission

	redactions map[*catalog.Column]loaders.Redaction // of an inherited role: what its permissions' redacted columns are
}

// Role returns the role called name. All roles that the metadata doesn't know are one, which may do nothing: their names
// come from outside and must not fill a cache.
func (m *Model) Role(name string) *Role {
	if r := m.roles[name]; r != nil {
		return r
	}
	return m.nobody
}

// permission is what a role may see of a table's rows.
type permission struct {
	all          bool                                // the admin's
	columns      map[*catalog.Column]*catalog.Column // by column: what is read for it, itself or a redaction of it
	filter       loaders.Filter                      // nil means all rows
	limit        *int64                              // of the rows that one parent, or one field of Query, gives; nil means none
	aggregations bool
	roots        []string // the fields of Query by Hasura's keys, such as select; nil means all
}

// unlimited is the admin's permission.
var unlimited = &permission{all: true, aggregations: true}

// of is nil where the role has no permission on the table.
func (r *Role) of(t *Type) *permission {
	switch p := r.selects[t]; {
	case r.admin:
		return unlimited
	case p == nil && t.guarded:
		return unlimited // by the metadata: the database's own rules are what limits the role
	default:
		return p
	}
}

// Varies reports whether what a role reads from tables can depend on more than the role: on who asks. It can where its
// permissions filter rows, where the database guards them, and where computed fields take the session.
func (m *Model) Varies(r *Role) bool {
	if len(r.redactions) > 0 {
		return true
	}
	for _, t := range m.Types {
		if p := r.of(t); p != nil && p.filter != nil || t.Table != nil && t.Source.RowSecurity {
			return true
		}
		for _, f := range t.Fields {
			if f.Column != nil && f.Column.Computed != nil && f.Column.Computed.Session != catalog.NoArgument {
				return true
			}
		}
	}
	return false
}

// PermissionError says that the role may not have what it asked for. Its text is meant for the client.
type PermissionError struct {
	Place  string // within the arguments, such as "where.email"; "" for the field itself
	Reason string
}

// Error is the place, if there is one, and the reason.
func (e *PermissionError) Error() string {
	if e.Place == "" {
		return e.Reason
	}
	return e.Place + ": " + e.Reason
}

func (r *Role) denied(format string, args ...any) *PermissionError {
	who := " is not permitted to this role"
	if r.Name != "" {
		who = fmt.Sprintf(" is not permitted to the role %q", r.Name)
	}
	return &PermissionError{Reason: fmt.Sprintf(format, args...) + who}
}

// Action returns the error of calling an action, which is nil where the role may.
func (r *Role) Action(typeName, action string) error {
	if r.admin || r.actions[action] {
		return nil
	}
	return r.denied("field %q of type %q", action, typeName)
}

// field returns the error of selecting a field of a type, which is nil where the role may. Fields of outputs may be
// selected by whoever reaches the output.
func (r *Role) field(t *Type, f *Field) error {
	if r.admin || f == nil || f.External || f.Relationship == nil && f.Resolver == nil && t.Table == nil {
		return nil
	}
	if r.Sees(t, f) {
		return nil
	}
	return r.denied("field %q of type %q", f.Name, t.Name)
}

// Sees reports whether the role may select a table's column, or follow a relationship, of a type. The columns that a
// relationship compares need no permission (hasura-actions.md section 7.2). A plain field of an output is seen by whoever
// may call the action: it isn't asked for here.
func (r *Role) Sees(t *Type, f *Field) bool {
	if f.Resolver != nil {
		return r.resolves(t, f.Resolver)
	}
	if f.Relationship == nil {
		p := r.of(t)
		return p != nil && p.column(f.Column)
	}
	target := r.of(f.Object)
	switch {
	case target == nil, f.Aggregate && !target.aggregations, f.root != "" && !target.root(f.root):
		return false
	case len(f.Arguments) > 0: // a row by its key: to ask for a key is to filter by it
		return !slices.ContainsFunc(f.Relationship.join.Columns, func(c *catalog.Column) bool { return !target.column(c) })
	}
	return true
}

// resolves reports whether the role may have what a resolver gives: it may call the action, and see the columns that
// the value is made of.
func (r *Role) resolves(t *Type, s *Resolver) bool {
	if s.remote != nil && !r.admin && !s.remote.Visible(r.Name) {
		return false
	}
	if s.action != nil && !r.actions[s.action.Name] {
		return false
	}
	p := r.of(t)
	return !slices.ContainsFunc(s.given, func(g given) bool { return g.column != nil && (p == nil || !p.column(g.column)) })
}

func (p *permission) column(c *catalog.Column) bool { return p.all || p.columns[c] != nil }

// column is what is read for a column that the role may see.
func (r *Role) column(t *Type, c *catalog.Column) *catalog.Column {
	if p := r.of(t); !p.all {
		return p.columns[c]
	}
	return c
}

func (p *permission) root(key string) bool { return p.roots == nil || slices.Contains(p.roots, key) }

// key returns the error of looking a row up by a key, which is nil where the role may: to ask for a key is to filter by
// its columns. Of a nested key these are the table's own columns, which its relationships compare.
func (r *Role) key(t *Type, k *Key) error {
	p := r.of(t)
	if p == nil {
		return r.denied("type %q", t.Name)
	}
	for i, c := range k.lookup.Columns {
		if !p.column(c) {
			return r.denied("key field %q of type %q", strings.Join(k.Fields.paths()[i], "."), t.Name)
		}
	}
	return nil
}

// narrow leaves of a load's query only rows that the role may see; of an array's, no more than its limit. Aggregates are
// of all rows: the limit is on the rows that are shown, as in Hasura.
func (r *Role) narrow(l *load, q *loaders.Query) *loaders.Query {
	p := r.of(l.target)
	if p.all && len(r.redactions) == 0 {
		return q
	}
	out := &loaders.Query{}
	if q != nil {
		*out = *q
	}
	if isArray := l.relationship.Type == metadata.ArrayRelationship; isArray && !l.aggregate && p.limit != nil && (out.Limit == nil || *out.Limit > *p.limit) {
		out.Limit = p.limit
	}
	out.Redactions = r.redactions
	conditions := loaders.And{}
	if p.filter != nil {
		conditions = append(conditions, p.filter)
	}
	if l.byKey {
		conditions = append(conditions, r.visible(l)...)
	}
	if out.Where != nil {
		conditions = append(conditions, out.Where)
	}
	switch len(conditions) {
	case 0:
	case 1:
		out.Where = conditions[0]
	default:
		out.Where = conditions
	}
	return out
}

// visible are the conditions under which a key's columns can be seen: a row isn't found by what isn't.
func (r *Role) visible(l *load) (conditions []loaders.Filter) {
	for _, c := range l.relationship.Columns {
		if redaction, ok := r.redactions[r.column(l.target, c)]; ok {
			conditions = append(conditions, redaction.Visible)
		}
	}
	return conditions
}
