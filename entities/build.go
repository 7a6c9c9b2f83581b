package entities

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// Database is a source of the metadata and what it has.
type Database struct {
	Source  *loaders.Source
	Catalog *catalog.Catalog

	enumTables []loaders.EnumTable
	enums      [][]loaders.EnumValue // by enum table
}

// Options of [NewModel]. The zero value works.
type Options struct {
	DisableTableRoots bool // leave out the fields of Query that read tables
	MaxRows           int  // of an array relationship, for each parent, and of a table's field of Query; zero means any number

	// Remote gives what follows a relationship to a remote schema; nil where it isn't served. Without it, none is.
	Remote func(*metadata.RemoteRelationship) Remote
}

// NewModel makes the types of md. databases are by source name; tables of a source that isn't there are left out
// without a word. The faults are those that only the databases' structure shows: tables, columns and foreign keys that
// don't exist, and keys that can't be compared. The model holds whatever has no fault.
func NewModel(md *metadata.Metadata, databases map[string]*Database, o Options) (*Model, metadata.Faults) {
	b := &builder{md: md, databases: databases, tables: map[tableID]*tableType{}, enums: map[tableID]*Enum{}, maxRows: o.MaxRows, remote: o.Remote, model: &Model{named: map[string]*Type{}}}
	b.composite = b.compositeNames()
	b.addEnums()
	b.addTables()
	b.addOutputs()
	b.addTableRelationships()
	b.addActionRelationships()
	b.addRequires()
	b.retype()
	b.model.Query = &Type{Name: "Query", fields: map[string]*Field{}}
	if !o.DisableTableRoots {
		b.addRoots()
	}
	b.addRoles()
	for _, t := range b.model.Types {
		b.addKeys(t)
	}
	b.addResolvers()
	b.dropStubs()
	b.addInterfaces()
	slices.SortFunc(b.model.Types, func(a, b *Type) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(b.faults, func(a, b metadata.Fault) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line))
	})
	return b.model, b.faults
}

type tableID struct {
	source string
	name   metadata.TableName
}

// tableType is a tracked table with the type of its rows.
type tableType struct {
	*Type
	tracked *metadata.Table
}

type builder struct {
	md        *metadata.Metadata
	databases map[string]*Database
	tables    map[tableID]*tableType
	enums     map[tableID]*Enum
	composite map[string]bool            // names of types that have fields, or members, or are enums of tables
	returned  map[string]bool            // names of objects that an action returns
	keyed     map[string]map[string]bool // see keyedFields
	maxRows   int
	remote    func(*metadata.RemoteRelationship) Remote
	model     *Model
	faults    metadata.Faults
}

