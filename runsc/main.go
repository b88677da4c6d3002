// Binary runsc is gVisor's runsc with one difference: where it starts its
// gofer, bun-gofer runs. It is for those who build runsc from source; for a
// runsc that exists already, use `bun-gofer adopt`.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"bun-gofer/runsc/environment"

	"gvisor.dev/gvisor/runsc/cli/maincli"
)

// goferName is the argv[0] by which runsc starts its gofer.
const goferName = "runsc-gofer"

// goferPath may be set by the linker. When it is empty, the gofer is the file
// bun-gofer beside this executable. The environment has no say: whoever starts
// containers as root would otherwise let it choose what runs as root.
var goferPath string

func main() {
	if len(os.Args) > 0 && os.Args[0] == goferName {
		err := execGofer()
		fmt.Fprintf(os.Stderr, "runsc: cannot execute the gofer: %v\n", err)
		os.Exit(127) // Never runsc's own gofer instead.
	}
	maincli.Main()
}

// execGofer returns only when it fails.
func execGofer() error {
	path := goferPath
	if path == "" {
		self, err := os.Readlink("/proc/self/exe")
		if err != nil {
			return err
		}
		path = filepath.Join(filepath.Dir(self), "bun-gofer")
	}
	err := syscall.Exec(path, os.Args, environment.Filter(os.Environ()))
	return &os.PathError{Op: "exec", Path: path, Err: err}
}
