package main

import (
	"fmt"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

var sessionCases = []testCase{
	{name: "Mount may be repeated", steps: func(s *session) {
		again := s.mount()
		s.walk(again.ControlFD, "file")
		s.closeFDs(s.root)
		s.walk(again.ControlFD, "file")
		s.mount()
	}},
	{name: "requests before Mount", wires: []wireKind{rawSocketKind}, connections: func(r *run) {
		s := &session{run: r, wire: newRawSocket(r.gofer.Take(1), &r.watch)}
		r.open = append(r.open, s.wire)
		s.everyRequest("before", 1)
		s.root = s.mount().ControlFD
		s.walk(s.root, "file")
	}},
	{name: "as many channels as there are", wires: []wireKind{rawSocketKind}, steps: func(s *session) {
		for range 6 {
			s.call(lisafs.Channel, "", nil)
		}
		s.fstat(s.root)
	}},
	{name: "a channel over a channel", wires: []wireKind{rawChannelKind}, steps: func(s *session) {
		for range 5 {
			s.call(lisafs.Channel, "", nil)
		}
		s.fstat(s.root)
	}},
	{name: "Channel takes what stands in its body", wires: rawWires, steps: func(s *session) {
		s.call(lisafs.Channel, "100 bytes", make([]byte, 100))
	}},
	{name: "channels and the socket are one connection", wires: []wireKind{rawChannelKind}, steps: func(s *session) {
		fd := s.walk(s.root, "file")
		channel := s.wire.(*rawChannel)
		onSocket := &session{run: s.run, wire: channel.socket, root: s.root, name: "socket: "}
		onSocket.fstat(fd)
		opened, _ := onSocket.openAt(fd, 0)
		s.pread(opened, 0, 10)
		onSocket.closeFDs(opened)
		s.fstat(opened)
	}},
	{name: "a channel goes on when its FD socket is closed", wires: []wireKind{rawChannelKind},
		steps: func(s *session) {
			fd := s.walk(s.root, "file")
			s.wire.(*rawChannel).fds.Shutdown()
			s.fstat(fd)
			s.openAt(fd, 0)
			s.fstat(fd)
		}},
	{name: "several mounts on one server", gofer: manyMounts, connections: func(r *run) {
		r.note("mounts", r.gofer.Mounts)
		for i := range r.gofer.Connections() {
			s := r.connect(i, fmt.Sprintf("mount %d: ", i))
			s.mount()
			s.walkAll(s.root, "dir", "a")
			s.walkAll(s.root, "etc", "hostname")
			s.create(s.root, "made", 2, owner{0o644, 0, 0})
			s.getdents(s.openFileAt(s.root), 1<<16)
			s.link(s.root, s.root, "root")
			s.link(s.root, s.walk(s.root, "file"), "hard")
			s.setStat(lisafs.SetStatReq{FD: s.root, Mask: statxTimes})
			s.setXattr(s.root, "user.root", "v", 0)
		}
	}},
	{name: "a file as a mount", gofer: harness.Options{Mounts: []harness.Mount{
		{Source: "tree/file", Destination: "/etc/file", Options: []string{"rbind", "rw"}},
		{Source: "tree/fifo", Destination: "/etc/fifo", Options: []string{"rbind", "rw"}},
		{Source: "tree/socket", Destination: "/etc/socket", Options: []string{"rbind", "rw"}},
		{Source: "tree/null", Destination: "/etc/null", Options: []string{"rbind", "rw"}},
	}}, connections: func(r *run) {
		r.note("mounts", r.gofer.Mounts)
		for i, kind := range []string{"file", "fifo", "socket", "null"} {
			s := r.connect(i+1, kind+": ")
			s.mount()
			s.walkAll(s.root)
			s.walkAll(s.root, "a")
			s.walkStat(s.root, "")
			s.everyRequest(kind, s.root)
			s.setStat(lisafs.SetStatReq{FD: s.root, Mask: settableMask, Mode: 0o640, UID: 2, GID: 3, Size: 7})
			s.fstat(s.root)
			opened, _ := s.openAt(s.root, 2)
			s.pwrite(opened, 0, "written")
			s.pread(opened, 0, 100)
		}
	}},
	{name: "one connection ends and the others go on", gofer: manyMounts, connections: func(r *run) {
		root, one, two := r.connect(0, "root: "), r.connect(1, "one: "), r.connect(2, "two: ")
		held := two.walk(two.root, "dir")
		one.hangUp()
		two.walkAll(held, "a")
		root.walkAll(root.root, "etc")
		root.hangUp()
		two.walkAll(held, "a")
	}},
	{name: "the descriptors of a connection that ends are closed", gofer: manyMounts, connections: func(r *run) {
		one, two := r.connect(1, "one: "), r.connect(2, "two: ")
		before := r.gofer.Descriptors()
		for range 100 {
			one.quietly(lisafs.Walk, encode(walkRequest(one.root, "dir", "sub", "deep", "leaf")))
		}
		one.growth(before, 100)
		one.hangUp()
		two.settled(before, 100)
		two.fstat(two.root)
	}},
	{name: "what the gofer tells about its mounts", gofer: harness.Options{Mounts: []harness.Mount{
		{Source: "tree", Destination: "/mnt", Options: []string{"rbind", "rw", "noatime"}},
		{Source: "tree/dir", Destination: "/etc/link-to/../nested/./here", Options: []string{"rbind", "ro"}},
		{Source: "tree/dir", Destination: "/through/link", Options: []string{"rbind", "nosuid", "nodev"}},
	}}, prepare: func(b *builder) {
		rootfs := &builder{root: b.path("../bundle/rootfs")}
		rootfs.dir("real", 0o755)
		rootfs.symlink("through", "/real")
		b.do(rootfs.err)
	}, connections: func(r *run) {
		r.note("mounts", r.gofer.Mounts)
		root := r.connect(0, "root: ")
		root.walkAll(root.root, "real", "link", "a")
		root.walkAll(root.root, "etc", "nested", "here", "a")
	}},
	{name: "the connection to the devices", gofer: harness.Options{Dev: true}, connections: func(r *run) {
		r.note("mounts", r.gofer.Mounts)
		s := r.connectBy(r.kind, r.gofer.TakeDev(), "dev: ")
		s.mount()
		s.getdents(s.openFileAt(s.root), 1<<16)
		s.openAt(s.walk(s.root, "null"), 2)
		tree := r.connect(1, "tree: ")
		tree.openAt(tree.walk(tree.root, "null"), 2)
	}},
}

var manyMounts = harness.Options{Mounts: []harness.Mount{
	writableTree,
	{Source: "tree/dir", Destination: "/other/place", Options: []string{"rbind", "rw"}},
	{Source: "tree/empty-dir", Destination: "/other/place/sub/deeper", Options: []string{"rbind", "ro"}},
	{Source: "tree/dir", Destination: "/readonly", Options: []string{"rbind", "rw"}, Conf: "lisafs:memory"},
}}

// settled waits until about as many descriptors are open as before.
func (s *session) settled(before, times int) {
	for range 200 {
		if s.gofer.Descriptors() < before+times/2 {
			s.note("the descriptors are closed", "yes")
			return
		}
		_, _ = unix.Poll(nil, 10)
	}
	s.note("the descriptors are closed", fmt.Sprintf("no, %d more", s.gofer.Descriptors()-before))
}

var readonlyCases = []testCase{
	{name: "every request on a read-only connection", gofer: harness.Options{Mounts: []harness.Mount{readonlyTree}},
		steps: func(s *session) { s.readonly() }},
	{name: "every request on a mount with an overlay", gofer: harness.Options{Mounts: []harness.Mount{
		{Source: "tree", Destination: "/mnt", Options: []string{"rbind", "rw"}, Conf: "lisafs:memory"},
	}}, steps: func(s *session) { s.readonly() }},
	{name: "every request on a read-only root", gofer: harness.Options{RootReadonly: true}, connections: func(r *run) {
		r.note("mounts", r.gofer.Mounts)
		r.connect(0, "").readonly()
	}},
	{name: "every request on a root with an overlay", gofer: harness.Options{RootConf: "lisafs:self"},
		connections: func(r *run) {
			r.connect(0, "").readonly()
		}},
	{name: "a read-only connection refuses before it decodes",
		gofer: harness.Options{Mounts: []harness.Mount{readonlyTree}},
		wires: rawWires, steps: func(s *session) {
			for m := range lisafs.MID(36) {
				if m != lisafs.Channel {
					s.call(m, "nothing", nil)
					s.call(m, "one byte", []byte{1})
				}
			}
		}},
	{name: "a read-only and a writable connection to the same files", gofer: harness.Options{Mounts: []harness.Mount{
		writableTree, {Source: "tree", Destination: "/readonly", Options: []string{"rbind", "ro"}},
	}}, connections: func(r *run) {
		writable, readonly := r.connect(1, "writable: "), r.connect(2, "read-only: ")
		_, opened := writable.create(writable.root, "new", 2, owner{0o644, 0, 0})
		fd := readonly.walk(readonly.root, "new")
		writable.pwrite(opened, 0, "content")
		reader, _ := readonly.openAt(fd, 0)
		readonly.pread(reader, 0, 100)
		readonly.openAt(fd, 2)
		writable.unlink(writable.root, "new", 0)
		readonly.pread(reader, 0, 100)
		readonly.openAt(fd, 0)
		readonly.getXattr(fd, "user.x", 1)
	}},
}

func (s *session) readonly() {
	for _, kind := range append([]string{"etc"}, kinds...) {
		s.everyRequest(kind, s.walk(s.root, kind))
	}
	s.everyRequest("mount point", s.root)
	s.everyRequest("unknown", neverGiven)
	for _, path := range [][]string{{"file"}, {"etc", "hostname"}, {"dir"}} {
		fd := s.walk(s.root, path...)
		for _, flags := range everyOpenFlags {
			opened, _ := s.openAt(fd, flags)
			s.pread(opened, 0, 10)
			s.everyRequest("open", opened)
		}
	}
	for _, r := range everyNamedRequest {
		for _, name := range []string{"", "a/b", "..", "ok"} {
			s.call(r.m, r.title+" "+name, encode(r.on(s.root, name)))
		}
	}
}
