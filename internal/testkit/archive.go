package testkit

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// An Archive is a txtar file of testdata.
type Archive struct {
	*txtar.Archive
	Name string // of the file, without .txtar
	Path string
}

// Archives reads the archives whose paths match a pattern of [filepath.Glob]. There must be one.
func Archives(t testing.TB, pattern string) []Archive {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives match %s: %v", pattern, err)
	}
	out := make([]Archive, len(paths))
	for i, path := range paths {
		out[i] = ReadArchive(t, path)
	}
	return out
}

// ReadArchive reads one archive.
func ReadArchive(t testing.TB, path string) Archive {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Archive{archive, strings.TrimSuffix(filepath.Base(path), ".txtar"), path}
}

// FS is the archive's files.
func (a Archive) FS(t testing.TB) fs.FS {
	t.Helper()
	return toFS(t, a.Archive)
}

// FS is the files of an archive that stands in a test.
func FS(t testing.TB, archive string) fs.FS {
	t.Helper()
	return toFS(t, txtar.Parse([]byte(archive)))
}

func toFS(t testing.TB, archive *txtar.Archive) fs.FS {
	t.Helper()
	fsys, err := txtar.FS(archive)
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

// Write writes the archive, as it is now, to where it was read from.
func (a Archive) Write(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(a.Path, txtar.Format(a.Archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
