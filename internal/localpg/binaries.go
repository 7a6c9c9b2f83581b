//go:build linux || darwin

package localpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// versions are releases that are published for Linux and macOS alike, as far as the major version is at all.
var versions = map[int]embeddedpostgres.PostgresVersion{
	13: "13.18.0",
	14: "14.15.0",
	15: "15.19.0",
	16: "16.15.0",
	17: "17.11.0",
}

// binaries returns the folder with bin/, lib/ and share/ of a major version, downloaded if need be.
func binaries(ctx context.Context, opts Options, major int, who account) (string, error) {
	version, ok := versions[major]
	if !ok {
		return "", fmt.Errorf("unknown Postgres version %d: have 13 to %d", major, DefaultVersion)
	}
	cache, err := cacheDir(ctx, opts.CacheDir, who)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, fmt.Sprintf("%s-%s-%s", version, runtime.GOOS, runtime.GOARCH))
	if exists(dir) {
		return dir, nil
	}
	lock, err := lockFile(ctx, filepath.Join(cache, "lock"))
	if err != nil {
		return "", fmt.Errorf("lock %q: %w", cache, err)
	}
	if exists(dir) { // another process was faster
		return dir, lock.Close()
	}
	logf(opts.Progress, "downloading Postgres %s (about 15 MB) to %s", version, dir)
	fetched := make(chan error, 1)
	go func() { // the library's download can't be given up, so the lock stays with it
		err := fetch(version, dir)
		fetched <- errors.Join(err, lock.Close())
	}()
	select {
	case err := <-fetched:
		return dir, err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// cacheDir returns the first place for the programs that this process can write and who can read.
func cacheDir(ctx context.Context, wanted string, who account) (string, error) {
	places := []string{wanted}
	if wanted == "" {
		places = []string{fmt.Sprintf("/var/tmp/joinery-postgres-%d", os.Geteuid())}
		if cache, err := os.UserCacheDir(); err == nil {
			places = append([]string{filepath.Join(cache, "joinery", "postgres")}, places...)
		}
	}
	var faults []error
	for _, place := range places {
		err := makeCacheDir(ctx, place, who)
		if err == nil {
			return filepath.Abs(place)
		}
		faults = append(faults, err)
	}
	return "", fmt.Errorf("find a folder for the programs of Postgres: %w", errors.Join(faults...))
}

func makeCacheDir(ctx context.Context, dir string, who account) error {
	closed := fmt.Errorf("%q is closed to uid %d, who runs the server", dir, who.uid)
	if !who.reaches(ctx, dir) {
		return closed
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	// In /var/tmp anybody could have put programs of theirs for us to run.
	if !info.IsDir() || int(info.Sys().(*syscall.Stat_t).Uid) != os.Geteuid() {
		return fmt.Errorf("%q is not a folder of uid %d", dir, os.Geteuid())
	}
	probe, err := os.CreateTemp(dir, "probe-")
	if err != nil {
		return err
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name()), os.Chmod(dir, 0o755)); err != nil {
		return err
	}
	if !who.reaches(ctx, dir) { // the umask may have closed a folder above that was made
		return closed
	}
	return nil
}

// fetch downloads a release and unpacks it to dir, which appears whole or not at all.
func fetch(version embeddedpostgres.PostgresVersion, dir string) error {
	work, err := os.MkdirTemp(filepath.Dir(dir), "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	unpacked := filepath.Join(work, "server")
	if err := download(version, work, unpacked); err != nil {
		return fmt.Errorf("%w: version %s: %w; set DATABASE_URL (for tests: TEST_DATABASE_URL) to use a server of your own, or %s to a Maven repository that can be reached",
			ErrUnavailable, version, err, repositoryEnv)
	}
	if err := openTree(unpacked); err != nil {
		return err
	}
	return os.Rename(unpacked, dir)
}

// download has the library download and unpack. The library has no call for this alone, so it is asked to start a
// server in a data folder that can't exist, below a file: it comes to this after unpacking and ends there.
func download(version embeddedpostgres.PostgresVersion, work, unpacked string) error {
	file := filepath.Join(work, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return err
	}
	config := embeddedpostgres.DefaultConfig().
		Version(version).Port(0).Logger(io.Discard).
		CachePath(filepath.Join(work, "archive")).
		RuntimePath(filepath.Join(work, "runtime")).
		BinariesPath(unpacked).
		DataPath(filepath.Join(file, "data"))
	if repository := os.Getenv(repositoryEnv); repository != "" {
		config = config.BinaryRepositoryURL(strings.TrimSuffix(repository, "/"))
	}
	err := embeddedpostgres.NewDatabase(config).Start()
	if err == nil {
		panic("BUG: a server started below a file")
	}
	if strings.HasPrefix(err.Error(), "unable to clean up data directory") {
		return nil
	}
	return err
}

// openTree lets every account read and run what is below dir, whatever the umask was while it was written.
func openTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func logf(w io.Writer, format string, args ...any) {
	if w != nil {
		fmt.Fprintf(w, format+"\n", args...)
	}
}
