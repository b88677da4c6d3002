package main

import (
	"math"
	"strings"

	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// maxFD is the largest FDID that a double holds exactly. Larger ones are never given out.
const maxFD lisafs.FDID = 1<<53 - 1

// aboveDouble is the smallest integer that a double cannot hold.
const aboveDouble = 1<<53 + 1

// names covers what a file name can be: text, bytes that are no UTF-8, everything but NUL and '/', the longest.
var names = []struct{ label, name string }{
	{"text", "file.txt"},
	{"one byte", "a"},
	{"not UTF-8", "na\xffme\x80\xc3"},
	{"UTF-8", "naïve-日本"},
	{"every byte", everyByte()},
	{"255 bytes", strings.Repeat("n", 255)},
	{"empty", ""},
	{"NUL", "a\x00b"},
	{"dots", ".."},
}

func everyByte() string {
	var b strings.Builder
	for c := 1; c < 256; c++ {
		if c != '/' {
			b.WriteByte(byte(c))
		}
	}
	return b.String()
}

type statxSample struct {
	label string
	stat  lisafs.Statx
}

var statxSamples = []statxSample{
	{"zero", lisafs.Statx{}},
	{"regular file", lisafs.Statx{
		Mask: linux.STATX_BASIC_STATS | linux.STATX_BTIME, Blksize: 4096, Nlink: 1, UID: 1000, GID: 100,
		Mode: linux.S_IFREG | 0o644, Ino: 1234567, Size: 9_876_543_210, Blocks: 19290000, AttributesMask: 0x3030,
		Atime: lisafs.StatxTimestamp{Sec: 1700000000, Nsec: 123456789}, Btime: lisafs.StatxTimestamp{Sec: 1600000000, Nsec: 1},
		Ctime: lisafs.StatxTimestamp{Sec: 1700000001, Nsec: 2}, Mtime: lisafs.StatxTimestamp{Sec: 1700000002, Nsec: 999999999},
		DevMajor: 8, DevMinor: 1,
	}},
	{"device before 1970", lisafs.Statx{
		Mask: linux.STATX_BASIC_STATS, Mode: linux.S_IFBLK | 0o600, Ino: 1<<53 - 1, Size: 1 << 53, Blocks: aboveDouble,
		Atime: lisafs.StatxTimestamp{Sec: -1, Nsec: 5}, Btime: lisafs.StatxTimestamp{Sec: -(1<<53 - 1)},
		Ctime: lisafs.StatxTimestamp{Sec: -(1 << 53)}, Mtime: lisafs.StatxTimestamp{Sec: -(1 << 32)},
		RdevMajor: 259, RdevMinor: 7,
	}},
	{"maximum", lisafs.Statx{
		Mask: math.MaxUint32, Blksize: math.MaxUint32, Attributes: math.MaxUint64, Nlink: math.MaxUint32,
		UID: math.MaxUint32, GID: math.MaxUint32, Mode: math.MaxUint16, Ino: math.MaxUint64, Size: math.MaxUint64,
		Blocks: math.MaxUint64, AttributesMask: math.MaxUint64,
		Atime:     lisafs.StatxTimestamp{Sec: math.MaxInt64, Nsec: math.MaxUint32},
		Btime:     lisafs.StatxTimestamp{Sec: math.MinInt64, Nsec: math.MaxUint32},
		Ctime:     lisafs.StatxTimestamp{Sec: 1<<53 - 1, Nsec: math.MaxUint32},
		Mtime:     lisafs.StatxTimestamp{Sec: 1 << 53, Nsec: math.MaxUint32},
		RdevMajor: math.MaxUint32, RdevMinor: math.MaxUint32 - 1, DevMajor: math.MaxUint32 - 2, DevMinor: math.MaxUint32 - 3,
	}},
}

func statxFields(s lisafs.Statx) fields {
	return fields{
		"mask": s.Mask, "blksize": s.Blksize, "attributes": unsigned(s.Attributes), "nlink": s.Nlink, "uid": s.UID,
		"gid": s.GID, "mode": s.Mode, "ino": unsigned(s.Ino), "size": unsigned(s.Size), "blocks": unsigned(s.Blocks),
		"attributesMask": unsigned(s.AttributesMask),
		"atimeSec":       signed(s.Atime.Sec), "atimeNsec": s.Atime.Nsec,
		"btimeSec": signed(s.Btime.Sec), "btimeNsec": s.Btime.Nsec,
		"ctimeSec": signed(s.Ctime.Sec), "ctimeNsec": s.Ctime.Nsec,
		"mtimeSec": signed(s.Mtime.Sec), "mtimeNsec": s.Mtime.Nsec,
		"rdevMajor": s.RdevMajor, "rdevMinor": s.RdevMinor, "devMajor": s.DevMajor, "devMinor": s.DevMinor,
	}
}

// inodeSamples pairs each sample of attributes with a descriptor.
func inodeSamples() []lisafs.Inode {
	fds := []lisafs.FDID{0, 7, 1 << 32, maxFD}
	inodes := []lisafs.Inode{}
	for i, sample := range statxSamples {
		inodes = append(inodes, lisafs.Inode{ControlFD: fds[i], Stat: sample.stat})
	}
	return inodes
}

func inodeFields(i lisafs.Inode) fields {
	return fields{"controlFd": unsigned(i.ControlFD), "stat": statxFields(i.Stat)}
}
