package main

import (
	"time"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// answerTimeout is how long a gofer may take for one answer; then it counts as hung and is killed.
const answerTimeout = 20 * time.Second

// descriptorsMax is how many donated descriptors a call is ready to take: more than any answer should have.
const descriptorsMax = 8

// reply is the answer to one request. The caller owns the descriptors.
type reply struct {
	errno   unix.Errno
	payload []byte
	fds     []int
	// lost says that the connection ended instead.
	lost bool
	// odd is an answer that breaks the protocol.
	odd string
}

func (r *reply) closeFDs() {
	for _, fd := range r.fds {
		unix.Close(fd)
	}
	r.fds = nil
}

// wire carries requests to a gofer, one at a time.
type wire interface {
	call(m lisafs.MID, payload []byte) reply
	close()
}

type wireKind string

const (
	// Through gVisor's client, which sends only what it thinks right.
	clientSocket  wireKind = "socket"
	clientChannel wireKind = "channel"
	// Frames made here, for what the client would not send.
	rawSocketKind  wireKind = "raw socket"
	rawChannelKind wireKind = "raw channel"
)

var (
	clientWires = []wireKind{clientSocket, clientChannel}
	rawWires    = []wireKind{rawSocketKind, rawChannelKind}
)

// open connects a wire to a gofer's socket, which it takes.
func (k wireKind) open(sock int, watch *watchdog) (wire, reply) {
	switch k {
	case clientSocket, clientChannel:
		return openClient(sock, k == clientChannel, watch)
	}
	socket := newRawSocket(sock, watch)
	mounted := socket.call(lisafs.Mount, nil)
	if k == rawSocketKind || mounted.lost || mounted.errno != 0 {
		return socket, mounted
	}
	channel, failed := openRawChannel(socket)
	if failed != nil {
		return socket, *failed
	}
	return channel, mounted
}

// watchdog kills a gofer that leaves a request unanswered, which ends every wait for it.
type watchdog struct {
	gofer    *harness.Gofer
	patience time.Duration
	fired    bool
}

func (w *watchdog) guard(wait func()) {
	timer := time.AfterFunc(w.patience, func() {
		w.fired = true
		w.gofer.Kill()
	})
	defer timer.Stop()
	wait()
}
