// Command bench measures Joinery beside peers that answer the same operations from the same data:
//
//   - limit, a server written by hand for exactly these operations, without GraphQL: the practical limit
//   - gqlgen, a generated subgraph with @entityResolver(multi: true) and dataloader v7
//   - apollo, Apollo Server with @apollo/subgraph, dataloader and pg
//
// Run it from anywhere in the module; Go, Node and npm are needed:
//
//	go run ./bench --out docs/performance.md     # the report and its picture
//	go run ./bench --quick --workloads w1,w4 --servers joinery
//
// Every server is a process of its own. Before anything is measured, the answers of all of them to the same requests are
// compared; a difference ends the run. Then they are measured in turn, round by round, so that a disturbance of the
// machine meets all of them alike, and all this several times: a process keeps what it was lucky with when it started. The figure to trust is CPU time per request: the load generator runs on the same
// machine, so requests per second and latencies depend on it, too.
//
// What --coalesce of joinery serve saves and costs is measured last, with pairs of requests of one trace (coalesce.go); alone by
//
//	go run ./bench --coalescing
//
// # To add a workload
//
// Add it to the list in workload.go. Its fields must be in the schemas of gqlgen and apollo, and the operation's name in
// limit.
//
// # To profile a server
//
//	go run ./bench --profile /tmp/profiles --servers joinery --workloads w1/100
//
// records it with Linux' perf, which needs nothing of the server:
//
//	perf report -i /tmp/profiles/joinery-w1-100.perf
package main
