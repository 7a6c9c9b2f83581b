package metadata

import (
	"fmt"
	"strings"
)

// nameFault says why name cannot be a name in a GraphQL schema, or "" where it can
// (GraphQL specification, sections 2.1.9 and 2.1.9.1 on reserved names).
func nameFault(name string) string {
	switch {
	case !isGraphQLName(name):
		return fmt.Sprintf("cannot include %q in the GraphQL schema because it is not a valid GraphQL identifier", name)
	case strings.HasPrefix(name, "__"):
		return fmt.Sprintf("the name %q must not begin with two underscores, which GraphQL reserves for introspection", name)
	}
	return ""
}

func isGraphQLName(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
