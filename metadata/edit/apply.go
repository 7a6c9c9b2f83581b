package edit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Conflict says that a file isn't what it was when the change was made.
type Conflict struct {
	Path string // below the metadata directory
}

func (c *Conflict) Error() string {
	return fmt.Sprintf("%s was changed by somebody else in the meantime", c.Path)
}

// Writable is the reason why files of a directory can't be changed, or nil.
func Writable(dir string) error {
	if err := access(dir); err != nil {
		return fmt.Errorf("the metadata directory can't be written to: %w", err)
	}
	for _, name := range []string{actionsFile, sdlFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err == nil && info.Mode().Perm()&0o222 == 0 {
			return fmt.Errorf("%s is read-only", name)
		}
	}
	return nil
}

// Apply writes the change into a directory of the operating system. Each file is replaced whole, by renaming a file
// beside it that is complete and on the disk: a reader sees the old one or the new one. Mode and, where that is allowed,
// owner are kept; a symbolic link goes on pointing to its file. Nothing is written where a file isn't what it was when
// the change was made ([*Conflict]), where one is read-only, or while another process applies a change. Where a rename
// fails, those before it are undone.
func (c Change) Apply(dir string) error {
	unlock, err := lock(dir)
	if err != nil {
		return err
	}
	defer unlock()
	writes, err := c.prepare(dir)
	defer clean(writes)
	if err != nil {
		return err
	}
	return commit(writes)
}

// prepare makes all that has to be renamed. The writes are to be cleaned up, also where there is an error.
func (c Change) prepare(dir string) ([]*write, error) {
	var writes []*write
	for _, f := range c.Files {
		w, err := prepare(dir, f)
		writes = append(writes, w)
		if err != nil {
			return writes, fmt.Errorf("write %s: %w", f.Path, err)
		}
	}
	return writes, nil
}

// commit renames, and undoes that where it can't go on.
func commit(writes []*write) error {
	for i, w := range writes {
		if err := w.commit(); err != nil {
			err = fmt.Errorf("write %s: %w", w.file.Path, err)
			for _, done := range writes[:i] {
				err = errors.Join(err, done.rollBack())
			}
			return err
		}
	}
	return nil
}

// write is a file that is about to be replaced.
type write struct {
	file   File
	target string // symbolic links resolved
	next   string // complete file to be renamed, "" where the change removes the file
	backup string // complete file with what was there, "" where nothing was
}

func prepare(dir string, f File) (*write, error) {
	w := &write{file: f, target: filepath.Join(dir, filepath.FromSlash(f.Path))}
	if !fs.ValidPath(f.Path) {
		return w, errors.New("invalid path")
	}
	if resolved, err := filepath.EvalSymlinks(w.target); err == nil {
		w.target = resolved
	}
	info, err := w.unchanged()
	if err != nil {
		return w, err
	}
	if f.After != nil {
		if w.next, err = w.beside(f.After, info); err != nil {
			return w, err
		}
	}
	if f.Before != nil {
		w.backup, err = w.beside(f.Before, info)
	}
	return w, err
}

// unchanged is the state of the file, nil where there is none, if that is what the change was made for.
func (w *write) unchanged() (fs.FileInfo, error) {
	now, err := os.ReadFile(w.target)
	switch {
	case errors.Is(err, fs.ErrNotExist) && w.file.Before == nil:
		return nil, nil //nolint:nilnil // a new file has no state
	case errors.Is(err, fs.ErrNotExist), err == nil && (w.file.Before == nil || !bytes.Equal(now, w.file.Before)):
		return nil, &Conflict{w.file.Path}
	case err != nil:
		return nil, cause(err)
	}
	info, err := os.Stat(w.target)
	if err == nil && info.Mode().Perm()&0o222 == 0 {
		err = errors.New("the file is read-only")
	}
	return info, err
}

// beside writes a file into the folder of the target, with the mode and owner of what is there.
func (w *write) beside(content []byte, like fs.FileInfo) (name string, err error) {
	file, err := os.CreateTemp(filepath.Dir(w.target), "."+filepath.Base(w.target)+".*.tmp")
	if err != nil {
		return "", cause(err)
	}
	mode := fs.FileMode(0o644)
	if like != nil {
		mode = like.Mode().Perm()
		keepOwner(file, like)
	}
	_, err = file.Write(content)
	return file.Name(), errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
}

func (w *write) commit() error {
	if w.next == "" {
		return cause(os.Remove(w.target))
	}
	if err := os.Rename(w.next, w.target); err != nil {
		return cause(err)
	}
	return syncFolder(filepath.Dir(w.target))
}

func (w *write) rollBack() error {
	var err error
	if w.backup == "" {
		err = os.Remove(w.target)
	} else {
		err = os.Rename(w.backup, w.target)
	}
	if err != nil {
		return fmt.Errorf("undo the change of %s: %w", w.file.Path, cause(err))
	}
	return nil
}

// clean removes what wasn't renamed.
func clean(writes []*write) {
	for _, w := range writes {
		for _, name := range []string{w.next, w.backup} {
			if name != "" {
				_ = os.Remove(name)
			}
		}
	}
}

// cause is err without the path and operation that the operating system's errors repeat.
func cause(err error) error {
	if perr, ok := errors.AsType[*fs.PathError](err); ok {
		return perr.Err
	}
	if lerr, ok := errors.AsType[*os.LinkError](err); ok {
		return lerr.Err
	}
	return err
}
