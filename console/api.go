package console

import (
	"encoding/json"
	"time"
)

// State is what is served.
type State struct {
	Version        string    `json:"version"`
	Generation     int       `json:"generation"` // of what is served; it grows with each change
	LoadedAt       time.Time `json:"loadedAt"`
	Status         string    `json:"status"` // "current", or "kept" where the last change is bad and the one before it is served
	Faults         []Fault   `json:"faults"` // of the metadata as it was last read
	Revision       string    `json:"revision"`
	Writable       bool      `json:"writable"`
	ReadOnlyReason string    `json:"readOnlyReason,omitempty"`
	GraphQL        string    `json:"graphql"`           // path
	Router         string    `json:"router,omitempty"`  // URL, for people; ask it by RouterEndpoint
	RouterEndpoint string    `json:"routerEndpoint"`    // path of the API that passes requests on to the router; "" where there is none
	Jaeger         string    `json:"jaeger,omitempty"`  // URL
	Supergraph     bool      `json:"supergraph"`        // it is known what else is composed
	Undo           *Undo     `json:"undo,omitempty"`    // what can be undone
	Directory      string    `json:"metadataDirectory"` // for people
}

// Undo is the last change.
type Undo struct {
	Description string `json:"description"`
}

// Fault is a fault of the metadata.
type Fault struct {
	Severity string `json:"severity"` // "error" or "warning"
	Place    *Place `json:"place,omitempty"`
	Item     string `json:"item,omitempty"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	Rule     string `json:"rule,omitempty"`
}

// Place is where something stands in the metadata directory.
type Place struct {
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Column int    `json:"column,omitempty"`
}

// Error is the body of an answer that isn't 2xx.
type Error struct {
	Error ErrorBody `json:"error"`
}

// ErrorBody says what went wrong. Codes: access-denied, bad-request, not-found, conflict, invalid, read-only, unavailable,
// unexpected.
type ErrorBody struct {
	Code    string       `json:"code"`
	Message string       `json:"message"`
	Faults  []FieldFault `json:"faults,omitempty"` // of code invalid
}

// FieldFault is something wrong with a field of a form: name, type, source, schema, table, mapping; "" is about the whole.
type FieldFault struct {
	Field   string `json:"field"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Metadata is what the files say, and what the databases have.
type Metadata struct {
	Revision string   `json:"revision"`
	Actions  []Action `json:"actions"`
	Types    Types    `json:"types"`
	Sources  []Source `json:"sources"`
	Roles    []string `json:"roles"` // without admin
}

// Action is an action.
type Action struct {
	Name                 string     `json:"name"`
	Kind                 string     `json:"kind"`      // query or mutation
	Execution            string     `json:"execution"` // synchronous or asynchronous
	Comment              string     `json:"comment,omitempty"`
	Arguments            []Argument `json:"arguments"`
	OutputType           string     `json:"outputType"`
	Handler              string     `json:"handler"` // with its templates
	Headers              []Header   `json:"headers"`
	ForwardClientHeaders bool       `json:"forwardClientHeaders"`
	TimeoutSeconds       float64    `json:"timeoutSeconds"`
	Permissions          []string   `json:"permissions"` // roles
	Place                Place      `json:"place"`
	SDL                  string     `json:"sdl"`
}

// Argument is an argument of an action, or a field of a type.
type Argument struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description,omitempty"`
}

// Header is a header that is sent to a handler. Value is hidden where the name suggests a secret.
type Header struct {
	Name         string `json:"name"`
	Value        string `json:"value,omitempty"`
	ValueFromEnv string `json:"valueFromEnv,omitempty"`
}

// Types are the custom types.
type Types struct {
	Objects      []Object `json:"objects"`
	InputObjects []Object `json:"inputObjects"` // without relationships
	Enums        []Enum   `json:"enums"`
	Scalars      []Scalar `json:"scalars"`
}

// Object is an object or input type.
type Object struct {
	Name          string         `json:"name"`
	Description   string         `json:"description,omitempty"`
	Fields        []Argument     `json:"fields"`
	Relationships []Relationship `json:"relationships"`
	UsedBy        []string       `json:"usedBy"` // actions that give or take it, also within another type
	Place         Place          `json:"place"`
	SDL           string         `json:"sdl"`
}

// Enum is an enum type.
type Enum struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Values      []string `json:"values"`
	UsedBy      []string `json:"usedBy"`
	Place       Place    `json:"place"`
	SDL         string   `json:"sdl"`
}

// Scalar is a scalar type.
type Scalar struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	UsedBy      []string `json:"usedBy"`
	Place       Place    `json:"place"`
	SDL         string   `json:"sdl"`
}

// Relationship is a relationship of a custom type or of a table.
type Relationship struct {
	Name         string         `json:"name"`
	Description  string         `json:"description,omitempty"`
	Type         string         `json:"type"` // object or array
	Source       string         `json:"source"`
	Table        TableName      `json:"table"`
	FieldMapping []FieldMapping `json:"fieldMapping"`
	Origin       string         `json:"origin,omitempty"` // of a table's: "foreign key" or "manual"
	Place        *Place         `json:"place,omitempty"`
}

// TableName names a table within its source.
type TableName struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
}

