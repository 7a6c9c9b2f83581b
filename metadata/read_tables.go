package metadata

import (
	"fmt"

	"github.com/joinery-graphql/joinery/metadata/internal/yamlast"
)

func (r *reader) readTables(n node, types Affixes) []*Table {
	var tables []*Table
	for _, c := range r.list(n, "tables") {
		if t := r.readTable(c, types); t != nil {
			tables = append(tables, t)
		}
	}
	return tables
}

// readTable is nil where the table has no name.
func (r *reader) readTable(n node, types Affixes) *Table {
	f := r.mapping(n, "table")
	t := &Table{Pos: f.pos(), Name: f.needTable("table"), TypeNames: types, IsEnum: f.boolean("is_enum")}
	f.item = t.item()
	if c := f.get("configuration"); !c.absent() {
		r.readConfiguration(c, t)
	}
	t.readRelationships(f, "object_relationships", ObjectRelationship)
	t.readRelationships(f, "array_relationships", ArrayRelationship)
	for _, c := range f.list("computed_fields") {
		t.ComputedFields = append(t.ComputedFields, r.readComputedField(c, f.item))
	}
	for _, c := range f.list("remote_relationships") {
		t.RemoteRelationships = append(t.RemoteRelationships, r.readRemoteRelationship(c, f.item))
	}
	for _, c := range f.list("select_permissions") {
		t.SelectPermissions = append(t.SelectPermissions, r.readSelectPermission(c, f.item))
	}
	r.unserved.table(f)
	f.know("apollo_federation_config")
	f.done()
	if t.Name == (TableName{}) {
		return nil
	}
	return t
}

func (t *Table) item() string { return fmt.Sprintf("table %q", t.Name.display()) }

// display is the table's name as Hasura's messages have it: without the schema where that is public.
func (n TableName) display() string {
	if n.Schema == "public" {
		return n.Name
	}
	return n.String()
}

func (r *reader) readConfiguration(n node, t *Table) {
	f := r.mapping(n, "configuration of "+t.item())
	t.CustomName, t.Comment = f.text("custom_name"), f.text("comment")
	t.CustomRootFields = r.readRootFields(f)
	t.Columns = r.readColumns(f)
	f.done()
}

// readRootFields reads custom_root_fields, each a name or a mapping with name and comment.
func (r *reader) readRootFields(f *mapping) map[string]string {
	n := f.get("custom_root_fields")
	if n.absent() {
		return nil
	}
	g := r.mapping(n, f.item+": custom_root_fields")
	out := map[string]string{}
	for _, key := range rootFields {
		if name := g.rootField(key); name != "" {
			out[key] = name
		}
	}
	g.done()
	return out
}

// rootFields are Hasura's keys of custom_root_fields.
var rootFields = []string{
	"select", "select_by_pk", "select_aggregate", "select_stream", "insert", "insert_one", "update", "update_by_pk",
	"update_many", "delete", "delete_by_pk",
}

func (f *mapping) rootField(key string) string {
	n := f.get(key)
	if _, ok := yamlast.MappingValues(n.ast); !ok {
		return f.text(key)
	}
	g := f.r.mapping(n, f.item+": "+key)
	g.know("comment")
	name := g.text("name")
	g.done()
	return name
}

// readColumns merges column_config and the older custom_column_names; the former wins.
func (r *reader) readColumns(f *mapping) map[string]ColumnConfig {
	columns := map[string]ColumnConfig{}
	older := r.optionalEntries(f, "custom_column_names")
	for _, e := range older {
		n := r.resolve(e.value)
		name, ok := n.text()
		if !ok && !n.absent() {
			f.errorf(e.pos, "invalid custom name of column %q: expected a string, found %s", e.key, n.describe())
		}
		columns[e.key] = ColumnConfig{Pos: e.pos, CustomName: name}
	}
	newer := r.optionalEntries(f, "column_config")
	for _, e := range newer {
		g := r.mapping(r.resolve(e.value), fmt.Sprintf("column %q in %s", e.key, f.item))
		c := ColumnConfig{Pos: e.pos, CustomName: g.text("custom_name"), Comment: g.text("comment")}
		if c.CustomName == "" {
			c.CustomName = columns[e.key].CustomName
		}
		g.done()
		columns[e.key] = c
	}
	if len(columns) == 0 {
		return nil
	}
	return columns
}

