// Command stock makes system calls under the filter of the stock gofer, each in a process of its own, and says what
// became of them. Standard input holds what to try, as JSON; standard output gets an outcome for each attempt.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/runsc/fsgofer/filter"
)

// argument is an integer, or data whose address is passed.
type argument struct {
	Int  *string
	Data []byte
}

// attempt is one system call.
type attempt struct {
	Number uintptr
	Args   []argument
}

// trial is what to try, and in which mode of the filter.
type trial struct {
	Options  filter.Options
	Attempts []attempt
}

const (
	killed = "killed"
	done   = "done"
	// Each piece of data has a page of its own, so that its protection can be changed.
	pageBytes = 4096
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run makes all attempts or, as a child, the one that the only argument names by its index.
func run() error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var wanted trial
	if err := json.Unmarshal(text, &wanted); err != nil {
		return err
	}
	if len(os.Args) == 1 {
		return tryAll(text, len(wanted.Attempts))
	}
	index, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return err
	}
	return tryOne(wanted.Options, wanted.Attempts[index])
}

func tryAll(text []byte, count int) error {
	outcomes := make([]string, 0, count)
	for index := range count {
		outcome, err := outcomeOf(text, index)
		if err != nil {
			return fmt.Errorf("attempt %d: %w", index, err)
		}
		outcomes = append(outcomes, outcome)
	}
	return json.NewEncoder(os.Stdout).Encode(outcomes)
}

func outcomeOf(text []byte, index int) (string, error) {
	child := exec.Command("/proc/self/exe", strconv.Itoa(index))
	child.Stdin = bytes.NewReader(text)
	var said, complaint bytes.Buffer
	child.Stdout, child.Stderr = &said, &complaint
	err := child.Run()
	if child.ProcessState != nil {
		status := child.ProcessState.Sys().(syscall.WaitStatus)
		if status.Signaled() && status.Signal() == syscall.SIGSYS {
			return killed, nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, complaint.String())
	}
	return said.String(), nil
}

func tryOne(options filter.Options, wanted attempt) error {
	var args [6]uintptr
	for index, arg := range wanted.Args {
		value, err := arg.value()
		if err != nil {
			return err
		}
		args[index] = value
	}
	if err := filter.Install(options); err != nil {
		return err
	}
	result, _, errno := syscall.RawSyscall6(wanted.Number, args[0], args[1], args[2], args[3], args[4], args[5])
	if errno != 0 {
		fmt.Print(unix.ErrnoName(errno))
		return nil
	}
	if isFork(wanted.Number) && result == 0 {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
	}
	fmt.Print(done)
	return nil
}

// value puts data where it stays, and gives its address.
func (a argument) value() (uintptr, error) {
	if a.Int != nil {
		number, err := strconv.ParseUint(*a.Int, 10, 64)
		return uintptr(number), err
	}
	page, err := syscall.Mmap(-1, 0, pageBytes, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return 0, err
	}
	copy(page, a.Data)
	return uintptr(unsafe.Pointer(&page[0])), nil
}

func isFork(number uintptr) bool {
	return number == syscall.SYS_CLONE || number == forkNumber || number == vforkNumber
}
