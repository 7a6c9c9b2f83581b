package main

import (
	"cmp"
	"flag"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"joinery": main})
}

// TestScript runs testdata/script/*.txtar: the program, as a process of its own, as a user meets it. Besides what
// testscript itself provides there are
//
//	$CLOSED   an address that nothing listens on
//	$INUSE    an address that something listens on, which is no Postgres
//	$DB       the URL of a database with the tables of schema.sql, where the script has that file;
//	          $DB_ADDRESS, $DB_NAME and $DB_PASSWORD are parts of it, $DB_WRONG is it with a wrong password
//
// Run with -update to rewrite what cmp compares.
func TestScript(t *testing.T) {
	for _, script := range testkit.Archives(t, "testdata/script/*.txtar") {
		t.Run(script.Name, func(t *testing.T) {
			t.Parallel()
			vars := map[string]string{"CLOSED": closedAddress(t), "INUSE": listening(t)}
			databaseVars(t, script, vars)
			testscript.Run(t, testscript.Params{
				Files:               []string{script.Path},
				RequireExplicitExec: true,
				UpdateScripts:       *update,
				Setup: func(env *testscript.Env) error {
					env.Setenv("JOINERY_LISTEN", "127.0.0.1:0") // other tests run whole stacks on the usual ports
					if home, err := os.UserCacheDir(); err == nil {
						env.Setenv("JOINERY_CACHE", cmp.Or(os.Getenv("JOINERY_CACHE"), filepath.Join(home, "joinery"))) // what composes is installed once
					}
					for name, value := range vars {
						env.Setenv(name, value)
					}
					return nil
				},
			})
		})
	}
}

func databaseVars(t *testing.T, script testkit.Archive, vars map[string]string) {
	t.Helper()
	for _, f := range script.Files {
		if f.Name != "schema.sql" {
			continue
		}
		db := pgtest.New(t)
		db.Exec(t, string(f.Data))
		u, err := url.Parse(db.URL)
		if err != nil {
			t.Fatal(err)
		}
		vars["DB"], vars["DB_ADDRESS"], vars["DB_NAME"] = db.URL, u.Host, db.Name
		vars["DB_PASSWORD"], _ = u.User.Password()
		u.User = url.UserPassword(u.User.Username(), "planted-wrong-password")
		vars["DB_WRONG"] = u.String()
	}
}

func listening(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	return listener.Addr().String()
}
