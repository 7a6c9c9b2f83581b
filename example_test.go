package joinery_test

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/joinery-graphql/joinery"
	"github.com/joinery-graphql/joinery/auth"
)

// inProcess answers actions by an [http.Handler] of this program, at the paths that actions.yaml has: http://actions/create-user.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

func createUser(w http.ResponseWriter, r *http.Request) {
	var call struct{ Input struct{ Name string } }
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": "invalid input"}) // what the client reads
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"id": "7ffd68ba-535e-4c72-9051-17cd4e8ed594"})
}

// Actions are answered by Go, callers are known by an admin secret, and changes of the metadata and the tables are served
// as they come.
func Example() {
	handlers := http.NewServeMux()
	handlers.HandleFunc("POST /create-user", createUser)

	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	live, err := joinery.Open(ctx, joinery.Config{
		Metadata:    os.DirFS("metadata"),
		DatabaseURL: os.Getenv("DATABASE_URL"),
		Auth:        auth.Config{AdminSecret: os.Getenv("ADMIN_SECRET")},
		Transport:   inProcess{handlers},
	})
	if err != nil {
		log.Fatal(err) // faults of the metadata have a line each
	}
	defer live.Close()
	go live.Watch(context.Background(), joinery.WatchOptions{})

	log.Print(http.ListenAndServe("127.0.0.1:4001", live.Mux()))
}
