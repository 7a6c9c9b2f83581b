package edit_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/internal/localpg"
	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

// written are two files below a new directory.
func written(t *testing.T) (dir string, change edit.Change) {
	t.Helper()
	dir = t.TempDir()
	change = edit.Change{Files: []edit.File{
		{Path: "a.yaml", Before: []byte("a: 1\n"), After: []byte("a: 2\n")},
		{Path: "b/b.yaml", Before: []byte("b: 1\n"), After: []byte("b: 2\n")},
	}}
	if err := os.Mkdir(filepath.Join(dir, "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range change.Files {
		write(t, filepath.Join(dir, f.Path), string(f.Before))
	}
	return dir, change
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
}

// contents are the files below dir, so that one left behind shows.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(name)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestApply(t *testing.T) {
	dir, change := written(t)
	if err := change.Apply(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a.yaml": "a: 2\n", "b/b.yaml": "b: 2\n"}, contents(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	info, err := os.Stat(filepath.Join(dir, "a.yaml"))
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v, want that of the file before", info.Mode(), err)
	}
	if err := change.Inverse().Apply(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a.yaml": "a: 1\n", "b/b.yaml": "b: 1\n"}, contents(t, dir)); diff != "" {
		t.Errorf("files after the inverse (-want +got):\n%s", diff)
	}
}

func TestApplyNewFile(t *testing.T) {
	dir := t.TempDir()
	change := edit.Change{Files: []edit.File{{Path: "a.yaml", After: []byte("a: 1\n")}}}
	if err := change.Apply(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a.yaml": "a: 1\n"}, contents(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if err := change.Inverse().Apply(dir); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{}, contents(t, dir)); diff != "" {
		t.Errorf("files after the inverse (-want +got):\n%s", diff)
	}
}

// TestApplyRefused has reasons why nothing is written, not even to the first of two files.
func TestApplyRefused(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(t *testing.T, dir string)
		change  func(*edit.Change)
		want    string
	}{
		{
			"changed underneath",
			func(t *testing.T, dir string) { write(t, filepath.Join(dir, "b/b.yaml"), "b: 3\n") }, nil,
			"write b/b.yaml: b/b.yaml was changed by somebody else in the meantime",
		},
		{
			"gone", func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "b/b.yaml")) }, nil,
			"write b/b.yaml: b/b.yaml was changed by somebody else in the meantime",
		},
		{
			"there already", nil, func(c *edit.Change) { c.Files[1].Before = nil },
			"write b/b.yaml: b/b.yaml was changed by somebody else in the meantime",
		},
		{
			"read-only file", func(t *testing.T, dir string) { chmod(t, filepath.Join(dir, "b/b.yaml"), 0o444) }, nil,
			"write b/b.yaml: the file is read-only",
		},
		{"outside", nil, func(c *edit.Change) { c.Files[1].Path = "../c" }, "write ../c: invalid path"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, change := written(t)
			if tt.prepare != nil {
				tt.prepare(t, dir)
			}
			if tt.change != nil {
				tt.change(&change)
			}
			before := contents(t, dir)
			err := change.Apply(dir)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got error %v, want %s", err, tt.want)
			}
			if conflict, ok := errors.AsType[*edit.Conflict](err); ok != strings.Contains(tt.want, "somebody") || ok && conflict.Path != "b/b.yaml" {
				t.Errorf("got %v as a conflict", conflict)
			}
			if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
				t.Errorf("files (-before +after):\n%s", diff)
			}
		})
	}
}

