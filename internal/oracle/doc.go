// Package oracle answers GraphQL operations over rows that it holds in memory, by plain nested loops: the other side of
// Joinery's differential test, which asks both and compares.
//
// Nothing here is batched, planned or cached, and nothing of Joinery is imported. What Postgres means by an operator, an
// order or an aggregate is written down once more, by type: see [Kind].
//
// To ask: describe the tables ([Table], [Relationship]), fill a [Database], make an [Operation], and call
// [Database.Answer]. [Operation.Print] is the same operation as a GraphQL document with its variables. [Diff] compares
// the answer with the JSON that a server gave.
package oracle
