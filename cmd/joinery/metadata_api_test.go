package main

import (
	"net/http"
	"strings"
	"testing"
)

// command sends a command of the metadata API as the admin.
func (s *consoleServing) command(t *testing.T, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/metadata", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Hasura-Admin-Secret", consoleSecret)
	status, answer, err = do(r)
	if err != nil {
		t.Fatal(err)
	}
	return status, strings.TrimSpace(answer)
}

// TestMetadataAPI changes what is served while it is served, as Hasura's scripts do.
func TestMetadataAPI(t *testing.T) {
	s := serveConsole(t, map[string]string{"JOINERY_ENABLE_METADATA_API": "true", "JOINERY_ENABLE_CONSOLE": "false"})
	types := func(relationships string) string {
		return `{"type":"set_custom_types","args":{"objects":[
			{"name":"CreateUserOutput","fields":[{"name":"id","type":"uuid!"}],"relationships":[` + relationships + `]},
			{"name":"ListUsersOutput","fields":[{"name":"id","type":"uuid!"}]}]}}`
	}
	owner := `{"name":"owner","type":"object","source":"default","remote_table":{"schema":"public","name":"users"},"field_mapping":{"id":"id"}}`
	if status, answer := s.command(t, types(owner)); status != http.StatusOK || answer != `{"message":"success"}` {
		t.Fatalf("got %d %s", status, answer)
	}
	got := s.query(t, `mutation { createUser(name: "Hodor") { owner { name } } }`, "X-Hasura-Admin-Secret", consoleSecret)
	if want := `{"data":{"createUser":{"owner":{"name":"Hodor"}}}}`; got != want {
		t.Errorf("after the change: got %s, want %s", got, want)
	}

	// What can't be served is refused, by the files or by the database, and what is served stays.
	for relationship, want := range map[string]string{
		strings.Replace(owner, `{"id":"id"}`, `{"ix":"id"}`, 1): `the field \"ix\" for relationship \"owner\" in object type \"CreateUserOutput\" does not exist`,
		strings.Replace(owner, `{"id":"id"}`, `{"id":"ix"}`, 1): `the column \"ix\" of remote table \"users\" for relationship \"owner\" of object type \"CreateUserOutput\" does not exist`,
	} {
		status, answer := s.command(t, types(relationship))
		if status != http.StatusBadRequest || !strings.Contains(answer, `"error":"validation for the given custom types failed because `+want+`","code":"invalid-configuration"`) {
			t.Errorf("got %d %s, want %s", status, answer, want)
		}
	}
	if status, answer := s.command(t, `{"type":"reload_metadata","args":{}}`); status != http.StatusOK || answer != `{"message":"success","is_consistent":true}` {
		t.Errorf("reload: got %d %s", status, answer)
	}
	if again := s.query(t, `mutation { createUser(name: "Hodor") { owner { name } } }`, "X-Hasura-Admin-Secret", consoleSecret); again != got {
		t.Errorf("after refused changes: got %s, want %s", again, got)
	}

	// An action is created, called by its role, and dropped.
	create := `{"type":"bulk","args":[
		{"type":"create_action","args":{"name":"makeUser","definition":{"kind":"synchronous","arguments":[{"name":"name","type":"String!"}],"output_type":"CreateUserOutput","handler":"{{HANDLER_URL}}/create-user"}}},
		{"type":"create_action_permission","args":{"action":"makeUser","role":"user"}}]}`
	if status, answer := s.command(t, create); status != http.StatusOK {
		t.Fatalf("create: got %d %s", status, answer)
	}
	asUser := []string{"X-Hasura-Admin-Secret", consoleSecret, "X-Hasura-Role", "user"}
	if got, want := s.query(t, `mutation { makeUser(name: "x") { id } }`, asUser...), `{"data":{"makeUser":{"id":"7ffd68ba-535e-4c72-9051-17cd4e8ed594"}}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if status, answer := s.command(t, `{"type":"drop_action","args":{"name":"makeUser"}}`); status != http.StatusOK {
		t.Errorf("drop: got %d %s", status, answer)
	}
	if got := s.query(t, `mutation { makeUser(name: "x") { id } }`, asUser...); !strings.Contains(got, `Cannot query field`) {
		t.Errorf("after the drop: got %s", got)
	}
}

// TestMetadataAPIOff is how it starts.
func TestMetadataAPIOff(t *testing.T) {
	s := serveConsole(t, nil)
	if status, answer := s.command(t, `{"type":"export_metadata","args":{}}`); status != http.StatusNotFound {
		t.Errorf("got %d %s, want 404", status, answer)
	}
}
