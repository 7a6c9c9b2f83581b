package edit_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

// editsPerCheck times rapid's 100 checks are 1,000 edits; a tenth with -short.
const editsPerCheck = 10

// TestRandomEdits makes random edits of real directories. After each, what is read must be what was read before with
// the same edit made on it; only the lines that must change may have changed; the inverse gives the bytes that were there;
// and what was added and is removed again leaves none behind.
func TestRandomEdits(t *testing.T) {
	projects := realProjects(t)
	edits := editsPerCheck
	if testing.Short() {
		edits = 1
	}
	seldom := len(projects) - 1 // acapela has ten times the files of the others
	rapid.Check(t, func(rt *rapid.T) {
		e := &randomEdits{T: rt, dir: fstest.MapFS{}}
		project := rapid.IntRange(0, 10).Draw(rt, "project")
		if project < 10 {
			project %= max(1, seldom)
		}
		maps.Copy(e.dir, projects[min(project, seldom)])
		e.disguise()
		for range edits {
			e.step()
		}
	})
}

// realProjects are metadata directories that people have published, the example, and an empty one.
func realProjects(t *testing.T) []fstest.MapFS {
	t.Helper()
	shared := os.Getenv("JOINERY_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	dirs := []string{"../../examples/hodor/metadata"}
	for _, name := range []string{"monolith", "realworld", "acapela"} {
		dirs = append(dirs, filepath.Join(shared, "hasura-projects", name, "metadata"))
	}
	out := []fstest.MapFS{directory(map[string]string{
		"version.yaml": "version: 3\n", "actions.graphql": "# none\n",
		"actions.yaml": "actions: []\ncustom_types:\n  enums: []\n  input_objects: []\n  objects: []\n  scalars: []\n",
	})}
	for _, dir := range dirs {
		fsys := fstest.MapFS{}
		err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(filepath.Join(dir, path))
			fsys[path] = &fstest.MapFile{Data: b}
			return err
		})
		switch {
		case err != nil && os.Getenv("CI") != "":
			t.Fatal(err)
		case err != nil:
			t.Logf("real project is not here, set JOINERY_SHARED: %v", err)
			continue
		}
		out = append(out, fsys)
	}
	return out
}

type randomEdits struct {
	*rapid.T
	dir  fstest.MapFS
	made int // names
}

// disguise adds comments, and changes line ends, of the files.
func (e *randomEdits) disguise() {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(e.T, "seed of the disguise"), 0))
	for _, name := range []string{"actions.yaml", "actions.graphql"} {
		var lines []string
		for line := range strings.Lines(string(e.dir[name].Data)) {
			indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
			if random.IntN(10) == 0 {
				lines = append(lines, fmt.Sprintf("%s# comment %d\n", indent, len(lines)))
			}
			if strings.TrimSpace(line) != "" && random.IntN(10) == 0 {
				line = strings.TrimSuffix(line, "\n") + fmt.Sprintf(" # trailing %d\n", len(lines))
			}
			lines = append(lines, line)
		}
		text := strings.Join(lines, "")
		if random.IntN(2) == 0 {
			text = strings.TrimRight(text, "\n")
		}
		if random.IntN(2) == 0 {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		e.dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
}

// trial is an edit with what it does to the model. undo is the edit that takes what it adds away again.
type trial struct {
	name  string
	edit  func(fs.FS) (edit.Change, error)
	model func(*metadata.Metadata)
	undo  func(fs.FS) (edit.Change, error)
}

func (e *randomEdits) step() {
	m, _ := metadata.Read(e.dir)
	trials := []func(*metadata.Metadata) (trial, bool){
		e.addRelationship, e.replaceRelationship, e.removeRelationship, e.addAction, e.replaceAction, e.removeAction,
		e.addPermission, e.removePermission, e.defineType, e.removeType, e.setTypes,
	}
	try, ok := rapid.SampledFrom(trials).Draw(e.T, "edit")(m)
	if !ok {
		return
	}
	change, err := try.edit(e.dir)
	if err != nil {
		e.Fatalf("%s: %v\n%s", try.name, err, e.dir["actions.yaml"].Data)
	}
	try.model(m)
	e.same(try.name, m, change.Over(e.dir))
	undone := change.Inverse().Over(change.Over(e.dir))
	for _, f := range change.Files {
		e.sameBytes(try.name+", the inverse", undone, f.Path)
	}
	if try.undo != nil {
		back, err := try.undo(change.Over(e.dir))
		if err != nil {
			e.Fatalf("undo %s: %v\n%s", try.name, err, change.Diff())
		}
		for _, f := range change.Files {
			e.sameBytes(try.name+", undone", back.Over(change.Over(e.dir)), f.Path)
			e.onlyAdds(try.name, f)
		}
	}
	for _, f := range change.Files {
		e.dir[f.Path] = &fstest.MapFile{Data: f.After}
	}
}

// same compares what is read from dir with want.
func (e *randomEdits) same(name string, want *metadata.Metadata, dir fs.FS) {
	got, _ := metadata.Read(dir)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(metadata.Pos{}), cmpopts.EquateEmpty()); diff != "" {
		e.Fatalf("%s: what is read (-want +got):\n%s", name, diff)
	}
}

