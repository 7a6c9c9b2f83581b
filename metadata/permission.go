package metadata

// AdminRole is the role that no permission limits.
const AdminRole = "admin"

// SelectPermission lets a role read rows of a table.
type SelectPermission struct {
	Pos            Pos
	Role           string
	Columns        []string // nil with AllColumns
	AllColumns     bool     // columns: '*'
	ComputedFields []string

	// Filter is the boolean expression as decoded YAML: a map[string]any that holds map[string]any, []any, string,
	// bool, int64, float64 and nil. An empty one means all rows. It is nil only where a fault says so, for a permission
	// without a filter is invalid; whoever enforces permissions must let a nil filter pass nothing.
	Filter            any
	FilterPos         Pos
	Places            map[string]Pos // of what is within columns, computed_fields, query_root_fields and filter: "columns.0", "filter._or.1.id._eq"
	Limit             *int           // nil means none; negative only where a fault says so
	AllowAggregations bool

	// QueryRootFields and SubscriptionRootFields hold Hasura's keys (select, select_by_pk, ...) of the root fields
	// that the role has. Nil means all, empty means none.
	QueryRootFields        []string
	SubscriptionRootFields []string
}

// InheritedRole has the permissions of all the roles of its set (inherited_roles.yaml).
type InheritedRole struct {
	Pos     Pos
	Role    string
	RoleSet []string
}
