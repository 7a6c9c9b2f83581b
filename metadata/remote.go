package metadata

import "time"

// RemoteSchema is a GraphQL service that remote relationships lead to.
type RemoteSchema struct {
	Pos                  Pos
	Name                 string
	Comment              string
	URL                  EnvValue
	Headers              []Header
	ForwardClientHeaders bool
	Timeout              time.Duration // never zero: 60 s where none is given
	Customization        RemoteCustomization
	Permissions          []RemoteSchemaPermission

	// What federation.yaml says: whether the schema is that of another subgraph of the supergraph, which then serves its
	// relationships itself (nil: find out), and its SDL, so that nobody needs to ask for it ("": ask).
	Subgraph *bool
	SDL      string
}

// RemoteSchemaPermission lets a role use the part of a remote schema that Schema, an SDL, describes.
type RemoteSchemaPermission struct {
	Pos    Pos
	Role   string
	Schema string
}

// RemoteRelationship leads from a table to a remote schema or to a table of another source. Both forms of the
// metadata (before and since Hasura v2.0.10) are read into this one.
type RemoteRelationship struct {
	Pos  Pos
	Name string

	RemoteSchema string       // "" for a table
	Fields       []string     // lhs_fields or hasura_fields: columns and computed fields, by their names in the database
	RemoteField  []RemoteStep // from the remote schema's Query down; the last gives the relationship's value

	Source  string // "" for a remote schema
	Table   TableName
	Type    RelationshipType
	Mapping []ColumnMapping
}

// RemoteStep is a field of a remote schema on the way to a relationship's value.
type RemoteStep struct {
	Pos       Pos
	Field     string
	Arguments []RemoteArgument // by name
}

// RemoteArgument is an argument that the relationship gives. Value is decoded YAML, in which a string that begins with $
// names one of the relationship's Fields.
type RemoteArgument struct {
	Pos   Pos
	Name  string
	Value any
}

// RemoteCustomization changes the names of a remote schema. Relationships and permissions call things by their names before.
type RemoteCustomization struct {
	Pos                 Pos // zero where there is none
	RootFieldsNamespace string
	TypeNames           RemoteNames
	FieldNames          []RemoteFieldNames
}

// RemoteNames renames: what the mapping has to its value there, everything else by the affixes.
type RemoteNames struct {
	Affixes
	Mapping map[string]string
}

// Apply returns the new name.
func (n RemoteNames) Apply(name string) string {
	if mapped, ok := n.Mapping[name]; ok {
		return mapped
	}
	return n.Affixes.Apply(name)
}

// RemoteFieldNames renames the fields of a type.
type RemoteFieldNames struct {
	ParentType string
	RemoteNames
}
