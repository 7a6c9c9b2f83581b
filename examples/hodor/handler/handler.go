package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

const maxBodyBytes = 1 << 20

// payload is what Hasura, and Joinery, post to a handler. Its further parts are not needed here.
// https://hasura.io/docs/2.0/actions/action-handlers/
type payload[T any] struct {
	Input T `json:"input"`
}

// refusal is an error for the client: Hasura shows message and code of a 4xx answer, and nothing of a 5xx one.
type refusal struct {
	Message string `json:"message"`
	Code    string `json:"code"`
}

func (r refusal) Error() string { return r.Message }

func refuse(code, format string, args ...any) error {
	return refusal{Message: fmt.Sprintf(format, args...), Code: code}
}

// newHandler answers POST /create-user and POST /list-users.
func newHandler(users users, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /create-user", action(log, func(r *http.Request, input struct{ Name string }) (user, error) {
		name := strings.TrimSpace(input.Name)
		if name == "" {
			return user{}, refuse("INVALID_NAME", "invalid name: it has no characters")
		}
		return users.create(r.Context(), name)
	}))
	mux.Handle("POST /list-users", action(log, func(r *http.Request, input struct{ Limit *int }) ([]user, error) {
		if input.Limit != nil && *input.Limit < 0 {
			return nil, refuse("INVALID_LIMIT", "invalid limit %d: below 0", *input.Limit)
		}
		return users.list(r.Context(), input.Limit)
	}))
	return mux
}

// action makes an endpoint of a function from an action's input to its output.
func action[In, Out any](log *slog.Logger, answer func(*http.Request, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		input, err := readInput[In](http.MaxBytesReader(w, r.Body, maxBodyBytes))
		if err != nil {
			writeJSON(w, http.StatusBadRequest, err)
			return
		}
		output, err := answer(r, input)
		var refused refusal
		switch {
		case err == nil:
			writeJSON(w, http.StatusOK, output)
		case errors.As(err, &refused):
			writeJSON(w, http.StatusBadRequest, refused)
		default:
			log.ErrorContext(r.Context(), "answer an action", "path", r.URL.Path, "error", err)
			writeJSON(w, http.StatusInternalServerError, refusal{"internal error", "INTERNAL"})
		}
	}
}

func readInput[In any](body io.Reader) (In, error) {
	var p payload[In]
	if err := json.NewDecoder(body).Decode(&p); err != nil {
		return p.Input, refuse("INVALID_PAYLOAD", "invalid action payload: %v", err)
	}
	return p.Input, nil
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a client that has gone needs no answer
}
