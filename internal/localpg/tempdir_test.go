package localpg

import (
	"os"
	"path/filepath"
	"testing"
)

// OpenTempDir is t.TempDir open to every account: the parent of that one is closed.
func OpenTempDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
