// Package localpg runs a Postgres server for the local stack and for tests, with nothing to install first.
//
// Start one, use it, stop it:
//
//	server, err := localpg.Start(ctx, localpg.Options{})
//	if err != nil {
//		return err
//	}
//	defer server.Stop()
//	pool, err := pgxpool.New(ctx, server.URL())
//
// With [Options].DataDir the data is kept and the next Start finds it again; without, it is gone after Stop.
//
// # Where the programs come from
//
// They are downloaded once, by github.com/fergusstrange/embedded-postgres, from Maven Central, through HTTPS_PROXY
// where that is set. JOINERY_POSTGRES_REPOSITORY names another Maven repository, such as a company's mirror. They are
// kept in the folder joinery/postgres of [os.UserCacheDir]; where that can't be written, or can't be read by whoever
// runs the server, in /var/tmp/joinery-postgres-UID. Only this part of the library is used: its server outlives the
// program that started it, refuses root, and syncs every file.
//
// # Who runs them
//
// Postgres refuses root, so root runs it as nobody, or as the owner of an existing DataDir. The programs are started
// under that account directly: the caller's own executable need not be readable to it, nor $HOME.
//
// # When it ends
//
// The server never outlives its parent, however that ends: a small shell process above it waits for the parent's end
// of a pipe to close, and then stops the server and removes temporary data. Postgres and the shell also inherit a
// locked file of DataDir, so a new server starts only after the last process of the old one is gone.
//
// Linux and macOS only.
package localpg
