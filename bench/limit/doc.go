// Command limit is the practical limit of the benchmark: a server written by hand for exactly its workloads, without
// GraphQL. It reads the same requests over net/http, sends the same statements over pgx, one per relationship and
// level, and writes the same bytes.
//
// What it leaves out is what a GraphQL server adds: it takes the operation's name for the document, knows every type in
// advance, and goes from the request's bytes to a binary array of keys, and from Postgres' values to JSON, without
// anything in between. What it keeps is what no server should leave out: a pool of connections, cancellation when the
// client goes away, and errors.
package main
