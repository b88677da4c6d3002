package main

import (
	"fmt"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

var entryCases = []testCase{
	{name: "MkdirAt with every mode and owner", steps: func(s *session) {
		for i, o := range everyOwner {
			dir := s.mkdir(s.root, fmt.Sprint("made-", i), o)
			s.mkdir(dir, "inside", o)
			s.walkStat(s.root, fmt.Sprint("made-", i), "inside")
		}
	}},
	{name: "MknodAt with every type, mode, owner and device", steps: func(s *session) {
		for i, o := range everyOwner {
			s.mknod(s.root, fmt.Sprint("mode-", i), o, 0, 0)
		}
		for i, kind := range []uint16{0, unix.S_IFREG, unix.S_IFDIR, unix.S_IFCHR, unix.S_IFBLK, unix.S_IFIFO,
			unix.S_IFSOCK,
			unix.S_IFLNK, unix.S_IFMT} {
			for _, device := range [][2]uint32{{0, 0}, {1, 3}, {0, 3}, {1, 0}, {1<<32 - 1, 1<<32 - 1}} {
				name := fmt.Sprintf("type-%d-%d-%d", i, device[0], device[1])
				fd := s.mknod(s.root, name, owner{kind | 0o640, 1, 2}, device[0], device[1])
				s.fstat(fd)
				s.openAt(fd, 0)
			}
		}
	}},
	{name: "SymlinkAt with every owner", steps: func(s *session) {
		for i, o := range everyOwner {
			s.readLink(s.symlink(s.root, fmt.Sprint("made-", i), "file", o))
		}
		s.symlink(s.root, "deep", "a/../../b/./c//", owner{0, 0, 0})
		s.symlink(s.root, "bytes", "\xff\xfe", owner{0, 0, 0})
	}},
	{name: "creating what is there", steps: func(s *session) {
		for _, kind := range kinds {
			s.mkdir(s.root, kind, owner{0o755, 0, 0})
			s.mknod(s.root, kind, owner{unix.S_IFREG | 0o644, 0, 0}, 0, 0)
			s.symlink(s.root, kind, "file", owner{0, 0, 0})
			s.link(s.root, s.walk(s.root, "empty"), kind)
		}
	}},
	{name: "creating in every kind of directory", gofer: harness.Options{UserNamespace: true}, steps: func(s *session) {
		for _, place := range []string{"empty-dir", "sticky", "locked", "dir"} {
			dir := s.walk(s.root, place)
			s.create(dir, "new-file", 2, owner{0o644, 1, 1})
			s.mkdir(dir, "new-dir", owner{0o2755, 1, 1})
			s.mknod(dir, "new-node", owner{unix.S_IFREG | 0o644, 1, 1}, 0, 0)
			s.symlink(dir, "new-link", "to", owner{0, 1, 1})
			s.link(dir, s.walk(s.root, "file"), "new-hard")
		}
	}},
	{name: "creating in a directory with the set-group-ID bit", prepare: func(b *builder) {
		b.dir("group", 0o2775)
		b.do(unix.Chown(b.path("group"), 10, 20))
		b.do(unix.Chmod(b.path("group"), 0o2775))
	}, steps: func(s *session) {
		dir := s.walk(s.root, "group")
		for i, o := range everyOwner {
			s.create(dir, fmt.Sprint("file-", i), 2, o)
			s.mkdir(dir, fmt.Sprint("dir-", i), o)
			s.symlink(dir, fmt.Sprint("link-", i), "to", o)
		}
	}},
	{name: "LinkAt of every kind of file", steps: func(s *session) {
		for _, kind := range kinds {
			link := s.link(s.root, s.walk(s.root, kind), "linked-"+kind)
			s.fstat(link)
			s.closeFDs(link)
		}
		s.link(s.root, s.root, "root")
		s.link(s.walk(s.root, "dir"), s.walk(s.root, "file"), "below")
		s.link(s.root, s.walk(s.root, "dir", "sub", "deep", "leaf"), "above")
		s.link(s.root, s.openFile(0, "file"), "open")
		s.link(s.root, neverGiven, "unknown")
		s.link(neverGiven, s.walk(s.root, "file"), "nowhere")
		s.link(s.walk(s.root, "file"), s.walk(s.root, "file"), "in a file")
		s.link(s.walk(s.root, "dir-link"), s.walk(s.root, "file"), "in a link")
		s.link(s.walk(s.root, "file"), neverGiven, "both wrong")
		s.link(s.openFile(0, "dir"), neverGiven, "both wrong")
		s.link(s.root, s.walk(s.root, "dir"), "../x")
	}},
	{name: "LinkAt of what was replaced on the host", steps: func(s *session) {
		file, leaf := s.walk(s.root, "file"), s.walk(s.root, "dir", "sub", "deep", "leaf")
		s.onHostRename("file", "file-moved")
		s.link(s.root, file, "linked")
		s.onHostSymlink("file", "secret")
		s.link(s.root, file, "linked")
		s.onHostRename("dir/sub", "sub-moved")
		s.onHostSymlink("dir/sub", "../sub-moved")
		s.link(s.root, leaf, "linked-leaf")
	}},
	{name: "UnlinkAt of every kind of file with every flag", steps: func(s *session) {
		for _, kind := range append([]string{"missing"}, kinds...) {
			for _, flags := range []uint32{1, unix.AT_REMOVEDIR | 1, 1<<32 - 1, unix.AT_REMOVEDIR, 0, 0} {
				s.unlink(s.root, kind, flags)
			}
		}
		s.getdents(s.openFileAt(s.root), 1<<20)
	}},
	{name: "UnlinkAt of what is held", steps: func(s *session) {
		file, dir, sub := s.walk(s.root, "file"), s.walk(s.root, "dir"), s.walk(s.root, "dir", "sub")
		s.unlink(s.root, "file", 0)
		s.unlink(s.root, "dir", unix.AT_REMOVEDIR)
		s.unlink(dir, "sub", unix.AT_REMOVEDIR)
		s.unlink(sub, "deep", unix.AT_REMOVEDIR)
		s.fstat(file)
		s.walk(dir, "sub")
		s.unlink(neverGiven, "x", 0)
		s.unlink(file, "x", 0)
		s.unlink(s.openFile(0, "dir"), "a", 0)
	}},
	{name: "a gofer's user namespace and sticky directories", gofer: harness.Options{UserNamespace: true},
		prepare: func(b *builder) {
			b.file("sticky/theirs", "x", 0o600)
			b.do(unix.Chown(b.path("sticky/theirs"), 5, 5))
		}, steps: func(s *session) {
			sticky := s.walk(s.root, "sticky")
			s.rename(sticky, "theirs", sticky, "renamed")
			s.unlink(sticky, "renamed", 0)
		}},
}

var renameCases = []testCase{
	{name: "RenameAt of every kind over every kind", steps: func(s *session) {
		fresh := s.mkdir(s.root, "arena", owner{0o755, 0, 0})
		put := func(kind, name string) {
			switch kind {
			case "file":
				s.create(fresh, name, 2, owner{0o644, 0, 0})
			case "directory":
				s.mkdir(fresh, name, owner{0o755, 0, 0})
			case "full directory":
				s.create(s.mkdir(fresh, name, owner{0o755, 0, 0}), "in it", 2, owner{0o644, 0, 0})
			case "link":
				s.symlink(fresh, name, "to", owner{0, 0, 0})
			}
		}
		every := []string{"nothing", "file", "directory", "full directory", "link"}
		for i, from := range every {
			for j, to := range every {
				old, target := fmt.Sprintf("from-%d-%d", i, j), fmt.Sprintf("to-%d-%d", i, j)
				put(from, old)
				put(to, target)
				held := s.walk(fresh, target)
				s.rename(fresh, old, fresh, target)
				s.fstat(held)
				s.walkStat(fresh, old)
				s.walkStat(fresh, target, "in it")
			}
		}
	}},
	{name: "RenameAt onto itself", steps: func(s *session) {
		for _, name := range []string{"file", "dir", "missing", "link"} {
			s.rename(s.root, name, s.root, name)
		}
		again := s.mount().ControlFD
		s.rename(s.root, "missing", again, "missing")
		s.rename(s.root, "hard1", s.root, "hard2")
		s.rename(s.walk(s.root, "dir"), "gone", s.walk(s.root, "dir"), "gone")
	}},
	{name: "RenameAt with wrong directories", steps: func(s *session) {
		file, dir, open := s.walk(s.root, "file"), s.walk(s.root, "dir"), s.openFile(0, "dir")
		for _, a := range []lisafs.FDID{s.root, file, open, neverGiven} {
			for _, b := range []lisafs.FDID{s.root, file, open, neverGiven} {
				s.rename(a, "missing", b, "to")
				s.rename2(a, "missing", b, "to", 1)
				s.rename(a, "same", b, "same")
			}
		}
		s.rename(s.root, "dir", dir, "into itself")
		s.rename(s.root, "dir", s.walk(s.root, "dir", "sub", "deep"), "below itself")
		s.rename(dir, "sub", s.root, "dir")
	}},
	{name: "RenameAt2 with every flag", steps: func(s *session) {
		for _, flags := range []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 1 << 31, 1<<32 - 1} {
			for _, pair := range [][2]string{{"file", "missing"}, {"file", "empty"}, {"missing", "empty"},
				{"dir", "file"},
				{"missing", "missing too"}, {"link", "dir"}, {"file", "file"}, {"missing", "missing"}} {
				s.rename2(s.root, pair[0], s.root, pair[1], flags)
			}
			s.getdents(s.openFileAt(s.root), 1<<20)
		}
	}},
	{name: "a whiteout is left by RenameAt2", steps: func(s *session) {
		s.rename2(s.root, "file", s.root, "moved", 4)
		fd := s.walk(s.root, "file")
		s.fstat(fd)
		s.openAt(fd, 0)
		s.rename2(s.root, "dir", s.walk(s.root, "empty-dir"), "moved", 4)
		s.fstat(s.walk(s.root, "dir"))
	}},
	{name: "descriptors follow a RenameAt", steps: func(s *session) {
		dir, sub := s.walk(s.root, "dir"), s.walk(s.root, "dir", "sub")
		leaf, link := s.walk(sub, "deep", "leaf"), s.walk(dir, "inner")
		open, _ := s.openAt(leaf, 2)
		s.rename(s.root, "dir", s.walk(s.root, "empty-dir"), "moved")
		s.rename(dir, "sub", s.root, "sub-moved")
		s.pwrite(open, 0, "still here")
		s.link(s.root, leaf, "leaf-linked")
		s.setStat(lisafs.SetStatReq{FD: link, Mask: statxTimes})
		s.fstat(link)
		s.getXattr(link, "user.x", 10)
		s.readLink(link)
		s.create(sub, "new", 2, owner{0o600, 0, 0})
		s.walkStat(s.root, "sub-moved", "new")
		s.walkStat(s.root, "empty-dir", "moved", "a")
		s.rename(sub, "deep", dir, "deep-moved")
		s.link(s.root, leaf, "leaf-linked-again")
	}},
	{name: "descriptors follow an exchange", steps: func(s *session) {
		a, b := s.walk(s.root, "dir", "a"), s.walk(s.root, "dir", "sub", "deep", "leaf")
		dir, deep := s.walk(s.root, "dir"), s.walk(s.root, "dir", "sub", "deep")
		s.rename2(dir, "a", deep, "leaf", 2)
		s.link(s.root, a, "was-a")
		s.link(s.root, b, "was-leaf")
		s.unlink(dir, "a", 0)
		s.link(s.root, a, "was-a-2")
		s.link(s.root, b, "was-leaf-2")
		s.rename2(s.root, "dir", s.root, "empty-dir", 2)
		s.link(s.root, a, "was-a-3")
		s.walkStat(s.root, "empty-dir", "sub")
		s.create(dir, "new", 2, owner{0o600, 0, 0})
	}},
	{name: "a replaced file counts as deleted", steps: func(s *session) {
		file, empty := s.walk(s.root, "file"), s.walk(s.root, "empty")
		dir, emptyDir := s.walk(s.root, "dir"), s.walk(s.root, "empty-dir")
		s.rename(s.root, "file", s.root, "empty")
		s.everyRequest("replaced", empty)
		s.everyRequest("renamed", file)
		s.rename(s.root, "dir", s.root, "empty-dir")
		s.everyRequest("replaced directory", emptyDir)
		s.everyRequest("renamed directory", dir)
	}},
	{name: "RenameAt across mounts of one server", gofer: harness.Options{Mounts: []harness.Mount{
		writableTree, {Source: "tree/dir", Destination: "/mnt/empty-dir", Options: []string{"rbind"}},
	}}, connections: func(r *run) {
		outer, inner := r.connect(1, "outer: "), r.connect(2, "inner: ")
		below := outer.walk(outer.root, "empty-dir")
		outer.rename(outer.root, "file", below, "file")
		outer.rename2(below, "a", outer.root, "a", 0)
		outer.link(below, outer.walk(outer.root, "file"), "linked")
		outer.rename(outer.root, "empty-dir", outer.root, "renamed")
		outer.unlink(outer.root, "empty-dir", unix.AT_REMOVEDIR)
		a := inner.walk(inner.root, "a")
		outer.rename(below, "a", below, "a-moved")
		inner.link(inner.root, a, "a-linked")
		outer.unlink(below, "a-moved", 0)
		inner.link(inner.root, a, "a-linked-again")
		inner.fstat(a)
		inner.getXattr(a, "user.x", 1)
	}},
}
