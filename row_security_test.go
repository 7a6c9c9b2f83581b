package joinery

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/internal/pgtest"
	"github.com/joinery-graphql/joinery/metadata"
)

var guardedMetadata = fstest.MapFS{
	"version.yaml": {Data: []byte("version: 3\n")},
	"databases/databases.yaml": {Data: []byte(oneSource + `
  - table: {schema: public, name: users}
    array_relationships:
    - name: posts
      using: {foreign_key_constraint_on: {column: user_id, table: {schema: public, name: posts}}}
    computed_fields:
    - {name: visits, definition: {function: {schema: public, name: visit}}}
  - table: {schema: public, name: posts}
  - table: {schema: public, name: notes}
    select_permissions:
    - {role: ROLE_user, permission: {columns: [id], filter: {id: {_lt: 3}}}}
`)},
	"actions.graphql": {Data: []byte("type Query { find: [Found!] }\ntype Found { id: ID }\n")},
	"actions.yaml": {Data: []byte(`
actions:
- name: find
  definition: {kind: "", handler: "http://handler.invalid/find"}
  permissions: [{role: ROLE_user}, {role: ROLE_editor}, {role: ROLE_owner}, {role: ROLE_nobody}, {role: none}]
custom_types:
  objects:
  - name: Found
    relationships:
    - {name: user, type: object, source: default, remote_table: users, field_mapping: {id: id}}
    - {name: note, type: object, source: default, remote_table: notes, field_mapping: {id: id}}
`)},
}

// guardedSchema lets ROLE_user see its own row and its own posts, but no e-mail; ROLE_editor everything.
const guardedSchema = `
create role ROLE_login login password 'x' noinherit;
create role ROLE_user; create role ROLE_editor; create role ROLE_owner superuser;
grant ROLE_user, ROLE_editor to ROLE_login;
create table users (id int primary key, name text, email text);
create table posts (id int primary key, user_id int references users, title text);
create table notes (id int primary key, body text);
create table visits (at timestamptz);
insert into users values (1, 'ann', 'a@x'), (2, 'bo', 'b@x');
insert into posts values (10, 1, 'p'), (11, 2, 'q');
insert into notes values (1, 'n'), (2, 'm');
create function visit(u users) returns int language sql as 'insert into visits values (now()); select 1';
alter table users enable row level security;
alter table posts enable row level security;
alter table notes enable row level security;
grant select (id, name) on users to ROLE_user;
grant select on posts, notes to ROLE_user;
grant select on users, posts, notes to ROLE_editor, ROLE_login;
grant insert on visits to ROLE_editor;
create policy own on users to ROLE_user using (id = (current_setting('request.jwt.claims')::json->>'sub')::int);
create policy own on posts to ROLE_user using (user_id = (current_setting('hasura.user')::json->>'x-hasura-user-id')::int);
create policy own on notes to ROLE_user using (id > 1);
create policy every on users to ROLE_editor, ROLE_login using (true);
create policy every on posts to ROLE_editor, ROLE_login using (true);
create policy every on notes to ROLE_editor, ROLE_login using (true);
`

// guardedDatabase makes the database of guardedSchema, with roles of its own name: a server's databases share roles.
func guardedDatabase(t *testing.T) (url, prefix string) {
	t.Helper()
	prefix = "test_" + strings.ToLower(rand.Text()[:10])
	pgtest.Cleanup(t, strings.ReplaceAll("drop role if exists ROLE_login, ROLE_user, ROLE_editor, ROLE_owner", "ROLE", prefix))
	db := pgtest.New(t)
	db.Exec(t, strings.ReplaceAll(guardedSchema, "ROLE", prefix))
	return withUser(t, db.URL, prefix+"_login", "x"), prefix
}

func withUser(t *testing.T, address, name, password string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(name, password)
	return u.String()
}