func (b *builder) fault(pos metadata.Pos, item, hint, format string, args ...any) {
	b.faults = append(b.faults, metadata.Fault{Pos: pos, Item: item, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (b *builder) warn(pos metadata.Pos, item, hint, format string, args ...any) {
	b.faults = append(b.faults, metadata.Fault{
		Pos: pos, Severity: metadata.Warning, Item: item, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

func (b *builder) add(t *Type) {
	b.model.Types = append(b.model.Types, t)
	b.model.named[t.Name] = t
}

// addField adds a field unless its name is taken.
func (b *builder) addField(t *Type, f *Field, pos metadata.Pos) {
	if t.fields[f.Name] != nil {
		b.fault(pos, fmt.Sprintf("type %q", t.Name), "give one of them another name", "duplicate field %q", f.Name)
		return
	}
	t.fields[f.Name] = f
	t.Fields = append(t.Fields, f)
}

func (b *builder) addTables() {
	for _, source := range b.md.Sources {
		if db := b.databases[source.Name]; db != nil {
			for _, tracked := range source.Tables {
				b.addTable(source, db, tracked)
			}
		}
	}
}

func (b *builder) addTable(source *metadata.Source, db *Database, tracked *metadata.Table) {
	item := fmt.Sprintf("table %q", tracked.Name)
	table := db.Catalog.Tables[catalog.Name(tracked.Name)]
	if table == nil {
		b.fault(tracked.Pos, item, nearestTable(tracked.Name, db.Catalog),
			"source %q has no such table or view", source.Name)
		return
	}
	t := &Type{
		Name: tracked.TypeName(), Description: cmp.Or(tracked.Comment, table.Comment), Table: table, Source: db.Source,
		fields: map[string]*Field{},
	}
	for _, c := range table.Columns {
		b.addColumn(t, tracked, c)
	}
	if len(t.Fields) == 0 {
		b.warn(tracked.Pos, item, "", "left out: it has no column that GraphQL can show")
		return
	}
	b.addComputedFields(t, db, tracked)
	b.add(t)
	b.tables[tableID{source.Name, tracked.Name}] = &tableType{Type: t, tracked: tracked}
	for _, name := range slices.Sorted(maps.Keys(tracked.Columns)) {
		if table.Column(name) == nil {
			b.warn(tracked.Columns[name].Pos, item, metadata.DidYouMean(name, columnNames(table)), "configuration of column %q, which doesn't exist", name)
		}
	}
}

func (b *builder) addColumn(t *Type, tracked *metadata.Table, c *catalog.Column) {
	config := tracked.Columns[c.Name]
	name := cmp.Or(config.CustomName, c.Name)
	typ := columnType(c.Type)
	enum := b.enumOf(t, tracked, c)
	if why, hint := b.unfit(t, c, name, typ.Named()); why != "" {
		b.warn(tracked.Pos, fmt.Sprintf("table %q", tracked.Name), hint, "column %q left out: %s", c.Name, why)
		return
	}
	if enum != nil {
		typ = &metadata.Type{Name: enum.Name}
	}
	typ.NonNull = c.NotNull
	b.addField(t, &Field{Name: name, Description: cmp.Or(config.Comment, c.Comment), Type: typ, Column: c, Enum: enum}, tracked.Pos)
}

// unfit says why a column can't be a field, and what mends it.
func (b *builder) unfit(t *Type, c *catalog.Column, name, typeName string) (why, hint string) {
	const rename = "rename the type in GraphQL, or in Postgres"
	switch {
	case !isName(name):
		return fmt.Sprintf("%q is not a valid GraphQL identifier", name), "give it a custom_name in column_config"
	case !isName(typeName):
		return fmt.Sprintf("its type %q is not a valid GraphQL identifier", typeName), ""
	case b.composite[typeName]:
		return fmt.Sprintf("its type %q has the name of another type", typeName), rename
	}
	for _, e := range b.md.CustomTypes.Enums {
		if e.Name == typeName && !holdsAll(e, b.databases[t.Source.Name].Catalog.Enums[c.Type.Base]) {
			return fmt.Sprintf("its type %q has the name of an enum with other values", typeName), rename
		}
	}
	return "", ""
}

// holdsAll reports whether every value of a Postgres enum is one of e's.
func holdsAll(e *metadata.Enum, labels *catalog.Enum) bool {
	if labels == nil {
		return false
	}
	for _, label := range labels.Labels {
		if !slices.ContainsFunc(e.Values, func(v metadata.EnumValue) bool { return v.Name == label }) {
			return false
		}
	}
	return true
}

var graphQLName = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*$`)

func isName(s string) bool { return graphQLName.MatchString(s) && !strings.HasPrefix(s, "__") }

// compositeNames are the names that no scalar can have. Each table's rows are a Postgres type of the table's name.
func (b *builder) compositeNames() map[string]bool {
	names := map[string]bool{"Query": true, "Mutation": true, "Subscription": true, "_Any": true, "_Entity": true, "_Service": true}
	for _, source := range b.md.Sources {
		for _, t := range source.Tables {
			names[t.TypeName()] = true
		}
	}
	for _, o := range b.md.CustomTypes.Objects {
		names[o.Name] = true
	}
	for _, in := range b.md.CustomTypes.InputObjects {
		names[in.Name] = true
	}
	return names
}

// graphQLTypes are the Postgres types that have another name in GraphQL (hasura-actions.md section 12).
var graphQLTypes = map[string]string{
	"int4": "Int", "bool": "Boolean", "float4": "Float", "text": "String", "varchar": "String",
	"int2": "smallint", "int8": "bigint",
}

// columnType is the nullable type of a column: of a domain, that of its base type.
func columnType(t catalog.Type) *metadata.Type {
	typ := &metadata.Type{Name: t.Base.Name}
	if t.Base.Schema == "pg_catalog" {
		typ.Name = cmp.Or(graphQLTypes[t.Base.Name], t.Base.Name)
	}
	if t.Array || t.BaseArray {
		typ = &metadata.Type{Elem: typ}
	}
	return typ
}

// addOutputs adds the object types of actions. Of a type that no action returns, only the fields that its relationships
// need and that federation.yaml names are added: the type belongs to another subgraph (design section 6).
func (b *builder) addOutputs() {
	b.returned, b.keyed = b.returnedObjects(), b.keyedFields()
	for _, o := range b.md.CustomTypes.Objects {
		declared := b.md.Federation.Type(o.Name)
		if !b.returned[o.Name] && len(o.Relationships) == 0 && !declared.Resolves() && b.keyed[o.Name] == nil {
			continue
		}
		t := &Type{Name: o.Name, Description: o.Description, fields: map[string]*Field{}}
		b.add(t)
		for _, f := range o.Fields {
			if b.returned[o.Name] || isMapped(o, f.Name) || declared.Names(f.Name) || b.keyed[o.Name][f.Name] {
				b.addField(t, &Field{Name: f.Name, Description: f.Description, Type: f.Type}, f.Pos)
			}
		}
	}
	for _, t := range b.model.Types {
		for _, f := range t.Fields {
			if t.Table == nil {
				f.Object = b.model.named[f.Type.Named()]
			}
		}
	}
}

// returnedObjects are the names of the object types that an action returns, itself or nested, and of those of external
// fields.
func (b *builder) returnedObjects() map[string]bool {
	returned := map[string]bool{}
	for _, o := range reachable(b.md, append(outputs(b.md.Actions...), b.externalTypes()...)...) {
		returned[o.Name] = true
	}
	return returned
}

// keyedFields are the fields of custom types that keys of others have within, by type and name.
func (b *builder) keyedFields() map[string]map[string]bool {
	keyed := map[string]map[string]bool{}
	var visit func(o *metadata.Object, set metadata.FieldSet)
	visit = func(o *metadata.Object, set metadata.FieldSet) {
		for _, s := range set {
			if o == nil || s.Fields == nil || o.Field(s.Name) == nil {
				continue
			}
			name := o.Field(s.Name).Type.Named()
			if keyed[name] == nil {
				keyed[name] = map[string]bool{}
			}
			for _, inner := range s.Fields {
				keyed[name][inner.Name] = true
			}
			visit(b.md.CustomTypes.Object(name), s.Fields)
		}
	}
	if b.md.Federation != nil {
		for _, declared := range b.md.Federation.Types {
			for _, key := range declared.Keys {
				visit(b.md.CustomTypes.Object(declared.Name), key.Fields)
			}
		}
	}
	return keyed
}

// outputs are what actions return.
func outputs(actions ...*metadata.Action) (types []*metadata.Type) {
	for _, a := range actions {
		if a.Output != nil {
			types = append(types, a.Output)
		}
	}
	return types
}

// reachable are the object types that types have, themselves or nested.
func reachable(md *metadata.Metadata, types ...*metadata.Type) (found []*metadata.Object) {
	objects := map[string]*metadata.Object{}
	for _, o := range md.CustomTypes.Objects {
		objects[o.Name] = o
	}
	var visit func(name string)
	visit = func(name string) {
		o := objects[name]
		if o == nil {
			return
		}
		delete(objects, name)
		found = append(found, o)
		for _, f := range o.Fields {
			visit(f.Type.Named())
		}
	}
	for _, t := range types {
		visit(t.Named())
	}
	return found
}

// externalTypes are the types of fields of other subgraphs' that federation.yaml names.
func (b *builder) externalTypes() (types []*metadata.Type) {
	if b.md.Federation == nil {
		return nil
	}
	for _, declared := range b.md.Federation.Types {
		object := b.md.CustomTypes.Object(declared.Name)
		for _, f := range declared.Fields {
			if !f.Has("external") {
				continue
			}
			if f.Type != nil {
				types = append(types, f.Type)
			} else if object != nil && object.Field(f.Name) != nil {
				types = append(types, object.Field(f.Name).Type)
			}
		}
	}
	return types
}

func isMapped(o *metadata.Object, field string) bool {
	for _, r := range o.Relationships {
		for _, m := range r.Mapping {
			if m.Field == field {
				return true
			}
		}
	}
	return false
}

// addKeys gives a type the keys that federation.yaml declares. Where that says nothing it gives a table type a key for its primary key and for every unique constraint whose columns are exposed, and
// an output type one for the fields that its relationships map, or for a non-null id (design section 6).
func (b *builder) addKeys(t *Type) {
	if declared := b.md.Federation.Type(t.Name); declared != nil && declared.Keys != nil {
		b.addDeclaredKeys(t, declared)
		return
	}
	if t.Table == nil {
		b.addOutputKey(t)
		return
	}
	for _, names := range append([][]string{t.Table.PrimaryKey}, t.Table.Uniques...) {
		if key := tableKey(t, names); key != nil {
			t.Keys = append(t.Keys, key)
		}
	}
}

// dropStubs leaves out the types of other subgraphs to which no relationship could be added.
func (b *builder) dropStubs() {
	b.model.Types = slices.DeleteFunc(b.model.Types, func(t *Type) bool {
		stub := t.Table == nil && len(t.Keys) == 0 && !b.returned[t.Name] && b.keyed[t.Name] == nil
		if stub {
			delete(b.model.named, t.Name)
		}
		return stub
	})
}

func tableKey(t *Type, names []string) *Key {
	key := &Key{lookup: &loaders.Relationship{Type: metadata.ObjectRelationship, Source: t.Source, Table: t.Table}}
	for _, name := range names {
		i := slices.IndexFunc(t.Fields, func(f *Field) bool { return f.Column != nil && f.Column.Name == name })
		if i < 0 || !comparable(t.Fields[i].Column.Type) {
			return nil
		}
		key.Fields = append(key.Fields, keyField{Field: t.Fields[i]})
		key.lookup.Columns = append(key.lookup.Columns, t.Fields[i].Column)
	}
	if len(key.Fields) == 0 {
		return nil
	}
	key.lookup.Name = t.Name + "(" + key.String() + ")"
	return key
}

func (b *builder) addOutputKey(t *Type) {
	key := &Key{}
	for _, f := range t.Fields {
		if f.Relationship == nil && slices.ContainsFunc(t.Fields, func(r *Field) bool { return slices.Contains(r.keyed(), f.Name) }) {
			key.Fields = append(key.Fields, keyField{Field: f})
		}
	}
	if id := t.fields["id"]; len(key.Fields) == 0 && id != nil && id.Type.NonNull && id.Type.Elem == nil && id.Object == nil {
		key.Fields = keyFields{{Field: id}}
	}
	if len(key.Fields) > 0 {
		t.Keys = []*Key{key}
	}
}

// mapped are the fields of an output type that the relationship maps. r may be nil.
func (r *Relationship) mapped() []string {
	if r == nil {
		return nil
	}
	return r.fields
}

// nearestTable compares names first, schemas only where names are equally near.
func nearestTable(name metadata.TableName, c *catalog.Catalog) string {
	tables := slices.SortedFunc(maps.Keys(c.Tables), func(a, b catalog.Name) int { return cmp.Compare(a.String(), b.String()) })
	slices.SortStableFunc(tables, func(a, b catalog.Name) int {
		return levenshtein.ComputeDistance(name.Schema, a.Schema) - levenshtein.ComputeDistance(name.Schema, b.Schema)
	})
	best, distance := catalog.Name{}, len(name.Name)/2+1
	for _, t := range tables {
		if d := levenshtein.ComputeDistance(strings.ToLower(name.Name), strings.ToLower(t.Name)); d < distance {
			best, distance = t, d
		}
	}
	if best == (catalog.Name{}) {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

func columnNames(t *catalog.Table) []string {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	return names
}
