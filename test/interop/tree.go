package main

import (
	"os"
	"path/filepath"
	"strings"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
)

// builder makes files on the host and remembers the first thing that went wrong.
type builder struct {
	root string
	err  error
}

func (b *builder) do(err error) {
	if b.err == nil && err != nil {
		b.err = err
	}
}

func (b *builder) path(name string) string { return filepath.Join(b.root, name) }

func (b *builder) file(name, content string, mode uint32) {
	b.do(os.WriteFile(b.path(name), []byte(content), 0o600))
	// The mode goes last and by chmod(2), because of the umask and because writing clears set-user-ID.
	b.do(unix.Chmod(b.path(name), mode))
}

func (b *builder) dir(name string, mode uint32) {
	b.do(os.Mkdir(b.path(name), 0o700))
	b.do(unix.Chmod(b.path(name), mode))
}

func (b *builder) symlink(name, to string) { b.do(os.Symlink(to, b.path(name))) }

func (b *builder) node(name string, mode uint32, device uint64) {
	b.do(unix.Mknod(b.path(name), mode, int(device)))
	b.do(unix.Chmod(b.path(name), mode&^unix.S_IFMT))
}

func (b *builder) xattr(name, attribute, value string) {
	b.do(unix.Setxattr(b.path(name), attribute, []byte(value), 0))
}

// writableTree is the mount that most cases run on.
var writableTree = harness.Mount{Source: "tree", Destination: "/mnt", Options: []string{"rbind", "rw"}}

var readonlyTree = harness.Mount{Source: "tree", Destination: "/mnt", Options: []string{"rbind", "ro"}}

// longName is as long as a name can be.
var longName = strings.Repeat("n", 255)

// longTarget is as long as the target of a symbolic link can be.
var longTarget = strings.Repeat("t/", 2047) + "t"

// The contents of the larger files. hugeOffset lies beyond what 32 bits hold.
const (
	tail       = "the end"
	hugeOffset = 1<<33 + 5
)

// buildTree prepares what every case finds. Both targets get the same steps in the same order.
func buildTree(root string) error {
	b := &builder{root: root}
	b.do(os.Mkdir(root, 0o755))
	b.file("file", "0123456789abcdef", 0o644)
	b.file("empty", "", 0o600)
	b.file("setid", "set", 0o6755)
	b.file("secret", "secret", 0)
	b.do(os.Chown(b.path("secret"), 1000, 1001))
	b.file("huge", "the beginning", 0o644)
	b.do(writeAt(b.path("huge"), tail, hugeOffset))
	b.file("hard1", "linked", 0o644)
	b.do(os.Link(b.path("hard1"), b.path("hard2")))
	b.dir("dir", 0o755)
	b.file("dir/a", "a", 0o644)
	b.file("dir/b", "b", 0o644)
	b.dir("dir/sub", 0o755)
	b.dir("dir/sub/deep", 0o755)
	b.file("dir/sub/deep/leaf", "leaf", 0o644)
	b.symlink("dir/inner", "../file")
	b.dir("empty-dir", 0o755)
	b.dir("sticky", 0o1777)
	b.dir("locked", 0)
	b.do(os.Chown(b.path("locked"), 1000, 1000))
	b.symlink("link", "file")
	b.symlink("dir-link", "dir")
	b.symlink("dangling", "nowhere")
	b.symlink("loop", "loop")
	b.symlink("absolute", "/etc/passwd")
	b.symlink("outside", "../../../..")
	b.symlink("long-link", longTarget)
	b.node("fifo", unix.S_IFIFO|0o644, 0)
	b.node("socket", unix.S_IFSOCK|0o755, 0)
	b.node("null", unix.S_IFCHR|0o666, unix.Mkdev(1, 3))
	b.node("zero", unix.S_IFCHR|0o666, unix.Mkdev(1, 5))
	b.node("block", unix.S_IFBLK|0o600, unix.Mkdev(7, 0))
	b.file("not-utf8-\xff\xfe", "bytes", 0o644)
	b.file("ünïcode", "utf-8", 0o644)
	b.file("new\nline and space", "odd", 0o644)
	b.file("...", "dots", 0o644)
	b.file(longName, "long", 0o644)
	b.xattr("file", "user.one", "first")
	b.xattr("file", "user.binary", "\x00\xff\x00")
	b.xattr("file", "user.empty", "")
	b.xattr("dir", "user.dir", "directory")
	b.xattr("link", "user.follows", "to the file")
	return b.err
}

func buildBundle(fresh string) error {
	b := &builder{root: fresh}
	b.dir("bundle", 0o755)
	b.dir("bundle/rootfs", 0o755)
	b.dir("bundle/rootfs/etc", 0o755)
	b.file("bundle/rootfs/etc/hostname", "interop\n", 0o644)
	b.symlink("bundle/rootfs/etc/link", "hostname")
	return b.err
}

// writeAt extends the file by a hole and some content.
func writeAt(path, content string, offset int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt([]byte(content), offset)
	return err
}

// settleTimes gives every file fixed times, so that a time that is not "now" can be compared exactly. The directories
// come last, or their times would be those of their last entry.
func settleTimes(root string) error {
	var paths []string
	err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	if err != nil {
		return err
	}
	for i := len(paths) - 1; i >= 0; i-- {
		times := []unix.Timespec{{Sec: 1_000_000_000, Nsec: 5}, {Sec: 999_999_999, Nsec: int64(i)}}
		if err := unix.UtimesNanoAt(unix.AT_FDCWD, paths[i], times, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return err
		}
	}
	return nil
}
