package main

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

func crowd(count int) func(b *builder) {
	return func(b *builder) {
		b.dir("crowd", 0o755)
		for i := range count {
			b.file(fmt.Sprintf("crowd/%0*d", 1+i%60, i), "", 0o644)
		}
	}
}

var directoryCases = []testCase{
	{name: "Getdents64 with every count", steps: func(s *session) {
		fd := s.openFileAt(s.root)
		for _, count := range []int32{0, 1, 23, 24, 31, 32, 48, 100, 279, 280, 281, 500, 1000, 8192, 1 << 16,
			1<<31 - 1} {
			s.getdents(fd, -1)
			for range 3 {
				s.getdents(fd, count)
			}
		}
	}},
	{name: "Getdents64 rewinds on a negative count", steps: func(s *session) {
		fd := s.openFileAt(s.root)
		for _, count := range []int32{-8192, -8192, 8192, 8192, -1, -300, -1 << 31, 100} {
			s.getdents(fd, count)
		}
	}},
	{name: "Getdents64 of an empty directory and of no directory", steps: func(s *session) {
		for _, name := range []string{"empty-dir", "file", "dir"} {
			fd := s.openFile(0, name)
			s.getdents(fd, 8192)
			s.getdents(fd, 8192)
			s.getdents(fd, -8192)
		}
		s.getdents(s.walk(s.root, "dir"), 8192)
		s.getdents(neverGiven, 8192)
		s.getdents(s.openFile(0, "fifo"), 8192)
		s.getdents(s.openFile(0, "dir-link"), 8192)
	}},
	{name: "Getdents64 of names of every length", prepare: func(b *builder) {
		b.dir("lengths", 0o755)
		for length := 1; length <= 255; length++ {
			b.file("lengths/"+strings.Repeat("l", length), "", 0o644)
		}
	}, steps: func(s *session) {
		fd := s.openFile(0, "lengths")
		for range 12 {
			s.getdents(fd, 4096)
		}
	}},
	{name: "Getdents64 pages through 5000 entries", prepare: crowd(5000), steps: func(s *session) {
		for _, count := range []int32{1000, 4096, 8191, 8192} {
			fd := s.openFile(0, "crowd")
			s.pages(fd, count, 500)
		}
	}},
	{name: "Getdents64 pages of more than 8192 bytes", prepare: crowd(5000), steps: func(s *session) {
		for _, count := range []int32{8193, 10000, 32768, 65536, 100_000, 1 << 20, 1<<31 - 1} {
			s.pages(s.openFile(0, "crowd"), count, 100)
		}
	}},
	{name: "Getdents64 of 5000 entries in one", prepare: crowd(5000), steps: func(s *session) {
		fd := s.openFile(0, "crowd")
		s.getdents(fd, 1<<20)
		s.getdents(fd, 1<<20)
		s.getdents(fd, -1<<20)
	}},
	{name: "Getdents64 of more than an answer holds", prepare: func(b *builder) {
		b.dir("crowd", 0o755)
		for i := range 9000 {
			b.file(fmt.Sprintf("crowd/%0250d", i), "", 0o644)
		}
	}, steps: func(s *session) {
		fd := s.openFile(0, "crowd")
		s.getdents(fd, 1<<31-1)
		s.fstat(s.root)
		s.getdents(fd, -8192)
	}},
	{name: "Getdents64 while entries come and go", steps: func(s *session) {
		fd := s.openFileAt(s.root)
		s.getdents(fd, 300)
		s.unlink(s.root, "file", 0)
		s.create(s.root, "zzz", 2, owner{0o644, 0, 0})
		s.onHostRemove("dir")
		s.onHostMkdir("on-host")
		s.getdents(fd, 1<<16)
		s.getdents(fd, -1<<16)
	}},
	{name: "Getdents64 shares its place with the donated descriptor", steps: func(s *session) {
		opened, r := s.openAt(s.root, 0)
		s.note("donated", fmt.Sprint(len(r.fds)))
		s.getdents(opened, 300)
		s.pread(opened, 0, 10)
		s.getdents(opened, 1<<16)
	}},
	{name: "Getdents64 of two descriptors of one directory", steps: func(s *session) {
		one, two := s.openFile(0, "dir"), s.openFile(0, "dir")
		s.getdents(one, 50)
		s.getdents(two, 1000)
		s.getdents(one, 1000)
	}},
}

