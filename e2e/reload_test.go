package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReload saves a relationship into a copy of the example's metadata: the router answers it, and what it answered
// before it goes on answering meanwhile.
func TestReload(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole stack")
	}
	need(t, "APOLLO_ROUTER", "router")
	bin, dir := t.TempDir()+string(filepath.Separator), t.TempDir()
	build(t, bin, "./cmd/joinery", "./supergraph/auth0profile/cmd/auth0profile", "./supergraph/auth0profile/cmd/auth0standin")
	build(t, bin+"hodor-handler", "./examples/hodor/handler")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(repo, "examples", "hodor"))); err != nil {
		t.Fatal(err)
	}
	dev := exec.Command(filepath.Join(bin, "joinery"), "dev", dir, "--cache", t.TempDir(), "--no-jaeger")
	dev.Dir = repo
	dev.Env = append(os.Environ(), "APOLLO_TELEMETRY_DISABLED=true")
	s := runStack(t, dev)

	const query, want = `mutation { createUser(name: "Hodor") { account { name } } }`, `{"data":{"createUser":{"account":{"name":"Hodor"}}}}`
	const steady, steadyWant = `mutation { createUser(name: "Hodor") { id } }`, `{"data":{"createUser":{"id":"7ffd68ba-535e-4c72-9051-17cd4e8ed594"}}}`
	if got := s.askAs(t, s.urls["router"], query); !strings.Contains(got, "account") || got == want {
		t.Fatalf("before it is saved: %s", got)
	}
	save(t, filepath.Join(dir, "metadata", "actions.yaml"), "          name: user\n", "          name: account\n")
	saved, deadline := time.Now(), time.Now().Add(time.Minute)
	for s.askAs(t, s.urls["router"], query) != want {
		if got := s.askAs(t, s.urls["router"], steady); got != steadyWant {
			t.Fatalf("meanwhile: %s", got)
		}
		if time.Now().After(deadline) {
			t.Fatalf("still %s", s.askAs(t, s.urls["router"], query))
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("from saving the file to the answer through the router: %s", time.Since(saved).Round(time.Millisecond))
}

// save replaces a part of a file.
func save(t *testing.T, path, before, after string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), before) {
		t.Fatalf("no %q in %s", before, path)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(content), before, after, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}
