package metadata

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// maxValues bounds what one directory may hold after aliases and includes are resolved. The largest real project
// that was looked at has less than a twentieth of it.
const maxValues = 2_000_000

// Read reads the metadata directory that fsys is the root of, in layout version 3 or 2, and checks it as far as that
// goes without a database. It returns all faults at once, by file and line, and always what could be read: where a
// fault is an error, parts of the metadata may be missing, and nothing should be served from it. Use [Faults.Err] to
// tell errors from warnings. Read opens nothing outside fsys, and no input makes it panic.
func Read(fsys fs.FS) (*Metadata, Faults) {
	if _, err := fs.Stat(fsys, "."); errors.Is(err, fs.ErrNotExist) {
		return &Metadata{}, Faults{missingDirectory("metadata directory")}
	}
	r := newReader(fsys)
	m := &Metadata{Version: r.version()}
	if m.Version == 0 && !r.exists("actions.yaml") && !r.exists("databases/databases.yaml") {
		return m, r.sorted()
	}
	r.readActions(m)
	if m.Version == 2 {
		r.readVersion2(m)
	} else {
		r.readSources(m)
	}
	r.readRemoteSchemas(m)
	r.readInheritedRoles(m)
	r.readFederation(m)
	r.readIntrospection(m)
	r.readQueryCollections(m)
	r.readAllowList(m)
	r.readAPILimits(m)
	r.readOtherFiles(m.Version)
	r.unserved.report(&r.report)
	r.check(m)
	return m, r.sorted()
}

// ReadDir is [Read] on a directory of the operating system, which it names where it cannot be read. Places in faults
// are relative to dir. Symbolic links are followed, since the directory is the operator's own.
func ReadDir(dir string) (*Metadata, Faults) {
	info, err := os.Stat(dir)
	item := fmt.Sprintf("metadata directory %q", dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Metadata{}, Faults{missingDirectory(item)}
	case err != nil:
		return &Metadata{}, Faults{{Item: item, Message: "read directory: " + cause(err).Error()}}
	case !info.IsDir():
		hint := fmt.Sprintf("pass its directory, %q", filepath.Dir(dir))
		return &Metadata{}, Faults{{Item: item, Message: "expected a directory, found a file", Hint: hint}}
	}
	return Read(os.DirFS(dir))
}

func missingDirectory(item string) Fault {
	return Fault{Item: item, Message: "missing directory", Hint: "pass the directory that holds version.yaml and actions.yaml"}
}

// reader is the state of one [Read].
type reader struct {
	report
	fsys     fs.FS
	docs     map[string]*document // nil for a file that could not be read
	missing  map[string]bool      // files that do not exist
	broken   map[string]bool      // files of which something could not be read, so that checks do not blame others
	budget   int                  // values that may still be read
	inline   map[*Action]bool     // actions whose output_type stands in actions.yaml
	unserved unserved
}

func newReader(fsys fs.FS) *reader {
	return &reader{
		fsys: fsys, budget: maxValues,
		docs: map[string]*document{}, missing: map[string]bool{}, broken: map[string]bool{},
		inline: map[*Action]bool{},
	}
}

// document is a YAML file of the directory, parsed once. It is nil where the file does not exist, which the caller
// judges, or cannot be read, which is reported here.
func (r *reader) document(file string) *document {
	if d, seen := r.docs[file]; seen {
		return d
	}
	r.docs[file] = nil
	t := r.text(file)
	if t == nil {
		return nil
	}
	d, fault := parseDocument(t)
	if fault != nil {
		r.add(*fault)
		r.broken[file] = true
	}
	r.docs[file] = d
	return d
}

// text is a file of the directory, nil as [reader.document] is.
func (r *reader) text(file string) *textFile {
	t, err := readText(r.fsys, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.missing[file] = true
		return nil
	case err != nil:
		r.errorf(Pos{File: file}, "", "read file: %v", cause(err))
		r.broken[file] = true
		return nil
	}
	return t
}

// cause is err without the path that the operating system's errors repeat.
func cause(err error) error {
	if perr, ok := errors.AsType[*fs.PathError](err); ok {
		return perr.Err
	}
	return err
}

// root is the content of a file of the directory, absent where there is none.
func (r *reader) root(file string) node {
	doc := r.document(file)
	if doc == nil {
		return node{failed: r.broken[file]}
	}
	return r.resolve(node{doc: doc, ast: doc.body, from: &inclusion{file: file}})
}

func (r *reader) exists(file string) bool {
	_, err := fs.Stat(r.fsys, file)
	return err == nil
}

// nearFile is a hint at a file with a similar name in the same directory.
func (r *reader) nearFile(file string) string {
	entries, err := fs.ReadDir(r.fsys, path.Dir(file))
	if err != nil {
		return ""
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return r.didYouMean(path.Base(file), names)
}

// version reads version.yaml. It is 0 where that gives no version that can be read.
func (r *reader) version() int {
	n := r.root("version.yaml")
	if r.missing["version.yaml"] {
		f := Fault{Pos: Pos{File: "version.yaml"}, Message: "missing file", Hint: `a metadata directory has it, with "version: 3"`}
		if r.exists("metadata/version.yaml") {
			f.Hint = `pass the directory "metadata" below this one`
		} else if files, _ := fs.Glob(r.fsys, "*metadata*.json"); len(files) > 0 {
			f.Hint = fmt.Sprintf("%q may be what Hasura's console exports; the directory is what `hasura metadata export` writes", files[0])
		}
		r.add(f)
		return 0
	}
	if n.failed {
		return 0
	}
	m := r.mapping(n, "")
	defer m.done()
	m.know("resource_version", "metadata")
	if !m.has("version") {
		m.missing("version", `write "version: 3"`)
		return 0
	}
	v := m.integer("version")
	if v == nil || *v == 2 || *v == 3 {
		return orZero(v)
	}
	m.r.add(Fault{
		Pos: m.keyPos("version"), Message: fmt.Sprintf("unknown metadata version %d", *v),
		Hint: `Joinery reads versions 3 and 2; "hasura scripts update-project-v3" and "hasura metadata export" write version 3`,
	})
	return 0
}

func orZero(v *int) int {
	if v == nil {
		return 0
	}
	return *v
}

// complete says whether all files that begin with prefix could be read in full.
func (r *reader) complete(prefix string) bool {
	for file := range r.broken {
		if strings.HasPrefix(file, prefix) {
			return false
		}
	}
	return r.budget >= 0
}
