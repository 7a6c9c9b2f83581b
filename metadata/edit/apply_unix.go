//go:build linux || darwin

package edit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// lock keeps other processes from applying changes to dir.
func lock(dir string) (unlock func(), err error) {
	file, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("metadata directory: %w", cause(err))
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errors.New("another Joinery is changing the metadata directory; try again")
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return func() { _ = file.Close() }, nil
}

// access says why dir can't be written to, also to root where the file system is mounted read-only.
func access(dir string) error { return unix.Access(dir, unix.W_OK) }

// keepOwner gives a file the owner and group of another, as far as this process may.
func keepOwner(file *os.File, like fs.FileInfo) {
	if stat, ok := like.Sys().(*syscall.Stat_t); ok {
		if file.Chown(int(stat.Uid), int(stat.Gid)) != nil {
			_ = file.Chown(-1, int(stat.Gid))
		}
	}
}

// syncFolder makes a rename last through a loss of power.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return cause(err)
	}
	defer func() { _ = folder.Close() }()
	return cause(folder.Sync())
}
