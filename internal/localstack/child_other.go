//go:build !unix

package localstack

import (
	"os"
	"os/exec"
	"syscall"
)

func setAttributes(*exec.Cmd) {}

// signalGroup ends the process at once: there are no signals to ask it with.
func signalGroup(p *os.Process, _ syscall.Signal) {
	_ = p.Kill()
}
