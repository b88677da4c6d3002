package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"bun-gofer/test/interop/harness"
)

// testCase is a sequence of requests whose outcome must not depend on the gofer.
type testCase struct {
	name string
	// gofer has the prepared tree as its only mount, writable, at /mnt, when it names none.
	gofer harness.Options
	// wires are the communicators it runs over; gVisor's client over both when nil.
	wires []wireKind
	// patience is how long an answer may take; answerTimeout when zero.
	patience time.Duration
	// prepare adds to the tree before the gofer starts. It must make the same for both targets.
	prepare func(b *builder)
	// steps gets the first mount's connection.
	steps func(s *session)
	// connections replaces steps where a case opens connections itself.
	connections func(r *run)
}

type topic struct {
	name  string
	cases []testCase
}

// target is a gofer to drive.
type target struct{ name, executable string }

type suite struct {
	targets [2]target
	base    string
	verbose bool

	cases, runs, failed int
	// intended counts the lines that differ as they should.
	intended int
}

func (s *suite) runCase(c testCase) {
	s.cases++
	wires := c.wires
	if wires == nil {
		wires = clientWires
	}
	for _, kind := range wires {
		s.runs++
		started := time.Now()
		var transcripts [2][]line
		var both sync.WaitGroup
		for i, target := range s.targets {
			both.Go(func() {
				// A gofer ends with the thread that started it, so the thread is kept.
				runtime.LockOSThread()
				transcripts[i] = s.runOn(target, c, kind)
			})
		}
		both.Wait()
		result := compare(c.name, transcripts[0], transcripts[1])
		s.intended += result.intended
		s.report(c, kind, result, transcripts, time.Since(started))
	}
}

func (s *suite) report(c testCase, kind wireKind, result comparison, transcripts [2][]line, took time.Duration) {
	verdict := "same"
	switch {
	case len(result.problems) > 0:
		s.failed++
		verdict = "DIFFERS"
	case result.intended > 0:
		verdict = fmt.Sprintf("same but for %d intended", result.intended)
	}
	fmt.Printf("%s [%s]: %s (%d lines, %d ms)\n", c.name, kind, verdict, len(transcripts[0]), took.Milliseconds())
	if s.verbose {
		for _, l := range transcripts[1] {
			if strings.HasPrefix(l.key, "host ") {
				break
			}
			fmt.Printf("    %s = %s\n", l.key, l.text)
		}
	}
	for i, problem := range result.problems {
		if i == problemsShownMax {
			fmt.Printf("  … and %d lines more\n", len(result.problems)-i)
			break
		}
		fmt.Println(problem)
	}
}

const problemsShownMax = 12

func (s *suite) runOn(target target, c testCase, kind wireKind) []line {
	r := &run{kind: kind}
	r.started = time.Now()
	if err := s.drive(r, target, c); err != nil {
		r.observe(harnessKey, strings.ReplaceAll(err.Error(), r.fresh, "FRESH")+logTail(r.fresh))
		fmt.Fprintf(os.Stderr, "%s on %s: %v%s\n", c.name, target.name, err, logTail(r.fresh))
	}
	if r.fresh != "" {
		if err := harness.UnmountFresh(r.fresh); err != nil {
			r.observe(harnessKey, err.Error())
		}
	}
	return r.lines
}

func (s *suite) drive(r *run, target target, c testCase) error {
	fresh, err := harness.MountFresh(s.base, target.name)
	if err != nil {
		return err
	}
	r.fresh, r.tree = fresh, filepath.Join(fresh, "tree")
	if err := buildBundle(fresh); err != nil {
		return err
	}
	if err := buildTree(r.tree); err != nil {
		return err
	}
	if c.prepare != nil {
		b := &builder{root: r.tree}
		c.prepare(b)
		if b.err != nil {
			return b.err
		}
	}
	if err := r.nameInodes(r.tree); err != nil {
		return err
	}
	if err := settleTimes(r.tree); err != nil {
		return err
	}
	options := c.gofer
	if options.Mounts == nil {
		options.Mounts = []harness.Mount{writableTree}
	}
	if r.gofer, err = harness.Start(target.executable, fresh, options); err != nil {
		if r.gofer != nil {
			r.gofer.Kill()
			r.observe("the process", r.gofer.End())
		}
		return err
	}
	r.watch = watchdog{gofer: r.gofer, patience: cmp.Or(c.patience, answerTimeout)}
	if c.connections != nil {
		c.connections(r)
	} else {
		c.steps(r.connect(1, ""))
	}
	r.finish()
	return nil
}

func logTail(fresh string) string {
	log, err := os.ReadFile(harness.LogPath(fresh))
	if err != nil || len(log) == 0 {
		return ""
	}
	return "\n    " + strings.ReplaceAll(strings.TrimSpace(string(log[max(0, len(log)-2000):])), "\n", "\n    ")
}

func (s *suite) summarize() {
	fmt.Printf("%d cases × their communicators = %d runs on both gofers: %d differ; %d lines differ as intended\n",
		s.cases, s.runs, s.failed, s.intended)
}
