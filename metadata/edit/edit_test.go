package edit_test

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/joinery-graphql/joinery/internal/testkit"
	"github.com/joinery-graphql/joinery/metadata"
	"github.com/joinery-graphql/joinery/metadata/edit"
)

var update = flag.Bool("update", false, "rewrite the wanted files in testdata")

const (
	request = "edit"       // what is asked for, as instruction
	wanted  = "want/"      // the files that the edit changes, afterwards
	refused = "want.error" // instead of these, why it can't be made
)

// instruction is an edit as the archives in testdata write it.
type instruction struct {
	Edit         string
	Type, Name   string
	Relationship struct {
		Name, Type, Source, Description string
		Table                           metadata.TableName
		Mapping                         yaml.MapSlice
	}
	Action struct {
		Definition, Handler, Comment string
		Kind                         metadata.Kind
		Roles                        []string
		Headers                      []metadata.Header
		Forward                      bool
		Ignored                      []string
		Timeout                      int
		Transforms                   yaml.MapSlice
	}
	Role, Comment string
	Types         string // SDL
}

func (i instruction) action(t *testing.T) edit.Action {
	t.Helper()
	in := i.Action
	a := edit.Action{Transforms: in.Transforms}
	if in.Definition != "" {
		var err error
		if a.Action, err = edit.ParseAction(in.Definition); err != nil {
			t.Fatal(err)
		}
	}
	a.Handler, a.Headers, a.Kind, a.ForwardClientHeaders, a.IgnoredClientHeaders = in.Handler, in.Headers, in.Kind, in.Forward, in.Ignored
	a.Timeout, a.Description = time.Duration(in.Timeout)*time.Second, in.Comment
	for _, role := range in.Roles {
		a.Permissions = append(a.Permissions, metadata.ActionPermission{Role: role})
	}
	return a
}

func (i instruction) relationship() metadata.Relationship {
	r := i.Relationship
	out := metadata.Relationship{
		Name: r.Name, Type: metadata.RelationshipType(r.Type), Source: r.Source, Table: r.Table, Description: r.Description,
	}
	for _, m := range r.Mapping {
		out.Mapping = append(out.Mapping, metadata.FieldMapping{Field: fmt.Sprint(m.Key), Column: fmt.Sprint(m.Value)})
	}
	return out
}

func (i instruction) make(t *testing.T, dir fs.FS) (edit.Change, error) {
	t.Helper()
	switch i.Edit {
	case "add relationship":
		return edit.AddRelationship(dir, i.Type, i.relationship())
	case "replace relationship":
		return edit.ReplaceRelationship(dir, i.Type, i.Name, i.relationship())
	case "remove relationship":
		return edit.RemoveRelationship(dir, i.Type, i.Name)
	case "add action":
		return edit.AddAction(dir, i.action(t))
	case "replace action":
		return edit.ReplaceAction(dir, i.Name, i.action(t))
	case "remove action":
		return edit.RemoveAction(dir, i.Name)
	case "add permission":
		return edit.AddActionPermission(dir, i.Name, i.Role, i.Comment)
	case "remove permission":
		return edit.RemoveActionPermission(dir, i.Name, i.Role)
	case "define types":
		return edit.DefineTypes(dir, i.Types)
	case "remove type":
		return edit.RemoveType(dir, i.Name)
	case "set types": // to those of the directory "given"
		given, err := fs.Sub(dir, "given")
		if err != nil {
			t.Fatal(err)
		}
		m, _ := metadata.Read(given)
		return edit.SetCustomTypes(dir, m.CustomTypes)
	}
	t.Fatalf("unknown edit %q", i.Edit)
	return edit.Change{}, nil
}

// TestEdit makes the edits of testdata/edit. Each archive has the files before, the edit, and either the files that are
// changed, as they are afterwards, or why the edit is refused. The comment says what it is about.
func TestEdit(t *testing.T) {
	for _, archive := range testkit.Archives(t, "testdata/edit/*.txtar") {
		t.Run(archive.Name, func(t *testing.T) {
			dir, want := split(archive)
			var in instruction
			if err := yaml.UnmarshalWithOptions(dir[request].Data, &in, yaml.Strict()); err != nil {
				t.Fatal(err)
			}
			delete(dir, request)
			change, err := in.make(t, dir)
			got := after(change, err)
			if *update {
				rewrite(t, archive, got)
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			undone(t, dir, change)
		})
	}
}

func split(archive testkit.Archive) (dir fstest.MapFS, want map[string]string) {
	dir, want = fstest.MapFS{}, map[string]string{}
	for _, f := range archive.Files {
		if strings.HasPrefix(f.Name, wanted) || f.Name == refused {
			want[f.Name] = string(f.Data)
			continue
		}
		dir[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return dir, want
}

func after(c edit.Change, err error) map[string]string {
	if err != nil {
		return map[string]string{refused: err.Error() + "\n"}
	}
	out := map[string]string{}
	for _, f := range c.Files {
		out[wanted+f.Path] = string(f.After)
	}
	return out
}

func rewrite(t *testing.T, archive testkit.Archive, got map[string]string) {
	t.Helper()
	var files []txtar.File
	for _, f := range archive.Files {
		if !strings.HasPrefix(f.Name, wanted) && f.Name != refused {
			files = append(files, f)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		files = append(files, txtar.File{Name: name, Data: []byte(got[name])})
	}
	archive.Files = files
	archive.Write(t)
}

// undone checks that the inverse of a change gives what was there.
func undone(t *testing.T, dir fs.FS, c edit.Change) {
	t.Helper()
	back := c.Inverse().Over(c.Over(dir))
	for _, f := range c.Files {
		got, err := fs.ReadFile(back, f.Path)
		if f.Before == nil && err == nil || f.Before != nil && string(got) != string(f.Before) {
			t.Errorf("%s after the inverse: %v\n%s", f.Path, err, got)
		}
	}
}

func directory(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return fsys
}
