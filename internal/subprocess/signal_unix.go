//go:build unix

package subprocess

import (
	"os"
	"syscall"
)

func signalGroup(p *os.Process, s syscall.Signal) {
	_ = syscall.Kill(-p.Pid, s) // a group that has gone is what is wanted
}
