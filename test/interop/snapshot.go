package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// contentBytesMax is up to which size a file's content is compared as a whole; of larger ones, the ends.
const contentBytesMax = 1 << 20

// entriesMax is up to how many entries of a directory are observed one by one; of more, only a hash of them all.
const entriesMax = 1000

// nameInodes labels what there is below root before the gofer starts, so that the labels do not depend on its answers.
func (r *run) nameInodes(root string) error {
	return filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var s unix.Stat_t
		if err := unix.Lstat(path, &s); err != nil {
			return err
		}
		dev := uint64(s.Dev)
		relative, _ := filepath.Rel(root, path)
		r.inodes.set(inodeKey{deviceKey{unix.Major(dev), unix.Minor(dev)}, s.Ino}, dataText([]byte(relative)))
		return nil
	})
}

// snapshot observes what there is on the host below path. It opens nothing that could block and follows no link.
func (r *run) snapshot(path string) {
	text := r.hostFile(path)
	relative, _ := filepath.Rel(r.tree, path)
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		r.observe(fmt.Sprintf("host %q", relative), text)
		return
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		text += " " + err.Error()
	}
	if len(entries) > entriesMax {
		var all strings.Builder
		for _, entry := range entries {
			fmt.Fprintln(&all, entry.Name(), r.hostFile(filepath.Join(path, entry.Name())))
		}
		text += fmt.Sprintf(" with %d entries, %s", len(entries), hash([]byte(all.String())))
		entries = nil
	}
	r.observe(fmt.Sprintf("host %q", relative), text)
	for _, entry := range entries {
		r.snapshot(filepath.Join(path, entry.Name()))
	}
}

func (r *run) hostFile(path string) string {
	var s unix.Statx_t
	mask := unix.STATX_BASIC_STATS
	if err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, mask, &s); err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%s mode=%#o nlink=%d owner=%d:%d rdev=%d:%d size=%d blocks=%d atime=%s mtime=%s",
		r.inode(s.Dev_major, s.Dev_minor, s.Ino), s.Mode, s.Nlink, s.Uid, s.Gid, s.Rdev_major, s.Rdev_minor,
		s.Size, s.Blocks, r.time(s.Atime.Sec, s.Atime.Nsec), r.time(s.Mtime.Sec, s.Mtime.Nsec))
	switch s.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		text += " content " + content(path, int64(s.Size))
	case unix.S_IFLNK:
		to, _ := os.Readlink(path)
		text += " to " + dataText([]byte(to))
	}
	return text + xattrs(path)
}

func content(path string, size int64) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if size <= contentBytesMax {
		data := make([]byte, size)
		n, _ := f.ReadAt(data, 0)
		return dataText(data[:n])
	}
	head, end := make([]byte, 4096), make([]byte, 4096)
	_, _ = f.ReadAt(head, 0)
	_, _ = f.ReadAt(end, size-int64(len(end)))
	return fmt.Sprintf("%s … %s", hash(head), hash(end))
}

func xattrs(path string) string {
	list := make([]byte, 1<<16)
	n, err := unix.Llistxattr(path, list)
	if err != nil || n == 0 {
		return ""
	}
	var text strings.Builder
	for _, name := range strings.Split(strings.TrimSuffix(string(list[:n]), "\x00"), "\x00") {
		value := make([]byte, 1<<16)
		n, err := unix.Lgetxattr(path, name, value)
		if err != nil {
			n = 0
		}
		fmt.Fprintf(&text, " %s=%s", name, dataText(value[:n]))
	}
	return text.String()
}
