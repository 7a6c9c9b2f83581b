package edit

import (
	"bytes"
	"io/fs"
	"path"
	"time"
)

// openFile is a file in memory. testing/fstest has one, too, but it is for tests.
type openFile struct {
	bytes.Reader
	info fileInfo
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

type fileInfo struct {
	name string
	size int
}

func (f File) info() fileInfo { return fileInfo{path.Base(f.Path), len(f.After)} }

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return int64(i.size) }
func (i fileInfo) Mode() fs.FileMode  { return 0o644 }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return false }
func (i fileInfo) Sys() any           { return nil }
