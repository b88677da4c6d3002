package main

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// pinToOneProcessor executes this program anew on the first processor that it may use, unless it has only that one.
// A new start, because Go counts its processors once.
func pinToOneProcessor() error {
	// The affinity is that of a thread, and the one that executes hands it on.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return err
	}
	if allowed.Count() == 1 {
		return nil
	}
	var first unix.CPUSet
	for processor := 0; first.Count() == 0; processor++ {
		if allowed.IsSet(processor) {
			first.Set(processor)
		}
	}
	if err := unix.SchedSetaffinity(0, &first); err != nil {
		return err
	}
	return unix.Exec("/proc/self/exe", os.Args, os.Environ())
}

// processorTime is what a process has used so far, all of its threads together, those that ended included.
func processorTime(pid int) (time.Duration, error) {
	// clock_getcpuclockid(3): the process's number, inverted, and the kind of clock that the scheduler keeps.
	const schedulerClock = 2
	var used unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedulerClock), &used); err != nil {
		return 0, err
	}
	return time.Duration(used.Nano()), nil
}

// raiseDescriptorLimit lets this process and the gofers have as many descriptors as the hard limit allows.
func raiseDescriptorLimit() (uint64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	limit.Cur = limit.Max
	return limit.Max, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}
