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
	Customization        any           // as decoded YAML, nil where there is none
	Permissions          []RemoteSchemaPermission
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

	RemoteSchema string   // "" for a table
	Fields       []string // lhs_fields or hasura_fields
	RemoteField  any      // as decoded YAML

	Source  string // "" for a remote schema
	Table   TableName
	Type    RelationshipType
	Mapping []ColumnMapping
}
