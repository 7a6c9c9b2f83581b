package metadata_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/metadata"
)

// dump writes the vocabulary so that a person can compare it with the files.
func dump(m *metadata.Metadata) string {
	d := &dumper{}
	d.line("version %d", m.Version)
	for _, a := range m.Actions {
		d.action(a)
	}
	d.types(m.CustomTypes)
	for _, s := range m.Sources {
		d.source(s)
	}
	for _, s := range m.RemoteSchemas {
		d.remoteSchema(s)
	}
	for _, r := range m.InheritedRoles {
		d.line("inherited role %s of %v @ %s", r.Role, r.RoleSet, at(r.Pos))
	}
	d.access(m)
	if m.Federation != nil {
		d.federation(m.Federation)
	}
	return d.b.String()
}

func (d *dumper) access(m *metadata.Metadata) {
	for _, c := range m.QueryCollections {
		d.line("query collection %s @ %s", c.Name, at(c.Pos))
		d.nested(func() {
			for _, q := range c.Queries {
				d.line("%s: %q @ %s", q.Name, q.Document, at(q.Pos))
			}
		})
	}
	for _, a := range m.AllowList {
		d.line("allowed %s for %q @ %s", a.Collection, a.Roles, at(a.Pos))
	}
	l := m.APILimits
	if l == nil {
		return
	}
	d.line("API limits @ %s", at(l.Pos))
	for _, role := range []string{"user", "other"} {
		for i, limit := range []*metadata.RoleLimit{l.Depth, l.Nodes, l.Time, l.Batch} {
			if n, ok := limit.Of(role); ok {
				d.line("  %s of %s: %d", []string{"depth", "nodes", "time", "batch"}[i], role, n)
			}
		}
		if r := l.Rate.Of(role); r != nil {
			d.line("  rate of %s: %d, by IP %v, by %v", role, r.PerMinute, r.ByIP, r.Variables)
		}
	}
}

func (d *dumper) federation(f *metadata.Federation) {
	d.line("federation compose %v @ %s", f.Compose, at(f.Pos))
	for _, l := range f.Links {
		d.line("link %s%s import %v @ %s", l.URL, quote("as", l.As), l.Import, at(l.Pos))
	}
	if f.Definitions != "" {
		d.line("definitions %q", f.Definitions)
	}
	for _, i := range f.Interfaces {
		d.line("interface %s %q of %v fields %v @ %s", i.Name, i.Description, i.Types, i.Fields, at(i.Pos))
	}
	for _, t := range f.Types {
		d.line("type %s%s @ %s", t.Name, directives(t.Directives), at(t.Pos))
		d.nested(func() {
			d.cache(t.Cache)
			for _, k := range t.Keys {
				d.line("key %q%s @ %s", k.Fields, when("resolvable", k.Resolvable), at(k.Pos))
			}
			for _, field := range t.Fields {
				d.line("field %s%s%s @ %s", field.Name, quote("type", typeText(field.Type)), directives(field.Directives), at(field.Pos))
				d.cache(field.Cache)
				if field.Provides != nil {
					d.line("  provides %+v", field.Provides)
				}
				if field.Requires != nil {
					d.line("  requires %q @ %s", field.Requires, at(field.RequiresPos))
				}
				if r := field.Resolver; r != nil && r.Action == nil {
					d.line("  expression %q%s @ %s", r.Expression, quote("source", r.Source), at(r.ExpressionPos))
				} else if r != nil {
					d.line("  action %s%s %+v @ %s", r.Action.Name, when("batch", r.Action.Batch), r.Action.Arguments, at(r.Action.Pos))
				}
				for _, a := range field.Arguments {
					d.line("  argument %s%s @ %s", a.Name, directives(a.Directives), at(a.Pos))
				}
			}
		})
	}
}

func (d *dumper) cache(c *metadata.CacheControl) {
	if c != nil {
		d.line("cache %s for %s%s @ %s", c.Scope, asJSON(c.MaxAge), when("inherit", c.Inherit), at(c.Pos))
	}
}

