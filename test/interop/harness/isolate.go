// Package harness starts gofers by hand, in a mount namespace of their own, as runsc starts them.
package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// baseVariable tells the isolated process the directory that the other one made and removes.
const baseVariable = "GOFER_HARNESS_BASE"

// Isolate runs the program again in a mount namespace of its own, so that nothing it mounts outlives it, and gives a
// directory to mount in. It returns in the new process only; the old one waits and ends with it.
func Isolate() (string, error) {
	if base := os.Getenv(baseVariable); base != "" {
		return base, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
	}
	if os.Geteuid() != 0 {
		return "", errors.New("needs root: runsc starts its gofer in new namespaces")
	}
	// The name is short because the address of a Unix domain socket holds 107 bytes.
	base, err := os.MkdirTemp("", "io-")
	if err != nil {
		return "", err
	}
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Env = append(os.Environ(), baseVariable+"="+base)
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	runtime.LockOSThread()
	err = errors.Join(again.Run(), removeAllEmpty(base))
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(max(exit.ExitCode(), 1))
	}
	if err != nil {
		return "", err
	}
	os.Exit(0)
	return "", nil
}

// removeAllEmpty removes the base and what a run that was cut short left in it: empty places to mount on.
func removeAllEmpty(base string) error {
	entries, err := os.ReadDir(base)
	for _, entry := range entries {
		err = errors.Join(err, os.Remove(filepath.Join(base, entry.Name())))
	}
	return errors.Join(err, os.Remove(base))
}

// MountFresh mounts an empty tmpfs below base. Whoever has one of its own sees the same inode numbers, free space and
// order of directory entries as any other.
func MountFresh(base, name string) (string, error) {
	at := filepath.Join(base, name)
	if err := os.Mkdir(at, 0o755); err != nil {
		return "", err
	}
	if err := unix.Mount("fresh", at, "tmpfs", 0, "mode=0755"); err != nil {
		return "", fmt.Errorf("mounting a tmpfs on %s: %w", at, err)
	}
	return at, nil
}

// UnmountFresh takes it away again, with all that is in it.
func UnmountFresh(at string) error {
	if err := unix.Unmount(at, unix.MNT_DETACH); err != nil {
		return err
	}
	return os.Remove(at)
}
