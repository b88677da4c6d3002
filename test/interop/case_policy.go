package main

import (
	"time"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
)

// policyCases are about what flags allow: FIFOs, sockets, devices, donated mount points.
var policyCases = func() []testCase {
	cases := []testCase{
		{name: "directfs donates the mount points", gofer: harness.Options{Directfs: true, Mounts: []harness.Mount{
			writableTree, {Source: "tree/dir", Destination: "/ro", Options: []string{"rbind", "ro"}},
			{Source: "tree/file", Destination: "/etc/file", Options: []string{"rbind"}},
			{Source: "tree/socket", Destination: "/etc/socket", Options: []string{"rbind"}},
		}}, wires: []wireKind{rawSocketKind}, connections: func(r *run) {
			r.note("mounts", r.gofer.Mounts)
			for i, name := range []string{"root: ", "tree: ", "read-only: ", "file: ", "socket: "} {
				s := r.connect(i, name)
				s.mount()
				s.mount()
				s.fstat(s.root)
				_, opened := s.openAt(s.root, 0)
				opened.closeFDs()
			}
		}},
		{name: "directfs donates a mount point opened as a file", gofer: harness.Options{Directfs: true},
			wires: []wireKind{clientSocket}, steps: func(s *session) {
				s.mount()
				fd, _ := s.openAt(s.root, 0)
				s.fstat(fd)
				s.openAt(s.walk(s.root, "dir"), 0)
				s.openAt(s.walk(s.root, "file"), 2)
				s.openAt(s.root, 2)
				s.closeFDs(fd)
			}},
		{name: "directfs in a gofer that is the overlay's lower layer", gofer: harness.Options{Directfs: true,
			RootConf: "lisafs:self"},
			wires: []wireKind{rawSocketKind}, connections: func(r *run) {
				s := r.connect(0, "root: ")
				s.mount()
				s.walkAll(s.root, "etc", "hostname")
			}},
		{name: "opening a FIFO without a peer", gofer: harness.Options{Flags: []string{"--host-fifo=open"}},
			wires: []wireKind{clientSocket}, patience: 2 * time.Second,
			steps: func(s *session) { s.openAt(s.walk(s.root, "fifo"), unix.O_RDONLY) }},
		{name: "opening a FIFO without a reader", gofer: harness.Options{Flags: []string{"--host-fifo=open"}},
			wires: []wireKind{clientSocket}, steps: func(s *session) {
				s.openAt(s.walk(s.root, "fifo"), unix.O_WRONLY)
			}},
		{name: "a FIFO with a peer", gofer: harness.Options{Flags: []string{"--host-fifo=open"}}, steps: func(s *session) {
			peer, err := unix.Open(s.hostPath("fifo"), unix.O_RDWR|unix.O_NONBLOCK, 0)
			s.note("the peer", errorText(err))
			defer unix.Close(peer)
			for mode := range uint32(3) {
				opened, _ := s.openAt(s.walk(s.root, "fifo"), mode)
				s.fstat(opened)
				s.pwrite(opened, 0, "x")
				s.pread(opened, 0, 10)
				s.closeFDs(opened)
			}
			s.openAt(s.walk(s.root, "fifo"), unix.O_TRUNC)
		}},
	}
	for _, flag := range []string{"--host-fifo=none", "--host-fifo=open", "--host-uds=none", "--host-uds=open",
		"--host-uds=create",
		"--host-uds=all", "--character-device-policy=emulated-only", "--character-device-policy=prefer-emulated",
		"--character-device-policy=passthrough", "--fsgofer-host-uds", "--overlay2=none",
		"--file-access-mounts=exclusive"} {
		cases = append(cases, testCase{name: "what " + flag + " allows",
			gofer: harness.Options{Flags: []string{flag}}, steps: func(s *session) {
				for _, kind := range []string{"file", "socket", "null", "zero", "block"} {
					fd := s.walk(s.root, kind)
					for _, mode := range []uint32{unix.O_RDONLY, unix.O_WRONLY, unix.O_RDWR, unix.O_TRUNC} {
						s.openAt(fd, mode)
					}
				}
				s.openAt(s.walk(s.root, "fifo"), unix.O_RDWR)
				s.connectTo(s.walk(s.root, "file"), 1)
				s.connectTo(s.walk(s.root, "dir"), 1)
			}})
	}
	return cases
}()
