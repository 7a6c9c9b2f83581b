package metadata_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/metadata"
)

// directory is a metadata directory with the given files beside version.yaml.
func directory(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{"version.yaml": &fstest.MapFile{Data: []byte("version: 3\n")}}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return fsys
}

func TestReadDir(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("version.yaml", "version: 3\n")
	write("actions.yaml", "actions: 1\n")
	tests := []struct{ name, dir, want string }{
		{"missing", filepath.Join(dir, "nowhere"), "missing directory (pass the directory that holds version.yaml and actions.yaml)"},
		{"file", filepath.Join(dir, "version.yaml"), fmt.Sprintf("expected a directory, found a file (pass its directory, %q)", dir)},
		{"below a file", filepath.Join(dir, "version.yaml", "x"), "read directory: not a directory"},
		{"directory", dir, "actions.yaml:1: actions: expected a list, found a number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, faults := metadata.ReadDir(tt.dir)
			want := tt.want
			if tt.name != "directory" {
				want = fmt.Sprintf("metadata directory %q: %s", tt.dir, want)
			}
			if diff := cmp.Diff(want+"\n", faultLines(faults)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadMissingRoot(t *testing.T) {
	_, faults := metadata.Read(os.DirFS(filepath.Join(t.TempDir(), "nowhere")))
	want := "metadata directory: missing directory (pass the directory that holds version.yaml and actions.yaml)\n"
	if diff := cmp.Diff(want, faultLines(faults)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

// TestReadBytes has the cases whose bytes cannot stand in an archive.
func TestReadBytes(t *testing.T) {
	const action = "actions:\n- name: a\n  definition:\n    handler: '{{H}}'\n"
	const query = "type Query {\n  a: Int\n}\n"
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"byte order mark", map[string]string{"actions.yaml": "\uFEFF" + action, "actions.graphql": "\uFEFF" + query}, ""},
		{"line ends of Windows", map[string]string{
			"actions.yaml":    strings.ReplaceAll("# note\n"+action+"  comment: 'two\n    lines' # note\n  x: 1\n", "\n", "\r\n"),
			"actions.graphql": strings.ReplaceAll("# note\n"+query, "\n", "\r\n"),
		}, "actions.yaml:8: warning: action \"a\": unknown key \"x\"\n"},
		{
			"invalid UTF-8",
			map[string]string{"actions.yaml": "actions:\n- name: \xff\n", "actions.graphql": "type Query { é: \xfe }"},
			"actions.graphql:1: invalid UTF-8\nactions.yaml:2: invalid UTF-8\n",
		},
		{
			"replacement character",
			map[string]string{"actions.yaml": "actions: []\n\uFFFD: 1\n"},
			"actions.yaml:2: warning: unknown key \"\uFFFD\"\n",
		},
		{
			"tabs",
			map[string]string{"actions.yaml": "actions:\n\t- name: a\n"},
			"actions.yaml:2: invalid YAML: found character ' ' that cannot start any token\n",
		},
		{
			"NUL",
			map[string]string{"actions.graphql": "type Query { a\x00: Int }"},
			"actions.graphql:1: invalid SDL: Cannot contain the invalid character \"\\u0000\"\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, faults := metadata.Read(directory(tt.files))
			if diff := cmp.Diff(tt.want, faultLines(faults)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadHostile has input that is small or plain to write and would exhaust memory or the stack.
func TestReadHostile(t *testing.T) {
	tests := []struct {
		name, file, content string
		want                string // how one of the faults begins
	}{
		{"flow lists in each other", "actions.yaml", strings.Repeat("[", 1<<17), "actions.yaml:1: invalid YAML: nested more than 200 levels deep"},
		{"flow mappings in each other", "actions.yaml", strings.Repeat("{a: ", 1<<16), "actions.yaml:1: invalid YAML: nested more than 200 levels deep"},
		{"dashes", "actions.yaml", strings.Repeat("- ", 1<<17), "actions.yaml:1: invalid YAML: nested more than 200 levels deep"},
		{"question marks", "actions.yaml", strings.Repeat("? ", 1<<17), "actions.yaml:1: invalid YAML: nested more than 200 levels deep"},
		{"tags", "actions.yaml", strings.Repeat("!a ", 1<<17), "actions.yaml:1: invalid YAML: nested more than 200 levels deep"},
		{"anchors", "actions.yaml", strings.Repeat("&a ", 1<<17), "actions.yaml:1: invalid YAML: nested more than 200 levels deep"},
		{"SDL lists in each other", "actions.graphql", "type Query { a: " + strings.Repeat("[", 1<<17), "actions.graphql:1: nested more than 200 levels deep"},
		{"SDL values in each other", "actions.graphql", "input I { a: X = " + strings.Repeat("{a: ", 1<<17), "actions.graphql:1: nested more than 200 levels deep"},
		{"SDL lists of lists", "actions.graphql", "type T { a: " + strings.Repeat("[", 100) + "Int" + strings.Repeat("]", 100) + " }", "actions.graphql:1: object type \"T\": invalid type: more than 16 lists"},
		{"large file", "actions.yaml", strings.Repeat("#", 17<<20), "actions.yaml: read file: unexpected size: the file has more than 16 MiB"},
		{"aliases of aliases", "databases/databases.yaml", bomb(), "databases/databases.yaml:6: too large: aliases and includes give more than 2000000 values"},
		{"many faults", "actions.yaml", "actions:\n" + strings.Repeat("- x\n", 10_000), "more than 5000 faults, the others are not listed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, faults := metadata.Read(directory(map[string]string{tt.file: tt.content}))
			if !strings.Contains("\n"+faultLines(faults.Of(metadata.Error)), "\n"+tt.want) {
				t.Errorf("got %d faults, the first %q, want %q", len(faults), first(faults), tt.want)
			}
		})
	}
}

func first(faults metadata.Faults) string {
	if len(faults) == 0 {
		return ""
	}
	return faults[0].String()
}

// bomb is a file whose last alias stands for 2^25 values.
func bomb() string {
	var b strings.Builder
	b.WriteString("- name: default\n  kind: postgres\n  tables:\n  - table: t\n    remote_relationships:\n")
	relationship := "    - {name: x%d, definition: {remote_schema: r, hasura_fields: [id], remote_field: {f: {arguments: {v: &a%d %s}}}}}\n"
	fmt.Fprintf(&b, relationship, 0, 0, "{a: 1, b: 2}")
	for i := range 25 {
		fmt.Fprintf(&b, relationship, i+1, i+1, fmt.Sprintf("{a: *a%d, b: *a%d}", i, i))
	}
	return b.String()
}

// brokenFS cannot read one of its files, and cannot list its directory.
type brokenFS struct {
	fstest.MapFS
	file string
}

func (b brokenFS) Open(name string) (fs.File, error) {
	if name == b.file || name == "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("input/output error")}
	}
	return b.MapFS.Open(name)
}

func (b brokenFS) ReadDir(name string) ([]fs.DirEntry, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("input/output error")}
}

func TestReadUnreadable(t *testing.T) {
	fsys := directory(map[string]string{"actions.graphql": "type Query { a: Int }\n", "actions.yaml": "actions: []\n"})
	_, faults := metadata.Read(brokenFS{fsys, "actions.yaml"})
	want := "metadata directory: read directory: input/output error\nactions.yaml: read file: input/output error\n"
	if diff := cmp.Diff(want, faultLines(faults)); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	_, faults = metadata.Read(fstest.MapFS{"version.yaml/x": &fstest.MapFile{}})
	if got := faultLines(faults); !strings.HasPrefix(got, "version.yaml: read file: ") {
		t.Errorf("a directory in the place of a file: got %q", got)
	}
}

// TestReadRealProjects reads directories that real projects have published.
func TestReadRealProjects(t *testing.T) {
	tests := []struct {
		project                        string
		actions, relationships, tables int
		warnings                       int
	}{
		{"realworld", 3, 2, 7, 1},
		{"monolith", 2, 2, 5, 1},
		{"acapela", 15, 1, 54, 3},
	}
	for _, tt := range tests {
		t.Run(tt.project, func(t *testing.T) {
			m, faults := metadata.ReadDir(filepath.Join(testkit.Shared(t, "..", "hasura-projects"), tt.project, "metadata"))
			if err := faults.Err(); err != nil {
				t.Fatal(err)
			}
			relationships := 0
			for _, o := range m.CustomTypes.Objects {
				relationships += len(o.Relationships)
			}
			got := [4]int{len(m.Actions), relationships, len(m.Source("default").Tables), len(faults)}
			if want := [4]int{tt.actions, tt.relationships, tt.tables, tt.warnings}; got != want {
				t.Errorf("got %v actions, relationships, tables and warnings, want %v\n%v", got, want, faults)
			}
			if p := m.CustomTypes.Objects[0].Pos; p.File != "actions.graphql" {
				t.Errorf("first object stands at %v, want actions.graphql", p)
			}
		})
	}
}

// TestReadFilter checks the Go types of a decoded filter, which enforcement relies on.
func TestReadFilter(t *testing.T) {
	m, faults := metadata.Read(directory(map[string]string{"databases/databases.yaml": `
- name: default
  tables:
  - table: users
    select_permissions:
    - role: user
      permission:
        columns: '*'
        filter: {a: 1, b: 1.5, c: true, d: null, e: [x, -2], f: {_eq: "5"}, g: 2024-01-01, h: 0x10, i: 18446744073709551615, j: no}
`}))
	if err := faults.Err(); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"a": int64(1), "b": 1.5, "c": true, "d": nil, "e": []any{"x", int64(-2)}, "f": map[string]any{"_eq": "5"},
		"g": "2024-01-01", "h": int64(16), "i": float64(18446744073709551615), "j": "no",
	}
	p := m.Sources[0].Tables[0].SelectPermissions[0]
	if diff := cmp.Diff(any(want), p.Filter); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
	if want := (metadata.Pos{File: "databases/databases.yaml", Line: 9, Column: 9}); p.FilterPos != want {
		t.Errorf("filter stands at %v, want %v", p.FilterPos, want)
	}
}

// TestReadPlaces checks where the parts of a permission are said to stand.
func TestReadPlaces(t *testing.T) {
	m, _ := metadata.Read(directory(map[string]string{
		"databases/databases.yaml": `
- name: default
  tables:
  - table: users
    select_permissions:
    - role: user
      permission:
        columns: [id, name]
        computed_fields: &names
        - full_name
        query_root_fields: *names
        filter: "!include filter.yaml"
`,
		"databases/filter.yaml": "_or:\n- a: {_eq: 1}\n- &b\n  b: {}\n- *b\n",
	}))
	at := func(file string, line, column int) metadata.Pos {
		return metadata.Pos{File: "databases/" + file + ".yaml", Line: line, Column: column}
	}
	want := map[string]metadata.Pos{
		"columns.0": at("databases", 8, 19), "columns.1": at("databases", 8, 23), "computed_fields.0": at("databases", 10, 11),
		"query_root_fields.0": at("databases", 10, 11), "filter._or": at("filter", 1, 1), "filter._or.0": at("filter", 2, 3),
		"filter._or.0.a": at("filter", 2, 3), "filter._or.0.a._eq": at("filter", 2, 7), "filter._or.1": at("filter", 3, 3),
		"filter._or.1.b": at("filter", 4, 3), "filter._or.2": at("filter", 5, 3),
	}
	if diff := cmp.Diff(want, m.Sources[0].Tables[0].SelectPermissions[0].Places); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

// TestReadPositions checks columns, which the texts of faults leave out.
func TestReadPositions(t *testing.T) {
	_, faults := metadata.Read(directory(map[string]string{
		"actions.yaml":    "actions:\n- name: a\n  definition: {handler: '{{H}}', timout: 5}\n",
		"actions.graphql": "type Query {\n  \"é\" a(x: Strin): Int\n}\n",
	}))
	var got []metadata.Pos
	for _, f := range faults {
		got = append(got, f.Pos)
	}
	want := []metadata.Pos{{File: "actions.graphql", Line: 2, Column: 9}, {File: "actions.yaml", Line: 3, Column: 34}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}
