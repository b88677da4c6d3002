package main

import (
	"fmt"
	"strings"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/lisafs"
)

const (
	statxOwner   = unix.STATX_UID | unix.STATX_GID
	statxTimes   = unix.STATX_ATIME | unix.STATX_MTIME
	settableMask = unix.STATX_MODE | statxOwner | unix.STATX_SIZE | statxTimes
)

var attributeCases = []testCase{
	{name: "FStat of control and open descriptors of every kind", steps: func(s *session) {
		for _, kind := range kinds {
			fd := s.walk(s.root, kind)
			s.fstat(fd)
			s.statFS(fd)
			opened, _ := s.openAt(fd, 0)
			s.fstat(opened)
			s.statFS(opened)
		}
		s.fstat(s.root)
		s.statFS(s.root)
	}},
	{name: "SetStat with each bit of the mask", steps: func(s *session) {
		fd := s.walk(s.root, "file")
		for bit := range 32 {
			s.setStat(lisafs.SetStatReq{FD: fd, Mask: 1 << bit, Mode: 0o600, UID: 3, GID: 4, Size: 5,
				Atime: linux.Timespec{Sec: 6, Nsec: 7}, Mtime: linux.Timespec{Sec: 8, Nsec: 9}})
			s.fstat(fd)
		}
		s.setStat(lisafs.SetStatReq{FD: fd})
		s.setStat(lisafs.SetStatReq{FD: fd, Mask: 1<<32 - 1})
	}},
	{name: "SetStat with every combination of bits", steps: func(s *session) {
		bits := []uint32{unix.STATX_MODE, unix.STATX_UID, unix.STATX_GID, unix.STATX_SIZE, unix.STATX_ATIME,
			unix.STATX_MTIME}
		fd := s.walk(s.root, "file")
		for combination := range 1 << len(bits) {
			req := lisafs.SetStatReq{FD: fd, Mode: uint32(0o600 + combination), UID: lisafs.UID(combination),
				GID: lisafs.GID(1000 + combination), Size: uint64(combination),
				Atime: linux.Timespec{Sec: int64(combination)},
				Mtime: linux.Timespec{Sec: int64(1000 + combination)}}
			for i, bit := range bits {
				if combination&(1<<i) != 0 {
					req.Mask |= bit
				}
			}
			s.setStat(req)
			s.fstat(fd)
		}
	}},
	{name: "SetStat on every kind of file", steps: func(s *session) {
		for _, kind := range kinds {
			fd := s.walk(s.root, kind)
			for _, mask := range []uint32{unix.STATX_MODE, unix.STATX_SIZE, statxTimes, statxOwner, settableMask} {
				s.setStat(lisafs.SetStatReq{FD: fd, Mask: mask, Mode: 0o751, UID: 3, GID: 4, Size: 6,
					Atime: linux.Timespec{Sec: 60, Nsec: 7}, Mtime: linux.Timespec{Sec: 80, Nsec: 9}})
				s.fstat(fd)
			}
		}
	}},
	{name: "SetStat of the mode", steps: func(s *session) {
		for _, kind := range []string{"file", "dir", "socket", "fifo"} {
			fd := s.walk(s.root, kind)
			for _, mode := range []uint32{0, 0o777, 0o7777, 0o6755, 0o1000, unix.S_IFDIR | 0o700,
				unix.S_IFREG | 0o644, 0o177777,
				1<<16 | 0o600, 1<<32 - 1} {
				s.setStat(lisafs.SetStatReq{FD: fd, Mask: unix.STATX_MODE, Mode: mode})
				s.fstat(fd)
			}
		}
	}},
	{name: "SetStat of the owner", steps: func(s *session) {
		fd := s.walk(s.root, "setid")
		for _, o := range [][2]uint32{{0, 0}, {1, 2}, {1<<32 - 1, 5}, {6, 1<<32 - 1}, {1<<32 - 1, 1<<32 - 1},
			{1<<32 - 2, 1 << 31}} {
			for _, mask := range []uint32{unix.STATX_UID, unix.STATX_GID, statxOwner} {
				s.setStat(lisafs.SetStatReq{FD: fd, Mask: mask, UID: lisafs.UID(o[0]), GID: lisafs.GID(o[1])})
				s.fstat(fd)
			}
		}
	}},
	{name: "SetStat of the size", steps: func(s *session) {
		for _, kind := range []string{"file", "secret"} {
			fd := s.walk(s.root, kind)
			for _, size := range everyOffset {
				s.setStat(lisafs.SetStatReq{FD: fd, Mask: unix.STATX_SIZE, Size: size})
				s.fstat(fd)
			}
		}
	}},
	{name: "SetStat of the times", steps: func(s *session) {
		for _, kind := range []string{"file", "dir", "link", "fifo", "socket", "null"} {
			fd := s.walk(s.root, kind)
			for _, time := range []linux.Timespec{{}, {Sec: 1, Nsec: 999_999_999}, {Sec: -1}, {Sec: 1 << 31},
				{Sec: 1 << 33, Nsec: 1},
				{Sec: 1 << 40}, {Sec: 1, Nsec: 1_000_000_000}, {Sec: 1, Nsec: -1}, {Nsec: linux.UTIME_OMIT},
				{Sec: 1, Nsec: 1 << 40},
				{Sec: -1 << 63}, {Sec: 1<<63 - 1}} {
				for _, mask := range []uint32{unix.STATX_ATIME, unix.STATX_MTIME, statxTimes} {
					s.setStat(lisafs.SetStatReq{FD: fd, Mask: mask, Atime: time, Mtime: time})
					s.fstat(fd)
				}
			}
			s.setStat(lisafs.SetStatReq{FD: fd, Mask: statxTimes, Atime: linux.Timespec{Nsec: linux.UTIME_NOW},
				Mtime: linux.Timespec{Sec: 5}})
			s.fstat(fd)
		}
	}},
	{name: "SetStat on an open descriptor, in a user namespace and on what was replaced",
		gofer: harness.Options{UserNamespace: true},
		steps: func(s *session) {
			s.setStat(lisafs.SetStatReq{FD: s.openFile(2, "file"), Mask: unix.STATX_MODE})
			link, socket := s.walk(s.root, "link"), s.walk(s.root, "socket")
			s.onHostRemove("link")
			s.onHostRemove("socket")
			s.onHostWrite("link", "now a file")
			s.onHostSymlink("socket", "file")
			for _, fd := range []lisafs.FDID{link, socket, s.walk(s.root, "secret"), s.walk(s.root, "locked")} {
				s.setStat(lisafs.SetStatReq{FD: fd, Mask: settableMask, Mode: 0o700, UID: 9, GID: 9,
					Atime: linux.Timespec{Sec: 6}, Mtime: linux.Timespec{Sec: 8}})
				s.fstat(fd)
			}
		}},
	{name: "ReadLinkAt of every kind", steps: func(s *session) {
		for _, kind := range kinds {
			s.readLink(s.walk(s.root, kind))
		}
	}},
	{name: "ReadLinkAt of every length", steps: func(s *session) {
		for _, length := range []int{1, 126, 127, 128, 129, 255, 256, 257, 511, 512, 4094, 4095} {
			s.readLink(s.symlink(s.root, fmt.Sprint("length-", length), strings.Repeat("l", length), owner{0, 0, 0}))
		}
	}},
}

