package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// cgroup is one that this process has made for itself and the gofers. The scheduler shares processor time between
// groups first, and outside of any gives each session, hence each gofer, a group of its own: without a common one the
// client and the gofers would not compete as the processes of one container do.
type cgroup struct {
	// path is where it is mounted; "" when there is none.
	path string
	// before is the group that this process was in.
	before string
}

const groupPrefix = "bun-gofer-bench-"

// removeStale removes what runs that were killed have left. A group that is in use cannot be removed.
func removeStale(parent string) {
	// The pattern is well-formed.
	stale, _ := filepath.Glob(filepath.Join(parent, groupPrefix+"*"))
	for _, path := range stale {
		_ = os.Remove(path)
	}
}

// enterCgroup makes a group with a processor controller and enters it. It is an error that none can be had, not a
// reason to stop.
func enterCgroup() (cgroup, error) {
	before, err := currentCgroup()
	if err != nil {
		return cgroup{}, err
	}
	removeStale(before)
	group := cgroup{path: filepath.Join(before, groupPrefix+strconv.Itoa(os.Getpid())), before: before}
	if err := os.Mkdir(group.path, 0o755); err != nil {
		return cgroup{}, err
	}
	if err := enter(group.path); err != nil {
		return cgroup{}, errors.Join(err, os.Remove(group.path))
	}
	return group, nil
}

// leave goes back and removes the group. All else in it must have ended.
func (g cgroup) leave() error {
	if g.path == "" {
		return nil
	}
	return errors.Join(enter(g.before), os.Remove(g.path))
}

func enter(path string) error {
	return os.WriteFile(filepath.Join(path, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0)
}

// currentCgroup finds the directory of this process's group in the hierarchy that controls processor time.
func currentCgroup() (string, error) {
	const mountedAt = "/sys/fs/cgroup"
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	var unified string
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		if fields[1] == "" {
			unified = filepath.Join(mountedAt, fields[2])
		}
		for controller := range strings.SplitSeq(fields[1], ",") {
			if controller == "cpu" {
				return existing(filepath.Join(mountedAt, fields[1], fields[2]))
			}
		}
	}
	controllers, err := os.ReadFile(filepath.Join(unified, "cgroup.subtree_control"))
	if err != nil {
		return "", err
	}
	for controller := range strings.FieldsSeq(string(controllers)) {
		if controller == "cpu" {
			return unified, nil
		}
	}
	return "", fmt.Errorf("%s does not pass the processor controller on", unified)
}

func existing(path string) (string, error) {
	_, err := os.Stat(path)
	return path, err
}
