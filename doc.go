// Package joinery serves a Hasura v2 metadata directory as an Apollo Federation 2 subgraph, from within a Go program:
//
//	service, err := joinery.New(ctx, joinery.Config{Metadata: os.DirFS("metadata"), DatabaseURL: url})
//	if err != nil { ... }
//	defer service.Close()
//	http.ListenAndServe("127.0.0.1:4001", service.Mux())
//
// [Open] makes one that can be replaced while it serves, when its metadata or its databases change: see [Live].
//
// Without Config.Auth every caller is the admin: serve it on a loopback address then ([auth.Config.CheckListen]).
//
// Actions can be answered by Go instead of a REST service: an [http.RoundTripper] as Config.Transport takes the calls.
// The program in cmd/joinery does the same from the command line.
package joinery
