//go:build !unix

package supergraph

import (
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

func setAttributes(*exec.Cmd) {}

// signalGroup ends the process for any signal: elsewhere than on Unix there is no asking.
func signalGroup(p *os.Process, _ syscall.Signal) { _ = p.Kill() }

// ownedByUs holds where the temporary folder belongs to the user, as on Windows.
func ownedByUs(info fs.FileInfo) bool { return info.IsDir() }
