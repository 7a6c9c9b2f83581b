package edit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRollBack has a second file that can't be renamed, because it has gone: the first is put back, and a new one goes.
func TestRollBack(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte("a: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := Change{Files: []File{
		{Path: "a.yaml", Before: []byte("a: 1\n"), After: []byte("a: 2\n")}, {Path: "b.yaml", After: []byte("b: 1\n")}, {Path: "c.yaml", After: []byte("c: 1\n")},
	}}
	writes, err := c.prepare(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(writes[2].next); err != nil {
		t.Fatal(err)
	}
	if err := commit(writes); err == nil || !strings.HasPrefix(err.Error(), "write c.yaml: ") || strings.Contains(err.Error(), "undo") {
		t.Errorf("got error %v, want that of the third file alone", err)
	}
	clean(writes)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "a.yaml" {
		t.Errorf("got files %v, %v, want a.yaml alone", entries, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "a.yaml")); err != nil || string(b) != "a: 1\n" {
		t.Errorf("a.yaml has %q, %v", b, err)
	}
}

// TestLock has two that write at once.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := Change{Files: []File{{Path: "a.yaml", After: []byte("a: 1\n")}}}
	if err := c.Apply(dir); err == nil || err.Error() != "another Joinery is changing the metadata directory; try again" {
		t.Errorf("while another one writes: got error %v", err)
	}
	unlock()
	if err := c.Apply(dir); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
