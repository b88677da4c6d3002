package main

import "syscall"

const (
	forkNumber  = syscall.SYS_FORK
	vforkNumber = syscall.SYS_VFORK
)
