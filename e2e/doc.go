// Package e2e holds tests of the whole: the example behind a real Apollo Router, with Jaeger asked for the trace
// afterwards; and a supergraph of four subgraphs, in testdata/four, whose operations have the same answers through Apollo
// Router and Apollo Gateway. They need both programs, APOLLO_ROUTER and JAEGER, or on PATH, and Node.js.
package e2e
