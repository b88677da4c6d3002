package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/unet"
)

// clientWire sends through gVisor's own client.
type clientWire struct {
	client *lisafs.Client
	// observer shares the connection's socket, to tell a hang-up from an answered EIO.
	observer int
	watch    *watchdog
}

// openClient gives the wire and the answer to the client's Mount, without the descriptor, if one came with it: cases
// that look at that mount again.
func openClient(sock int, channels bool, watch *watchdog) (wire, reply) {
	observer, err := unix.FcntlInt(uintptr(sock), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		panic(err)
	}
	socket, err := unet.NewSocket(sock)
	if err != nil {
		panic(err)
	}
	w := &clientWire{observer: observer, watch: watch}
	var root lisafs.Inode
	hostFD := -1
	watch.guard(func() { w.client, root, hostFD, err = lisafs.NewClient(socket) })
	if err != nil {
		failed := w.failure(err)
		w.client = nil
		return w, failed
	}
	if hostFD >= 0 {
		unix.Close(hostFD)
	}
	mounted := lisafs.MountResp{Root: root}
	encoded := reply{payload: encode(&mounted)}
	if channels {
		watch.guard(func() { err = w.client.StartChannels() })
		if err != nil {
			return w, w.failure(err)
		}
	}
	return w, encoded
}

func (w *clientWire) call(m lisafs.MID, payload []byte) reply {
	if w.client == nil {
		return reply{lost: true}
	}
	if !w.client.IsSupported(m) {
		return reply{odd: "gVisor's client does not send this"}
	}
	var (
		fds    [descriptorsMax]int
		answer []byte
		err    error
	)
	marshal := func(dst []byte) []byte { return dst[copy(dst, payload):] }
	unmarshal := func(src []byte) ([]byte, bool) {
		answer = append([]byte{}, src...)
		return nil, true
	}
	noText := func() string { return "" }
	w.watch.guard(func() {
		err = w.client.SndRcvMessage(m, uint32(len(payload)), marshal, unmarshal, fds[:], noText, noText)
	})
	if err != nil {
		return w.failure(err)
	}
	r := reply{payload: answer}
	for _, fd := range fds {
		if fd >= 0 {
			r.fds = append(r.fds, fd)
		}
	}
	return r
}

func (w *clientWire) failure(err error) reply {
	errno, ok := errors.AsType[unix.Errno](err)
	if !ok {
		return reply{odd: fmt.Sprint(err)}
	}
	// The client answers EIO itself when the connection has ended.
	if errno == unix.EIO && hungUp(w.observer) {
		return reply{lost: true}
	}
	return reply{errno: errno}
}

func (w *clientWire) close() {
	unix.Close(w.observer)
	if w.client != nil {
		w.client.Close()
	}
}

func hungUp(sock int) bool {
	events := []unix.PollFd{{Fd: int32(sock), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(events, 0)
	return err == nil && n == 1 && events[0].Revents&(unix.POLLRDHUP|unix.POLLHUP) != 0
}
