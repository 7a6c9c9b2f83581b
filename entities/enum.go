package entities

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/loaders"
	"github.com/joinery-graphql/joinery/metadata"
)

// Enum is the GraphQL enum of a table's rows (Hasura, "Enum type fields"): columns that refer to the table by a foreign
// key are of this type.
type Enum struct {
	Name        string
	Description string
	Values      []loaders.EnumValue
	table       catalog.Name
	key         string // the column that holds the values
}

const enumSuffix = "_enum"

// ReadEnums reads the values of the source's enum tables, as far as they can be ones. Without it they have no values.
func (d *Database) ReadEnums(ctx context.Context, source *metadata.Source) (err error) {
	d.enumTables = nil
	for _, tracked := range source.Tables {
		table := d.Catalog.Tables[catalog.Name(tracked.Name)]
		if tracked.IsEnum && table != nil && enumFault(table) == "" {
			value, description := enumColumns(table)
			d.enumTables = append(d.enumTables, loaders.EnumTable{Table: table, Value: value, Description: description})
		}
	}
	d.enums, err = loaders.ReadEnums(ctx, d.Source.Pool, d.enumTables)
	return err
}

// EnumsChanged reports whether the enum tables have other rows now than ReadEnums has read.
func (d *Database) EnumsChanged(ctx context.Context, conn catalog.Querier) (bool, error) {
	now, err := loaders.ReadEnums(ctx, conn, d.enumTables)
	return err == nil && !slices.EqualFunc(now, d.enums, slices.Equal), err
}

func (d *Database) enumValues(t *catalog.Table) []loaders.EnumValue {
	i := slices.IndexFunc(d.enumTables, func(e loaders.EnumTable) bool { return e.Table == t })
	if i < 0 {
		return nil
	}
	return d.enums[i]
}

// enumColumns are the values of an enum table, and what describes them, which may be nil.
func enumColumns(t *catalog.Table) (value, description *catalog.Column) {
	for _, c := range t.Columns {
		if c.Name == t.PrimaryKey[0] {
			value = c
		} else {
			description = c
		}
	}
	return value, description
}

// enumFault says why a table can't be an enum, in Hasura's words, whatever its rows are. It is "" where it can.
func enumFault(t *catalog.Table) string {
	switch {
	case len(t.PrimaryKey) == 0:
		return "the table must have a primary key"
	case len(t.PrimaryKey) > 1:
		return fmt.Sprintf("the table's primary key must not span multiple columns (%s)", strings.Join(t.PrimaryKey, ", "))
	case len(t.Columns) > 2:
		return fmt.Sprintf("the table must have exactly one primary key and optionally one comment column, not %d columns (%s)",
			len(t.Columns), strings.Join(columnNames(t), ", "))
	}
	value, description := enumColumns(t)
	if !isText(value.Type) {
		return fmt.Sprintf("the table's primary key (%q) must have type \"text\", not type %q", value.Name, columnType(value.Type))
	}
	if description != nil && !isText(description.Type) {
		return fmt.Sprintf("the table's comment column (%q) must have type \"text\", not type %q", description.Name, columnType(description.Type))
	}
	return ""
}

func isText(t catalog.Type) bool {
	return !t.Array && !t.BaseArray && (t.Base == pgCatalog("text") || t.Base == pgCatalog("varchar"))
}

// valuesFault says why rows can't be the values of an enum, in Hasura's words.
func valuesFault(values []loaders.EnumValue) string {
	var wrong []string
	for _, v := range values {
		if !isName(v.Name) || v.Name == "true" || v.Name == "false" || v.Name == "null" { // GraphQL, section 3.9
			wrong = append(wrong, v.Name)
		}
	}
	switch {
	case len(values) == 0:
		return "the table must have at least one row"
	case len(wrong) == 1:
		return fmt.Sprintf("value %q is not a valid GraphQL enum value name", wrong[0])
	case len(wrong) > 1:
		return fmt.Sprintf("values %s are not valid GraphQL enum value names", quoted(wrong[:min(len(wrong), 10)]))
	}
	return ""
}

// addEnums makes the enums of all enum tables. They must be known before columns that refer to them.
func (b *builder) addEnums() {
	for _, source := range b.md.Sources {
		db := b.databases[source.Name]
		if db == nil {
			continue
		}
		for _, tracked := range source.Tables {
			if table := db.Catalog.Tables[catalog.Name(tracked.Name)]; tracked.IsEnum && table != nil {
				b.addEnum(source, db, tracked, table)
			}
		}
	}
	slices.SortFunc(b.model.Enums, func(a, b *Enum) int { return cmp.Compare(a.Name, b.Name) })
}

func (b *builder) addEnum(source *metadata.Source, db *Database, tracked *metadata.Table, table *catalog.Table) {
	item := fmt.Sprintf("table %q", tracked.Name)
	why := enumFault(table)
	if why == "" {
		why = valuesFault(db.enumValues(table))
	}
	e := &Enum{Name: tracked.TypeName() + enumSuffix, Description: cmp.Or(tracked.Comment, table.Comment), table: table.Name}
	switch {
	case why != "":
		b.fault(tracked.Pos, item, "", "the table %q cannot be used as an enum because %s", tracked.Name, why)
		return
	case b.composite[e.Name]:
		b.fault(tracked.Pos, item, "rename one of them", "duplicate type names: %s, the enum of the table's rows, is another type already", e.Name)
		return
	}
	e.key, e.Values = table.PrimaryKey[0], db.enumValues(table)
	b.composite[e.Name] = true
	b.model.Enums = append(b.model.Enums, e)
	b.enums[tableID{source.Name, tracked.Name}] = e
}

// enumOf is the enum that a column refers to, or nil.
func (b *builder) enumOf(t *Type, tracked *metadata.Table, c *catalog.Column) *Enum {
	var found []*Enum
	for _, fk := range t.Table.ForeignKeys {
		e := b.enums[tableID{t.Source.Name, metadata.TableName(fk.Table)}]
		if e != nil && len(fk.Columns) == 1 && fk.Columns[0] == c.Name && fk.References[0] == e.key && !slices.Contains(found, e) {
			found = append(found, e)
		}
	}
	switch len(found) {
	case 0:
		return nil
	case 1:
		return found[0]
	}
	names := make([]string, len(found))
	for i, e := range found {
		names[i] = e.table.String()
	}
	b.fault(tracked.Pos, fmt.Sprintf("table %q", tracked.Name), "drop all but one of the foreign keys", "column %q references several enum tables: %s", c.Name, quoted(names))
	return nil
}
