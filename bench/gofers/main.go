// Command gofers measures the stock gofer and bun-gofer side by side with gVisor's own lisafs client and writes what it
// saw as JSON:
//
//	cd bench/gofers && CGO_ENABLED=0 go build -o gofers . && sudo ./gofers -output gofers.json
//
// Both start as runsc starts its own, and confine themselves as they do there. They take turns in random order. A third
// target, the stock gofer once more, shows how much two equals differ.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"bun-gofer/test/interop/harness"
	"gvisor.dev/gvisor/pkg/log"
)

// result is what the program writes: the series or the footprints.
type result struct {
	Seed uint64 `json:"seed"`
	// Processors is how many the client and the gofers share.
	Processors int `json:"processors"`
	// SharedCgroup says whether they competed for them in one group.
	SharedCgroup bool        `json:"sharedCgroup"`
	GVisor       string      `json:"gVisor"`
	TurnMillis   int64       `json:"turnMillis"`
	Series       []*series   `json:"series"`
	Footprints   []footprint `json:"footprints"`
}

type options struct {
	stock, ours, output     string
	seed                    uint64
	operations              string
	wires, threads, mounts  string
	rounds                  int
	turn                    time.Duration
	oneProcessor, footprint bool
	footprintPlan           footprintPlan
}

func parseOptions() options {
	var o options
	flag.StringVar(&o.stock, "stock", "../../dist/runsc-stock", "the stock `runsc`")
	flag.StringVar(&o.ours, "ours", "../../dist/bun-gofer", "the gofer to compare with it")
	flag.StringVar(&o.output, "output", "", "the `file` to write; standard output when empty")
	flag.Uint64Var(&o.seed, "seed", 0, "the seed for the order of turns; a random one when 0")
	flag.StringVar(&o.operations, "operations", "", "take the operations whose name matches this `regexp` only")
	flag.StringVar(&o.wires, "wires", "socket,channel", "the communicators")
	flag.StringVar(&o.threads, "threads", "1,2,4", "`numbers` of client threads on one mount")
	flag.StringVar(&o.mounts, "mounts", "1,4", "`numbers` of mounts at once, with a thread each when more than one")
	flag.IntVar(&o.rounds, "rounds", 5, "turns of each gofer at each thing")
	flag.DurationVar(&o.turn, "turn", 500*time.Millisecond, "length of a turn")
	flag.BoolVar(&o.oneProcessor, "one-processor", false, "confine client and gofers to one processor")
	flag.BoolVar(&o.footprint, "footprint", false, "take footprints in place of turns")
	flag.IntVar(&o.footprintPlan.starts, "starts", 30, "starts of each gofer")
	flag.IntVar(&o.footprintPlan.nodes, "nodes", 15000, "files to hold open")
	flag.DurationVar(&o.footprintPlan.idle, "idle", 5*time.Second, "for how long to watch an idle gofer")
	flag.DurationVar(&o.footprintPlan.load, "load", 500*time.Millisecond, "for how long to repeat each operation")
	flag.Parse()
	return o
}

func main() {
	o := parseOptions()
	if o.oneProcessor {
		exitOn(pinToOneProcessor())
	}
	base, err := harness.Isolate()
	exitOn(err)
	// What gVisor's client says while the gofers end is of no use here.
	log.SetTarget(log.GoogleEmitter{Writer: &log.Writer{Next: io.Discard}})
	// Gofers end with the thread that started them.
	runtime.LockOSThread()
	exitOn(measure(o, base))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "gofers:", err)
		os.Exit(1)
	}
}

func measure(o options, base string) error {
	group, err := enterCgroup()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gofers: no cgroup in common, so the scheduler may favour one gofer:", err)
	}
	taken, err := take(o, base)
	if leaveErr := group.leave(); err == nil {
		err = leaveErr
	}
	if err != nil {
		return err
	}
	taken.SharedCgroup = group.path != ""
	encoded, err := json.MarshalIndent(taken, "", " ")
	if err != nil {
		return err
	}
	encoded = append(encoded, '\n')
	if o.output == "" {
		_, err = os.Stdout.Write(encoded)
		return err
	}
	return os.WriteFile(o.output, encoded, 0o644)
}

func take(o options, base string) (*result, error) {
	if o.seed == 0 {
		o.seed = rand.Uint64()>>11 | 1
	}
	taken := &result{
		Seed: o.seed, Processors: runtime.GOMAXPROCS(0), GVisor: gVisorVersion(), TurnMillis: o.turn.Milliseconds(),
		Series: []*series{}, Footprints: []footprint{},
	}
	targets := []target{{"stock", o.stock}, {"ours", o.ours}}
	if o.footprint {
		footprints, err := takeFootprints(targets, base, o.footprintPlan)
		taken.Footprints = footprints
		return taken, err
	}
	p := plan{
		targets: append(targets, target{"stock again", o.stock}),
		rounds:  o.rounds,
		length:  o.turn,
		wires:   strings.Split(o.wires, ","),
		random:  rand.New(rand.NewPCG(o.seed, 0)),
	}
	if err := p.selectBy(o); err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "seed %d, %d processors\n", o.seed, taken.Processors)
	all, err := p.run(base)
	taken.Series = all
	return taken, err
}

func (p *plan) selectBy(o options) (err error) {
	if p.threads, err = numbers(o.threads); err != nil {
		return err
	}
	if p.mounts, err = numbers(o.mounts); err != nil {
		return err
	}
	if most := max(slices.Max(p.threads), slices.Max(p.mounts)); most > threadsMax {
		return fmt.Errorf("%d threads or mounts are more than %d", most, threadsMax)
	}
	for _, wire := range p.wires {
		if wire != "socket" && wire != "channel" {
			return fmt.Errorf("no communicator %q", wire)
		}
	}
	pattern, err := regexp.Compile(o.operations)
	if err != nil {
		return err
	}
	for i := range operations {
		if pattern.MatchString(operations[i].name) {
			p.operations = append(p.operations, &operations[i])
		}
	}
	return nil
}

func numbers(list string) ([]int, error) {
	var all []int
	for text := range strings.SplitSeq(list, ",") {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 {
			return nil, fmt.Errorf("%q is no number of threads or mounts", text)
		}
		all = append(all, number)
	}
	return all, nil
}

// gVisorVersion is that of the module that the client comes from.
func gVisorVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "gvisor.dev/gvisor" {
				return module.Version
			}
		}
	}
	return "unknown"
}
