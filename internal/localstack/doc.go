// Package localstack runs a whole stack on one machine: what `joinery dev` starts, and what the e2e test asks.
//
//	stack, err := localstack.Read("examples/hodor")
//	if err != nil {
//		return err
//	}
//	return localstack.Run(ctx, stack, localstack.Options{Joinery: "bin/joinery", Environ: os.Environ()})
//
// # stack.yaml
//
// A stack is a folder with a stack.yaml, which says what is special about it: Joinery's metadata, the migrations, the
// services (handlers, other subgraphs, stand-ins), the subgraphs to compose, and operations with their right answers.
// docs/local-stack.md has its reference. Relative paths count from the folder, and services run in it.
//
// # Order
//
// Postgres, migrations, Jaeger, the services and Joinery, composition, the router; then the operations. Stopped is in
// the reverse order, also after an error. A program that ends by itself stops the stack, with the last lines of its log.
//
// # Ports
//
// Everything listens on 127.0.0.1, on the port of stack.yaml or, where that is in use, the one ten further on, and so on.
// The stack keeps a port open until its program takes it over, and locked against other stacks until the end.
package localstack
