package metadata_test

import (
	"flag"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/joinery-graphql/joinery/internal/testkit"
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
	for _, archive := range testkit.Archives(t, "testdata/*.txtar") {
		t.Run(archive.Name, func(t *testing.T) {
			m, faults := metadata.Read(files(archive.Archive))
			got := map[string]string{wantFaults: faultLines(faults), wantDump: dump(m)}
			if *update {
				rewrite(t, archive, got)
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

func compare(t *testing.T, archive testkit.Archive, got map[string]string) {
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

func rewrite(t *testing.T, archive testkit.Archive, got map[string]string) {
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
	archive.Write(t)
}