func (e *randomEdits) sameBytes(name string, dir fs.FS, path string) {
	got, _ := fs.ReadFile(dir, path)
	if diff := cmp.Diff(string(e.dir[path].Data), string(got)); diff != "" {
		e.Fatalf("%s: %s (-want +got):\n%s", name, path, diff)
	}
}

// onlyAdds wants all lines that were there, but for empty lists, which get items.
func (e *randomEdits) onlyAdds(name string, f edit.File) {
	after := strings.Split(string(f.After), "\n")
	at := 0
	for line := range strings.SplitSeq(string(f.Before), "\n") {
		line = strings.TrimRight(line, "\r")
		i := slices.IndexFunc(after[at:], func(a string) bool {
			return strings.TrimRight(a, "\r") == line || strings.TrimRight(a, "\r") == strings.Replace(line, " []", "", 1)
		})
		if i < 0 {
			e.Fatalf("%s: %s: the line %q has gone", name, f.Path, line)
		}
		at += i + 1
	}
}

func (e *randomEdits) fresh(prefix string) string {
	e.made++
	return fmt.Sprintf("%s%d", prefix, e.made)
}

func (e *randomEdits) text(label string) string {
	return rapid.SampledFrom([]string{
		"", "plain", "it's: a #test", "two\nlines", "  spaces ", "é ü", `"quoted"`, "5", "true", "tab\there", "- dash", "{{X}}", "a, [b] {c}", "back\\slash", "line\n",
	}).Draw(e.T, label)
}

func (e *randomEdits) relationship() metadata.Relationship {
	r := metadata.Relationship{
		Name: e.fresh("rel"), Type: rapid.SampledFrom([]metadata.RelationshipType{"object", "array"}).Draw(e.T, "type"),
		Source:      rapid.SampledFrom([]string{"default", "pg two"}).Draw(e.T, "source"),
		Table:       metadata.TableName{Schema: rapid.SampledFrom([]string{"public", "a b"}).Draw(e.T, "schema"), Name: "users"},
		Description: e.text("description"),
	}
	for i := range rapid.IntRange(1, 2).Draw(e.T, "columns") {
		r.Mapping = append(r.Mapping, metadata.FieldMapping{Field: fmt.Sprint("f", i), Column: rapid.SampledFrom([]string{"id", "my column", "no", "1"}).Draw(e.T, "column")})
	}
	return r
}

func (e *randomEdits) object(m *metadata.Metadata) (*metadata.Object, bool) {
	if len(m.CustomTypes.Objects) == 0 {
		return nil, false
	}
	return rapid.SampledFrom(m.CustomTypes.Objects).Draw(e.T, "object"), true
}

func (e *randomEdits) addRelationship(m *metadata.Metadata) (trial, bool) {
	o, ok := e.object(m)
	if !ok {
		return trial{}, false
	}
	r := e.relationship()
	return trial{
		fmt.Sprintf("add relationship %s.%s", o.Name, r.Name),
		func(dir fs.FS) (edit.Change, error) { return edit.AddRelationship(dir, o.Name, r) },
		func(m *metadata.Metadata) {
			o := m.CustomTypes.Object(o.Name)
			o.Relationships = append(o.Relationships, &r)
		},
		func(dir fs.FS) (edit.Change, error) { return edit.RemoveRelationship(dir, o.Name, r.Name) },
	}, true
}

func (e *randomEdits) replaceRelationship(m *metadata.Metadata) (trial, bool) {
	o, ok := e.object(m)
	if !ok || len(o.Relationships) == 0 {
		return trial{}, false
	}
	i := rapid.IntRange(0, len(o.Relationships)-1).Draw(e.T, "relationship")
	old, r := o.Relationships[i].Name, e.relationship()
	if rapid.Bool().Draw(e.T, "same name") {
		r.Name = old
	}
	return trial{
		fmt.Sprintf("replace relationship %s.%s", o.Name, old),
		func(dir fs.FS) (edit.Change, error) { return edit.ReplaceRelationship(dir, o.Name, old, r) },
		func(m *metadata.Metadata) { m.CustomTypes.Object(o.Name).Relationships[i] = &r },
		nil,
	}, true
}

