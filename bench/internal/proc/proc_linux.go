package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPU is the CPU time that a process has used.
func CPU(pid int) (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(cpuClock(pid), &t); err != nil {
		return 0, fmt.Errorf("read the CPU time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// cpuClock is clock_getcpuclockid(3): unlike /proc/PID/stat, which counts in ticks of 10 ms, it is exact.
func cpuClock(pid int) int32 {
	const cpuclockSched = 2 // linux/posix-timers.h
	return int32(^uint32(pid)<<3 | cpuclockSched)
}

// TreeCPU is the CPU time of a process, its children, and the children that ended and were waited for.
func TreeCPU(pid int) (time.Duration, error) {
	total, err := CPU(pid)
	if err != nil {
		return 0, err
	}
	ended, err := endedChildrenCPU(pid)
	if err != nil {
		return 0, err
	}
	children, err := children(pid)
	if err != nil {
		return 0, err
	}
	for _, child := range children {
		if t, err := CPU(child); err == nil { // it may have just ended
			total += t
		}
	}
	return total + ended, nil
}

// tick is the unit of /proc/PID/stat: USER_HZ is 100 on all of Go's platforms.
const tick = 10 * time.Millisecond

func endedChildrenCPU(pid int) (time.Duration, error) {
	stat, err := readStat(pid)
	if err != nil {
		return 0, err
	}
	user, userErr := strconv.Atoi(stat[13]) // cutime, field 16 of proc_pid_stat(5); stat starts with field 3
	system, systemErr := strconv.Atoi(stat[14])
	return time.Duration(user+system) * tick, errors.Join(userErr, systemErr)
}

// Parent is the process that started pid.
func Parent(pid int) (int, error) {
	stat, err := readStat(pid)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(stat[1])
}

// readStat gives the fields after the command's name, which may itself hold spaces and brackets.
func readStat(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 {
		return nil, fmt.Errorf("invalid /proc/%d/stat", pid)
	}
	return fields, nil
}

func children(pid int) ([]int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, field := range strings.Fields(string(text)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			return nil, err
		}
		pids = append(pids, child)
	}
	return pids, nil
}

// Name is the file name of a process's program, cut at 15 bytes.
func Name(pid int) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(text)), err
}

// ResetPeak makes [Peak] count from now.
func ResetPeak(pid int) error {
	const peakRSS = "5" // proc_pid_clear_refs(5)
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte(peakRSS), 0)
}

// Peak is the most memory, in bytes, that a process has had resident.
func Peak(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("unknown peak memory of process %d", pid)
}
