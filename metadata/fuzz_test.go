package metadata_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/metadata"
)

// fuzzed are the files of which FuzzRead replaces one.
var fuzzed = []string{
	"actions.yaml", "actions.graphql", "databases/databases.yaml", "tables.yaml", "remote_schemas.yaml",
	"inherited_roles.yaml", "version.yaml", "included.yaml",
}

// base is the directory around the fuzzed file. It includes a file, so that includes are fuzzed from both sides.
func base() fstest.MapFS {
	return directory(map[string]string{
		"actions.yaml": `actions:
- {name: createUser, definition: {handler: '{{H}}', headers: &h [{name: A, value: b}]}, permissions: [{role: user}]}
- {name: find, definition: {handler: 'https://host/x', headers: *h, timeout: 3}}
custom_types:
  objects:
  - name: User
    relationships:
    - {name: user, type: object, source: default, remote_table: {schema: public, name: users}, field_mapping: {id: id}}
`,
		"actions.graphql": `type Mutation { createUser(name: String!, in: In): User! }
extend type Query { find(color: Color = RED): [[User!]] }
"""A person."""
type User { id: uuid! friends: [User] color: Color }
input In { and: [In!], at: timestamptz }
enum Color { RED @deprecated(reason: "no") BLUE }
scalar Money
`,
		"databases/databases.yaml": `- name: default
  kind: postgres
  configuration: {connection_info: {database_url: {from_env: X}}}
  customization: {type_names: {prefix: ""}}
  tables:
  - "!include ../included.yaml"
  - table: posts
    object_relationships:
    - {name: author, using: {foreign_key_constraint_on: author_id}}
    array_relationships:
    - {name: all, using: {manual_configuration: {remote_table: users, column_mapping: {a: b}}}}
    select_permissions:
    - {role: user, permission: {columns: '*', filter: {_or: [{a: {_eq: X-Hasura-User-Id}}, {<<: {b: 1}}]}, limit: 5}}
`,
		"included.yaml":        "table: {schema: public, name: users}\nconfiguration: {custom_name: Person, column_config: {a: {custom_name: b}}}\n",
		"remote_schemas.yaml":  "- name: auth0\n  definition: {url: 'http://x', timeout_seconds: 5, customization: {a: [1, {b: c}]}}\n",
		"inherited_roles.yaml": "- {role_name: a, role_set: [b, c]}\n",
	})
}

// FuzzRead replaces one file of a directory. Whatever it holds: no panic, faults with places inside their files and
// on one line, and the same result each time.
func FuzzRead(f *testing.F) {
	for i, name := range fuzzed {
		if file := base()[name]; file != nil {
			f.Add(uint8(i), string(file.Data))
		}
	}
	seedFromArchives(f)
	f.Fuzz(func(t *testing.T, file uint8, content string) {
		fsys := base()
		fsys[fuzzed[int(file)%len(fuzzed)]] = &fstest.MapFile{Data: []byte(content)}
		m, faults := metadata.Read(fsys)
		for _, fault := range faults {
			checkFault(t, fsys, fault)
		}
		m2, faults2 := metadata.Read(fsys)
		if diff := cmp.Diff(faultLines(faults)+dump(m), faultLines(faults2)+dump(m2)); diff != "" {
			t.Errorf("the second reading differs (-first +second):\n%s", diff)
		}
	})
}

func seedFromArchives(f *testing.F) {
	for _, archive := range testkit.Archives(f, "testdata/*.txtar") {
		for _, file := range archive.Files {
			for i, name := range fuzzed {
				if file.Name == name {
					f.Add(uint8(i), string(file.Data))
				}
			}
		}
	}
}

func checkFault(t *testing.T, fsys fstest.MapFS, f metadata.Fault) {
	t.Helper()
	if s := f.String(); f.Message == "" || strings.ContainsAny(s, "\n\r") {
		t.Errorf("a fault is one line with a message, got %q", s)
	}
	if f.Pos.Line == 0 {
		return
	}
	file := fsys[f.Pos.File]
	if file == nil {
		t.Fatalf("%v: there is no such file", f)
	}
	lines := strings.Split(string(file.Data), "\n")
	if f.Pos.Line > len(lines) || f.Pos.Column < 1 || f.Pos.Column > utf8.RuneCountInString(lines[f.Pos.Line-1])+1 {
		t.Errorf("%v: column %d of line %d is outside the file", f, f.Pos.Column, f.Pos.Line)
	}
}
