package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// donated says what a received descriptor is open on and how.
func (r *run) donated(fd int) string {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return errnoName(err.(unix.Errno))
	}
	link, _ := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if strings.HasPrefix(link, "/memfd:") {
		seals, _ := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
		return fmt.Sprintf("memfd(%s seals=%#x)", openFlags(flags), seals)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return errnoName(err.(unix.Errno))
	}
	if stat.Mode&unix.S_IFMT == unix.S_IFSOCK && flags&unix.O_PATH == 0 {
		return fmt.Sprintf("socket(%s %s)", openFlags(flags), r.socket(fd))
	}
	position := "none"
	if at, err := unix.Seek(fd, 0, unix.SEEK_CUR); err == nil {
		position = fmt.Sprint(at)
	}
	dev := uint64(stat.Dev)
	return fmt.Sprintf("%s(%s mode=%#o %s at=%s)", fileType(stat.Mode),
		r.inode(unix.Major(dev), unix.Minor(dev), stat.Ino), stat.Mode, openFlags(flags), position)
}

func (r *run) socket(fd int) string {
	var shown []string
	for _, option := range []struct {
		name string
		id   int
	}{{"domain", unix.SO_DOMAIN}, {"type", unix.SO_TYPE}, {"listening", unix.SO_ACCEPTCONN}} {
		value, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option.id)
		shown = append(shown, fmt.Sprintf("%s=%d%s", option.name, value, errorSuffix(err)))
	}
	name, err := unix.Getsockname(fd)
	shown = append(shown, "name="+r.socketName(name, err))
	peer, err := unix.Getpeername(fd)
	shown = append(shown, "peer="+r.socketName(peer, err))
	if credentials, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
		shown = append(shown, fmt.Sprintf("peer-ids=%d:%d", int32(credentials.Uid), int32(credentials.Gid)))
	}
	return strings.Join(shown, " ")
}

func (r *run) socketName(address unix.Sockaddr, err error) string {
	if err != nil {
		return errnoName(err.(unix.Errno))
	}
	if named, ok := address.(*unix.SockaddrUnix); ok {
		return fmt.Sprintf("%q", strings.ReplaceAll(named.Name, r.fresh, "FRESH"))
	}
	return "other"
}

func errorSuffix(err error) string {
	if err == nil {
		return ""
	}
	return "!" + err.Error()
}

func fileType(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "file"
	case unix.S_IFDIR:
		return "directory"
	case unix.S_IFLNK:
		return "symlink"
	case unix.S_IFIFO:
		return "fifo"
	case unix.S_IFSOCK:
		return "socket"
	case unix.S_IFCHR:
		return "character-device"
	case unix.S_IFBLK:
		return "block-device"
	}
	return fmt.Sprintf("type(%#o)", mode&unix.S_IFMT)
}

func openFlags(flags int) string {
	shown := []string{[]string{"RDONLY", "WRONLY", "RDWR", "ACCMODE3"}[flags&unix.O_ACCMODE]}
	for _, f := range []struct {
		name string
		bit  int
	}{{"APPEND", unix.O_APPEND}, {"NONBLOCK", unix.O_NONBLOCK}, {"PATH", unix.O_PATH}, {"NOFOLLOW", unix.O_NOFOLLOW},
		{"DIRECTORY", unix.O_DIRECTORY}, {"NOATIME", unix.O_NOATIME}, {"DSYNC", unix.O_DSYNC}, {"DIRECT",
			unix.O_DIRECT}} {
		if flags&f.bit == f.bit && f.bit != 0 {
			shown = append(shown, f.name)
			flags &^= f.bit
		}
	}
	// 0o100000 is O_LARGEFILE, which Linux sets on every open of a 64-bit process.
	if rest := flags &^ (unix.O_ACCMODE | 0o100000); rest != 0 {
		shown = append(shown, fmt.Sprintf("%#o", rest))
	}
	return strings.Join(shown, "|")
}
