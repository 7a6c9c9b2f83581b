//go:build unix

package localstack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// lockPort keeps other stacks of this machine off a port until unlock, or the end of this process. The lock is on a file
// of the temporary folder that all users can read; where it can't be had, the port counts as free.
func lockPort(port int) (unlock func(), free bool) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("joinery-port-%d.lock", port))
	file, err := os.Open(path) // not to be created: systems protect the files of others in this folder from that
	if errors.Is(err, fs.ErrNotExist) {
		file, err = os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o644)
	}
	if err != nil {
		return func() {}, true
	}
	switch err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		_ = file.Close()
		return nil, false
	case err != nil:
		_ = file.Close()
		return func() {}, true
	}
	return func() { _ = file.Close() }, true
}
