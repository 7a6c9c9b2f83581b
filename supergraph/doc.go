// Package supergraph composes subgraphs into a supergraph and runs a router over it.
//
// # Compose
//
// [ReadConfig] reads a rover supergraph config, the file that `rover supergraph compose` takes too. [Compose] gets the
// SDL of each subgraph, from a file or by asking the subgraph, and composes them with Apollo's own @apollo/composition,
// which runs on Node.js:
//
//	cfg, err := supergraph.ReadConfig("rover.yaml")
//	result, err := supergraph.Compose(ctx, cfg, supergraph.Options{})
//	os.WriteFile("supergraph.graphql", []byte(result.SDL), 0o644)
//
// What is wrong comes back all at once: the faults of the config as [Faults], subgraphs whose SDL can't be had as
// [Faults] too, and what composition objects to as [Problems], each with the file and line of every subgraph it is about.
//
// To compose again and again, as on every save of a schema, keep a [Composer]: Node starts once.
//
// # Route
//
// [FindRouter] looks for Apollo Router; [StartRouter] runs it with router.yaml of this folder ([RouterYAML]), or, where
// it isn't found, Apollo Gateway as a stand-in for development:
//
//	path, err := supergraph.FindRouter(ctx, supergraph.FindOptions{Log: os.Stderr})
//	if errors.Is(err, supergraph.ErrNotFound) {
//		fmt.Fprintln(os.Stderr, err) // the stand-in runs: Path stays empty
//	} else if err != nil {
//		return err
//	}
//	router, err := supergraph.StartRouter(ctx, supergraph.RouterOptions{Path: path, Supergraph: "supergraph.graphql"})
//	defer router.Stop()
//
// [FindJaeger] and [StartJaeger] do the same for Jaeger, which collects and shows the traces.
//
// The Node packages and downloaded programs are kept in a cache folder, see [Options].
package supergraph
