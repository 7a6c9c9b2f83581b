package subprocess

import (
	"os/exec"
	"syscall"
)

// setAttributes gives the child a process group of its own, and death when we die, even by SIGKILL.
func setAttributes(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
