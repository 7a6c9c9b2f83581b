package fedtest

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/joinery-graphql/joinery/internal/testkit"
)

//go:embed node/package.json node/package-lock.json node/.npmrc node/serve.mjs
var nodeFiles embed.FS

// Node runs the subgraphs of a script, which hands them to serve of node/serve.mjs, and returns their URLs by name.
func Node(t testing.TB, script string) map[string]string {
	t.Helper()
	cmd := exec.Command("node", installed(t, script)) //nolint:noctx // its stdin ends it
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", script, err)
		}
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() { // Apollo Server says things of its own
		var urls map[string]string
		if json.Unmarshal(lines.Bytes(), &urls) == nil {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return urls
		}
	}
	t.Fatalf("%s ended: %v", script, lines.Err())
	return nil
}

// installed copies a script to where the Node packages are and returns its path there.
func installed(t testing.TB, script string) string {
	t.Helper()
	files, err := fs.Sub(nodeFiles, "node")
	if err != nil {
		t.Fatal(err)
	}
	dir := Install(t, "subgraphs", files)
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, filepath.Base(script))
	if err := write(path, text); err != nil {
		t.Fatal(err)
	}
	return path
}

// write leaves a file alone that is as it should be: the test of another package may be reading it.
func write(path string, text []byte) error {
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, text) {
		return nil
	}
	return os.WriteFile(path, text, 0o644)
}

// Install copies files, a Node package with its package-lock.json, to a folder of this checkout's cache, installs there what
// the lock says, unless it is there, and returns the folder. Tests of several packages may do so at once.
func Install(t testing.TB, name string, files fs.FS) string {
	t.Helper()
	needNode(t)
	dir := filepath.Join(checkout(t), ".cache", "node", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := lockedfile.MutexAt(dir + ".lock").Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	have, _ := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err := copyFiles(dir, files); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err == nil && bytes.Equal(have, want) {
		return dir
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		testkit.Skip(t, "npm ci: %v\n%s", err, out)
	}
	return dir
}

func needNode(t testing.TB) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			testkit.Skip(t, "%v", err)
		}
	}
}

// copyFiles overwrites what differs, which os.CopyFS doesn't.
func copyFiles(dir string, files fs.FS) error {
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		text, err := fs.ReadFile(files, entry.Name())
		if err != nil {
			return err
		}
		if err := write(filepath.Join(dir, entry.Name()), text); err != nil {
			return err
		}
	}
	return nil
}

// checkout is the folder of go.mod.
func checkout(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		} else if parent := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && parent != dir {
			dir = parent
		} else {
			t.Fatalf("find go.mod: %v", err)
		}
	}
}
