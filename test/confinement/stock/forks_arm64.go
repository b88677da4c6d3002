package main

import "syscall"

// There is only clone.
const (
	forkNumber  = syscall.SYS_CLONE
	vforkNumber = syscall.SYS_CLONE
)
