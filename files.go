package joinery

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// readFiles is a directory that remembers what was read of it: files, listings, and what wasn't there.
type readFiles struct {
	fs.FS
	digests map[string]digest
}

type digest [sha256.Size]byte

// maxRemembered is more than the reader of metadata takes of a file.
const maxRemembered = 17 << 20

// Open gives a file with the content whose digest is remembered.
func (r *readFiles) Open(name string) (fs.File, error) {
	f, err := r.FS.Open(name)
	if err != nil {
		r.digests[name] = digestOf(nil, err)
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		r.digests[name] = digestOfDir(r.FS, name)
		return f, nil
	}
	content, err := io.ReadAll(io.LimitReader(f, maxRemembered))
	r.digests[name] = digestOf(content, err)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &openFile{f, bytes.NewReader(content)}, nil
}

// openFile is an open file whose content was read already.
type openFile struct {
	fs.File
	content *bytes.Reader
}

func (f *openFile) Read(p []byte) (int, error) { return f.content.Read(p) }

func digestOf(content []byte, err error) digest {
	if err != nil {
		return digest{}
	}
	return sha256.Sum256(content)
}

func digestOfDir(dir fs.FS, name string) digest {
	entries, err := fs.ReadDir(dir, name)
	var listing bytes.Buffer
	for _, e := range entries {
		fmt.Fprintf(&listing, "%q %v\n", e.Name(), e.IsDir())
	}
	return digestOf(listing.Bytes(), err)
}

// changed reports whether reading again would give anything else.
func (r *readFiles) changed() bool {
	again := &readFiles{r.FS, map[string]digest{}}
	for name, before := range r.digests {
		if f, err := again.Open(name); err == nil {
			_ = f.Close()
		}
		if again.digests[name] != before {
			return true
		}
	}
	return false
}

// stamp is what tells cheaply that a file may have changed.
type stamp struct {
	modified time.Time
	size     int64
	mode     fs.FileMode
}

func (r *readFiles) stamps() map[string]stamp {
	out := map[string]stamp{}
	for name := range r.digests {
		if info, err := fs.Stat(r.FS, name); err == nil {
			out[name] = stamp{info.ModTime(), info.Size(), info.Mode()}
		}
	}
	return out
}
