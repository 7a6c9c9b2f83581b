//go:build linux || darwin

package localpg

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// lockWait is how long Start waits for a server that is still on its way down in the same folder.
const lockWait = 5 * time.Second

// A folder holds what belongs to one server: its data, the superuser's password, and a locked file.
type folder struct {
	path      string
	temporary bool
	who       account
	lock      *os.File
}

// openFolder makes or finds the folder of a server that who is to run, and locks it.
func openFolder(ctx context.Context, path string, who account) (*folder, error) {
	f := &folder{path: path, who: who, temporary: path == ""}
	var err error
	if f.temporary {
		f.path, err = os.MkdirTemp(temporaryDir(ctx, who), "joinery-postgres-")
	} else {
		err = f.adopt()
	}
	if err != nil {
		return nil, err
	}
	if err := f.take(ctx); err != nil {
		return nil, errors.Join(err, f.discard())
	}
	return f, nil
}

// temporaryDir is $TMPDIR unless that is closed to who, as root's may be.
func temporaryDir(ctx context.Context, who account) string {
	if dir := os.TempDir(); who.reaches(ctx, dir) {
		return dir
	}
	return "/var/tmp"
}

// adopt makes a kept folder or checks that the one found there is a server's.
func (f *folder) adopt() error {
	var err error
	if f.path, err = filepath.Abs(f.path); err != nil {
		return err
	}
	if err := os.MkdirAll(f.path, 0o755); err != nil {
		return err
	}
	if exists(f.data()) {
		f.who, err = ownerAccount(f.data())
		return err
	}
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return err
	}
	for _, entry := range entries { // these three are what an interrupted Start leaves
		switch entry.Name() {
		case "lock", "password", "data.new":
		default:
			return fmt.Errorf("data directory %q holds something else than Postgres: %q", f.path, entry.Name())
		}
	}
	return nil
}

// take locks the folder. It stays this process's own and only what is in it belongs to who: root must not write to
// places that another account can turn into links.
func (f *folder) take(ctx context.Context) error {
	if err := os.Chmod(f.path, 0o711); err != nil {
		return err
	}
	if !f.who.reaches(ctx, f.path) {
		return fmt.Errorf("data directory %q is closed to uid %d, who runs the server: choose one below /var/tmp", f.path, f.who.uid)
	}
	waiting, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	lock, err := lockFile(waiting, filepath.Join(f.path, "lock"))
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("data directory %q is in use by another server", f.path)
	}
	if err != nil {
		return err
	}
	f.lock = lock
	return f.who.own(lock)
}

// discard gives the folder up: unlocks it and, if it is temporary, removes it.
func (f *folder) discard() error {
	var err error
	if f.lock != nil {
		err = f.lock.Close()
	}
	if f.temporary {
		err = errors.Join(err, os.RemoveAll(f.path))
	}
	return err
}

func (f *folder) data() string { return filepath.Join(f.path, "data") }

// version returns the major version to run: that of the data, which no other can read, else the wanted one.
func (f *folder) version(wanted int) (int, error) {
	text, err := os.ReadFile(filepath.Join(f.data(), "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		if wanted == 0 {
			wanted = DefaultVersion
		}
		return wanted, nil
	}
	if err != nil {
		return 0, err
	}
	have, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		return 0, fmt.Errorf("invalid PG_VERSION in %q: not a number", f.data())
	}
	if wanted != 0 && wanted != have {
		return 0, fmt.Errorf("data directory %q is of Postgres %d, not %d: remove it or choose another", f.path, have, wanted)
	}
	return have, nil
}

// init makes the data folder if there is none and returns the superuser's password.
func (f *folder) init(ctx context.Context, binaries string, version int) (password string, err error) {
	if exists(f.data()) {
		text, err := os.ReadFile(f.passwordFile())
		return string(text), err
	}
	password = rand.Text()
	if err := f.writePassword(password); err != nil {
		return "", err
	}
	// Under another name until it is whole: initdb writes PG_VERSION long before it is done.
	unfinished := f.data() + ".new"
	if err := f.makeDir(unfinished); err != nil {
		return "", err
	}
	if err := f.initdb(ctx, binaries, unfinished, version); err != nil {
		return "", err
	}
	return password, os.Rename(unfinished, f.data())
}

func (f *folder) writePassword(password string) error {
	if err := os.RemoveAll(f.passwordFile()); err != nil {
		return err
	}
	file, err := os.OpenFile(f.passwordFile(), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(password)
	return errors.Join(err, f.who.own(file), file.Close())
}

// makeDir makes an empty folder that belongs to who.
func (f *folder) makeDir(path string) error {
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return f.giveDir(path)
}

func (f *folder) giveDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.who.own(dir), dir.Close())
}

// ready prepares the folder for a server. After it this process writes nothing there.
func (f *folder) ready() error {
	// The lock says that no server runs here, so a pid file is that of a killed one; Postgres would believe it if
	// another process had got the number since.
	err := os.Remove(filepath.Join(f.data(), "postmaster.pid"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if f.temporary {
		return f.giveDir(f.path) // so that the supervisor can remove it
	}
	return nil
}

func (f *folder) passwordFile() string { return filepath.Join(f.path, "password") }

func (f *folder) initdb(ctx context.Context, binaries, dir string, version int) error {
	args := []string{
		"--pgdata", dir, "--no-sync", "--username", superuser, "--pwfile", f.passwordFile(), "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--locale", "C", // the one locale that every machine has
	}
	if version >= 17 { // code point order as in C, but lower() and upper() know all letters
		args = append(args, "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")
	}
	cmd := f.who.command(ctx, f.path, filepath.Join(binaries, "bin", "initdb"), args...)
	cmd.ExtraFiles = []*os.File{f.lock}
	output, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(output)))
	}
	return nil
}
