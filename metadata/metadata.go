package metadata

// Metadata is what one metadata directory declares. It is read by [Read] and not changed afterwards;
// reading it from several goroutines is safe.
type Metadata struct {
	Version        int // of version.yaml: 3 or 2; 0 where it could not be read
	Actions        []*Action
	CustomTypes    CustomTypes
	Sources        []*Source
	RemoteSchemas  []*RemoteSchema
	InheritedRoles []InheritedRole
	Federation     *Federation // nil where there is no federation.yaml

	QueryCollections []QueryCollection
	AllowList        []AllowedCollection // what may be asked for where the allow-list is enabled
	APILimits        *APILimits          // nil where there are none, or they are disabled

	IntrospectionDisabledFor []string // roles (graphql_schema_introspection.yaml)
}

// Source returns the source called name, or nil.
func (m *Metadata) Source(name string) *Source {
	for _, s := range m.Sources {
		if s.Name == name {
			return s
		}
	}
	return nil
}
