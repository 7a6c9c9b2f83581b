//go:build unix

package supergraph

import (
	"io/fs"
	"os"
	"syscall"
)

// ownedByUs tells whether nobody else could have written to a folder that everybody may create.
func ownedByUs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid() && info.IsDir() && info.Mode().Perm()&0o022 == 0
}
