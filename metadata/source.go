package metadata

// DefaultSource is the name of the source that a relationship leads to where it names none.
const DefaultSource = "default"

// Source is a database.
type Source struct {
	Pos           Pos
	Name          string
	Kind          string // "postgres" (also where the file says pg, citus or cockroach); others have no Tables
	DatabaseURL   EnvValue
	Customization Customization
	Tables        []*Table
}

// Postgres says whether the source's tables are served.
func (s *Source) Postgres() bool { return s.Kind == kindPostgres }

// Table returns the tracked table called name, or nil.
func (s *Source) Table(name TableName) *Table {
	for _, t := range s.Tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// EnvValue is a literal or the name of an environment variable; both are empty where nothing was given.
type EnvValue struct {
	Pos     Pos
	Value   string
	FromEnv string
}

// Customization changes the names of a source's root fields and types. TypeNames is already in every
// [Table.TypeName] of the source.
type Customization struct {
	Pos                 Pos    // zero where the source has none
	NamingConvention    string // "" or "hasura-default"; anything else is a fault
	RootFieldsNamespace string
	RootFields          Affixes
	TypeNames           Affixes
}

// Affixes go before and behind a name.
type Affixes struct{ Prefix, Suffix string }

// Apply returns the name between them.
func (a Affixes) Apply(name string) string { return a.Prefix + name + a.Suffix }