// pages reads a directory to its end and notes each page, and the names of all pages together.
func (s *session) pages(fd lisafs.FDID, count int32, pagesMax int) {
	var all []string
	for range pagesMax {
		entries := s.getdents(fd, count)
		if len(entries) == 0 {
			break
		}
		for _, entry := range entries {
			all = append(all, string(entry.Name))
		}
	}
	s.note(fmt.Sprint("all entries in pages of ", count), fmt.Sprint(len(all), " ",
		hash([]byte(strings.Join(all, "/")))))
}

var deletedCases = []testCase{
	{name: "every request on deleted files of every kind", steps: func(s *session) {
		for _, kind := range kinds {
			fd := s.walk(s.root, kind)
			var opened lisafs.FDID
			if kind != "fifo" {
				opened, _ = s.openAt(fd, 0)
			}
			s.unlink(s.root, kind, 0)
			s.unlink(s.root, kind, unix.AT_REMOVEDIR)
			s.everyRequest("deleted "+kind, fd)
			s.everyRequest("open deleted "+kind, opened)
		}
	}},
	{name: "every request on files deleted on the host", steps: func(s *session) {
		for _, kind := range []string{"file", "dir", "link", "socket", "fifo"} {
			fd := s.walk(s.root, kind)
			var opened lisafs.FDID
			if kind != "fifo" {
				opened, _ = s.openAt(fd, 0)
			}
			s.onHostRemove(kind)
			s.everyRequest("deleted "+kind, fd)
			s.everyRequest("open deleted "+kind, opened)
		}
	}},
	{name: "a deleted file is read, written, truncated and opened anew", steps: func(s *session) {
		fd := s.walk(s.root, "file")
		opened, _ := s.openAt(fd, 2)
		s.unlink(s.root, "file", 0)
		s.pread(opened, 0, 100)
		s.pwrite(opened, 10, "after the end")
		s.setStat(lisafs.SetStatReq{FD: fd, Mask: settableMask, Mode: 0o600, UID: 1, GID: 1, Size: 12})
		s.fstat(fd)
		s.allocate(opened, 0, 0, 100)
		s.fsync(opened)
		again, _ := s.openAt(fd, 2)
		s.pread(again, 0, 200)
		s.openAt(fd, unix.O_TRUNC)
		s.fstat(again)
	}},
	{name: "a deleted name is used again", steps: func(s *session) {
		old := s.walk(s.root, "file")
		s.unlink(s.root, "file", 0)
		s.create(s.root, "file", 2, owner{0o600, 0, 0})
		s.link(s.root, old, "old-linked")
		s.link(s.root, s.walk(s.root, "file"), "new-linked")
		s.fstat(old)
		dir := s.walk(s.root, "empty-dir")
		s.unlink(s.root, "empty-dir", unix.AT_REMOVEDIR)
		s.mkdir(s.root, "empty-dir", owner{0o755, 0, 0})
		s.create(dir, "in the old one", 2, owner{0o600, 0, 0})
		s.create(s.walk(s.root, "empty-dir"), "in the new one", 2, owner{0o600, 0, 0})
		s.walkAll(dir, "in the new one")
		s.walkStat(dir, "in the new one")
		s.walkStat(dir, "")
	}},
	{name: "renames with deleted directories", steps: func(s *session) {
		gone := s.mkdir(s.root, "gone", owner{0o755, 0, 0})
		s.unlink(s.root, "gone", unix.AT_REMOVEDIR)
		s.rename(gone, "x", s.root, "y")
		s.rename(s.root, "file", gone, "y")
		s.rename(gone, "x", gone, "x")
		s.rename2(s.root, "file", gone, "y", 2)
		s.link(gone, s.walk(s.root, "file"), "y")
		s.symlink(gone, "y", "to", owner{0, 0, 0})
		s.getdents(s.openFileAt(gone), 8192)
	}},
	{name: "what is below a deleted directory", steps: func(s *session) {
		leaf, deep := s.walk(s.root, "dir", "sub", "deep", "leaf"), s.walk(s.root, "dir", "sub", "deep")
		s.onHostRemove("dir/sub")
		s.everyRequest("leaf, its directory gone on the host", leaf)
		sub := s.walk(s.root, "dir")
		s.unlink(sub, "sub", unix.AT_REMOVEDIR)
		s.everyRequest("deep", deep)
		s.onHostMkdir("dir/sub")
		s.onHostMkdir("dir/sub/deep")
		s.everyRequest("deep, its path there again", deep)
	}},
}
