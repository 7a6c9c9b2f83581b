package entities

import (
	"fmt"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

func (b *builder) addTableRelationships() {
	for _, source := range b.md.Sources {
		for _, tracked := range source.Tables {
			if t := b.tables[tableID{source.Name, tracked.Name}]; t != nil {
				for _, r := range tracked.Relationships {
					b.addTableRelationship(source.Name, t, r)
				}
				for _, r := range tracked.RemoteRelationships {
					b.addRemoteRelationship(t, r)
				}
			}
		}
	}
}

// pairs are the columns that a relationship compares, side by side.
type pairs struct {
	own, remote []string
	target      catalog.Name
}

func (b *builder) addTableRelationship(source string, t *tableType, r *metadata.TableRelationship) {
	item := fmt.Sprintf("relationship %q of table %q", r.Name, t.tracked.Name)
	p, ok := b.resolve(item, t, r)
	if !ok {
		return
	}
	target := b.tables[tableID{source, metadata.TableName(p.target)}]
	if target == nil {
		b.fault(r.Pos, item, "track it in databases/"+source+"/tables", "the table %q is not tracked", p.target)
		return
	}
	b.relate(item, t, target, r, p)
}

// addRemoteRelationship adds a relationship to a table of any source, or to a remote schema. A source that isn't there is
// left out without a word.
func (b *builder) addRemoteRelationship(t *tableType, r *metadata.RemoteRelationship) {
	if r.RemoteSchema != "" {
		b.addRemoteSchemaRelationship(t, r)
		return
	}
	target := b.tables[tableID{r.Source, r.Table}]
	if target == nil {
		return
	}
	var p pairs
	for _, m := range r.Mapping {
		p.own, p.remote = append(p.own, m.Column), append(p.remote, m.RemoteColumn)
	}
	item := fmt.Sprintf("remote relationship %q of table %q", r.Name, t.tracked.Name)
	b.relate(item, t, target, &metadata.TableRelationship{Pos: r.Pos, Name: r.Name, Type: r.Type}, p)
}

// relate adds a relationship between two tables.
func (b *builder) relate(item string, t, target *tableType, r *metadata.TableRelationship, p pairs) {
	own, ok := b.columns(r.Pos, item, t.Table, p.own)
	remote, ok2 := b.columns(r.Pos, item, target.Table, p.remote)
	if !ok || !ok2 {
		return
	}
	for i, c := range own {
		if !alike(c.Type, remote[i].Type) {
			b.fault(r.Pos, item, "compare columns of like types", "the column %q of type %s can't be compared with the column %q of type %s",
				c.Name, columnType(c.Type), remote[i].Name, columnType(remote[i].Type))
			return
		}
	}
	rel := &Relationship{columns: own, join: b.newJoin(t.Name+"."+r.Name, r.Type, target.Type, remote), crosses: t.Source != target.Source}
	b.addRelationship(t.Type, relationshipField(r.Name, r.Comment, r.Type, target.Type, rel), r.Pos)
}

// resolve finds the columns of a table's relationship. A foreign key is given by its columns alone, on either side:
// what it references stands in the database.
func (b *builder) resolve(item string, t *tableType, r *metadata.TableRelationship) (pairs, bool) {
	using := r.Using
	switch {
	case len(using.Mapping) > 0:
		p := pairs{target: catalog.Name(using.Table)}
		for _, m := range using.Mapping {
			p.own, p.remote = append(p.own, m.Column), append(p.remote, m.RemoteColumn)
		}
		return p, true
	case using.Table != metadata.TableName{}:
		return b.resolveReverse(item, t, r)
	}
	for _, fk := range t.Table.ForeignKeys {
		if sameNames(fk.Columns, using.ForeignKey) {
			return pairs{own: fk.Columns, remote: fk.References, target: fk.Table}, true
		}
	}
	if _, ok := b.columns(r.Pos, item, t.Table, using.ForeignKey); ok {
		b.fault(r.Pos, item, foreignKeyHint(t.Table, ""), "the table %q has no foreign key on %s", t.Table.Name, quoted(using.ForeignKey))
	}
	return pairs{}, false
}

// foreignKeyHint names the columns of a table's foreign keys: of those that reference a table, if one is given.
func foreignKeyHint(t *catalog.Table, references string) string {
	var keys []string
	for _, fk := range t.ForeignKeys {
		if references == "" || fk.Table.String() == references {
			keys = append(keys, quoted(fk.Columns))
		}
	}
	if len(keys) == 0 {
		return "use manual_configuration"
	}
	return "it has one on " + strings.Join(keys, ", one on ") + "; for other columns use manual_configuration"
}

func (b *builder) resolveReverse(item string, t *tableType, r *metadata.TableRelationship) (pairs, bool) {
	remote := b.databases[t.Source.Name].Catalog.Tables[catalog.Name(r.Using.Table)]
	if remote == nil {
		b.fault(r.Pos, item, nearestTable(r.Using.Table, b.databases[t.Source.Name].Catalog), "the table %q does not exist", r.Using.Table)
		return pairs{}, false
	}
	for _, fk := range remote.ForeignKeys {
		if fk.Table == t.Table.Name && sameNames(fk.Columns, r.Using.ForeignKey) {
			return pairs{own: fk.References, remote: fk.Columns, target: remote.Name}, true
		}
	}
	if _, ok := b.columns(r.Pos, item, remote, r.Using.ForeignKey); ok {
		b.fault(r.Pos, item, foreignKeyHint(remote, t.Table.Name.String()),
			"the table %q has no foreign key on %s that references %q", remote.Name, quoted(r.Using.ForeignKey), t.Table.Name)
	}
	return pairs{}, false
}

// sameNames compares regardless of order: a list of columns in metadata need not follow the constraint's.
func sameNames(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(out, ", ")
}

func (b *builder) columns(pos metadata.Pos, item string, t *catalog.Table, names []string) ([]*catalog.Column, bool) {
	columns, ok := make([]*catalog.Column, len(names)), true
	for i, name := range names {
		if columns[i] = t.Column(name); columns[i] == nil {
			b.fault(pos, item, metadata.DidYouMean(name, columnNames(t)), "the column %q of table %q does not exist", name, t.Name)
			ok = false
		}
	}
	return columns, ok
}

func (b *builder) newJoin(name string, typ metadata.RelationshipType, target *Type, columns []*catalog.Column) *loaders.Relationship {
	return &loaders.Relationship{Name: name, Type: typ, Source: target.Source, Table: target.Table, Columns: columns, MaxRows: b.maxRows}
}

// relationshipField types an object relationship as nullable and an array relationship as [t!]!, as Hasura does for
// action relationships (hasura-actions.md section 7.2).
func relationshipField(name, description string, typ metadata.RelationshipType, target *Type, r *Relationship) *Field {
	f := &Field{Name: name, Description: description, Relationship: r, Object: target, Type: &metadata.Type{Name: target.Name}}
	if typ == metadata.ArrayRelationship {
		f.Type.NonNull = true
		f.Type = &metadata.Type{Elem: f.Type, NonNull: true}
	}
	return f
}

// addRelationship adds a relationship and, for an array, the aggregate over its rows.
func (b *builder) addRelationship(t *Type, f *Field, pos metadata.Pos) {
	b.addField(t, f, pos)
	if f.Type.Elem != nil {
		b.addField(t, aggregateField(f), pos)
	}
}

// aggregateField is <relationship>_aggregate, as Hasura names it (hasura-actions.md section 7.2).
func aggregateField(f *Field) *Field {
	return &Field{
		Name: f.Name + aggregateSuffix, Type: &metadata.Type{Name: f.Object.Name + aggregateSuffix, NonNull: true},
		Relationship: f.Relationship, Object: f.Object, Aggregate: true,
	}
}

func (b *builder) addActionRelationships() {
	for _, o := range b.md.CustomTypes.Objects {
		if t := b.model.named[o.Name]; t != nil && t.Table == nil {
			for _, r := range o.Relationships {
				b.addActionRelationship(o, t, r)
			}
		}
	}
}

func (b *builder) addActionRelationship(o *metadata.Object, t *Type, r *metadata.Relationship) {
	target := b.tables[tableID{r.Source, r.Table}]
	if target == nil {
		return // the source isn't served, or the table's own fault is reported
	}
	rel := &Relationship{join: b.newJoin(t.Name+"."+r.Name, r.Type, target.Type, nil)}
	for _, m := range r.Mapping {
		c := target.Table.Column(m.Column)
		f := o.Field(m.Field)
		if !b.checkMapping(o, r, m, c, f, target) {
			return
		}
		rel.fields = append(rel.fields, m.Field)
		rel.join.Columns = append(rel.join.Columns, c)
	}
	b.addRelationship(t, relationshipField(r.Name, r.Description, r.Type, target.Type, rel), r.Pos)
}

// checkMapping words an unknown column as Hasura does (hasura-actions.md section 7.3). That the types can't be compared
// is found by Hasura at run time only.
func (b *builder) checkMapping(
	o *metadata.Object, r *metadata.Relationship, m metadata.FieldMapping, c *catalog.Column, f *metadata.Field, target *tableType,
) bool {
	item := fmt.Sprintf("relationship %q of type %q", r.Name, o.Name)
	if c == nil {
		b.fault(m.Pos, item, metadata.DidYouMean(m.Column, columnNames(target.Table)),
			"the column %q of remote table %q for relationship %q of object type %q does not exist", m.Column, r.Table.Name, r.Name, o.Name)
		return false
	}
	if f == nil {
		return false // reported by metadata
	}
	if !canHold(f.Type.Named(), c.Type) {
		b.fault(m.Pos, item, "map a field and a column of like types", "the field %q of type %s can't be compared with the column %q of type %s",
			m.Field, f.Type, m.Column, columnType(c.Type))
		return false
	}
	return true
}

// comparable reports whether keys can be compared with values of t by =: all but arrays, composites and JSON.
func comparable(t catalog.Type) bool {
	return isOrdered(t) && t.Base != pgCatalog("jsonb") && !t.Array && !t.BaseArray && t.BaseKind != catalog.CompositeType && t.BaseKind != catalog.PseudoType
}

// families group Postgres' types by what a value of a GraphQL type can be. Types outside of them take any scalar.
var families = map[string]string{
	"int2": "number", "int4": "number", "int8": "number", "oid": "number", "float4": "number", "float8": "number", "numeric": "number",
	"money": "number", "bool": "boolean", "uuid": "uuid", "date": "time", "timestamp": "time", "timestamptz": "time", "time": "time",
	"timetz": "time", "interval": "time", "bytea": "bytes", "inet": "net", "cidr": "net", "macaddr": "net",
}

var scalarFamilies = map[string]string{
	"Int": "number", "Float": "number", "smallint": "number", "bigint": "number", "float8": "number", "numeric": "number", "money": "number",
	"Boolean": "boolean", "uuid": "uuid", "date": "time", "timestamp": "time", "timestamptz": "time",
}

// canHold reports whether a value of the scalar can ever be one of the column's type. String, ID and custom scalars can.
func canHold(scalar string, t catalog.Type) bool {
	return comparable(t) && sameFamily(scalarFamilies[scalar], family(t))
}

// alike reports whether values of one column can ever be equal to values of another.
func alike(a, b catalog.Type) bool {
	return comparable(a) && comparable(b) && sameFamily(family(a), family(b))
}

func sameFamily(a, b string) bool { return a == "" || b == "" || a == b }

func family(t catalog.Type) string {
	if t.Base.Schema != "pg_catalog" {
		return ""
	}
	return families[t.Base.Name]
}
