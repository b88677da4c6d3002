// Command interop drives the stock gofer and bun-gofer side by side with gVisor's own lisafs client and compares every
// answer, every donated descriptor and what became of the files on the host:
//
//	cd test/interop && CGO_ENABLED=0 go build -o interop . && sudo ./interop
//
// Both gofers start exactly as runsc starts one, on identical fresh trees. Each case runs over the socket and over a
// channel. What may differ stands in intended.go, and nowhere else.
// With -ours set to the same runsc as -stock, nothing may.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"

	"bun-gofer/test/interop/harness"
	"gvisor.dev/gvisor/pkg/log"
)

func main() {
	stock := flag.String("stock", cmp.Or(os.Getenv("STOCK_RUNSC"), "../../dist/runsc-stock"), "the stock `runsc`")
	ours := flag.String("ours", cmp.Or(os.Getenv("BUN_GOFER"), "../../dist/bun-gofer"), "the gofer to compare with it")
	topicName := flag.String("topic", "", "run the cases of this `topic` only")
	pattern := flag.String("case", "", "run the cases whose name matches this `regexp` only")
	listTopics := flag.Bool("topics", false, "list the topics and run nothing")
	verbose := flag.Bool("v", false, "print the transcripts")
	flag.Parse()

	if *listTopics {
		for _, t := range topics {
			fmt.Println(t.name)
		}
		return
	}
	selected, err := regexp.Compile(*pattern)
	if err != nil {
		fatal(err)
	}
	if *topicName != "" && !slices.ContainsFunc(topics, func(t topic) bool { return t.name == *topicName }) {
		fatal(fmt.Errorf("no topic %q", *topicName))
	}
	// What gVisor's client has to say about hostile answers is in the transcripts.
	log.SetTarget(log.GoogleEmitter{Writer: &log.Writer{Next: io.Discard}})
	base, err := harness.Isolate()
	if err != nil {
		fatal(err)
	}
	if *stock == *ours {
		differences = nil
	}
	targets := [2]target{{name: "stock", executable: *stock}, {name: "ours", executable: *ours}}
	suite := suite{
		targets: targets,
		base:    base,
		verbose: *verbose,
	}
	for _, t := range topics {
		if *topicName != "" && t.name != *topicName {
			continue
		}
		for _, c := range t.cases {
			if selected.MatchString(c.name) {
				suite.runCase(c)
			}
		}
	}
	suite.summarize()
	if suite.failed > 0 {
		os.Exit(1)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "interop:", err)
	os.Exit(2)
}
