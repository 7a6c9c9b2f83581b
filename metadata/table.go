package metadata

// TableName names a table, view or materialized view within its source.
type TableName struct{ Schema, Name string }

// String is "schema.name".
func (n TableName) String() string { return n.Schema + "." + n.Name }

// GraphQLName is the table's type name where no custom name is given: the name alone in schema public, else
// schema_name (hasura-actions.md section 12).
func (n TableName) GraphQLName() string {
	if n.Schema == "public" {
		return n.Name
	}
	return n.Schema + "_" + n.Name
}

// Table is a tracked table, view or materialized view.
type Table struct {
	Pos                 Pos
	Name                TableName
	IsEnum              bool
	CustomName          string // of the type; "" where none is given
	TypeNames           Affixes
	Comment             string
	Columns             map[string]ColumnConfig // by database column; both forms of the metadata merged
	CustomRootFields    map[string]string       // by Hasura's key: select, select_by_pk, select_aggregate, ...
	Relationships       []*TableRelationship    // objects first, then arrays, each in the file's order
	RemoteRelationships []*RemoteRelationship
	ComputedFields      []*ComputedField
	SelectPermissions   []*SelectPermission
}

// TypeName is the GraphQL type name of the table's rows: the custom name or the table's own, between the prefix and
// the suffix that the source's customization gives to its types.
func (t *Table) TypeName() string {
	if t.CustomName != "" {
		return t.TypeNames.Apply(t.CustomName)
	}
	return t.TypeNames.Apply(t.Name.GraphQLName())
}

// ColumnConfig is what column_config and custom_column_names say of a column.
type ColumnConfig struct {
	Pos        Pos
	CustomName string
	Comment    string
}

// ComputedField is a field of a table whose value a function gives.
type ComputedField struct {
	Pos             Pos
	Name            string
	Comment         string
	Function        TableName
	TableArgument   string
	SessionArgument string
}
