// Package proc reads what the operating system knows of other processes: CPU time and peak memory.
//
// CPU time is the sum of user and system time over all threads, those that ended included. A difference of two
// readings is what a process spent in between:
//
//	before, err := proc.CPU(pid)
//	work()
//	after, err := proc.CPU(pid)
//
// Linux only: elsewhere every call gives [ErrUnsupported].
package proc

import "errors"

// ErrUnsupported is the error of every call on systems other than Linux.
var ErrUnsupported = errors.New("processes can be measured on Linux only")
