// Package remotes follows remote relationships to GraphQL services that are no subgraphs: Hasura's remote schemas.
//
// [New] learns the schema of each service that a relationship leads to, from its SDL or by asking it, and gives a
// [Client]. A [Relationship] is a field that the service answers; what a client selects of it is translated once
// ([Relationship.Select]), and [Client.Do] asks for all objects of a wave at once: one request for each service, a root
// field with an alias of its own for each key, all arguments as variables, and what is selected as one fragment. Beyond
// [Options.MaxKeys] keys there are several requests.
//
// Values go through as bytes. What a role may ask of a service is decided when its selection is translated; the
// service's own names are used in metadata (relationships, permissions), those of its customization in the schema that
// clients see.
package remotes