// optionalEntries are the entries of the mapping at key, none where it is absent.
func (r *reader) optionalEntries(f *mapping, key string) []entry {
	n := f.get(key)
	if n.absent() {
		return nil
	}
	entries, ok := r.entries(n, f.item)
	if !ok {
		f.expected(key, "a mapping", n)
	}
	return entries
}

func (t *Table) readRelationships(f *mapping, key string, kind RelationshipType) {
	for _, n := range f.list(key) {
		if rel := f.r.readTableRelationship(n, f.item, kind); rel != nil {
			t.Relationships = append(t.Relationships, rel)
		}
	}
}

// readTableRelationship is nil where something that it needs is missing.
func (r *reader) readTableRelationship(n node, item string, kind RelationshipType) *TableRelationship {
	f := r.mapping(n, "relationship of "+item)
	rel := &TableRelationship{Pos: f.pos(), Name: f.need("name"), Comment: f.text("comment"), Type: kind}
	f.item = fmt.Sprintf("relationship %q of %s", rel.Name, item)
	using, ok := r.readUsing(f, kind)
	f.done()
	if rel.Using = using; !ok || rel.Name == "" {
		return nil
	}
	return rel
}

func (r *reader) readUsing(f *mapping, kind RelationshipType) (RelationshipUsing, bool) {
	n := f.get("using")
	if n.absent() {
		if !n.failed {
			f.missing("using", "give foreign_key_constraint_on or manual_configuration")
		}
		return RelationshipUsing{}, false
	}
	g := r.mapping(n, f.item)
	fk, manual := g.get("foreign_key_constraint_on"), g.get("manual_configuration")
	g.done()
	switch {
	case !fk.absent() && !manual.absent():
		g.errorf(g.keyPos("manual_configuration"), "unexpected manual_configuration beside foreign_key_constraint_on")
	case !fk.absent():
		return r.readForeignKey(g, fk, kind)
	case !manual.absent():
		return r.readManual(manual, g.item)
	case !g.node.failed && !fk.failed && !manual.failed:
		g.errorf(g.pos(), "missing foreign_key_constraint_on or manual_configuration")
	}
	return RelationshipUsing{}, false
}

// readForeignKey reads a column, a list of columns, or column or columns with the table that has them.
func (r *reader) readForeignKey(f *mapping, n node, kind RelationshipType) (RelationshipUsing, bool) {
	const key = "foreign_key_constraint_on"
	var u RelationshipUsing
	if _, ok := yamlast.MappingValues(n.ast); ok {
		g := r.mapping(n, f.item)
		u.Table = g.needTable("table")
		if u.ForeignKey = g.texts("columns"); u.ForeignKey == nil {
			u.ForeignKey = g.columns("column")
		}
		g.done()
		return u, u.Table != TableName{} && len(u.ForeignKey) > 0
	}
	u.ForeignKey = f.columns(key)
	if len(u.ForeignKey) == 0 {
		return u, false
	}
	if kind == ArrayRelationship {
		f.r.add(Fault{
			Pos: n.pos(), Item: f.item, Message: "missing table: an array relationship uses a foreign key of the other table",
			Hint: fmt.Sprintf("write %s: {column: %s, table: ...}", key, u.ForeignKey[0]),
		})
		return u, false
	}
	return u, true
}

