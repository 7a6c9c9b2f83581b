package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/internal/pgtest"
)

const hodorID = "7ffd68ba-535e-4c72-9051-17cd4e8ed594"

func newServer(t *testing.T) (*httptest.Server, *pgtest.DB) {
	t.Helper()
	db := pgtest.New(t)
	db.ExecFile(t, "../migrations/001_users.sql")
	server := httptest.NewServer(newHandler(users{db.Pool(t)}, slog.New(slog.DiscardHandler)))
	t.Cleanup(server.Close)
	return server, db
}

// post sends an action's payload and returns status and body.
func post(t *testing.T, url, payload string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(body))
}

func createPayload(name string) string {
	return `{"action":{"name":"createUser"},"input":{"name":"` + name + `"},"session_variables":{"x-hasura-role":"admin"},"request_query":""}`
}

func TestCreateKnownUserTwice(t *testing.T) {
	t.Parallel()
	server, db := newServer(t)
	for range 2 {
		status, body := post(t, server.URL+"/create-user", createPayload("Hodor"))
		if want := `{"id":"` + hodorID + `"}`; status != http.StatusOK || body != want {
			t.Fatalf("got %d %s, want 200 %s", status, body, want)
		}
	}
	var row struct{ Name, Auth0ID string }
	err := db.Conn(t).QueryRow(t.Context(), "select name, auth0_id from users where id = $1", hodorID).Scan(&row.Name, &row.Auth0ID)
	if err != nil {
		t.Fatal(err)
	}
	if row.Name != "Hodor" || row.Auth0ID != "hodor|hodor" {
		t.Errorf("got row %+v", row)
	}
}

func TestCreateUnknownUser(t *testing.T) {
	t.Parallel()
	server, db := newServer(t)
	for range 2 {
		if status, body := post(t, server.URL+"/create-user", createPayload(" Rickon ")); status != http.StatusOK {
			t.Fatalf("got %d %s", status, body)
		}
	}
	var rows, without int
	err := db.Conn(t).QueryRow(t.Context(), "select count(*), count(*) filter (where auth0_id is null) from users where name = 'Rickon'").Scan(&rows, &without)
	if err != nil {
		t.Fatal(err)
	}
	if rows != 2 || without != 2 {
		t.Errorf("got %d rows, %d without auth0_id; want 2 and 2", rows, without)
	}
}

func TestListUsers(t *testing.T) {
	t.Parallel()
	server, db := newServer(t)
	db.Exec(t, `insert into users (id, name, created_at) values
		('00000000-0000-0000-0000-000000000002', 'b', '2020-01-01'),
		('00000000-0000-0000-0000-000000000001', 'a', '2020-01-01'),
		('00000000-0000-0000-0000-000000000003', 'c', '2019-01-01')`)
	tests := []struct{ name, input, want string }{
		{"all", `{}`, `[{"id":"00000000-0000-0000-0000-000000000003"},{"id":"00000000-0000-0000-0000-000000000001"},{"id":"00000000-0000-0000-0000-000000000002"}]`},
		{"null_limit", `{"limit":null}`, `[{"id":"00000000-0000-0000-0000-000000000003"},{"id":"00000000-0000-0000-0000-000000000001"},{"id":"00000000-0000-0000-0000-000000000002"}]`},
		{"limit", `{"limit":1}`, `[{"id":"00000000-0000-0000-0000-000000000003"}]`},
		{"none", `{"limit":0}`, `[]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, body := post(t, server.URL+"/list-users", `{"action":{"name":"listUsers"},"input":`+test.input+`}`)
			if status != http.StatusOK {
				t.Errorf("got status %d", status)
			}
			if diff := cmp.Diff(test.want, body); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	server, _ := newServer(t)
	tests := []struct{ name, path, payload, want string }{
		{"empty_name", "/create-user", createPayload(" "), `{"message":"invalid name: it has no characters","code":"INVALID_NAME"}`},
		{"negative_limit", "/list-users", `{"input":{"limit":-1}}`, `{"message":"invalid limit -1: below 0","code":"INVALID_LIMIT"}`},
		{"not_JSON", "/create-user", "name=Hodor", `{"message":"invalid action payload: invalid character 'a' in literal null (expecting 'u')","code":"INVALID_PAYLOAD"}`},
		{"too_large", "/create-user", createPayload(strings.Repeat("o", maxBodyBytes)), `{"message":"invalid action payload: http: request body too large","code":"INVALID_PAYLOAD"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, body := post(t, server.URL+test.path, test.payload)
			if status != http.StatusBadRequest {
				t.Errorf("got status %d", status)
			}
			if diff := cmp.Diff(test.want, body); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDatabaseFault(t *testing.T) {
	t.Parallel()
	server, db := newServer(t)
	db.Exec(t, "drop table users")
	status, body := post(t, server.URL+"/create-user", createPayload("Hodor"))
	if want := `{"message":"internal error","code":"INTERNAL"}`; status != http.StatusInternalServerError || body != want {
		t.Errorf("got %d %s, want 500 %s", status, body, want)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"no_database", nil, "missing DATABASE_URL"},
		{"invalid_database", map[string]string{"DATABASE_URL": "postgres://hodor:secret@localhost:x/db"}, "invalid DATABASE_URL"},
		{"invalid_address", map[string]string{"DATABASE_URL": "postgres://localhost/db", "HANDLER_LISTEN": "nowhere"}, `listen on "nowhere"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			lookup := func(name string) (string, bool) { value, ok := test.env[name]; return value, ok }
			err := run(t.Context(), lookup, io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

// TestServe runs the program as a whole, asks whether it is well, and ends it.
func TestServe(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	lines, stdout := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	env := map[string]string{"DATABASE_URL": db.URL, "HANDLER_LISTEN": "127.0.0.1:0"}
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, func(name string) (string, bool) { value, ok := env[name]; return value, ok }, stdout)
		_ = stdout.Close()
	}()
	url := addressIn(t, lines)
	response, err := http.Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("got status %d from /healthz", response.StatusCode)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("got %v at the end", err)
	}
}

// addressIn reads the log until it tells the address, and the rest of it beside.
func addressIn(t *testing.T, log io.Reader) string {
	t.Helper()
	decoder := json.NewDecoder(log)
	for {
		var line struct{ URL string }
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		if line.URL != "" {
			go io.Copy(io.Discard, log)
			return line.URL
		}
	}
}

// TestMigrationOtherTable: a table that only has the same name is told of, and left alone.
func TestMigrationOtherTable(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	db.Exec(t, "create table users (id int primary key, email text)")
	migration, err := os.ReadFile("../migrations/001_users.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Conn(t).PgConn().Exec(t.Context(), string(migration)).ReadAll()
	if err == nil || !strings.Contains(err.Error(), "table public.users is there already, and is not the example's") {
		t.Errorf("got %v", err)
	}
}
