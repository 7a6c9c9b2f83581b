package supergraph

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// cacheDir is the folder for Node packages and programs: dir, else $JOINERY_CACHE, else "joinery" in the user's cache
// folder, else one in the temporary folder (a container's user often has no home). It exists when cacheDir returns.
func cacheDir(dir string) (string, error) {
	if dir == "" {
		dir = os.Getenv("JOINERY_CACHE")
	}
	if dir != "" {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", fmt.Errorf("make cache folder: %w (JOINERY_CACHE names another)", err)
		}
		return filepath.Abs(dir)
	}
	if user, err := os.UserCacheDir(); err == nil {
		dir := filepath.Join(user, "joinery")
		if os.MkdirAll(dir, 0o755) == nil && writable(dir) {
			return dir, nil
		}
	}
	return tempCacheDir()
}

func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".writable-")
	if err != nil {
		return false
	}
	f.Close()
	return os.Remove(f.Name()) == nil
}

// tempCacheDir has a name that can be guessed in a folder that all may write, and programs are run from it: it must be
// ours, or somebody else has laid it out for us.
func tempCacheDir() (string, error) {
	dir := filepath.Join(os.TempDir(), "joinery-"+strconv.Itoa(os.Getuid()))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("make cache folder: %w (JOINERY_CACHE names another)", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("make cache folder: %w", err)
	}
	if !ownedByUs(info) {
		return "", fmt.Errorf("cache folder %s belongs to somebody else: set JOINERY_CACHE to a folder of yours", dir)
	}
	return dir, nil
}

// fill makes the folder name in the cache, unless it is there, by calling make on an empty folder that becomes it at
// the end. Processes that want the same folder wait for each other; a folder that is there is always complete.
func fill(ctx context.Context, cache, name string, make func(dir string) error) (string, error) {
	final := filepath.Join(cache, name)
	if exists(final) {
		return final, nil
	}
	unlock, err := lock(ctx, final+".lock")
	if err != nil {
		return "", fmt.Errorf("lock cache folder: %w", err)
	}
	defer unlock()
	if exists(final) {
		return final, nil
	}
	partial := final + ".partial" // of a process that was killed: nobody else is at it, we hold the lock
	if err := os.RemoveAll(partial); err != nil {
		return "", fmt.Errorf("clean cache folder: %w", err)
	}
	defer os.RemoveAll(partial)
	if err := os.Mkdir(partial, 0o755); err != nil {
		return "", fmt.Errorf("make cache folder: %w", err)
	}
	if err := make(partial); err != nil {
		return "", err
	}
	return final, os.Rename(partial, final)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// lock waits for the lock on path, or for the end of ctx.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	type locked struct {
		unlock func()
		err    error
	}
	got := make(chan locked, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(path).Lock()
		got <- locked{unlock, err}
	}()
	select {
	case l := <-got:
		return l.unlock, l.err
	case <-ctx.Done():
		go func() {
			if l := <-got; l.err == nil {
				l.unlock()
			}
		}()
		return nil, ctx.Err()
	}
}