func (e *randomEdits) removeRelationship(m *metadata.Metadata) (trial, bool) {
	o, ok := e.object(m)
	if !ok || len(o.Relationships) == 0 {
		return trial{}, false
	}
	i := rapid.IntRange(0, len(o.Relationships)-1).Draw(e.T, "relationship")
	name := o.Relationships[i].Name
	return trial{
		fmt.Sprintf("remove relationship %s.%s", o.Name, name),
		func(dir fs.FS) (edit.Change, error) { return edit.RemoveRelationship(dir, o.Name, name) },
		func(m *metadata.Metadata) {
			o := m.CustomTypes.Object(o.Name)
			o.Relationships = slices.Delete(o.Relationships, i, i+1)
		},
		nil,
	}, true
}

func (e *randomEdits) action(name string) edit.Action {
	definition := rapid.SampledFrom([]string{
		"type Mutation { %s(id: uuid!, name: [String!]): String! }", "type Query { %s: [Int!]! }", "type Query { %s(a: Int): json }",
	}).Draw(e.T, "definition")
	a, err := edit.ParseAction(fmt.Sprintf(definition, name))
	if err != nil {
		e.Fatal(err)
	}
	a.Handler, a.Description = "{{BASE}}/x", e.text("comment")
	a.ForwardClientHeaders = rapid.Bool().Draw(e.T, "forward")
	if rapid.Bool().Draw(e.T, "headers") {
		a.Headers = []metadata.Header{{Name: "X-A", Value: e.text("header")}, {Name: "X-B", ValueFromEnv: "B"}}
	}
	if rapid.Bool().Draw(e.T, "ignored") {
		a.IgnoredClientHeaders = []string{"Host"}
	}
	if a.Operation == metadata.Mutation && rapid.Bool().Draw(e.T, "asynchronous") {
		a.Kind = metadata.Asynchronous
	}
	return edit.Action{Action: a}
}

func (e *randomEdits) addAction(*metadata.Metadata) (trial, bool) {
	a := e.action(e.fresh("act"))
	a.Permissions = []metadata.ActionPermission{{Role: "user"}}
	return trial{
		"add action " + a.Name,
		func(dir fs.FS) (edit.Change, error) { return edit.AddAction(dir, a) },
		func(m *metadata.Metadata) { m.Actions = append(m.Actions, &a.Action) },
		func(dir fs.FS) (edit.Change, error) { return edit.RemoveAction(dir, a.Name) },
	}, true
}

func (e *randomEdits) anyAction(m *metadata.Metadata) (i int, ok bool) {
	if len(m.Actions) == 0 {
		return 0, false
	}
	return rapid.IntRange(0, len(m.Actions)-1).Draw(e.T, "action"), true
}

func (e *randomEdits) replaceAction(m *metadata.Metadata) (trial, bool) {
	i, ok := e.anyAction(m)
	if !ok {
		return trial{}, false
	}
	old, a := m.Actions[i], e.action(m.Actions[i].Name)
	if rapid.Bool().Draw(e.T, "rename") {
		a.Name = e.fresh("act")
	}
	return trial{
		"replace action " + old.Name,
		func(dir fs.FS) (edit.Change, error) { return edit.ReplaceAction(dir, old.Name, a) },
		func(m *metadata.Metadata) {
			a.Permissions = m.Actions[i].Permissions
			m.Actions[i] = &a.Action
		},
		nil,
	}, true
}

func (e *randomEdits) removeAction(m *metadata.Metadata) (trial, bool) {
	i, ok := e.anyAction(m)
	if !ok {
		return trial{}, false
	}
	name := m.Actions[i].Name
	return trial{
		"remove action " + name,
		func(dir fs.FS) (edit.Change, error) { return edit.RemoveAction(dir, name) },
		func(m *metadata.Metadata) { m.Actions = slices.Delete(m.Actions, i, i+1) },
		nil,
	}, true
}

func (e *randomEdits) addPermission(m *metadata.Metadata) (trial, bool) {
	i, ok := e.anyAction(m)
	if !ok {
		return trial{}, false
	}
	name, role := m.Actions[i].Name, e.fresh("role: ")
	comment := e.text("comment")
	return trial{
		"add permission on " + name,
		func(dir fs.FS) (edit.Change, error) { return edit.AddActionPermission(dir, name, role, comment) },
		func(m *metadata.Metadata) {
			m.Actions[i].Permissions = append(m.Actions[i].Permissions, metadata.ActionPermission{Role: role})
		},
		func(dir fs.FS) (edit.Change, error) { return edit.RemoveActionPermission(dir, name, role) },
	}, true
}

