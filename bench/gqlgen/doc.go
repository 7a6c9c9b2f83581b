// Command gqlgen is a subgraph as gqlgen's documentation has one written: generated code, one call for all
// representations (@entityResolver(multi: true)), a dataloader with a wait of 1 ms for every relation, and pgx.
// https://gqlgen.com/recipes/federation/ https://gqlgen.com/reference/dataloaders/
package main

//go:generate go tool gqlgen generate --config gqlgen.yml
