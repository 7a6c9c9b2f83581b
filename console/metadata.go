package console

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/metadata"
)

func (c *Console) getMetadata(*http.Request) (Metadata, error) {
	revision, err := c.revision()
	if err != nil {
		return Metadata{}, fmt.Errorf("read the metadata directory: %w", err)
	}
	md, _ := metadata.Read(c.dir()) // its faults are the state's
	return describe(md, c.service.Served().Catalogs, revision), nil
}

func (c *Console) getSupergraph(r *http.Request) (Supergraph, error) {
	return c.service.Supergraph(r.Context(), c.service.Served().SDL), nil
}

// describe tells what the files say, and what the databases have of it.
func describe(md *metadata.Metadata, catalogs map[string]*catalog.Catalog, revision string) Metadata {
	d := &describer{md: md, catalogs: catalogs, users: usedBy(md)}
	out := Metadata{Revision: revision, Actions: []Action{}, Sources: []Source{}, Roles: roles(md)}
	for _, a := range md.Actions {
		out.Actions = append(out.Actions, d.action(a))
	}
	out.Types = d.types()
	for _, s := range md.Sources {
		source := Source{Name: s.Name, Kind: s.Kind, Tables: []Table{}}
		for _, t := range s.Tables {
			source.Tables = append(source.Tables, d.table(s, t))
		}
		out.Sources = append(out.Sources, source)
	}
	return out
}

type describer struct {
	md       *metadata.Metadata
	catalogs map[string]*catalog.Catalog
	users    map[string][]string // actions by type
}

func (d *describer) action(a *metadata.Action) Action {
	out := Action{
		Name: a.Name, Kind: string(a.Operation), Execution: string(a.Kind), Comment: a.Description, Arguments: arguments(a.Arguments),
		Handler: a.Handler, Headers: []Header{}, ForwardClientHeaders: a.ForwardClientHeaders, TimeoutSeconds: a.Timeout.Seconds(),
		Permissions: []string{}, Place: *placeOf(a.Pos),
	}
	if a.Output != nil {
		out.OutputType = a.Output.String()
	}
	for _, h := range a.Headers {
		out.Headers = append(out.Headers, Header{h.Name, shownHeader(h.Name, h.Value), h.ValueFromEnv})
	}
	for _, p := range a.Permissions {
		out.Permissions = append(out.Permissions, p.Role)
	}
	root := "Query"
	if a.Operation == metadata.Mutation {
		root = "Mutation"
	}
	out.SDL = fmt.Sprintf("type %s {\n%s}\n", root, fieldSDL(a.Name, argumentsSDL(a.Arguments), out.OutputType, a.Description))
	return out
}

// shownHeader hides what commonly is a secret: whoever looks over the admin's shoulder needn't see it.
func shownHeader(name, value string) string {
	name = strings.ToLower(name)
	for _, word := range []string{"auth", "cookie", "secret", "token", "key", "password", "session", "signature"} {
		if strings.Contains(name, word) && value != "" {
			return "<redacted>"
		}
	}
	return value
}

func (d *describer) types() Types {
	out := Types{Objects: []Object{}, InputObjects: []Object{}, Enums: []Enum{}, Scalars: []Scalar{}}
	for _, o := range d.md.CustomTypes.Objects {
		fields := make([]Argument, len(o.Fields))
		for i, f := range o.Fields {
			fields[i] = Argument{f.Name, f.Type.String(), f.Description}
		}
		object := d.object("type", o.Name, o.Description, o.Pos, fields)
		for _, r := range o.Relationships {
			object.Relationships = append(object.Relationships, relationship(r))
		}
		out.Objects = append(out.Objects, object)
	}
	for _, o := range d.md.CustomTypes.InputObjects {
		out.InputObjects = append(out.InputObjects, d.object("input", o.Name, o.Description, o.Pos, arguments(o.Fields)))
	}
	for _, e := range d.md.CustomTypes.Enums {
		enum := Enum{Name: e.Name, Description: e.Description, Values: []string{}, UsedBy: d.usedBy(e.Name), Place: *placeOf(e.Pos)}
		var body strings.Builder
		for _, v := range e.Values {
			enum.Values = append(enum.Values, v.Name)
			body.WriteString(descriptionSDL(v.Description, "  ") + "  " + v.Name + "\n")
		}
		enum.SDL = descriptionSDL(e.Description, "") + "enum " + e.Name + " {\n" + body.String() + "}\n"
		out.Enums = append(out.Enums, enum)
	}
	for _, s := range d.md.CustomTypes.Scalars {
		out.Scalars = append(out.Scalars, Scalar{
			Name: s.Name, Description: s.Description, UsedBy: d.usedBy(s.Name), Place: *placeOf(s.Pos),
			SDL: descriptionSDL(s.Description, "") + "scalar " + s.Name + "\n",
		})
	}
	return out
}

