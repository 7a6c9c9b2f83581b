package metadata_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/joinery-graphql/joinery/metadata"
)

var update = flag.Bool("update", false, "rewrite want.faults and want.dump in testdata")

const (
	wantFaults = "want.faults" // every case has it; empty where nothing is wrong
	wantDump   = "want.dump"   // only in cases that are about what is read
)

// TestRead reads the metadata directories in testdata and compares what comes out. The comment of an archive says
// what it is about.
func TestRead(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("find archives: %d, %v", len(archives), err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			m, faults := metadata.Read(files(archive))
			got := map[string]string{wantFaults: faultLines(faults), wantDump: dump(m)}
			if *update {
				rewrite(t, path, archive, got)
				return
			}
			compare(t, archive, got)
		})
	}
}

// files are the files of an archive that belong to the metadata directory. A line that is only "\r" or "\t" escapes
// could not be seen in an archive; cases that need such bytes are in read_test.go.
func files(archive *txtar.Archive) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, f := range archive.Files {
		if f.Name != wantFaults && f.Name != wantDump {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	return fsys
}

// faultLines are the faults with their columns.
func faultLines(faults metadata.Faults) string {
	var b strings.Builder
	for _, f := range faults {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

func compare(t *testing.T, archive *txtar.Archive, got map[string]string) {
	t.Helper()
	seen := map[string]bool{}
	for _, f := range archive.Files {
		if want, ok := got[f.Name]; ok {
			seen[f.Name] = true
			if diff := cmp.Diff(string(f.Data), want); diff != "" {
				t.Errorf("%s (-want +got):\n%s", f.Name, diff)
			}
		}
	}
	if !seen[wantFaults] {
		t.Errorf("the archive has no %s", wantFaults)
	}
}

func rewrite(t *testing.T, path string, archive *txtar.Archive, got map[string]string) {
	t.Helper()
	found := false
	for i, f := range archive.Files {
		if want, ok := got[f.Name]; ok {
			archive.Files[i].Data = []byte(want)
			found = found || f.Name == wantFaults
		}
	}
	if !found {
		archive.Files = append(archive.Files, txtar.File{Name: wantFaults, Data: []byte(got[wantFaults])})
	}
	if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