func TestApplySymbolicLink(t *testing.T) {
	dir, change := written(t)
	elsewhere := filepath.Join(t.TempDir(), "real.yaml")
	write(t, elsewhere, "a: 1\n")
	link := filepath.Join(dir, "a.yaml")
	remove(t, link)
	if err := os.Symlink(elsewhere, link); err != nil {
		testkit.Skip(t, "%v", err)
	}
	if err := change.Apply(dir); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(link); err != nil || target != elsewhere {
		t.Errorf("the link points to %q, %v", target, err)
	}
	if b, err := os.ReadFile(elsewhere); err != nil || string(b) != "a: 2\n" {
		t.Errorf("the file has %q, %v", b, err)
	}
}

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "actions.yaml"), "")
	if err := edit.Writable(dir); err != nil {
		t.Error(err)
	}
	chmod(t, filepath.Join(dir, "actions.yaml"), 0o400)
	if err := edit.Writable(dir); err == nil || err.Error() != "actions.yaml is read-only" {
		t.Errorf("got error %v", err)
	}
	if err := edit.Writable(filepath.Join(dir, "none")); err == nil {
		t.Error("a directory that isn't there is writable")
	}
}

// TestReadOnlyDirectory needs a user who isn't root, to whom nothing is read-only.
func TestReadOnlyDirectory(t *testing.T) {
	if os.Getuid() == 0 {
		runAsNobody(t)
		return
	}
	dir, change := written(t)
	chmod(t, dir, 0o500)
	t.Cleanup(func() { chmod(t, dir, 0o700) })
	before := contents(t, dir)
	if err := change.Apply(dir); err == nil || err.Error() != "write a.yaml: permission denied" {
		t.Errorf("got error %v", err)
	}
	if err := edit.Writable(dir); err == nil || err.Error() != "the metadata directory can't be written to: permission denied" {
		t.Errorf("got error %v", err)
	}
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("files (-before +after):\n%s", diff)
	}
}

// runAsNobody runs the test in a process of its own, from a folder that others than root can enter.
func runAsNobody(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("", "edit")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	chmod(t, dir, 0o755)
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "edit.test")
	write(t, program, string(binary))
	chmod(t, program, 0o755)
	cmd, err := localpg.Command(t.Context(), program, "-test.v", "-test.run", "^"+t.Name()+"$")
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// TestBytes has what archives can't show: line ends, a byte order mark, a file without an end of the last line.
func TestBytes(t *testing.T) {
	const listed = "custom_types:\n  objects:\n  - name: T # é\n  - name: U"
	const added = "custom_types:\n  objects:\n  - name: T # é\n    relationships:\n    - name: r\n      type: object\n      source: default\n" +
		"      remote_table:\n        schema: public\n        name: users\n      field_mapping:\n        id: id\n  - name: U"
	crlf := strings.NewReplacer("\n", "\r\n").Replace
	tests := []struct{ name, before, after string }{
		{"LF", listed + "\n", added + "\n"},
		{"no end", listed, added},
		{"CRLF", crlf(listed + "\n"), crlf(added + "\n")},
		{"CRLF without end", crlf(listed), crlf(added)},
		{"byte order mark", "\uFEFF" + listed + "\n", "\uFEFF" + added + "\n"},
		{"byte order mark and CRLF", "\uFEFF" + crlf(listed+"\n"), "\uFEFF" + crlf(added+"\n")},
		{"one CRLF", strings.Replace(listed, "é\n", "é\r\n", 1), strings.Replace(added, "é\n", "é\r\n", 1)},
		{"spaces at ends", strings.Replace(listed, "objects:\n", "objects:  \n", 1), strings.Replace(added, "objects:\n", "objects:  \n", 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := directory(map[string]string{"version.yaml": "version: 3\n", "actions.graphql": "type T { id: Int } type U { id: Int }", "actions.yaml": tt.before})
			r := metadata.Relationship{
				Name: "r", Type: metadata.ObjectRelationship, Source: "default", Table: metadata.TableName{Schema: "public", Name: "users"},
				Mapping: []metadata.FieldMapping{{Field: "id", Column: "id"}},
			}
			change, err := edit.AddRelationship(dir, "T", r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.after, string(change.Files[0].After)); diff != "" {
				t.Errorf("after (-want +got):\n%s", diff)
			}
			back, err := edit.RemoveRelationship(change.Over(dir), "T", "r")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.before, string(back.Files[0].After)); diff != "" {
				t.Errorf("after removing it again (-want +got):\n%s", diff)
			}
		})
	}
}
