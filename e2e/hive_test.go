package e2e

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/joinery-graphql/joinery/internal/fedtest"
	"github.com/joinery-graphql/joinery/internal/testkit"
)

// TestHive asks the operations of TestFour through Hive Gateway, with the configuration in supergraph/hive-gateway.
func TestHive(t *testing.T) {
	if os.Getenv("HIVE_GATEWAY") == "" {
		t.Skip("installs 750 npm packages: run make hive")
	}
	f := newFour(t)
	f.ask(t, "hive-gateway", startHive(t, f))
}

// startHive runs Hive Gateway and returns its URL.
func startHive(t *testing.T, f *four) string {
	t.Helper()
	dir := fedtest.Install(t, "hive-gateway", os.DirFS(filepath.Join(repo, "supergraph", "hive-gateway")))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	host, port, _ := net.SplitHostPort(free.Addr().String())
	log := &testkit.Buffer{}
	cmd := exec.Command("node", filepath.Join("node_modules", "@graphql-hive", "gateway", "dist", "bin.js"),
		"supergraph", f.supergraph, "--host", host, "--port", port)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(os.Environ(), f.env...), log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Log(log)
		}
	})
	at := "http://" + free.Addr().String() + "/"
	for deadline := time.Now().Add(time.Minute); ; {
		if response, err := http.Get(at + "readiness"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return at
			}
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("Hive Gateway ended: %v", err)
		case <-time.After(50 * time.Millisecond):
			if time.Now().After(deadline) {
				t.Fatal("Hive Gateway wasn't ready after a minute")
			}
		}
	}
}
