package entities

import (
	"fmt"
	"slices"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// addInheritedRoles gives inherited roles what the roles of their sets have. A permission of its own counts instead of
// those of its set. An inherited role may be in the set of another.
func (b *builder) addInheritedRoles() {
	waiting := map[string]metadata.InheritedRole{}
	for _, r := range b.md.InheritedRoles {
		waiting[r.Role] = r
	}
	for _, r := range b.md.InheritedRoles {
		b.inherit(r.Role, waiting, nil)
	}
}

// inherit makes one inherited role, after those of its set. A role that isn't waiting is made already, or has nothing to
// inherit. path is the roles whose sets led to it.
func (b *builder) inherit(name string, waiting map[string]metadata.InheritedRole, path []string) {
	r, ok := waiting[name]
	if !ok {
		return
	}
	item := fmt.Sprintf("inherited role %q", name)
	if slices.Contains(path, name) {
		b.fault(r.Pos, item, "", "the role inherits from itself")
		return
	}
	var parents []*Role
	for _, parent := range r.RoleSet {
		b.inherit(parent, waiting, append(slices.Clone(path), name))
		if parent == metadata.AdminRole {
			b.fault(r.Pos, item, "", "the role %q can't be inherited", metadata.AdminRole)
		} else if p := b.model.roles[parent]; p != nil {
			parents = append(parents, p)
		} else {
			b.warn(r.Pos, item, metadata.DidYouMean(parent, b.model.roleNames()), "the role %q has no permission that could be inherited", parent)
		}
	}
	delete(waiting, name)
	role := b.role(name)
	role.redactions = map[*catalog.Column]loaders.Redaction{}
	for _, p := range parents {
		for action := range p.actions {
			role.actions[action] = true
		}
		for c, redaction := range p.redactions {
			role.redactions[c] = redaction
		}
	}
	for _, t := range b.model.Types {
		if t.Table != nil && role.selects[t] == nil {
			b.combine(t, role, parents)
		}
	}
}

// combine gives a role what any of its parents may see of a table: the rows of all of them, and of a row the columns of
// those that may see the row (Hasura, "Inherited roles"). The limit is the highest.
func (b *builder) combine(t *Type, role *Role, parents []*Role) {
	var all []*permission
	for _, r := range parents {
		if p := r.selects[t]; p != nil {
			all = append(all, p)
		}
	}
	switch len(all) {
	case 0:
		return
	case 1:
		role.selects[t] = all[0]
		return
	}
	out := &permission{columns: map[*catalog.Column]*catalog.Column{}, filter: either(filters(all)), roots: []string{}}
	for _, p := range all {
		if p.limit != nil && (out.limit == nil || *p.limit > *out.limit) {
			out.limit = p.limit
		}
		out.aggregations = out.aggregations || p.aggregations
		if p.roots == nil || out.roots == nil {
			out.roots = nil
		} else {
			out.roots = append(out.roots, p.roots...)
		}
	}
	for _, f := range t.Fields {
		if f.Column != nil {
			b.combineColumn(t, f, role, all, out)
		}
	}
	role.selects[t] = out
}

// combineColumn lets a column through in the rows that one of those who may see it can see. Where not all may see it, it
// can be null whatever the table says.
func (b *builder) combineColumn(t *Type, f *Field, role *Role, all []*permission, out *permission) {
	var visible []loaders.Filter
	seen, always := 0, true
	for _, p := range all {
		switch c := p.columns[f.Column]; c {
		case nil:
		case f.Column:
			visible, seen = append(visible, p.filter), seen+1
		default:
			visible, always, seen = append(visible, role.redactions[c].Visible), false, seen+1
		}
	}
	condition := either(visible)
	switch {
	case seen == 0:
	case condition == nil, always && seen == len(all):
		out.columns[f.Column] = f.Column
	default:
		redacted := *f.Column
		redacted.Name, redacted.Computed = t.freeName(f.Column.Name), nil
		role.redactions[&redacted] = loaders.Redaction{Column: f.Column, Visible: condition}
		out.columns[f.Column] = &redacted
		f.Type.NonNull = false
	}
}

// freeName is a name like the given one that no column or computed field has.
func (t *Type) freeName(name string) string {
	taken := func(f *Field) bool { return f.Column != nil && f.Column.Name == name }
	for t.Table.Column(name) != nil || slices.ContainsFunc(t.Fields, taken) {
		name += "_"
	}
	return name
}

func filters(all []*permission) []loaders.Filter {
	out := make([]loaders.Filter, len(all))
	for i, p := range all {
		out[i] = p.filter
	}
	return out
}

// either is true where one of the filters is; nil, which is always true, where one of them is nil.
func either(filters []loaders.Filter) loaders.Filter {
	if slices.Contains(filters, nil) {
		return nil
	}
	if len(filters) == 1 {
		return filters[0]
	}
	return loaders.Or(filters)
}
