// Package compat holds the 15 rows of Apollo's subgraph compatibility suite
// (github.com/apollographql/apollo-federation-subgraph-compatibility) as tests: its products schema is served from a
// metadata directory and a database alone. Four rows are asked through Apollo Router, with the suite's other two subgraphs
// on Apollo Server. `make compat` prints the table. TestNeighbours joins types both ways with other subgraphs.
package compat
