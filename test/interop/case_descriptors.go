package main

import (
	"bun-gofer/test/interop/harness"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// descriptorCases send every request to every kind of descriptor.
var descriptorCases = []testCase{
	{name: "every request on a control descriptor of every kind of file", steps: func(s *session) {
		for _, kind := range kinds {
			fd := s.walk(s.root, kind)
			if kind == "dir" {
				// What the requests make here is made in a directory of its own.
				fd = s.mkdir(s.root, "made", owner{0o755, 0, 0})
			}
			s.everyRequest(kind, fd)
		}
	}},
	{name: "every request on the mount point", steps: func(s *session) { s.everyRequest("mount point", s.root) }},
	{name: "every request on an open file", steps: func(s *session) {
		s.everyRequest("read-only", s.openFile(0, "file"))
		s.everyRequest("write-only", s.openFile(1, "file"))
		s.everyRequest("read-write", s.openFile(2, "file"))
		s.everyRequest("access mode 3", s.openFile(3, "file"))
	}},
	{name: "every request on an open directory", steps: func(s *session) {
		s.everyRequest("directory", s.openFile(0, "dir"))
		s.everyRequest("mount point", s.openFile(0))
	}},
	{name: "every request on a descriptor that was never given", steps: func(s *session) {
		s.everyRequest("zero", lisafs.InvalidFDID)
		s.everyRequest("unknown", neverGiven)
		s.everyRequest("largest", ^lisafs.FDID(0))
	}},
	{name: "every request on a closed descriptor", steps: func(s *session) {
		control := s.walk(s.root, "dir")
		open := s.openFile(2, "file")
		s.closeFDs(control, open)
		s.everyRequest("control", control)
		s.everyRequest("open", open)
	}},
	{name: "an open descriptor outlives its control descriptor", steps: func(s *session) {
		control := s.walk(s.root, "file")
		open, _ := s.openAt(control, 2)
		s.closeFDs(control)
		s.fstat(control)
		s.fstat(open)
		s.pread(open, 0, 100)
		s.pwrite(open, 2, "xyz")
		s.closeFDs(open)
		s.fstat(open)
	}},
	{name: "a closed ID is not given again", steps: func(s *session) {
		first := s.walk(s.root, "file")
		s.closeFDs(first)
		for range 20 {
			s.closeFDs(s.walk(s.root, "dir"))
		}
		s.fstat(first)
	}},
	{name: "Close passes over what is not there", steps: func(s *session) {
		s.closeFDs()
		s.closeFDs(lisafs.InvalidFDID, neverGiven, ^lisafs.FDID(0))
		file, dir := s.walk(s.root, "file"), s.walk(s.root, "dir")
		s.closeFDs(file, file, neverGiven, dir, dir)
		s.fstat(file)
		s.fstat(dir)
		s.closeFDs(s.root)
		s.fstat(s.root)
		s.walk(s.root, "file")
		s.walk(s.mount().ControlFD, "file")
	}},
	{name: "a descriptor of one connection is unknown to another", gofer: harness.Options{
		Mounts: []harness.Mount{writableTree, {Source: "tree", Destination: "/other", Options: []string{"rbind"}}},
	}, connections: func(r *run) {
		one, other := r.connect(1, "one: "), r.connect(2, "other: ")
		for range 5 {
			one.walk(one.root, "dir")
		}
		last := one.walk(one.root, "dir")
		other.everyRequest("of the other connection", last)
	}},
}

func (s *session) everyRequest(what string, fd lisafs.FDID) {
	for _, r := range everyRequest {
		if r.m == lisafs.Flush && s.kind != rawSocketKind && s.kind != rawChannelKind {
			continue
		}
		s.call(r.m, what+" "+s.fdid(fd), encode(r.on(fd)))
	}
}
