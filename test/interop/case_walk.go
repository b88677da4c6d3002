package main

import (
	"fmt"
	"os"
	"strings"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// kinds are one file of every kind.
var kinds = []string{"file", "empty", "setid", "secret", "huge", "hard1", "hard2", "dir", "empty-dir", "sticky",
	"locked",
	"link", "dir-link", "dangling", "loop", "absolute", "outside", "long-link", "fifo", "socket", "null",
	"zero", "block"}

// paths go through everything that a walk can meet.
var paths = [][]string{
	{},
	{"dir"},
	{"dir", "sub", "deep", "leaf"},
	{"dir", "sub", "deep", "leaf", "below"},
	{"missing"},
	{"missing", "further"},
	{"dir", "missing", "further"},
	{"file", "below"},
	{"link"},
	{"link", "below"},
	{"dir-link", "a"},
	{"dir-link", "sub", "deep"},
	{"dir", "inner"},
	{"dir", "inner", "below"},
	{"dangling", "below"},
	{"loop", "loop"},
	{"absolute", "x"},
	{"outside", "etc"},
	{"fifo", "x"},
	{"socket", "x"},
	{"null", "x"},
	{"block"},
	{"block", "x"},
	{"dir", "", "a"},
	{"", "dir"},
	{""},
	{"", ""},
	{"dir", ".."},
	{"dir", ".", "a"},
	{"..", "tree"},
	{"dir", "sub", "..", "a"},
	{"dir", "a/b"},
	{"missing", ".."},
	{"link", ".."},
	{"link", ""},
	{"locked"},
	{"locked", "x"},
	{"secret"},
	{"not-utf8-\xff\xfe"},
	{longName},
	{"dir", strings.Repeat("n", 256)},
	{"dir", "sub", "deep", "leaf", ".."},
}

var walkCases = []testCase{
	{name: "Walk along every kind of path", steps: func(s *session) {
		for _, path := range paths {
			s.walkAll(s.root, path...)
		}
	}},
	{name: "WalkStat along every kind of path", steps: func(s *session) {
		for _, path := range paths {
			s.walkStat(s.root, path...)
		}
	}},
	{name: "Walk and WalkStat from every kind of file", steps: func(s *session) {
		for _, kind := range kinds {
			from := s.walk(s.root, kind)
			for _, path := range [][]string{{}, {""}, {"", "a"}, {"a"}, {".."}, {"", ""}, {"a", "b"}, {"", ".."}} {
				s.walkAll(from, path...)
				s.walkStat(from, path...)
			}
		}
	}},
	{name: "walks without the right to search, in a user namespace", gofer: harness.Options{UserNamespace: true},
		steps: func(s *session) {
			s.walkAll(s.root, "locked", "x")
			s.walkStat(s.root, "locked", "x")
			s.walkAll(s.root, "secret")
		}},
	{name: "Walk gives a new descriptor each time", steps: func(s *session) {
		one, two := s.walk(s.root, "file"), s.walk(s.root, "file")
		s.closeFDs(one)
		s.fstat(one)
		s.fstat(two)
	}},
	{name: "a failed Walk leaves no descriptor behind", steps: func(s *session) {
		before := s.gofer.Descriptors()
		for range 50 {
			s.quietly(lisafs.Walk, encode(walkRequest(s.root, "dir", "sub", "a/b")))
		}
		s.walkAll(s.root, "dir", "sub", "a/b")
		s.growth(before, 50)
	}},
	{name: "the most names in a Walk", prepare: deepTree, steps: func(s *session) {
		s.walkAll(s.root, deepPath(1000)...)
		s.walkStat(s.root, deepPath(1000)...)
		// 2,093,056 bytes hold 13,769 inodes and 14,534 attributes.
		for _, count := range []int{13768, 13769, 13770, 13771, 14533, 14534, 14535, 14536, 65535} {
			s.walkAll(s.root, repeated("missing", count)...)
			s.walkStat(s.root, repeated("missing", count)...)
		}
	}},
	{name: "a Walk over a mount point and what is below", gofer: harness.Options{Mounts: []harness.Mount{
		writableTree, {Source: "tree/dir", Destination: "/mnt/empty-dir", Options: []string{"rbind", "rw"}},
	}}, connections: func(r *run) {
		outer, inner := r.connect(1, "outer: "), r.connect(2, "inner: ")
		outer.walkAll(outer.root, "empty-dir", "sub", "deep")
		outer.walkStat(outer.root, "empty-dir", "sub", "deep")
		inner.walkAll(inner.root, "sub", "deep")
		outer.getdents(outer.openFile(0), 1<<16)
	}},
	{name: "a walk sees what happens on the host", steps: func(s *session) {
		dir := s.walk(s.root, "dir")
		s.onHostRename("dir", "moved")
		s.onHostSymlink("dir", "/")
		s.walkAll(s.root, "dir", "etc")
		s.walkStat(s.root, "dir", "etc")
		s.walkAll(dir, "a")
		s.walkStat(dir, "", "sub", "deep")
		s.onHostRemove("moved/a")
		s.onHostMkdir("moved/a")
		a := s.walk(dir, "a")
		s.create(a, "inside", 2, owner{0o644, 0, 0})
		s.onHostRename("moved/sub", "sub")
		s.onHost("a FIFO in place of sub", func() error { return unix.Mkfifo(s.hostPath("moved/sub"), 0o600) })
		s.walkAll(dir, "sub", "deep")
		s.walkStat(dir, "sub", "deep")
	}},
}

const deepName = "d"

func deepTree(b *builder) {
	path := b.root
	for range 1000 {
		path += "/" + deepName
		if len(path) > 4000 {
			break
		}
		b.do(os.Mkdir(path, 0o755))
	}
}

func deepPath(count int) []string { return repeated(deepName, count) }

func repeated(name string, count int) []string {
	list := make([]string, count)
	for i := range list {
		list[i] = name
	}
	return list
}

// growth notes by how much the gofer's open descriptors have grown, in parts of what was done. What a runtime opens for
// itself is less than half a part.
func (s *session) growth(before, times int) {
	grown := s.gofer.Descriptors() - before
	s.note("descriptors that stayed open for each", fmt.Sprint((grown+times/2)/times))
}
