// Command handler answers the benchmark's actions at once, without a database: the id of a user is a hash of the name.
package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"os"
	"strconv"

	"github.com/joinery-graphql/joinery/bench/internal/dataset"
)

// payload is the part of an action's request that is needed here.
// https://hasura.io/docs/2.0/actions/action-handlers/
type payload struct {
	Input struct {
		Name  string   `json:"name"`
		Names []string `json:"names"`
	} `json:"input"`
}

func main() {
	http.HandleFunc("POST /create-user", answer(func(p *payload, dst []byte) []byte { return appendUser(dst, p.Input.Name) }))
	http.HandleFunc("POST /create-users", answer(appendUsers))
	if err := http.ListenAndServe(os.Getenv("LISTEN"), nil); err != nil {
		fmt.Fprintln(os.Stderr, "handler:", err)
		os.Exit(1)
	}
}

func answer(output func(p *payload, dst []byte) []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var p payload
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
			http.Error(w, `{"message":"invalid payload"}`, http.StatusBadRequest)
			return
		}
		body := output(&p, nil)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	}
}

func appendUsers(p *payload, dst []byte) []byte {
	dst = append(dst, '[')
	for i, name := range p.Input.Names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendUser(dst, name)
	}
	return append(dst, ']')
}

func appendUser(dst []byte, name string) []byte {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name))
	dst = append(dst, `{"id":`...)
	dst = strconv.AppendUint(dst, 1+hash.Sum64()%dataset.Users, 10)
	return append(dst, '}')
}
