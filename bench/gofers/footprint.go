package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/lisafs"
)

// footprint is what a gofer costs besides the time for its requests.
type footprint struct {
	Target          string `json:"target"`
	ExecutableBytes int64  `json:"executableBytes"`
	// StartMillis are the times from starting the process to the first Mount reply.
	StartMillis []float64 `json:"startMillis"`
	// Idle is a gofer with one mount to which a client has connected.
	Idle state `json:"idle"`
	// IdleProcessorShare is what it used of one processor while nobody asked anything.
	IdleProcessorShare float64 `json:"idleProcessorShare"`
	// Nodes counts the files that the client holds open in WithNodes.
	Nodes     int   `json:"nodes"`
	WithNodes state `json:"withNodes"`
	// AfterLoad is after all operations were repeated for a while.
	AfterLoad state `json:"afterLoad"`
}

// state is how large a process is.
type state struct {
	ResidentKiB     int `json:"residentKiB"`
	ProportionalKiB int `json:"proportionalKiB"`
	PrivateKiB      int `json:"privateKiB"`
	Threads         int `json:"threads"`
	Descriptors     int `json:"descriptors"`
}

// footprintPlan says how thoroughly footprints are taken.
type footprintPlan struct {
	starts int
	// nodes is how many files are held open; fewer when the limit of descriptors is lower.
	nodes int
	// idle is for how long an idle gofer is watched.
	idle time.Duration
	// load is for how long each operation is repeated.
	load time.Duration
}

const (
	// companions run beside the gofer that is looked at: what they share with it counts in proportion.
	companions = 3
	settling   = time.Second
	// descriptorsSpared are those that a gofer needs besides one for each node.
	descriptorsSpared = 200
)

func takeFootprints(targets []target, base string, p footprintPlan) ([]footprint, error) {
	limit, err := raiseDescriptorLimit()
	if err != nil {
		return nil, err
	}
	if limit < uint64(p.nodes+descriptorsSpared) {
		p.nodes = int(limit) - descriptorsSpared
		fmt.Fprintf(os.Stderr, "footprint: the limit of descriptors allows %d nodes only\n", p.nodes)
	}
	millis, err := startMillis(targets, base, p.starts)
	if err != nil {
		return nil, err
	}
	var all []footprint
	for i, t := range targets {
		info, err := os.Stat(t.executable)
		if err != nil {
			return nil, err
		}
		f := footprint{Target: t.name, ExecutableBytes: info.Size(), StartMillis: millis[i]}
		if err := f.takeStates(t, base, p); err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		all = append(all, f)
	}
	return all, nil
}

// startMillis starts the targets in turn. The first round does not count: it brings the executables into memory.
func startMillis(targets []target, base string, rounds int) ([][]float64, error) {
	millis := make([][]float64, len(targets))
	for round := range rounds + 1 {
		for i, t := range targets {
			// The tree is made in between, which is no part of the start.
			var started time.Time
			afterTree := func(string) error {
				started = time.Now()
				return nil
			}
			s, err := startServer(t, base, "start", 1, false, afterTree)
			elapsed := time.Since(started)
			if err == nil {
				err = s.end()
			}
			if err != nil {
				return nil, err
			}
			if round > 0 {
				millis[i] = append(millis[i], float64(elapsed.Microseconds())/1000)
			}
		}
	}
	return millis, nil
}

func (f *footprint) takeStates(t target, base string, p footprintPlan) (err error) {
	const nodesDirectory = "nodes"
	build := func(root string) error {
		return errors.Join(buildTree(root), buildFiles(filepath.Join(root, nodesDirectory), p.nodes))
	}
	buildNothing := func(string) error { return nil }
	var servers []*server
	defer func() {
		for _, s := range servers {
			err = errors.Join(err, s.end())
		}
	}()
	for i := range 1 + companions {
		made := buildNothing
		if i == 0 {
			made = build
		}
		s, err := startServer(t, base, fmt.Sprintf("%s%d", t.name, i), 1, true, made)
		if err != nil {
			return err
		}
		servers = append(servers, s)
	}
	s := servers[0]
	time.Sleep(settling)
	if f.Idle, err = stateOf(s.gofer.PID()); err != nil {
		return err
	}
	if f.IdleProcessorShare, err = idleShare(s.gofer.PID(), p.idle); err != nil {
		return err
	}
	f.Nodes = p.nodes
	if f.WithNodes, err = s.stateWithNodes(nodesDirectory, p.nodes); err != nil {
		return err
	}
	for i := range operations {
		if _, err := s.take(&operations[i], threadsMax, p.load); err != nil {
			return err
		}
	}
	time.Sleep(settling)
	f.AfterLoad, err = stateOf(s.gofer.PID())
	return err
}

func idleShare(pid int, length time.Duration) (float64, error) {
	before, err := processorTime(pid)
	if err != nil {
		return 0, err
	}
	time.Sleep(length)
	after, err := processorTime(pid)
	return float64(after-before) / float64(length), err
}

// stateWithNodes walks to so many files, keeps them open, looks at the process, and closes them.
func (s *server) stateWithNodes(directory string, count int) (state, error) {
	w := s.worker(0)
	at, err := w.walk(directory)
	if err != nil {
		return state{}, err
	}
	defer w.end()
	opened := make([]lisafs.FDID, 0, count)
	for i := range count {
		inode, err := at.Walk(w.ctx, strconv.Itoa(i))
		if err != nil {
			return state{}, fmt.Errorf("walking to node %d: %w", i, err)
		}
		opened = append(opened, inode.ControlFD)
	}
	time.Sleep(settling)
	seen, err := stateOf(s.gofer.PID())
	for _, fd := range opened {
		w.close(fd)
	}
	return seen, err
}

// stateOf reads it from /proc.
func stateOf(pid int) (state, error) {
	memory, err := numbersOf(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return state{}, err
	}
	status, err := numbersOf(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return state{}, err
	}
	descriptors, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return state{
		ResidentKiB:     memory["Rss"],
		ProportionalKiB: memory["Pss"],
		PrivateKiB:      memory["Private_Dirty"] + memory["Private_Clean"],
		Threads:         status["Threads"],
		Descriptors:     len(descriptors),
	}, err
}

// numbersOf reads a file of names and numbers, in KiB where the kernel says kB.
func numbersOf(path string) (map[string]int, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	numbers := map[string]int{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		if value, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(rest, "kB"))); err == nil {
			numbers[name] = value
		}
	}
	return numbers, lines.Err()
}
