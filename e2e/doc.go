// Package e2e holds tests of the whole: the example behind a real Apollo Router, with Jaeger asked for the trace
// afterwards. They need both programs: APOLLO_ROUTER and JAEGER, or on PATH.
package e2e
