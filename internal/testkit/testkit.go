// Package testkit has what the tests of several packages need beyond the standard library.
package testkit

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// A Buffer is one that a program writes while a test reads it. The zero value is empty. It is safe for concurrent use.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns what was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Skip ends a test that needs what this machine lacks, such as a program. Where CI is set the test fails: there nothing
// may be missing.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	why := fmt.Sprintf(format, args...)
	if os.Getenv("CI") != "" {
		t.Fatalf("%s (CI is set, so this is not skipped)", why)
	}
	t.Skip(why)
}

// Shared returns a folder of what is shared between checkouts: JOINERY_SHARED, or shared beside the checkout at root. The
// test is skipped where it isn't there, as by [Skip].
func Shared(t testing.TB, root, name string) string {
	t.Helper()
	dir := os.Getenv("JOINERY_SHARED")
	if dir == "" {
		dir = filepath.Join(root, "..", "shared")
	}
	dir = filepath.Join(dir, name)
	if _, err := os.Stat(dir); err != nil {
		Skip(t, "set JOINERY_SHARED: %v", err)
	}
	return dir
}
