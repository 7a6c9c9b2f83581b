package edit

import (
	"bytes"
	"io/fs"
	"slices"
)

// Change is what an edit does to the files of a metadata directory. The zero Change does nothing.
type Change struct {
	Files []File // by path, each once
}

// File is a file before and after a [Change]. Before is nil where the change makes the file, After where it removes it.
type File struct {
	Path          string // slash-separated, below the metadata directory
	Before, After []byte
}

// Inverse undoes the change.
func (c Change) Inverse() Change {
	out := Change{Files: slices.Clone(c.Files)}
	for i, f := range c.Files {
		out.Files[i].Before, out.Files[i].After = f.After, f.Before
	}
	return out
}

// Then is the change that both make together, c first.
func (c Change) Then(next Change) Change {
	out := Change{Files: slices.Clone(c.Files)}
	for _, f := range next.Files {
		i := slices.IndexFunc(out.Files, func(o File) bool { return o.Path == f.Path })
		if i < 0 {
			out.Files = append(out.Files, f)
			continue
		}
		out.Files[i].After = f.After
	}
	out.Files = slices.DeleteFunc(out.Files, func(f File) bool {
		return bytes.Equal(f.Before, f.After) && (f.Before == nil) == (f.After == nil)
	})
	slices.SortFunc(out.Files, func(a, b File) int { return bytes.Compare([]byte(a.Path), []byte(b.Path)) })
	return out
}

// Over is dir as it would be after the change, to read or check it before it is written. Listings of directories are
// dir's own.
func (c Change) Over(dir fs.FS) fs.FS { return overlay{dir, c.Files} }

type overlay struct {
	fs.FS
	files []File
}

func (o overlay) Open(name string) (fs.File, error) {
	for _, f := range o.files {
		switch {
		case f.Path != name:
		case f.After == nil:
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		default:
			return &openFile{Reader: *bytes.NewReader(f.After), info: f.info()}, nil
		}
	}
	return o.FS.Open(name)
}