func (d *describer) object(keyword, name, description string, pos metadata.Pos, fields []Argument) Object {
	var body strings.Builder
	for _, f := range fields {
		body.WriteString(fieldSDL(f.Name, "", f.Type, f.Description))
	}
	return Object{
		Name: name, Description: description, Fields: fields, Relationships: []Relationship{}, UsedBy: d.usedBy(name), Place: *placeOf(pos),
		SDL: descriptionSDL(description, "") + keyword + " " + name + " {\n" + body.String() + "}\n",
	}
}

func (d *describer) usedBy(name string) []string {
	if users := d.users[name]; users != nil {
		return users
	}
	return []string{}
}

// usedBy finds the actions that give or take each custom type, also within others.
func usedBy(md *metadata.Metadata) map[string][]string {
	inside := map[string][]string{}
	for _, o := range md.CustomTypes.Objects {
		for _, f := range o.Fields {
			inside[o.Name] = append(inside[o.Name], f.Type.Named())
		}
	}
	for _, o := range md.CustomTypes.InputObjects {
		for _, f := range o.Fields {
			inside[o.Name] = append(inside[o.Name], f.Type.Named())
		}
	}
	out := map[string][]string{}
	for _, a := range md.Actions {
		var reach func(name string)
		reach = func(name string) {
			if slices.Contains(out[name], a.Name) {
				return
			}
			out[name] = append(out[name], a.Name)
			for _, inner := range inside[name] {
				reach(inner)
			}
		}
		if a.Output != nil {
			reach(a.Output.Named())
		}
		for _, argument := range a.Arguments {
			reach(argument.Type.Named())
		}
	}
	return out
}

func arguments(args []*metadata.Argument) []Argument {
	out := make([]Argument, len(args))
	for i, a := range args {
		out[i] = Argument{a.Name, a.Type.String(), a.Description}
	}
	return out
}

