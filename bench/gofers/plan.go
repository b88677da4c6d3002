package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"time"
)

// pauseBetweenTurns lets the gofer of the turn before come to rest.
const pauseBetweenTurns = 20 * time.Millisecond

// warmUpShare of a turn's length is what each gofer gets before the first round, and what is not counted.
const warmUpShare = 0.4

// plan says what is measured.
type plan struct {
	targets    []target
	operations []*operation
	wires      []string
	threads    []int
	// mounts at once; with more than one there is a thread for each, no matter what threads says.
	mounts []int
	rounds int
	length time.Duration
	random *rand.Rand
}

// series are the turns of all targets at one thing.
type series struct {
	Operation string `json:"operation"`
	Wire      string `json:"wire"`
	Threads   int    `json:"threads"`
	Mounts    int    `json:"mounts"`
	Turns     []turn `json:"turns"`

	operation *operation
}

// stage are the series that the same gofers serve.
type stage struct {
	wire   string
	mounts int
	series []*series
}

func (p *plan) stages() []stage {
	var stages []stage
	for _, mounts := range p.mounts {
		threads := p.threads
		if mounts > 1 {
			threads = []int{mounts}
		}
		for _, wire := range p.wires {
			s := stage{wire: wire, mounts: mounts}
			for _, o := range p.operations {
				for _, count := range threads {
					s.series = append(s.series, &series{
						Operation: o.name, Wire: wire, Threads: count, Mounts: mounts, Turns: []turn{}, operation: o,
					})
				}
			}
			stages = append(stages, s)
		}
	}
	return stages
}

// run takes all turns. The calling thread must stay locked.
func (p *plan) run(base string) ([]*series, error) {
	stages := p.stages()
	progress := progress{started: time.Now(), said: time.Now()}
	var all []*series
	for _, s := range stages {
		progress.total += len(s.series) * len(p.targets) * (p.rounds + 1)
		all = append(all, s.series...)
	}
	for _, s := range stages {
		if err := p.runStage(s, base, &progress); err != nil {
			return nil, fmt.Errorf("%s, %d mounts: %w", s.wire, s.mounts, err)
		}
	}
	return all, nil
}

func (p *plan) runStage(s stage, base string, progress *progress) (err error) {
	var servers []*server
	defer func() {
		for _, server := range servers {
			if endErr := server.end(); err == nil {
				err = endErr
			}
		}
	}()
	for i, t := range p.targets {
		server, err := startServer(t, base, fmt.Sprintf("gofer%d", i), s.mounts, s.wire == "channel", buildTree)
		if err != nil {
			return err
		}
		servers = append(servers, server)
	}
	for round := range p.rounds + 1 {
		for _, nextSeries := range p.random.Perm(len(s.series)) {
			for _, nextServer := range p.random.Perm(len(servers)) {
				progress.advance(fmt.Sprintf("%s, %d mounts", s.wire, s.mounts))
				if err := p.takeTurn(s.series[nextSeries], servers[nextServer], round); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// takeTurn takes one, round 0 being for warming up. The client's own garbage is collected before, so as not to fall
// into the turn of whoever comes next.
func (p *plan) takeTurn(s *series, server *server, round int) error {
	runtime.GC()
	time.Sleep(pauseBetweenTurns)
	length := p.length
	if round == 0 {
		length = time.Duration(warmUpShare * float64(length))
	}
	taken, err := server.take(s.operation, s.Threads, length)
	if err != nil {
		return err
	}
	if round > 0 {
		taken.Round = round
		s.Turns = append(s.Turns, taken)
	}
	return nil
}

// progress says every ten seconds how far the run is.
type progress struct {
	started, said time.Time
	done, total   int
}

func (p *progress) advance(at string) {
	now := time.Now()
	if now.Sub(p.said) >= 10*time.Second {
		p.said = now
		elapsed := now.Sub(p.started)
		left := time.Duration(float64(elapsed) / float64(p.done) * float64(p.total-p.done))
		fmt.Fprintf(os.Stderr, " ...   turn %d of %d (%s), %s, about %s left\n", p.done, p.total, at,
			elapsed.Round(time.Second), left.Round(time.Second))
	}
	p.done++
}
