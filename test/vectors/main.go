// Command vectors writes messages of the lisafs protocol, encoded by gVisor itself, with the values that are in them:
//
//	cd test/vectors && go run . > vectors.json
//
// The output is the same on every run.
package main

import (
	"fmt"
	"os"
)

func main() {
	var all vectors
	addHeaders(&all)
	addSetup(&all)
	addAttributes(&all)
	addWalks(&all)
	addOpens(&all)
	addContent(&all)
	addCreations(&all)
	addNamespace(&all)
	addXattrs(&all)
	addSockets(&all)
	out, err := all.json()
	if err == nil {
		_, err = os.Stdout.Write(out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
