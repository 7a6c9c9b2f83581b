//go:build linux || darwin

package localpg

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// lockFile makes and locks a file, waiting for the lock until ctx ends. The lock lasts until the file is closed here
// and in every process that has inherited it, however these end.
func lockFile(ctx context.Context, path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lock(ctx, file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func lock(ctx context.Context, file *os.File) error {
	retry := time.NewTicker(20 * time.Millisecond) // flock(2) can't be given up by a context, so it is tried again
	defer retry.Stop()
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