var xattrCases = []testCase{
	{name: "extended attributes of every kind of file", steps: func(s *session) {
		for _, kind := range kinds {
			fd := s.walk(s.root, kind)
			s.listXattr(fd, 0)
			for _, name := range []string{"user.new", "trusted.new", "security.new", "system.new", "nonsense",
				"user.", ""} {
				s.setXattr(fd, name, "value of "+name, 0)
				s.getXattr(fd, name, 0)
				s.listXattr(fd, 0)
				s.removeXattr(fd, name)
				s.getXattr(fd, name, 0)
			}
		}
	}},
	{name: "extended attributes on a user namespace's gofer", gofer: harness.Options{UserNamespace: true},
		steps: func(s *session) {
			for _, kind := range []string{"file", "dir", "link", "secret", "null"} {
				fd := s.walk(s.root, kind)
				for _, name := range []string{"user.new", "trusted.new", "security.new", "security.capability"} {
					s.setXattr(fd, name, "value", 0)
					s.getXattr(fd, name, 0)
					s.listXattr(fd, 0)
					s.removeXattr(fd, name)
				}
			}
		}},
	{name: "FGetXattr with every buffer size", steps: func(s *session) {
		fd := s.walk(s.root, "file")
		for _, name := range []string{"user.one", "user.binary", "user.empty", "user.missing",
			"trusted.overlay.opaque"} {
			for _, size := range []uint32{0, 1, 4, 5, 6, 64, 65535, 65536, 65537, 1 << 31, 1<<32 - 1} {
				s.getXattr(fd, name, size)
			}
		}
	}},
	{name: "FSetXattr with every flag", steps: func(s *session) {
		fd := s.walk(s.root, "file")
		for _, flags := range []uint32{0, unix.XATTR_CREATE, unix.XATTR_REPLACE, 3, 4, 1<<32 - 1} {
			for _, name := range []string{"user.one", "user.missing"} {
				s.setXattr(fd, name, fmt.Sprint("flags ", flags), flags)
				s.getXattr(fd, name, 100)
			}
			s.removeXattr(fd, "user.missing")
		}
	}},
	{name: "extended attributes of every size", steps: func(s *session) {
		fd := s.walk(s.root, "file")
		for _, size := range []int{0, 1, 255, 4096, 65534, 65535} {
			s.setXattr(fd, "user.sized", strings.Repeat("v", size), 0)
			s.getXattr(fd, "user.sized", uint32(size))
			s.getXattr(fd, "user.sized", 0)
		}
		for _, length := range []int{249, 250, 251, 1000} {
			name := "user." + strings.Repeat("n", length)
			s.setXattr(fd, name, "v", 0)
			s.getXattr(fd, name, 10)
			s.removeXattr(fd, name)
		}
	}},
	{name: "an extended attribute of 65536 bytes", prepare: func(b *builder) {
		b.xattr("file", "user.largest", strings.Repeat("v", 65536))
	}, steps: func(s *session) {
		fd := s.walk(s.root, "file")
		for _, size := range []uint32{0, 65535, 65536, 65537} {
			s.getXattr(fd, "user.largest", size)
		}
	}},
	{name: "bad names of extended attributes", steps: func(s *session) {
		fd := s.walk(s.root, "file")
		for _, name := range []string{"user.a\x00b", "\x00", "user.\xff", "user.with/slash", ".", "user.one\x00"} {
			s.setXattr(fd, name, "v", 0)
			s.getXattr(fd, name, 10)
			s.removeXattr(fd, name)
		}
		s.listXattr(fd, 0)
	}},
	{name: "FListXattr with every buffer size", prepare: func(b *builder) {
		for i := range 50 {
			b.xattr("dir", fmt.Sprintf("user.many-%02d", i), "v")
		}
	}, steps: func(s *session) {
		for _, kind := range []string{"file", "dir", "empty"} {
			fd := s.walk(s.root, kind)
			for _, size := range []uint64{0, 1, 8, 9, 10, 100, 1000, 65535, 65536, 65537, 1 << 32, 1 << 63, 1<<64 - 1} {
				s.listXattr(fd, size)
			}
		}
	}},
}