// columns reads one column or a list of columns, of which there must be at least one.
func (f *mapping) columns(key string) []string {
	n := f.get(key)
	if n.describe() == "a list" {
		columns := f.texts(key)
		if len(columns) == 0 {
			f.missing(key, "name at least one column")
		}
		return columns
	}
	if column := f.need(key); column != "" {
		return []string{column}
	}
	return nil
}

func (r *reader) readManual(n node, item string) (RelationshipUsing, bool) {
	f := r.mapping(n, item)
	f.know("insertion_order", "source")
	u := RelationshipUsing{Table: f.needTable("remote_table"), Mapping: f.columnMapping("column_mapping")}
	f.done()
	return u, u.Table != TableName{} && len(u.Mapping) > 0
}

func (r *reader) readComputedField(n node, item string) *ComputedField {
	f := r.mapping(n, "computed field of "+item)
	c := &ComputedField{Pos: f.pos(), Name: f.need("name"), Comment: f.text("comment")}
	f.item = fmt.Sprintf("computed field %q of %s", c.Name, item)
	if d := f.get("definition"); d.absent() {
		f.missing("definition", "")
	} else {
		g := r.mapping(d, f.item)
		c.Function = g.needTable("function")
		c.TableArgument, c.SessionArgument = g.text("table_argument"), g.text("session_argument")
		g.done()
	}
	f.done()
	return c
}

func (r *reader) readSelectPermission(n node, item string) *SelectPermission {
	f := r.mapping(n, "select permission of "+item)
	f.know("comment")
	p := &SelectPermission{Pos: f.pos(), Role: f.need("role")}
	f.item = fmt.Sprintf("select permission of role %q on %s", p.Role, item)
	if d := f.get("permission"); d.absent() {
		f.missing("permission", "")
	} else {
		r.readPermission(d, p, f.item)
	}
	f.done()
	return p
}

func (r *reader) readPermission(n node, p *SelectPermission, item string) {
	f := r.mapping(n, item)
	f.readPermittedColumns(p)
	p.ComputedFields = f.texts("computed_fields")
	f.readFilter(p)
	if p.Limit = f.integer("limit"); p.Limit != nil && *p.Limit < 0 {
		f.errorf(f.keyPos("limit"), "invalid limit %d: expected no negative number", *p.Limit)
	}
	p.AllowAggregations = f.boolean("allow_aggregations")
	p.QueryRootFields = f.texts("query_root_fields")
	p.SubscriptionRootFields = f.texts("subscription_root_fields")
	p.Places = map[string]Pos{}
	for _, key := range []string{"columns", "computed_fields", "query_root_fields", "filter"} {
		if n := f.get(key); !n.absent() && r.budget >= 0 {
			n.doc.addPlaces(p.Places, key, n.ast)
		}
	}
	f.know("backend_only", "validate_input")
	f.doneStrictly() // a mistyped limit must not mean none
}

// readPermittedColumns reads columns, a list or "*". It must be there.
func (f *mapping) readPermittedColumns(p *SelectPermission) {
	n := f.get("columns")
	s, isText := n.text()
	switch {
	case isText && s == "*":
		p.AllColumns = true
	case isText:
		f.errorf(n.pos(), `invalid "columns": expected a list or "*", found %q`, s)
	case n.absent() && !n.failed:
		f.missing("columns", `write "columns: []" for none, or "columns: '*'" for all`)
	default:
		p.Columns = f.texts("columns")
	}
}

// readFilter reads the row filter. It must be there: a permission whose filter was mistyped would show every row.
func (f *mapping) readFilter(p *SelectPermission) {
	n := f.get("filter")
	_, isMapping := yamlast.MappingValues(n.ast)
	switch {
	case n.failed:
	case n.absent():
		f.missing("filter", `write "filter: {}" for all rows`)
	case !isMapping:
		f.expected("filter", "a mapping", n)
	default:
		p.Filter, p.FilterPos = f.r.decode(n, f.item), f.keyPos("filter")
	}
}
