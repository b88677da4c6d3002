package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/unet"
)

// printStartFigures starts both gofers in turn, as often as rounds says, and prints what starting one costs: the time from
// starting the process to the first Mount reply over a bind mount, and the process's memory then. The first round does
// not count: it brings the executables into memory.
func printStartFigures(targets []target, base string, rounds int) error {
	runtime.LockOSThread()
	millis := make([][]float64, len(targets))
	memory := make([]map[string]int, len(targets))
	for round := 0; round <= rounds; round++ {
		for i, t := range targets {
			elapsed, kib, err := startOnce(t, base, fmt.Sprintf("%s%d", t.name, round))
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			if round > 0 {
				millis[i] = append(millis[i], float64(elapsed.Microseconds())/1000)
				memory[i] = kib
			}
		}
	}
	fmt.Printf("start to first Mount reply, %d starts each in turn, milliseconds; memory then, MiB\n", rounds)
	fmt.Printf("%-6s %8s %8s %8s %8s %8s %8s %8s\n", "gofer", "min", "p50", "p90", "RSS", "PSS", "private", "file")
	for i, t := range targets {
		slices.Sort(millis[i])
		info, err := os.Stat(t.executable)
		if err != nil {
			return err
		}
		private := memory[i]["Private_Dirty"] + memory[i]["Private_Clean"]
		fmt.Printf("%-6s %8.1f %8.1f %8.1f %8.1f %8.1f %8.1f %8.1f\n", t.name,
			millis[i][0], quantile(millis[i], 0.5), quantile(millis[i], 0.9),
			mebi(memory[i]["Rss"]), mebi(memory[i]["Pss"]), mebi(private), float64(info.Size())/(1<<20))
	}
	return nil
}

func startOnce(t target, base, name string) (time.Duration, map[string]int, error) {
	fresh, err := mountFresh(base, name)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = unmountFresh(fresh) }()
	options := goferOptions{}.withDefaults()
	if err := os.Mkdir(filepath.Join(fresh, options.mounts[0].source), 0o755); err != nil {
		return 0, nil, err
	}
	if err := buildBundle(fresh); err != nil {
		return 0, nil, err
	}
	started := time.Now()
	g, err := startGofer(t.executable, fresh, options)
	if err != nil {
		return 0, nil, err
	}
	defer g.end()
	socket, err := unet.NewSocket(g.take(1))
	if err != nil {
		return 0, nil, err
	}
	client, _, _, err := lisafs.NewClient(socket)
	if err != nil {
		return 0, nil, err
	}
	elapsed := time.Since(started)
	defer client.Close()
	kib, err := memoryOf(g.cmd.Process.Pid)
	return elapsed, kib, err
}

// memoryOf gives the sums of the process's mappings, in KiB, by the kernel's names for them.
func memoryOf(pid int) (map[string]int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return nil, err
	}
	kib := map[string]int{}
	for _, line := range strings.Split(string(text), "\n") {
		name, rest, _ := strings.Cut(line, ":")
		if value, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(rest, "kB"))); err == nil {
			kib[name] = value
		}
	}
	return kib, nil
}

func quantile(sorted []float64, share float64) float64 {
	return sorted[int(share*float64(len(sorted)-1))]
}

func mebi(kib int) float64 { return float64(kib) / 1024 }
