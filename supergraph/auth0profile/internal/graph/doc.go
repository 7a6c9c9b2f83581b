// Package graph is the GraphQL code that gqlgen generates from schema.graphql, as gqlgen.yml says.
// Only this file is written by hand: go generate ./supergraph/auth0profile writes the others.
package graph
