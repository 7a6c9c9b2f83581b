// Package graph has the resolvers, and what gqlgen generates around them.
package graph

import "github.com/joinery-graphql/joinery/bench/gqlgen/store"

// Resolver is the root of all resolvers.
type Resolver struct {
	Store   *store.Store
	Actions *Actions
}
