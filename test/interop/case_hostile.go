package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// hostileCases are those where the stock gofer is wrong: each stands in the list of intended differences.
var hostileCases = func() []testCase {
	var cases []testCase
	for _, claimed := range []uint32{1 << 28, 1<<32 - 8, 1<<32 - 1} {
		cases = append(cases, testCase{
			name: fmt.Sprintf("a header that claims %d bytes", claimed), wires: []wireKind{rawSocketKind},
			gofer: twoMounts,
			connections: func(r *run) {
				hostile, other := r.connect(1, "hostile: "), r.connect(2, "other: ")
				socket := hostile.wire.(*rawSocket)
				socket.send(frame(claimed, lisafs.FStat, encode(&lisafs.StatReq{FD: hostile.root})))
				hostile.note("answer within a second", answeredWithin(socket, time.Second))
				// A gofer that died of it takes a moment to take its connections along.
				select {
				case <-r.gofer.Ended:
				case <-time.After(100 * time.Millisecond):
				}
				other.fstat(other.root)
			},
		})
	}
	for _, mode := range []struct {
		name string
		bits uint64
	}{
		{"keep the size", unix.FALLOC_FL_KEEP_SIZE},
		{"punch a hole", unix.FALLOC_FL_PUNCH_HOLE | unix.FALLOC_FL_KEEP_SIZE},
		{"zero", unix.FALLOC_FL_ZERO_RANGE},
		{"collapse", unix.FALLOC_FL_COLLAPSE_RANGE},
		{"insert", unix.FALLOC_FL_INSERT_RANGE},
		{"unshare", unix.FALLOC_FL_UNSHARE_RANGE},
		{"nonsense", 1 << 20},
		{"beyond 32 bits", 1<<32 | 1},
	} {
		cases = append(cases, testCase{name: "FAllocate to " + mode.name, steps: func(s *session) {
			fd := s.openFile(unix.O_RDWR, "huge")
			s.allocate(fd, mode.bits, 0, 4096)
			s.fstat(s.root)
		}})
	}
	return cases
}()

// answeredWithin says whether a gofer took notice of what was sent.
func answeredWithin(socket *rawSocket, patience time.Duration) string {
	events := []unix.PollFd{{Fd: int32(socket.fd), Events: unix.POLLIN | unix.POLLRDHUP}}
	n, err := unix.Poll(events, int(patience.Milliseconds()))
	switch {
	case err != nil:
		return err.Error()
	case n == 0:
		return "none"
	}
	r := socket.receive()
	if r.lost {
		return "hung up"
	}
	return errnoName(r.errno)
}
