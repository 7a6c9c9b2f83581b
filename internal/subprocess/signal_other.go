//go:build !unix

package subprocess

import (
	"os"
	"os/exec"
	"syscall"
)

func setAttributes(*exec.Cmd) {}

// signalGroup ends the process for any signal: elsewhere than on Unix there is no asking.
func signalGroup(p *os.Process, _ syscall.Signal) { _ = p.Kill() }
