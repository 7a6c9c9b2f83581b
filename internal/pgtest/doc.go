// Package pgtest gives a test a Postgres database of its own.
//
//	func TestRows(t *testing.T) {
//		db := pgtest.New(t)
//		db.ExecFile(t, "testdata/schema.sql")
//		pool := db.Pool(t)
//		...
//	}
//
// The database is on the server of TEST_DATABASE_URL, which `make test` provides, and is dropped when the test ends.
// Without that variable the test is skipped; where CI is set it fails, so that nothing is skipped there. The role of the
// URL must be allowed to create databases; tests that create roles or extensions need a superuser.
// Version gives a database on an embedded server of a given major version instead.
//
// To assert how many statements some code sends, put a Counter into the pool:
//
//	var sent pgtest.Counter
//	pool := db.Pool(t, func(c *pgxpool.Config) { c.ConnConfig.Tracer = &sent })
//	...
//	if sent.Count() != 2 {
//		t.Errorf("got %q, want 2 statements", sent.SQL())
//	}
package pgtest
