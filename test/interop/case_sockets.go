package main

import (
	"fmt"
	"strings"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

var allSockets = harness.Options{Flags: []string{"--host-uds=all"}}

// listener makes a socket of the host that a gofer can connect to. It is closed with the run.
func (s *session) listener(name string, kind int) int {
	fd, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: s.hostPath(name)})
	}
	if err == nil && kind != unix.SOCK_DGRAM {
		err = unix.Listen(fd, 5)
	}
	s.note("on the host: listen at "+name, errorText(err))
	s.kept = append(s.kept, reply{fds: []int{fd}})
	return fd
}

// accepted shows who connected to a listener of the host.
func (s *session) accepted(listener int) {
	fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	if err != nil {
		s.note("on the host: accept", errorText(err))
		return
	}
	s.note("on the host: accept", s.donated(fd))
	unix.Close(fd)
}

var everySocketType = []uint32{0, unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, 4, unix.SOCK_SEQPACKET, 6,
	unix.SOCK_STREAM | unix.SOCK_NONBLOCK,
	1<<32 - 1}

var socketCases = []testCase{
	{name: "sockets are refused by default", steps: func(s *session) {
		s.listener("stream", unix.SOCK_STREAM)
		for _, kind := range everySocketType {
			s.connectTo(s.walk(s.root, "stream"), kind)
			s.connectAs(s.walk(s.root, "stream"), kind, 1, 1)
			s.bind(s.root, "bound", kind, owner{0o755, 0, 0})
		}
		s.connectTo(s.walk(s.root, "file"), 1)
		s.connectTo(s.openFile(0, "file"), 1)
		s.connectTo(neverGiven, 1)
		s.bind(s.walk(s.root, "file"), "bound", 1, owner{0o755, 0, 0})
		s.bind(s.root, "", 1, owner{0o755, 0, 0})
		s.listen(s.root, 1)
		s.listen(neverGiven, 1)
		s.accept(s.openFile(0, "file"))
		s.accept(neverGiven)
	}},
	{name: "Connect to every kind of socket", gofer: allSockets, steps: func(s *session) {
		for _, host := range []struct {
			name string
			kind int
		}{{"stream", unix.SOCK_STREAM}, {"dgram", unix.SOCK_DGRAM}, {"seqpacket", unix.SOCK_SEQPACKET}} {
			listener := s.listener(host.name, host.kind)
			fd := s.walk(s.root, host.name)
			for _, kind := range everySocketType {
				s.connectTo(fd, kind)
				s.accepted(listener)
			}
		}
	}},
	{name: "Connect where nobody listens", gofer: allSockets, steps: func(s *session) {
		for _, kind := range kinds {
			s.connectTo(s.walk(s.root, kind), unix.SOCK_STREAM)
			s.connectAs(s.walk(s.root, kind), unix.SOCK_STREAM, 1, 1)
		}
		fd := s.walk(s.root, "socket")
		s.onHostRemove("socket")
		s.connectTo(fd, 1)
		s.onHostWrite("socket", "a file")
		s.connectTo(fd, 1)
		s.unlink(s.root, "socket", 0)
		s.connectTo(fd, 1)
		s.connectAs(fd, 1, 1, 1)
	}},
	{name: "ConnectWithCreds as every user", gofer: allSockets, steps: func(s *session) {
		listener := s.listener("stream", unix.SOCK_STREAM)
		s.onHost("everyone may connect", func() error { return unix.Chmod(s.hostPath("stream"), 0o777) })
		fd := s.walk(s.root, "stream")
		for _, ids := range [][2]uint32{{0, 0}, {1000, 1001}, {0, 5}, {5, 0}, {1<<32 - 1, 1<<32 - 1},
			{1<<32 - 1, 5}, {65534, 65534},
			{1<<32 - 2, 1<<32 - 2}} {
			s.connectAs(fd, unix.SOCK_STREAM, lisafs.UID(ids[0]), lisafs.GID(ids[1]))
			s.accepted(listener)
			s.connectTo(fd, unix.SOCK_STREAM)
			s.accepted(listener)
		}
		s.connectAs(fd, 0, 1, 1)
		s.onHost("only its owner may connect", func() error { return unix.Chmod(s.hostPath("stream"), 0o700) })
		s.connectAs(fd, unix.SOCK_STREAM, 1000, 1000)
		s.connectAs(fd, unix.SOCK_STREAM, 0, 0)
		_, _ = s.create(s.root, "made after it", 2, owner{0o600, 7, 7})
	}},
	{name: "BindAt of every type", gofer: allSockets, steps: func(s *session) {
		for i, kind := range everySocketType {
			child, bound := s.bind(s.root, fmt.Sprint("bound-", i), kind, owner{0o740, 3, 4})
			s.walkStat(s.root, fmt.Sprint("bound-", i))
			s.listen(bound, 1)
			s.accept(bound)
			s.closeFDs(bound, child)
		}
	}},
	{name: "the control descriptor of a bound socket", gofer: allSockets, steps: func(s *session) {
		child, _ := s.bind(s.root, "bound", unix.SOCK_STREAM, owner{0o740, 3, 4})
		s.fstat(child)
		s.setStat(lisafs.SetStatReq{FD: child, Mask: unix.STATX_MODE | statxOwner, Mode: 0o600, UID: 1, GID: 2})
		s.fstat(child)
		s.walkStat(s.root, "bound")
		s.walkAll(s.root, "bound")
	}},
	{name: "BindAt with every mode and owner", gofer: allSockets, steps: func(s *session) {
		for i, o := range everyOwner {
			child, bound := s.bind(s.root, fmt.Sprint("bound-", i), unix.SOCK_STREAM, o)
			s.closeFDs(child, bound)
		}
	}},
	{name: "BindAt where something is, and of long paths", gofer: allSockets, steps: func(s *session) {
		for _, kind := range kinds {
			s.bind(s.root, kind, unix.SOCK_STREAM, owner{0o755, 0, 0})
		}
		for _, length := range []int{90, 102, 103, 104, 105, 107, 108, 109, 255} {
			s.bind(s.root, strings.Repeat("b", length), unix.SOCK_STREAM, owner{0o755, 0, 0})
		}
		gone := s.mkdir(s.root, "gone", owner{0o755, 0, 0})
		s.unlink(s.root, "gone", unix.AT_REMOVEDIR)
		s.bind(gone, "bound", unix.SOCK_STREAM, owner{0o755, 0, 0})
	}},
	{name: "Listen and Accept", gofer: allSockets, steps: func(s *session) {
		child, bound := s.bind(s.root, "bound", unix.SOCK_STREAM, owner{0o777, 0, 0})
		for _, backlog := range []int32{-1, 0, 1, 1 << 30, 5} {
			s.listen(bound, backlog)
		}
		for range 2 {
			s.connectHost("bound")
			s.connectTo(child, unix.SOCK_STREAM)
		}
		s.everyRequest("bound", bound)
		for range 3 {
			s.accept(bound)
		}
		s.listen(child, 1)
		s.accept(child)
		s.unlink(s.root, "bound", 0)
		s.listen(bound, 1)
		s.accept(bound)
		s.closeFDs(child)
		s.fstat(bound)
	}},
	{name: "descriptors that sockets leave behind", gofer: allSockets, steps: func(s *session) {
		before := s.gofer.Descriptors()
		for range 40 {
			child, bound := s.bindQuietly("bound")
			s.quietly(lisafs.Listen, encode(&lisafs.ListenReq{FD: bound, Backlog: 1}))
			s.quietly(lisafs.Connect, encode(&lisafs.ConnectReq{FD: child, SockType: 1}))
			s.quietly(lisafs.Accept, encode(&lisafs.AcceptReq{FD: bound}))
			s.quietly(lisafs.Close, encode(&lisafs.CloseReq{FDs: []lisafs.FDID{bound, child}}))
			s.quietly(lisafs.UnlinkAt, encode(unlinkRequest(s.root, "bound")))
		}
		s.growth(before, 40)
	}},
}

func (s *session) bindQuietly(name string) (child, bound lisafs.FDID) {
	r := s.wire.call(lisafs.BindAt, encode(bindRequest(s.root, name)))
	defer r.closeFDs()
	var resp lisafs.BindAtResp
	r.into(&resp)
	return resp.Child.ControlFD, resp.BoundSocketFD
}

// connectHost connects to a socket of the tree from the host.
func (s *session) connectHost(name string) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrUnix{Name: s.hostPath(name)})
	}
	s.note("on the host: connect to "+name, errorText(err))
	s.kept = append(s.kept, reply{fds: []int{fd}})
}