// TestRowSecurity has the database's own rules guard the rows, with every protocol of pgx and behind PgBouncer, always on
// one connection: a setting that outlived its statement would be the next caller's.
func TestRowSecurity(t *testing.T) {
	t.Parallel()
	address, prefix := guardedDatabase(t)
	pooled := pgtest.PgBouncer(t, address)
	for _, c := range []struct{ name, address, mode string }{
		{"prepared", address, "cache_statement"},
		{"cache_describe", address, "cache_describe"},
		{"describe_exec", address, "describe_exec"},
		{"exec", address, "exec"},
		{"simple_protocol", address, "simple_protocol"},
		{"pgbouncer exec", pooled, "exec"},
		{"pgbouncer simple_protocol", pooled, "simple_protocol"},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := withParameter(t, withParameter(t, c.address, "default_query_exec_mode", c.mode), "pool_max_conns", "1")
			md := fstest.MapFS{}
			for name, f := range guardedMetadata {
				md[name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(f.Data), "ROLE", prefix))}
			}
			service := startService(t, Config{
				Metadata: md, DatabaseURL: address, RowSecurity: []string{"default"},
				Transport: transport(func(*http.Request) string { return `[{"id": "1"}, {"id": "2"}]` }),
			})
			for range 2 { // also with what the first round left on the connection
				testRowSecurity(t, service, prefix)
			}
		})
	}
}

func testRowSecurity(t *testing.T, service *Service, prefix string) {
	t.Helper()
	const names = `{ find { user { name posts { title } } } }`
	all := `{"data":{"find":[{"user":{"name":"ann","posts":[{"title":"p"}]}},{"user":{"name":"bo","posts":[{"title":"q"}]}}]}}`
	denied := func(field, role string) string {
		message := `"not permitted to the role \"` + role + `\" by the database of source \"default\""`
		return `{"data":{"find":[{"` + field + `":null},{"` + field + `":null}]},"errors":[` +
			`{"message":` + message + `,"path":["find",0,"` + field + `"],"extensions":{"code":"permission-denied"}},` +
			`{"message":` + message + `,"path":["find",1,"` + field + `"],"extensions":{"code":"permission-denied"}}]}`
	}
	user, editor, owner, nobody := prefix+"_user", prefix+"_editor", prefix+"_owner", prefix+"_nobody"
	for _, c := range []struct{ name, role, userID, document, answer string }{
		{"its own row", user, "1", names, `{"data":{"find":[{"user":{"name":"ann","posts":[{"title":"p"}]}},{"user":null}]}}`},
		{"another's own row", user, "2", names, `{"data":{"find":[{"user":null},{"user":{"name":"bo","posts":[{"title":"q"}]}}]}}`},
		{"a column that isn't granted", user, "1", `{ find { user { email } } }`, denied("user", user)},
		{"every row", editor, "1", names, all},
		{"the user of the connection", "admin", "1", names, all},
		{"no role of the database", nobody, "1", names, denied("user", nobody)},
		{"a role that the user of the connection isn't", owner, "1", names, denied("user", owner)},
		{"the role that would be none", "none", "1", names, denied("user", "none")},
		{"the metadata's permission, too", user, "1", `{ find { note { id } } }`, `{"data":{"find":[{"note":null},{"note":{"id":2}}]}}`},
		{"a transaction that only reads", editor, "1", `{ find { user { visits } } }`, `{"data":{"find":[{"user":null},{"user":null}]},"errors":[` +
			`{"message":"database query error","path":["find",0,"user"],"extensions":{"code":"unexpected"}},` +
			`{"message":"database query error","path":["find",1,"user"],"extensions":{"code":"unexpected"}}]}`},
	} {
		got := postWith(t, service, http.Header{"X-Hasura-Role": {c.role}, "X-Hasura-User-Id": {c.userID}}, []byte(`{"query":"`+c.document+`"}`))
		if diff := cmp.Diff(indent(t, c.answer), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	for document, message := range map[string]string{
		`{ find { note { body } } }`: `field \"body\" of type \"notes\" is not permitted to the role \"` + user + `\"`,
	} {
		got := postWith(t, service, http.Header{"X-Hasura-Role": {user}}, []byte(`{"query":"`+document+`"}`))
		if !strings.Contains(got, message) {
			t.Errorf("want %s, got %s", message, got)
		}
	}
	plan, answer := joinPlan(t, service, graphQLRequest(names, "{}"), "X-Hasura-Role", user, "X-Hasura-User-Id", "1", "X-Joinery-Explain", "analyze")
	if plan == nil || plan.Waves[1].Loads[0].Rows != 1 || !strings.Contains(string(plan.Waves[1].Loads[0].Explain), `"Actual Rows"`) {
		t.Errorf("explain: %s", answer)
	}
	left := ""
	const settings = `select current_user || current_setting('request.jwt.claims', true) || current_setting('hasura.user', true) || current_setting('transaction_read_only')`
	if err := service.sources[0].Pool.QueryRow(t.Context(), settings).Scan(&left); err != nil || left != prefix+"_loginoff" {
		t.Errorf("left on the connection: %q, %v", left, err)
	}
}

// TestRowSecurityStatements: the settings go with the statement, so that it costs no round trip and no statement more.
func TestRowSecurityStatements(t *testing.T) {
	t.Parallel()
	address, prefix := guardedDatabase(t)
	md := fstest.MapFS{}
	for name, f := range guardedMetadata {
		md[name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(f.Data), "ROLE", prefix))}
	}
	counter := &pgtest.Counter{}
	service := startService(t, Config{
		Metadata: md, DatabaseURL: address, RowSecurity: []string{"default"}, queryTracer: counter,
		Transport: transport(func(*http.Request) string { return `[{"id": "1"}, {"id": "2"}]` }),
	})
	counter.Reset()
	postWith(t, service, http.Header{"X-Hasura-Role": {prefix + "_user"}, "X-Hasura-User-Id": {"1"}}, []byte(`{"query":"{ find { user { name posts { title } } } }"}`))
	if n := counter.Count(); n != 2 {
		t.Errorf("%d statements: %q", n, counter.SQL())
	}
}