func typeText(t *metadata.Type) string {
	if t == nil {
		return ""
	}
	return t.String()
}

func directives(ds []metadata.Directive) string {
	var b strings.Builder
	for _, x := range ds {
		fmt.Fprintf(&b, "%s v2.%d", x, x.Version)
	}
	return b.String()
}

type dumper struct {
	b      strings.Builder
	indent string
}

func (d *dumper) line(format string, args ...any) {
	d.b.WriteString(strings.TrimRight(d.indent+fmt.Sprintf(format, args...), " ") + "\n")
}

func (d *dumper) nested(f func()) {
	d.indent += "  "
	f()
	d.indent = strings.TrimSuffix(d.indent, "  ")
}

func at(p metadata.Pos) string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

func quote(label, s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf(" %s=%q", label, s)
}

func when(label string, on bool) string {
	if on {
		return " " + label
	}
	return ""
}

func (d *dumper) action(a *metadata.Action) {
	output := "none"
	if a.Output != nil {
		output = a.Output.String()
	}
	d.line("%s %s(%s): %s%s @ %s", a.Operation, a.Name, arguments(a.Arguments), output, quote("description", a.Description), at(a.Pos))
	d.nested(func() {
		d.line("handler %s %s timeout %s%s%s%s @ %s", a.Handler, a.Kind, a.Timeout, when("forward_client_headers", a.ForwardClientHeaders),
			when("request_transform", a.RequestTransform != nil), when("response_transform", a.ResponseTransform != nil), at(a.HandlerPos))
		if a.IgnoredClientHeaders != nil {
			d.line("ignored client headers %q", a.IgnoredClientHeaders)
		}
		d.headers(a.Headers)
		for _, p := range a.Permissions {
			d.line("role %s @ %s", p.Role, at(p.Pos))
		}
	})
}

func (d *dumper) headers(headers []metadata.Header) {
	for _, h := range headers {
		d.line("header %s value=%q env=%q @ %s", h.Name, h.Value, h.ValueFromEnv, at(h.Pos))
	}
}

func arguments(args []*metadata.Argument) string {
	var parts []string
	for _, a := range args {
		parts = append(parts, a.Name+": "+a.Type.String())
	}
	return strings.Join(parts, ", ")
}

func (d *dumper) types(t metadata.CustomTypes) {
	for _, o := range t.Objects {
		d.line("type %s%s @ %s", o.Name, quote("description", o.Description), at(o.Pos))
		d.nested(func() {
			for _, f := range o.Fields {
				d.line("%s: %s%s @ %s", f.Name, f.Type, quote("description", f.Description), at(f.Pos))
			}
			for _, r := range o.Relationships {
				d.line("%s relationship %s -> %s %s%s @ %s", r.Type, r.Name, r.Source, r.Table, quote("description", r.Description), at(r.Pos))
				d.nested(func() {
					for _, p := range r.Mapping {
						d.line("%s = %s @ %s", p.Field, p.Column, at(p.Pos))
					}
				})
			}
		})
	}
	for _, i := range t.InputObjects {
		d.line("input %s { %s }%s @ %s", i.Name, arguments(i.Fields), quote("description", i.Description), at(i.Pos))
	}
	for _, e := range t.Enums {
		d.line("enum %s%s @ %s", e.Name, quote("description", e.Description), at(e.Pos))
		d.nested(func() {
			for _, v := range e.Values {
				d.line("%s%s%s%s @ %s", v.Name, quote("description", v.Description), when("deprecated", v.Deprecated),
					quote("reason", v.DeprecationReason), at(v.Pos))
			}
		})
	}
	for _, s := range t.Scalars {
		d.line("scalar %s%s @ %s", s.Name, quote("description", s.Description), at(s.Pos))
	}
}

func (d *dumper) source(s *metadata.Source) {
	d.line("source %s %s url=%q env=%q @ %s", s.Name, s.Kind, s.DatabaseURL.Value, s.DatabaseURL.FromEnv, at(s.Pos))
	d.nested(func() {
		if c := s.Customization; c.Pos.Line > 0 {
			d.line("customization naming=%q namespace=%q root=%q types=%q", c.NamingConvention, c.RootFieldsNamespace, c.RootFields, c.TypeNames)
		}
		for _, t := range s.Tables {
			d.table(t)
		}
	})
}

