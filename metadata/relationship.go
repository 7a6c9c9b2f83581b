package metadata

// RelationshipType says whether a relationship gives one row or several.
type RelationshipType string

// The types of relationships.
const (
	ObjectRelationship RelationshipType = "object"
	ArrayRelationship  RelationshipType = "array"
)

// Relationship is an action relationship: it joins fields of an object type to columns of a table.
type Relationship struct {
	Pos         Pos
	Name        string
	Description string
	Type        RelationshipType
	Source      string // "default" where none is given
	Table       TableName
	Mapping     []FieldMapping // in the file's order, at least one
}

// FieldMapping joins a field of the object type to a database column. Custom column names do not apply to Column
// (hasura-actions.md section 12).
type FieldMapping struct {
	Pos    Pos
	Field  string
	Column string
}

// TableRelationship joins a table to a table of the same source. It is given by a foreign key or by hand, see Using.
type TableRelationship struct {
	Pos     Pos
	Name    string
	Comment string
	Type    RelationshipType
	Using   RelationshipUsing
}

// RelationshipUsing holds one of three forms:
//   - a foreign key of this table (ForeignKey set, Table zero): the target is the table that the key references;
//   - a foreign key of the other table (ForeignKey and Table set), which references this one;
//   - a manual configuration (Mapping and Table set).
type RelationshipUsing struct {
	ForeignKey []string // columns of the foreign key
	Table      TableName
	Mapping    []ColumnMapping // own column to the other table's column, in the file's order
}

// ColumnMapping is a pair of columns that are compared.
type ColumnMapping struct {
	Pos          Pos
	Column       string
	RemoteColumn string
}
