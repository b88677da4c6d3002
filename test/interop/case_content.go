package main

import (
	"strings"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

var contentCases = []testCase{
	{name: "OpenAt with every flag on every kind of file", steps: func(s *session) {
		for _, kind := range kinds {
			fd := s.walk(s.root, kind)
			for _, flags := range everyOpenFlags {
				opened, _ := s.openAt(fd, flags)
				s.closeFDs(opened)
			}
		}
	}},
	{name: "OpenAt drops each flag but the access mode and O_TRUNC", steps: func(s *session) {
		fd := s.walk(s.root, "file")
		for bit := range 32 {
			_, _ = s.openAt(fd, 1<<bit)
			_, _ = s.openAt(fd, 1<<bit|unix.O_RDWR)
		}
	}},
	{name: "O_TRUNC empties a file", steps: func(s *session) {
		for _, mode := range []uint32{unix.O_RDONLY, unix.O_WRONLY, unix.O_RDWR, 3} {
			s.onHostWrite("file", "full again")
			opened, _ := s.openAt(s.walk(s.root, "file"), unix.O_TRUNC|mode)
			s.fstat(opened)
		}
	}},
	{name: "OpenCreateAt with every flag", steps: func(s *session) {
		for i, flags := range everyOpenFlags {
			child, opened := s.create(s.root, "made-"+string(rune('a'+i)), flags, owner{0o640, 5, 6})
			s.fstat(child)
			s.fstat(opened)
			s.pwrite(opened, 0, "some")
			s.pread(opened, 0, 10)
		}
	}},
	{name: "OpenCreateAt with every mode and owner", steps: func(s *session) {
		for i, o := range everyOwner {
			child, opened := s.create(s.root, "made-"+string(rune('a'+i)), unix.O_RDWR, o)
			s.closeFDs(child, opened)
		}
	}},
	{name: "OpenCreateAt refuses what is there", steps: func(s *session) {
		for _, kind := range kinds {
			s.create(s.root, kind, unix.O_RDWR|unix.O_TRUNC, owner{0o644, 0, 0})
		}
	}},
	{name: "PRead at every offset", steps: func(s *session) {
		for _, name := range []string{"file", "empty", "huge"} {
			fd := s.openFile(0, name)
			for _, offset := range everyOffset {
				for _, count := range []uint32{0, 1, 7, 4096} {
					s.pread(fd, offset, count)
				}
			}
		}
	}},
	{name: "PRead of every size", steps: func(s *session) {
		for _, name := range []string{"file", "huge"} {
			fd := s.openFile(0, name)
			for _, count := range []uint32{1 << 16, 1 << 20, payloadBytesMax - 9, payloadBytesMax - 8,
				payloadBytesMax - 7,
				payloadBytesMax, 1 << 22, 1 << 31} {
				s.pread(fd, 0, count)
			}
		}
		s.fstat(s.root)
	}},
	{name: "PRead of nearly 2^32 bytes", steps: func(s *session) {
		fd := s.openFile(0, "file")
		for _, count := range []uint32{1<<32 - 9, 1<<32 - 8, 1<<32 - 7, 1<<32 - 1} {
			s.pread(fd, 0, count)
		}
		s.fstat(s.root)
	}},
	{name: "PWrite at every offset", steps: func(s *session) {
		fd := s.openFile(unix.O_RDWR, "file")
		for _, offset := range everyOffset {
			for _, data := range []string{"", "x", "some data"} {
				s.pwrite(fd, offset, data)
			}
			s.fstat(fd)
		}
	}},
	{name: "PWrite of every size", steps: func(s *session) {
		fd := s.openFile(unix.O_WRONLY, "empty")
		for _, size := range []int{1, 4095, 4096, 4097, 1 << 16, 1 << 20, payloadBytesMax - 21, payloadBytesMax - 20} {
			s.pwrite(fd, uint64(size)/2, strings.Repeat("0123456789", size/10+1)[:size])
			s.fstat(fd)
		}
	}},
	{name: "reading and writing want the right access mode", steps: func(s *session) {
		for mode := range uint32(4) {
			fd := s.openFile(mode, "file")
			s.pread(fd, 0, 4)
			s.pwrite(fd, 0, "w")
			s.allocate(fd, 0, 0, 8)
			s.fsync(fd)
			s.fstat(fd)
		}
	}},
	{name: "reading and writing what is no regular file", gofer: harness.Options{
		Flags: []string{"--host-fifo=open", "--character-device-policy=passthrough"},
	}, steps: func(s *session) {
		for _, name := range []string{"dir", "null", "zero"} {
			fd := s.openFile(0, name)
			s.pread(fd, 0, 10)
			s.pread(fd, 5, 10)
			s.pwrite(fd, 0, "x")
			s.fsync(fd)
			s.allocate(fd, 0, 0, 1)
		}
		for _, name := range []string{"null", "zero", "fifo"} {
			fd := s.openFile(unix.O_RDWR, name)
			s.pwrite(fd, 0, "x")
			s.pwrite(fd, 9, "xy")
			s.pread(fd, 0, 10)
			s.fsync(fd)
			s.allocate(fd, 0, 0, 1)
		}
	}},
	{name: "donated descriptors share the open file", steps: func(s *session) {
		opened, r := s.openAt(s.walk(s.root, "file"), unix.O_RDWR)
		if len(r.fds) == 1 {
			_, err := unix.Seek(r.fds[0], 5, unix.SEEK_SET)
			s.note("seek", errorText(err))
			n, err := unix.Write(r.fds[0], []byte("through"))
			s.note("write", errorText(err)+" "+string(rune('0'+n)))
			s.note("descriptor", s.donated(r.fds[0]))
		}
		s.pread(opened, 0, 100)
		s.closeFDs(opened)
		if len(r.fds) == 1 {
			s.note("descriptor after the close", s.donated(r.fds[0]))
			n, err := unix.Pread(r.fds[0], make([]byte, 9), 0)
			s.note("read after the close", errorText(err)+" "+string(rune('0'+n)))
		}
	}},
	{name: "FSync of one, many and wrong descriptors", steps: func(s *session) {
		control, file, dir := s.walk(s.root, "file"), s.openFile(2, "file"), s.openFile(0, "dir")
		s.fsync()
		s.fsync(file)
		s.fsync(dir)
		s.fsync(file, dir, s.openFile(0, "empty"))
		s.fsync(control)
		s.fsync(neverGiven)
		s.fsync(file, control, neverGiven)
		s.fsync(neverGiven, control, file)
		many := make([]lisafs.FDID, 1000)
		for i := range many {
			many[i] = file
		}
		s.fsync(many...)
		s.fsync(append(many, neverGiven)...)
	}},
	{name: "FAllocate grows a file", steps: func(s *session) {
		fd := s.openFile(unix.O_RDWR, "file")
		for _, r := range [][2]uint64{{0, 0}, {0, 1}, {0, 100}, {100, 50}, {1 << 20, 4096}, {0, 1 << 62},
			{1 << 63, 1}, {0, 1 << 63},
			{1<<63 - 1, 1}, {1<<64 - 1, 1<<64 - 1}, {1 << 40, 1 << 50}} {
			s.allocate(fd, 0, r[0], r[1])
			s.fstat(fd)
		}
		s.allocate(s.openFile(0, "file"), 0, 0, 1)
		s.allocate(s.openFile(0, "dir"), 0, 0, 1)
		s.allocate(s.walk(s.root, "file"), 0, 0, 1)
	}},
	{name: "reads and writes through descriptors of the client's own making", steps: func(s *session) {
		client, ok := s.wire.(*clientWire)
		if !ok || client.client == nil {
			s.note("client", "none")
			return
		}
		s.throughClientFD(client.client)
	}},
}

var everyOpenFlags = []uint32{unix.O_RDONLY, unix.O_WRONLY, unix.O_RDWR, 3, unix.O_TRUNC, unix.O_TRUNC | unix.O_WRONLY,
	unix.O_TRUNC | unix.O_RDWR, unix.O_APPEND | unix.O_WRONLY, unix.O_CREAT | unix.O_EXCL, unix.O_DIRECTORY,
	unix.O_PATH,
	unix.O_NONBLOCK | unix.O_RDWR, 1<<32 - 1}

var everyOffset = []uint64{0, 1, 15, 16, 17, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 5, hugeOffset - 1, hugeOffset,
	hugeOffset + 6, hugeOffset + 7, 1 << 53, 1<<53 + 1, 1<<62 - 1, 1<<63 - 4096, 1<<63 - 1, 1 << 63, 1<<64 - 1}

var everyOwner = []owner{{0, 0, 0}, {0o777, 1, 2}, {0o7777, 1, 2}, {0o6755, 0, 0}, {0o644, lisafs.NoUID, lisafs.NoGID},
	{0o644, 5, lisafs.NoGID}, {0o644, lisafs.NoUID, 5}, {0o644, 1<<32 - 2, 1<<32 - 2}, {0o644, 1 << 31, 65536},
	{0o100644, 1, 1}, {0o40755, 1, 1}, {0o177777, 1, 1}, {0o10644, 1, 1}}

func errorText(err error) string {
	if err == nil {
		return "ok"
	}
	return err.Error()
}
