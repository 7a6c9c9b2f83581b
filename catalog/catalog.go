package catalog

import (
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Name is the name of a table or type, as Postgres has it: without quotes, with its case.
type Name struct{ Schema, Name string }

// String returns schema.name, for people: it is not quoted.
func (n Name) String() string { return n.Schema + "." + n.Name }

// Quoted returns the name for use in SQL.
func (n Name) Quoted() string { return pgx.Identifier{n.Schema, n.Name}.Sanitize() }

// Catalog is what a database has in schemas that are not the system's. It is not changed after Read and then safe for
// concurrent use.
type Catalog struct {
	Version   int // server_version_num, such as 170011
	Tables    map[Name]*Table
	Enums     map[Name]*Enum
	Functions map[Name][]*Function // those of one name differ in their arguments
}

// Table is a table, or something else with rows and columns. Only tables have keys, foreign keys and indexes, but for
// indexes of materialized views.
type Table struct {
	Name        Name
	Kind        Kind
	Comment     string       // empty if none
	Columns     []*Column    // by position, dropped ones left out
	PrimaryKey  []string     // columns in the key's order; nil if none
	Uniques     [][]string   // other keys, by name of their index: see Read for what counts
	ForeignKeys []ForeignKey // by name

	// NullsNotDistinct holds those of Uniques in which two nulls are equal (CREATE TABLE, "NULLS NOT DISTINCT",
	// Postgres 15). In all others there may be any number of rows with a null.
	NullsNotDistinct [][]string

	// Indexes holds all indexes, those of keys included, the primary key's first, then by name. Partial ones, those that
	// begin with an expression, and those that don't serve = (all but btree and hash), are left out.
	Indexes []Index
}

// Index is an index of a table.
type Index struct {
	Name    string
	Columns []string // up to the first part that is an expression; at least one
}

// Column returns the column of that name, nil if there is none.
func (t *Table) Column(name string) *Column {
	for _, c := range t.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// HasIndex reports whether an index serves a comparison of all these columns with values.
func (t *Table) HasIndex(columns ...string) bool { return t.Index(columns...) != nil }

// Index is the first index that serves a comparison of all these columns with values: they are, in any order, its first
// columns. Nil if none does.
func (t *Table) Index(columns ...string) *Index {
	wanted := slices.Compact(slices.Sorted(slices.Values(columns)))
	for i, index := range t.Indexes {
		if len(index.Columns) >= len(wanted) && slices.Equal(slices.Sorted(slices.Values(index.Columns[:len(wanted)])), wanted) {
			return &t.Indexes[i]
		}
	}
	return nil
}

// Indexable reports whether the table can have an index of its own: views and foreign tables can't.
func (t *Table) Indexable() bool { return t.Kind != View && t.Kind != ForeignTable }

// CreateIndex is the statement that gives the table an index for a comparison of these columns, as a person would send it.
func (t *Table) CreateIndex(columns ...string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = pgx.Identifier{c}.Sanitize()
	}
	return "CREATE INDEX ON " + t.Name.Quoted() + " (" + strings.Join(quoted, ", ") + ")"
}

// Kind of a table.
type Kind string

// The kinds of tables.
const (
	OrdinaryTable    Kind = "table" // a partition, too
	PartitionedTable Kind = "partitioned table"
	ForeignTable     Kind = "foreign table"
	View             Kind = "view"
	MaterializedView Kind = "materialized view"
)

// Column of a table, or a computed field of its rows.
type Column struct {
	Name string
	Type Type
	// NotNull says that Postgres keeps nulls out: NOT NULL of the column, or of its domain if it is a table's. It is
	// never true of a view's column, whatever it shows.
	NotNull bool
	// How a value comes about where an INSERT gives none: by DEFAULT, AS IDENTITY, or always by GENERATED ... AS.
	// At most one is true.
	HasDefault, Identity, Generated bool
	Comment                         string // empty if none
	// Computed is the call that gives a computed field's value; nil for a column that the table has. Read gives none.
	// Name is then one that no column of the table has.
	Computed *Call
}

// Type of a column. Modifiers, such as the 10 of varchar(10), are left out.
type Type struct {
	Name Name // that of the elements, for an array: pg_catalog.int8, public.citext, public.my_enum
	// Array tells an array, of any number of dimensions: Postgres doesn't enforce how many.
	Array bool
	// Base is the type below a domain, through domains over domains, and that of the elements if it is an array.
	// It is Name if that is no domain.
	Base      Name
	BaseArray bool     // Name is a domain over an array
	Kind      TypeKind // of Name
	BaseKind  TypeKind // of Base; never DomainType
	Category  byte     // of Name: pg_type.typcategory, such as 'N' for numbers (System Catalogs, table "typcategory Codes")
	OID       uint32   // of the whole, so that of the array for an array
}

// TypeKind is how a type is made.
type TypeKind string

// The kinds of types.
const (
	BaseType      TypeKind = "base"
	EnumType      TypeKind = "enum"
	CompositeType TypeKind = "composite"
	DomainType    TypeKind = "domain"
	RangeType     TypeKind = "range" // multiranges, too
	PseudoType    TypeKind = "pseudo"
)

// Enum is a type with fixed labels.
type Enum struct {
	Name    Name
	Labels  []string // in the type's order
	Comment string   // empty if none
}

// ForeignKey refers from a table's Columns to as many columns of Table, in the same order. Table may lie in a schema
// that the Catalog leaves out.
type ForeignKey struct {
	Name       string
	Columns    []string
	Table      Name
	References []string
}

// Function is a function; procedures, aggregates and window functions are left out.
type Function struct {
	Name       Name
	Arguments  []Argument // that a call gives: IN, INOUT and VARIADIC ones, in order
	Returns    Type       // of each row, if it returns a set
	ReturnsSet bool
	Comment    string // empty if none
}

// Argument of a function.
type Argument struct {
	Name       string // empty if none
	Type       Type
	HasDefault bool // it may be left out
}

// Call is a function of a row.
type Call struct {
	Function *Function
	Row      int // the argument that takes the row
	Session  int // the argument that takes the session variables, as a JSON object; NoArgument if none does
}

// NoArgument stands where a function has no such argument.
const NoArgument = -1
