package main

import (
	"fmt"
	"sync"
	"time"
)

// turn is what one gofer did in one stretch of time.
type turn struct {
	Target     string  `json:"target"`
	Round      int     `json:"round"`
	Operations uint64  `json:"operations"`
	Seconds    float64 `json:"seconds"`
	// ProcessorSeconds is what the gofer used, in user and in kernel mode.
	ProcessorSeconds float64 `json:"processorSeconds"`
	// Durations of single operations, as the client sees them.
	P50Nanos float64 `json:"p50Nanos"`
	P90Nanos float64 `json:"p90Nanos"`
	P99Nanos float64 `json:"p99Nanos"`
}

// take lets so many threads repeat the operation on the server for a while.
func (s *server) take(o *operation, threads int, length time.Duration) (turn, error) {
	steps := make([]step, threads)
	for thread := range threads {
		w := s.worker(thread)
		defer w.end()
		var err error
		if steps[thread], err = o.begin(w); err != nil {
			return turn{}, fmt.Errorf("%s, %s: %w", s.target.name, o.name, err)
		}
	}
	usedBefore, err := processorTime(s.gofer.PID())
	if err != nil {
		return turn{}, err
	}
	histograms := make([]histogram, threads)
	failures := make([]error, threads)
	started := time.Now()
	var all sync.WaitGroup
	for thread := range threads {
		all.Go(func() { failures[thread] = repeat(steps[thread], started.Add(length), &histograms[thread]) })
	}
	all.Wait()
	elapsed := time.Since(started)
	usedAfter, err := processorTime(s.gofer.PID())
	if err != nil {
		return turn{}, err
	}
	for thread := range threads {
		if failures[thread] != nil {
			return turn{}, fmt.Errorf("%s, %s: %w", s.target.name, o.name, failures[thread])
		}
		if thread > 0 {
			histograms[0].add(&histograms[thread])
		}
	}
	return turn{
		Target:           s.target.name,
		Operations:       histograms[0].total,
		Seconds:          elapsed.Seconds(),
		ProcessorSeconds: (usedAfter - usedBefore).Seconds(),
		P50Nanos:         histograms[0].quantile(0.5),
		P90Nanos:         histograms[0].quantile(0.9),
		P99Nanos:         histograms[0].quantile(0.99),
	}, nil
}

// repeat takes one step after the other until the time is up, and at least one.
func repeat(do step, until time.Time, durations *histogram) error {
	before := time.Now()
	for {
		if err := do(); err != nil {
			return err
		}
		now := time.Now()
		durations.record(now.Sub(before))
		if now.After(until) {
			return nil
		}
		before = now
	}
}
