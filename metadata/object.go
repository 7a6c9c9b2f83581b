package metadata

// CustomTypes are the types of actions.graphql, with the relationships of actions.yaml. They stand in the order of
// actions.graphql; types that only actions.yaml has come last.
type CustomTypes struct {
	Objects      []*Object
	InputObjects []*InputObject
	Enums        []*Enum
	Scalars      []*Scalar
}

// Object returns the object type called name, or nil.
func (c *CustomTypes) Object(name string) *Object {
	for _, o := range c.Objects {
		if o.Name == name {
			return o
		}
	}
	return nil
}

// Object is an output type of actions.
type Object struct {
	Pos           Pos
	Name          string
	Description   string
	Fields        []*Field
	Relationships []*Relationship
}

// Field returns the field called name, or nil.
func (o *Object) Field(name string) *Field {
	for _, f := range o.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Field is a field of an [Object].
type Field struct {
	Pos         Pos
	Name        string
	Description string
	Type        *Type
}

// InputObject is an input type of actions.
type InputObject struct {
	Pos         Pos
	Name        string
	Description string
	Fields      []*Argument
}

// Enum is an enum type of actions.
type Enum struct {
	Pos         Pos
	Name        string
	Description string
	Values      []EnumValue
}

// EnumValue is a value of an [Enum].
type EnumValue struct {
	Pos               Pos
	Name              string
	Description       string
	Deprecated        bool
	DeprecationReason string
}

// Scalar is a declared scalar type of actions. Declarations of GraphQL's own scalars and of Postgres types, which
// Hasura accepts, are left out: those types need none (see [IsPostgresType]).
type Scalar struct {
	Pos         Pos
	Name        string
	Description string
}
