package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const users = "../../auth0standin/testdata/users.json"

func none(string) string { return "" }

func TestRun(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	lines, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"--listen", "127.0.0.1:0", "--users", users, "--not-indexed", "a|1,x", "--rate-limit", "5"}, none, stdout)
		stdout.Close()
		ended <- err
	}()
	scanner := bufio.NewScanner(lines)
	var line struct{ Msg, Address string }
	for line.Msg != "listening" && scanner.Scan() {
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatalf("log line %s: %v", scanner.Text(), err)
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	response, err := http.Get("http://" + line.Address + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRunRefuses(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "users.json")
	if err := os.WriteFile(broken, []byte(`[{"email": "x"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		want string // part of the error
	}{
		{"no users", nil, "missing --users"},
		{"no such file", []string{"--users", "nowhere.json"}, "nowhere.json"},
		{"a user without an id", []string{"--users", broken}, "invalid user 0"},
		{"a negative rate", []string{"--users", users, "--rate-limit=-1"}, "rate limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := run(t.Context(), tt.args, none, io.Discard); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