func argumentsSDL(args []*metadata.Argument) string {
	if len(args) == 0 {
		return ""
	}
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a.Name + ": " + a.Type.String()
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

func fieldSDL(name, arguments, typ, description string) string {
	return fmt.Sprintf("%s  %s%s: %s\n", descriptionSDL(description, "  "), name, arguments, typ)
}

// descriptionSDL writes a description as a block string (GraphQL, section 2.9.4).
func descriptionSDL(text, indent string) string {
	if text == "" {
		return ""
	}
	text = strings.ReplaceAll(text, `"""`, `\"""`)
	return indent + `"""` + "\n" + indent + strings.ReplaceAll(text, "\n", "\n"+indent) + "\n" + indent + `"""` + "\n"
}

func relationship(r *metadata.Relationship) Relationship {
	out := Relationship{
		Name: r.Name, Description: r.Description, Type: string(r.Type), Source: r.Source, Table: TableName(r.Table), FieldMapping: []FieldMapping{}, Place: placeOf(r.Pos),
	}
	for _, m := range r.Mapping {
		out.FieldMapping = append(out.FieldMapping, FieldMapping{m.Field, m.Column})
	}
	return out
}

// table tells of a tracked table. What only the database knows is empty where it hasn't got the table.
func (d *describer) table(s *metadata.Source, t *metadata.Table) Table {
	out := Table{
		TableName: TableName(t.Name), Source: s.Name, Type: t.TypeName(), Comment: t.Comment, Columns: []Column{}, PrimaryKey: []string{}, UniqueKeys: [][]string{},
		Indexes: []Index{}, Relationships: []Relationship{}, Permissions: []Permission{}, Place: *placeOf(t.Pos),
	}
	if known := d.known(s.Name, t.Name); known != nil {
		out.Kind = string(known.Kind)
		for _, c := range known.Columns {
			out.Columns = append(out.Columns, Column{Name: c.Name, PostgresType: typeName(c.Type), Field: fieldName(t, c.Name), Nullable: !c.NotNull})
		}
		out.PrimaryKey = append(out.PrimaryKey, known.PrimaryKey...)
		out.UniqueKeys = append(out.UniqueKeys, known.Uniques...)
		for _, i := range known.Indexes {
			out.Indexes = append(out.Indexes, Index(i))
		}
	}
	for _, r := range t.Relationships {
		out.Relationships = append(out.Relationships, d.tableRelationship(s, t, r))
	}
	for _, p := range t.SelectPermissions {
		out.Permissions = append(out.Permissions, permission(p))
	}
	return out
}

func (d *describer) known(source string, name metadata.TableName) *catalog.Table {
	if c := d.catalogs[source]; c != nil {
		return c.Tables[catalog.Name(name)]
	}
	return nil
}

func fieldName(t *metadata.Table, column string) string {
	if name := t.Columns[column].CustomName; name != "" {
		return name
	}
	return column
}

func typeName(t catalog.Type) string {
	name := t.Name.Name
	if t.Name.Schema != "pg_catalog" {
		name = t.Name.String()
	}
	if t.Array {
		name += "[]"
	}
	return name
}

func permission(p *metadata.SelectPermission) Permission {
	out := Permission{Role: p.Role, Columns: append([]string{}, p.Columns...), AllColumns: p.AllColumns, Limit: p.Limit, AllowAggregations: p.AllowAggregations}
	filter, err := json.Marshal(p.Filter)
	if err != nil {
		filter = []byte("null")
	}
	out.Filter = filter
	return out
}

// tableRelationship tells what a table's relationship compares: by hand, or as a foreign key of either table says.
func (d *describer) tableRelationship(s *metadata.Source, t *metadata.Table, r *metadata.TableRelationship) Relationship {
	out := Relationship{Name: r.Name, Description: r.Comment, Type: string(r.Type), Source: s.Name, Table: TableName(r.Using.Table), FieldMapping: []FieldMapping{}, Origin: "manual", Place: placeOf(r.Pos)}
	for _, m := range r.Using.Mapping {
		out.FieldMapping = append(out.FieldMapping, FieldMapping{m.Column, m.RemoteColumn})
	}
	if r.Using.ForeignKey == nil {
		return out
	}
	out.Origin = "foreign key"
	owner, remote := t.Name, r.Using.Table != metadata.TableName{}
	if remote {
		owner = r.Using.Table
	}
	table := d.known(s.Name, owner)
	if table == nil {
		return out
	}
	for _, key := range table.ForeignKeys {
		if !slices.Equal(slices.Sorted(slices.Values(key.Columns)), slices.Sorted(slices.Values(r.Using.ForeignKey))) {
			continue
		}
		if remote && key.Table != catalog.Name(t.Name) {
			continue
		}
		for i, column := range key.Columns {
			m := FieldMapping{column, key.References[i]}
			if remote {
				m = FieldMapping{m.To, m.From}
			}
			out.FieldMapping = append(out.FieldMapping, m)
		}
		if !remote {
			out.Table = TableName(key.Table)
		}
		break
	}
	return out
}

// roles are those that the metadata knows, but the admin.
func roles(md *metadata.Metadata) []string {
	found := map[string]bool{}
	for _, a := range md.Actions {
		for _, p := range a.Permissions {
			found[p.Role] = true
		}
	}
	for _, s := range md.Sources {
		for _, t := range s.Tables {
			for _, p := range t.SelectPermissions {
				found[p.Role] = true
			}
		}
	}
	for _, r := range md.InheritedRoles {
		found[r.Role] = true
	}
	delete(found, metadata.AdminRole)
	return append([]string{}, slices.Sorted(maps.Keys(found))...)
}
