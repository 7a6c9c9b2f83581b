package metadata

// QueryCollection is a list of operations (query_collections.yaml).
type QueryCollection struct {
	Pos     Pos
	Name    string
	Queries []CollectedQuery
}

// CollectedQuery is a document of a collection.
type CollectedQuery struct {
	Pos      Pos
	Name     string
	Document string
}

// AllowedCollection is a collection that may be asked for where the allow-list is enabled (allow_list.yaml).
type AllowedCollection struct {
	Pos        Pos
	Collection string
	Roles      []string // nil means all
}

// Allows reports whether the collection is for a role.
func (a *AllowedCollection) Allows(role string) bool {
	if a.Roles == nil {
		return true
	}
	for _, r := range a.Roles {
		if r == role {
			return true
		}
	}
	return false
}

// Collection returns the query collection called name, or nil.
func (m *Metadata) Collection(name string) *QueryCollection {
	for i := range m.QueryCollections {
		if m.QueryCollections[i].Name == name {
			return &m.QueryCollections[i]
		}
	}
	return nil
}