func (d *dumper) table(t *metadata.Table) {
	d.line("table %s type %s%s%s @ %s", t.Name, t.TypeName(), when("enum", t.IsEnum), quote("comment", t.Comment), at(t.Pos))
	d.nested(func() {
		for _, c := range slices.Sorted(maps.Keys(t.Columns)) {
			d.line("column %s as %q%s @ %s", c, t.Columns[c].CustomName, quote("comment", t.Columns[c].Comment), at(t.Columns[c].Pos))
		}
		for _, f := range slices.Sorted(maps.Keys(t.CustomRootFields)) {
			d.line("root field %s as %s", f, t.CustomRootFields[f])
		}
		for _, r := range t.Relationships {
			d.line("%s relationship %s%s: %s @ %s", r.Type, r.Name, quote("comment", r.Comment), using(r.Using), at(r.Pos))
		}
		for _, f := range t.ComputedFields {
			d.line("computed field %s: %s(table=%q, session=%q)%s @ %s", f.Name, f.Function, f.TableArgument, f.SessionArgument,
				quote("comment", f.Comment), at(f.Pos))
		}
		for _, r := range t.RemoteRelationships {
			d.remoteRelationship(r)
		}
		for _, p := range t.SelectPermissions {
			d.selectPermission(p)
		}
	})
}

func using(u metadata.RelationshipUsing) string {
	switch {
	case u.Mapping != nil:
		return fmt.Sprintf("%s on %s", u.Table, pairs(u.Mapping))
	case u.Table == metadata.TableName{}:
		return fmt.Sprintf("foreign key %v", u.ForeignKey)
	}
	return fmt.Sprintf("foreign key %v of %s", u.ForeignKey, u.Table)
}

func pairs(mapping []metadata.ColumnMapping) string {
	var parts []string
	for _, p := range mapping {
		parts = append(parts, p.Column+" = "+p.RemoteColumn)
	}
	return strings.Join(parts, ", ")
}

func (d *dumper) remoteRelationship(r *metadata.RemoteRelationship) {
	if r.RemoteSchema != "" {
		d.line("remote relationship %s -> schema %s by %v: %s @ %s", r.Name, r.RemoteSchema, r.Fields, asJSON(r.RemoteField), at(r.Pos))
		return
	}
	d.line("remote %s relationship %s -> source %s %s on %s @ %s", r.Type, r.Name, r.Source, r.Table, pairs(r.Mapping), at(r.Pos))
}

func (d *dumper) selectPermission(p *metadata.SelectPermission) {
	columns := fmt.Sprint(p.Columns)
	if p.AllColumns {
		columns = "*"
	}
	d.line("select by %s: %s computed %v where %s%s @ %s", p.Role, columns, p.ComputedFields, asJSON(p.Filter),
		when("allow_aggregations", p.AllowAggregations), at(p.Pos))
	d.nested(func() {
		if p.Limit != nil {
			d.line("limit %d", *p.Limit)
		}
		if p.QueryRootFields != nil {
			d.line("query root fields %v", p.QueryRootFields)
		}
		if p.SubscriptionRootFields != nil {
			d.line("subscription root fields %v", p.SubscriptionRootFields)
		}
	})
}

func (d *dumper) remoteSchema(s *metadata.RemoteSchema) {
	customization := "none"
	if s.Customization.Pos.Line > 0 {
		customization = asJSON(s.Customization)
	}
	d.line("remote schema %s url=%q env=%q timeout %s%s customization %s @ %s", s.Name, s.URL.Value, s.URL.FromEnv, s.Timeout,
		when("forward_client_headers", s.ForwardClientHeaders), customization, at(s.Pos))
	d.nested(func() {
		d.headers(s.Headers)
		for _, p := range s.Permissions {
			d.line("role %s %q @ %s", p.Role, p.Schema, at(p.Pos))
		}
	})
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
