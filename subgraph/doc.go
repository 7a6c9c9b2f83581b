// Package subgraph is the GraphQL service: an Apollo Federation 2 subgraph whose schema is made at run time.
//
//	schema, faults := subgraph.NewSchema(md, model, client)
//	handler := subgraph.NewHandler(schema, subgraph.Options{Actions: client, Auth: authenticator})
//	http.Handle("/graphql", handler)
//
// The schema stands behind gqlgen's executor, which parses, validates and caches documents. What is executed is a
// plan (see package entities) that is kept with the document: wave 0 calls actions and reads representations, every
// further wave loads the relationships of one depth, and one pass renders the answer. A change of metadata makes a new
// handler; a handler never changes.
//
// Only this package knows GraphQL's syntax, and only it decides what a client may read of an error.
package subgraph