// TestRowSecurityUnknownSource: what was to be guarded is not served unguarded.
func TestRowSecurityUnknownSource(t *testing.T) {
	t.Parallel()
	_, err := New(t.Context(), Config{Metadata: guardedMetadata, DatabaseURL: "postgres://localhost", RowSecurity: []string{"dfault"}})
	if want := `row security: unknown Postgres source "dfault" (did you mean "default"?)`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestRowSecurityUnknownSourceChecked: a mistyped name is an error also where no database is known.
func TestRowSecurityUnknownSourceChecked(t *testing.T) {
	t.Parallel()
	noEnvironment := func(string) (string, bool) { return "", false }
	faults, err := Check(t.Context(), Config{Metadata: guardedMetadata, RowSecurity: []string{"dfault"}, LookupEnv: noEnvironment}, true)
	if err != nil {
		t.Fatal(err)
	}
	if got := faults.Of(metadata.Error); len(got) != 1 || !strings.Contains(got[0].Message, `unknown Postgres source "dfault"`) {
		t.Errorf("got %v", faults)
	}
}

// TestRowSecuritySuperuser: a superuser may take any role, which the operator is told.
func TestRowSecuritySuperuser(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, "create table users (id int primary key)")
	md := fstest.MapFS{"version.yaml": guardedMetadata["version.yaml"], "databases/databases.yaml": {Data: []byte(
		"- name: default\n  kind: postgres\n  configuration: {connection_info: {database_url: {from_env: PG_URL}}}\n  tables: [{table: users}]\n",
	)}}
	warned := startService(t, Config{Metadata: md, DatabaseURL: db.URL, RowSecurity: []string{"default"}}).Warnings()
	if len(warned) != 1 || !strings.Contains(warned[0].Message, "superuser") {
		t.Errorf("warnings: %v", warned)
	}
	if quiet := startService(t, Config{Metadata: md, DatabaseURL: db.URL}).Warnings(); len(quiet) != 0 {
		t.Errorf("warnings: %v", quiet)
	}
}
