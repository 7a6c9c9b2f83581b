package entities

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// addRoles makes the roles that the metadata knows: those with a permission, and the inherited ones.
func (b *builder) addRoles() {
	b.model.nobody = &Role{}
	b.model.roles = map[string]*Role{}
	b.role(metadata.AdminRole).admin = true
	for _, a := range b.md.Actions {
		for _, p := range a.Permissions {
			b.role(p.Role).actions[a.Name] = true
		}
	}
	for _, source := range b.md.Sources {
		for _, tracked := range source.Tables {
			if t := b.tables[tableID{source.Name, tracked.Name}]; t != nil {
				t.guarded = t.Source.RowSecurity && len(tracked.SelectPermissions) == 0
				for _, p := range tracked.SelectPermissions {
					b.role(p.Role).selects[t.Type] = b.permission(source.Name, t, p)
				}
			}
		}
	}
	for _, s := range b.md.RemoteSchemas {
		for _, p := range s.Permissions {
			b.role(p.Role)
		}
	}
	b.addInheritedRoles()
}

func (b *builder) role(name string) *Role {
	r := b.model.roles[name]
	if r == nil {
		r = &Role{Name: name, actions: map[string]bool{}, selects: map[*Type]*permission{}}
		b.model.roles[name] = r
	}
	return r
}

// permission reads a select permission. With a fault it may let less through than was meant, never more.
func (b *builder) permission(source string, t *tableType, p *metadata.SelectPermission) *permission {
	item := fmt.Sprintf("select permission of role %q on table %q", p.Role, t.tracked.Name)
	out := &permission{columns: map[*catalog.Column]*catalog.Column{}, aggregations: p.AllowAggregations, roots: p.QueryRootFields}
	for _, c := range t.Table.Columns {
		if p.AllColumns || slices.Contains(p.Columns, c.Name) {
			out.columns[c] = c
		}
	}
	at := func(list string, i int) metadata.Pos { return cmp.Or(p.Places[list+"."+strconv.Itoa(i)], p.Pos) }
	for i, name := range p.ComputedFields {
		f := t.Field(name)
		if f != nil && f.Column != nil && f.Column.Computed != nil {
			out.columns[f.Column] = f.Column
		} else if !slices.ContainsFunc(t.tracked.ComputedFields, func(c *metadata.ComputedField) bool { return c.Name == name }) {
			b.fault(at("computed_fields", i), item, "", "the computed field %q of table %q does not exist", name, t.Table.Name)
		}
	}
	for i, name := range p.Columns {
		if t.Table.Column(name) == nil {
			b.fault(at("columns", i), item, metadata.DidYouMean(name, columnNames(t.Table)), "the column %q of table %q does not exist", name, t.Table.Name)
		}
	}
	if p.Limit != nil {
		limit := int64(*p.Limit)
		out.limit = &limit
	}
	for i, key := range p.QueryRootFields {
		if !slices.Contains(queryRootFields, key) {
			b.fault(at("query_root_fields", i), item, metadata.DidYouMean(key, queryRootFields), "unknown query root field %q", key)
		}
	}
	r := &filterReader{builder: b, source: source, root: t}
	filter := r.all(p.Filter)
	for _, f := range r.faults {
		b.fault(cmp.Or(p.Places[f.place], p.FilterPos), item, f.hint, "%s: %s", f.place, f.reason)
	}
	out.filter = filter
	if filter != nil && len(r.faults) == 0 {
		b.model.filters = append(b.model.filters, permissionFilter{p.FilterPos, item, t.Type, filter})
	}
	return out
}

// queryRootFields are Hasura's keys of the fields of Query (hasura-actions.md section 10.2).
var queryRootFields = []string{"select", "select_by_pk", "select_aggregate"}

// permissionFilter is a filter that Postgres is to be asked about.
type permissionFilter struct {
	pos    metadata.Pos
	item   string
	typ    *Type
	filter loaders.Filter
}

// CheckFilters has Postgres read the filters of all permissions. The faults are what only Postgres finds wrong with them,
// such as an operator that the column's type lacks. The error says that it could not be asked.
func (m *Model) CheckFilters(ctx context.Context) (faults metadata.Faults, err error) {
	for _, f := range m.filters {
		refused, err := loaders.CheckFilter(ctx, f.typ.Source, f.typ.Table, f.filter)
		if err != nil {
			return nil, err
		}
		if refused != "" {
			faults = append(faults, metadata.Fault{Pos: f.pos, Item: f.item, Message: "filter: " + refused})
		}
	}
	return faults, nil
}

func (m *Model) roleNames() []string { return slices.Sorted(maps.Keys(m.roles)) }
