package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

const isolatedVariable = "INTEROP_ISOLATED"

// isolate runs the program again in a mount namespace of its own, so that nothing it mounts outlives it. It returns in
// the new process only; the old one waits and ends with it.
func isolate() error {
	if os.Getenv(isolatedVariable) != "" {
		return unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	}
	if os.Geteuid() != 0 {
		return errors.New("needs root: runsc starts its gofer in new namespaces")
	}
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Env = append(os.Environ(), isolatedVariable+"=1")
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	err := again.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(max(exit.ExitCode(), 1))
	}
	if err != nil {
		return err
	}
	os.Exit(0)
	return nil
}

// newBase makes the directory below which each target gets a file system. Its name is short because the address of a
// Unix domain socket holds 107 bytes.
func newBase() (string, error) {
	base, err := os.MkdirTemp("", "io-")
	if err != nil {
		return "", err
	}
	return base, os.Chmod(base, 0o755)
}

// mountFresh mounts an empty tmpfs for one run on one target. Each run has one of its own, so inode numbers, free space
// and the order of directory entries are the same for both targets.
func mountFresh(base, name string) (string, error) {
	at := filepath.Join(base, name)
	if err := os.Mkdir(at, 0o755); err != nil {
		return "", err
	}
	if err := unix.Mount("interop", at, "tmpfs", 0, "mode=0755"); err != nil {
		return "", fmt.Errorf("mounting a tmpfs on %s: %w", at, err)
	}
	return at, nil
}

func unmountFresh(at string) error {
	if err := unix.Unmount(at, unix.MNT_DETACH); err != nil {
		return err
	}
	return os.Remove(at)
}
