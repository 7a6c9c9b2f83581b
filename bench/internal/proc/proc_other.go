//go:build !linux

package proc

import "time"

// CPU is the CPU time that a process has used.
func CPU(int) (time.Duration, error) { return 0, ErrUnsupported }

// TreeCPU is the CPU time of a process, its children, and the children that ended and were waited for.
func TreeCPU(int) (time.Duration, error) { return 0, ErrUnsupported }

// Parent is the process that started pid.
func Parent(int) (int, error) { return 0, ErrUnsupported }

// Name is the file name of a process's program.
func Name(int) (string, error) { return "", ErrUnsupported }

// ResetPeak makes [Peak] count from now.
func ResetPeak(int) error { return ErrUnsupported }

// Peak is the most memory, in bytes, that a process has had resident.
func Peak(int) (int64, error) { return 0, ErrUnsupported }
