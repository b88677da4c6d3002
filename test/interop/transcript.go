package main

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// line is one observation. The key says what was asked and is the same for both targets; the text is what came of it.
type line struct{ key, text string }

// transcript collects what one run of a case shows, with everything that must differ between two runs replaced by a
// label: descriptor IDs, new inodes and devices are numbered as they appear, and inodes of the prepared tree have its
// names. So which are equal is still compared.
type transcript struct {
	lines   []line
	started time.Time
	fdids   labels[lisafs.FDID]
	inodes  labels[inodeKey]
	devices labels[deviceKey]
}

type deviceKey struct{ major, minor uint32 }

type inodeKey struct {
	device deviceKey
	ino    uint64
}

// labels numbers values in the order in which they appear. It may be used by several connections at once.
type labels[K comparable] struct {
	mu      sync.Mutex
	known   map[K]string
	counted int
}

func (l *labels[K]) of(prefix string, key K) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.known[key]; !ok {
		l.counted++
		l.set(key, fmt.Sprint(prefix, l.counted))
	}
	return l.known[key]
}

// set gives a value its label unless it has one. The caller holds the lock or is alone.
func (l *labels[K]) set(key K, label string) {
	if l.known == nil {
		l.known = map[K]string{}
	}
	if _, ok := l.known[key]; !ok {
		l.known[key] = label
	}
}

// note adds a line. The count in the key keeps equal questions apart.
func (t *transcript) note(key, text string) {
	t.lines = append(t.lines, line{fmt.Sprintf("%d %s", len(t.lines)+1, key), text})
}

// observe adds a line that is found by its key alone, wherever it stands.
func (t *transcript) observe(key, text string) { t.lines = append(t.lines, line{key, text}) }

// fdid labels a descriptor ID; those that no gofer gave are shown as they are.
func (t *transcript) fdid(id lisafs.FDID) string {
	if id == lisafs.InvalidFDID || id >= neverGiven {
		return fmt.Sprintf("fd(%#x)", uint64(id))
	}
	return t.fdids.of("fd", id)
}

func (t *transcript) device(major, minor uint32) string {
	return t.devices.of("dev", deviceKey{major, minor})
}

func (t *transcript) inode(major, minor uint32, ino uint64) string {
	return t.device(major, minor) + ":" + t.inodes.of("new", inodeKey{deviceKey{major, minor}, ino})
}

// time shows a time exactly unless it was made by the clock during the run.
func (t *transcript) time(sec int64, nsec uint32) string {
	// The kernel's time of files lags behind the clock by up to a tick.
	if !time.Unix(sec, int64(nsec)).Before(t.started.Add(-time.Second)) && sec < t.started.Unix()+3600 {
		return "now"
	}
	return fmt.Sprintf("%d.%09d", sec, nsec)
}

func (t *transcript) statx(s *lisafs.Statx) string {
	return fmt.Sprintf("{%s mask=%#x mode=%#o nlink=%d owner=%d:%d rdev=%d:%d size=%d blocks=%d*%d attributes=%#x/%#x "+
		"atime=%s btime=%s ctime=%s mtime=%s}",
		t.inode(s.DevMajor, s.DevMinor, s.Ino), s.Mask, s.Mode, s.Nlink, s.UID, s.GID, s.RdevMajor, s.RdevMinor, s.Size,
		s.Blocks, s.Blksize, s.Attributes, s.AttributesMask,
		t.time(s.Atime.Sec, s.Atime.Nsec), t.time(s.Btime.Sec, s.Btime.Nsec),
		t.time(s.Ctime.Sec, s.Ctime.Nsec), t.time(s.Mtime.Sec, s.Mtime.Nsec))
}

func errnoName(errno unix.Errno) string {
	return cmp.Or(unix.ErrnoName(errno), fmt.Sprintf("errno %d", errno))
}