func (e *randomEdits) removePermission(m *metadata.Metadata) (trial, bool) {
	i, ok := e.anyAction(m)
	if !ok || len(m.Actions[i].Permissions) == 0 {
		return trial{}, false
	}
	a := m.Actions[i]
	j := rapid.IntRange(0, len(a.Permissions)-1).Draw(e.T, "permission")
	role := a.Permissions[j].Role
	return trial{
		"remove permission on " + a.Name,
		func(dir fs.FS) (edit.Change, error) { return edit.RemoveActionPermission(dir, a.Name, role) },
		func(m *metadata.Metadata) { m.Actions[i].Permissions = slices.Delete(m.Actions[i].Permissions, j, j+1) },
		nil,
	}, true
}

func (e *randomEdits) defineType(m *metadata.Metadata) (trial, bool) {
	o, ok := e.object(m)
	name := e.fresh("Type")
	if replaces := ok && rapid.Bool().Draw(e.T, "replace"); replaces {
		name = o.Name
	}
	field := e.fresh("f")
	undo := func(dir fs.FS) (edit.Change, error) { return edit.RemoveType(dir, name) }
	if m.CustomTypes.Object(name) != nil {
		undo = nil
	}
	return trial{
		"define type " + name,
		func(dir fs.FS) (edit.Change, error) {
			return edit.DefineTypes(dir, fmt.Sprintf("\"what\"\ntype %s {\n  id: Int # a comment\n  %s: [String]\n}\n", name, field))
		},
		func(m *metadata.Metadata) {
			now := &metadata.Object{Name: name, Description: "what", Fields: []*metadata.Field{
				{Name: "id", Type: &metadata.Type{Name: "Int"}}, {Name: field, Type: &metadata.Type{Elem: &metadata.Type{Name: "String"}}},
			}}
			if o := m.CustomTypes.Object(name); o != nil {
				now.Relationships = o.Relationships
				*o = *now
				return
			}
			m.CustomTypes.Objects = append(m.CustomTypes.Objects, now)
		},
		undo,
	}, true
}

func (e *randomEdits) removeType(m *metadata.Metadata) (trial, bool) {
	o, ok := e.object(m)
	if !ok {
		return trial{}, false
	}
	return trial{
		"remove type " + o.Name,
		func(dir fs.FS) (edit.Change, error) { return edit.RemoveType(dir, o.Name) },
		func(m *metadata.Metadata) {
			m.CustomTypes.Objects = slices.DeleteFunc(m.CustomTypes.Objects, func(x *metadata.Object) bool { return x.Name == o.Name })
		},
		nil,
	}, true
}

// setTypes takes some types and fields away, changes some and adds some.
func (e *randomEdits) setTypes(m *metadata.Metadata) (trial, bool) {
	want := metadata.CustomTypes{InputObjects: m.CustomTypes.InputObjects, Enums: m.CustomTypes.Enums, Scalars: m.CustomTypes.Scalars}
	for _, o := range m.CustomTypes.Objects {
		if rapid.IntRange(0, 4).Draw(e.T, "keep") == 0 {
			continue
		}
		clone := *o
		clone.Fields = slices.Clone(o.Fields)
		if len(o.Fields) > 1 && rapid.Bool().Draw(e.T, "drop field") {
			clone.Fields = clone.Fields[1:]
		}
		if rapid.Bool().Draw(e.T, "change field") {
			clone.Fields[0] = &metadata.Field{Name: clone.Fields[0].Name, Description: e.text("description"), Type: &metadata.Type{Name: "ID", NonNull: true}}
		}
		if rapid.Bool().Draw(e.T, "add field") {
			clone.Fields = append(clone.Fields, &metadata.Field{Name: e.fresh("f"), Description: e.text("description"), Type: &metadata.Type{Name: "Int"}})
		}
		if rapid.Bool().Draw(e.T, "describe") {
			clone.Description = e.text("description")
		}
		if rapid.Bool().Draw(e.T, "relate") {
			r := e.relationship()
			clone.Relationships = append(slices.Clone(o.Relationships), &r)
		}
		want.Objects = append(want.Objects, &clone)
	}
	want.Enums = append(slices.Clone(want.Enums), &metadata.Enum{Name: e.fresh("Enum"), Values: []metadata.EnumValue{
		{Name: "A", Description: e.text("description")}, {Name: "B", Deprecated: true, DeprecationReason: "No longer supported"},
	}})
	return trial{
		"set types",
		func(dir fs.FS) (edit.Change, error) { return edit.SetCustomTypes(dir, want) },
		func(m *metadata.Metadata) { m.CustomTypes = want },
		nil,
	}, true
}
