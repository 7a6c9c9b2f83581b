//go:build linux || darwin

package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// An account is whom the programs of Postgres run as.
type account struct {
	uid, gid int
	other    bool // not the account of this process
}

// ownAccount is that of this process or, if that is root, nobody.
// Not "postgres": a superuser of our server, who can run programs, would be let into the machine's own Postgres.
func ownAccount() (account, error) {
	if uid := os.Geteuid(); uid != 0 {
		return account{uid: uid, gid: os.Getegid()}, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return account{}, fmt.Errorf("find an account other than root: %w", err)
	}
	uid, uidErr := strconv.Atoi(nobody.Uid)
	gid, gidErr := strconv.Atoi(nobody.Gid)
	return account{uid: uid, gid: gid, other: true}, errors.Join(uidErr, gidErr)
}

// ownerAccount is the account that owns path, which this process must be able to become.
func ownerAccount(path string) (account, error) {
	info, err := os.Stat(path)
	if err != nil {
		return account{}, err
	}
	owner := info.Sys().(*syscall.Stat_t)
	uid, self := int(owner.Uid), os.Geteuid()
	switch {
	case uid == self && self != 0:
		return account{uid: uid, gid: int(owner.Gid)}, nil
	case self == 0 && uid != 0:
		return account{uid: uid, gid: int(owner.Gid), other: true}, nil
	}
	return account{}, fmt.Errorf("%q belongs to another account (uid %d): remove it, or run as its owner", path, uid)
}

// Command prepares a program that refuses root, as Postgres' own do: it runs as nobody where this process is root. It
// has nothing of this process's environment.
func Command(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	account, err := ownAccount()
	return account.command(ctx, "/", name, args...), err
}

// command prepares a program that runs in dir as the account, with nothing of this process's environment, and away
// from the terminal's Ctrl-C: the caller decides when it ends.
func (a account) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a.other {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return cmd
}

// own gives an open file or folder to the account.
func (a account) own(file *os.File) error {
	if !a.other {
		return nil
	}
	return file.Chown(a.uid, a.gid)
}

// reaches says whether the account can enter dir or, while that doesn't exist, its nearest folder that does.
// The kernel is asked, through a process of the account, since modes alone don't tell.
func (a account) reaches(ctx context.Context, dir string) bool {
	for {
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return a.command(ctx, "/", "/bin/sh", "-c", `cd "$1"`, "sh", dir).Run() == nil
}
