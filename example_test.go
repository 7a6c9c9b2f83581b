package joinery_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing/fstest"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/auth"
)

// inProcess answers actions by a handler of this program, at the paths of their URLs.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

func createUser(w http.ResponseWriter, r *http.Request) {
	var call struct{ Input struct{ Name string } }
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil || call.Input.Name == "" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"message": "a user needs a name"}`) // what the client reads
		return
	}
	_, _ = fmt.Fprint(w, `{"id": "7ffd68ba-535e-4c72-9051-17cd4e8ed594"}`)
}

// Actions are answered by Go. Relationships need a database besides: a source in the metadata, or Config.DatabaseURL.
func Example() {
	handlers := http.NewServeMux()
	handlers.HandleFunc("POST /create-user", createUser)

	live, err := joinery.Open(context.Background(), joinery.Config{
		Metadata: fstest.MapFS{ // or os.DirFS("metadata")
			"version.yaml":    {Data: []byte("version: 3")},
			"actions.yaml":    {Data: []byte("actions: [{name: createUser, definition: {handler: 'http://in-process/create-user'}}]")},
			"actions.graphql": {Data: []byte("type Mutation { createUser(name: String!): User! }  type User { id: uuid! }")},
		},
		Transport: inProcess{handlers},
		Auth:      auth.Config{AdminSecret: "admin-secret"},
	})
	if err != nil {
		log.Fatal(err) // faults of the metadata have a line each
	}
	defer live.Close()

	// http.ListenAndServe("127.0.0.1:4001", live.Mux()), or, to ask it from here:
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/graphql",
		strings.NewReader(`{"query": "mutation { createUser(name: \"Hodor\") { id } }"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Hasura-Admin-Secret", "admin-secret")
	w := httptest.NewRecorder()
	live.ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output: {"data":{"createUser":{"id":"7ffd68ba-535e-4c72-9051-17cd4e8ed594"}}}
}