// FieldMapping joins a field, or a table's column, to a column of the target.
type FieldMapping struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Source is a database.
type Source struct {
	Name   string  `json:"name"`
	Kind   string  `json:"kind"`
	Tables []Table `json:"tables"` // those that are tracked
}

// Table is a tracked table, view or materialized view.
type Table struct {
	TableName
	Source        string         `json:"source"`
	Kind          string         `json:"kind"` // as Postgres has it; "" where the database hasn't got it
	Type          string         `json:"type"` // GraphQL name
	Comment       string         `json:"comment,omitempty"`
	Columns       []Column       `json:"columns"`
	PrimaryKey    []string       `json:"primaryKey"`
	UniqueKeys    [][]string     `json:"uniqueKeys"`
	Indexes       []Index        `json:"indexes"`
	Relationships []Relationship `json:"relationships"`
	Permissions   []Permission   `json:"permissions"`
	Place         Place          `json:"place"`
}

// Column is a column of a table.
type Column struct {
	Name         string `json:"name"`
	PostgresType string `json:"postgresType"`
	Field        string `json:"field"` // GraphQL name
	Nullable     bool   `json:"nullable"`
}

// Index is an index of a table.
type Index struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
}

// Permission is a role's select permission on a table.
type Permission struct {
	Role              string          `json:"role"`
	Columns           []string        `json:"columns"`
	AllColumns        bool            `json:"allColumns"`
	Filter            json.RawMessage `json:"filter"`
	Limit             *int            `json:"limit,omitempty"`
	AllowAggregations bool            `json:"allowAggregations"`
}

// RelationshipChange is a change of a custom type's relationships: a new one (Name is empty), another form of the one called
// Name, or its end (Relationship is nil).
type RelationshipChange struct {
	Type         string        `json:"type"`
	Name         string        `json:"name,omitempty"`
	Relationship *Relationship `json:"relationship,omitempty"`
	Revision     string        `json:"revision,omitempty"` // of what was looked at; not needed for a preview
}

// Preview is what a change would do.
type Preview struct {
	Faults     []FieldFault `json:"faults"`  // with one, nothing below is known but Diff, where the files could be changed
	Diff       string       `json:"diff"`    // of the files
	SDLDiff    string       `json:"sdlDiff"` // of the subgraph's schema
	Supergraph Supergraph   `json:"supergraph"`
	Roles      []RoleView   `json:"roles"`
	Index      *IndexAdvice `json:"index,omitempty"` // of a relationship that is added or changed
	Warnings   []Fault      `json:"warnings"`        // that are not there now
}

// Supergraph says whether it composes.
type Supergraph struct {
	Checked   bool            `json:"checked"`
	Composes  bool            `json:"composes"`
	Errors    []string        `json:"errors"`
	Reason    string          `json:"reason,omitempty"` // why it wasn't checked
	Subgraphs []SubgraphTypes `json:"subgraphs"`        // all of them, this one included
}

// SubgraphTypes is what a subgraph has.
type SubgraphTypes struct {
	Name       string         `json:"name"`
	Own        bool           `json:"own"` // it is this one
	RoutingURL string         `json:"routingUrl,omitempty"`
	Types      []SubgraphType `json:"types"`
}

// SubgraphType is an object type, interface or union of a subgraph.
type SubgraphType struct {
	Name   string   `json:"name"`
	Keys   []string `json:"keys"`
	Fields []string `json:"fields"`
}

// RoleView says whether a role sees a relationship, and else why not.
type RoleView struct {
	Role string `json:"role"`
	Sees bool   `json:"sees"`
	Why  string `json:"why,omitempty"`
}

// IndexAdvice says whether an index serves a relationship.
type IndexAdvice struct {
	Served     bool   `json:"served"`
	Name       string `json:"name,omitempty"`
	Suggestion string `json:"suggestion,omitempty"` // SQL
}

// SampleRequest asks what a relationship would give for a key; nothing is saved.
type SampleRequest struct {
	RelationshipChange
	Key       map[string]json.RawMessage `json:"key"`                 // by field of the type
	Role      string                     `json:"role,omitempty"`      // "" means admin
	Variables map[string]string          `json:"variables,omitempty"` // session variables
}

// Sample is what it gives: a GraphQL answer, and the faults that keep it from being asked for.
type Sample struct {
	Faults []FieldFault    `json:"faults"`
	Query  string          `json:"query,omitempty"` // that was run
	Answer json.RawMessage `json:"answer,omitempty"`
}

// TypesChange is a change of the custom types: the SDL of one or several, or the end of one.
type TypesChange struct {
	SDL      string `json:"sdl,omitempty"`
	Remove   string `json:"remove,omitempty"`
	Revision string `json:"revision,omitempty"` // of what was looked at; not needed for a preview
}

// WatchRequest asks for the join plans of the operations of a trace, also through a router.
type WatchRequest struct {
	TraceID string `json:"traceId"` // 32 hexadecimal digits, as in traceparent
}

// JoinPlans are those of a trace, in the order in which the operations ended. They are forgotten once they were given.
type JoinPlans struct {
	JoinPlans []json.RawMessage `json:"joinPlans"` // docs/explain.md
}

// UndoRequest takes the last change back.
type UndoRequest struct {
	Revision string `json:"revision"`
}
