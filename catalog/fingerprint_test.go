package catalog_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/joinery-graphql/joinery/catalog"
	"github.com/joinery-graphql/joinery/internal/pgtest"
)

// TestFingerprint: all that Read tells apart has another fingerprint, and rows have no part in it.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, `CREATE TABLE users (id int, name text); CREATE TYPE mood AS ENUM ('happy')`)
	pool, err := pgxpool.New(t.Context(), db.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	fingerprint := func() string {
		f, err := catalog.Fingerprint(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	last := fingerprint()
	for _, sql := range []string{`INSERT INTO users VALUES (1, 'ann')`, `ANALYZE users`, `VACUUM users`, `TRUNCATE users`, `CREATE TEMP TABLE t (id int)`} {
		db.Exec(t, sql)
		if now := fingerprint(); now != last {
			t.Errorf("another fingerprint after %s", sql)
		}
	}
	for _, sql := range []string{
		`ALTER TABLE users ADD COLUMN nick text`,
		`ALTER TABLE users ALTER COLUMN nick TYPE varchar`,
		`ALTER TABLE users ALTER COLUMN nick SET NOT NULL`,
		`COMMENT ON COLUMN users.nick IS 'what friends say'`,
		`ALTER TABLE users ADD PRIMARY KEY (id)`,
		`CREATE TABLE posts (id int PRIMARY KEY, user_id int)`,
		`ALTER TABLE posts ADD FOREIGN KEY (user_id) REFERENCES users`,
		`CREATE INDEX ON posts (user_id)`,
		`ALTER TYPE mood ADD VALUE 'sad'`,
		`CREATE FUNCTION full_name(users) RETURNS text LANGUAGE sql AS $$ SELECT $1.name $$`,
		`CREATE VIEW names AS SELECT name FROM users`,
		`DROP TABLE posts`,
	} {
		db.Exec(t, sql)
		now := fingerprint()
		if now == last {
			t.Errorf("the same fingerprint after %s", sql)
		}
		last = now
	}
}
