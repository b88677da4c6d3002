package main

import (
	"os"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// shifted is where the IDs that an id-mapped mount shows from 0 on begin on the file system.
const shifted = 10000

var shiftDown = []harness.IDRange{{ContainerID: shifted, HostID: 0, Size: 1 << 16}}

func idMapped(m harness.Mount) harness.Mount {
	m.IDMap = shiftDown
	return m
}

// ownShifted gives what the cases use to IDs that are mapped. The rest of the tree stays root's, who is not.
func ownShifted(b *builder) {
	for name, id := range map[string]int{"": 0, "file": 1000, "dir": 0, "dir/a": 7} {
		b.do(os.Chown(b.path(name), shifted+id, shifted+id+1))
	}
}

// idMapCases are about id-mapped mounts, which the gofer gets from runsc.
var idMapCases = func() []testCase {
	var cases []testCase
	for _, inUserNamespace := range []bool{false, true} {
		name, options := "", harness.Options{UserNamespace: inUserNamespace}
		if inUserNamespace {
			name = " of a gofer in a user namespace"
		}
		options.Mounts = []harness.Mount{idMapped(writableTree)}
		cases = append(cases,
			testCase{name: "owners in an id-mapped mount" + name, gofer: options, prepare: ownShifted,
				wires: []wireKind{clientSocket}, steps: func(s *session) {
					s.note("mounts", s.gofer.Mounts)
					s.mount()
					s.statFS(s.root)
					for _, kind := range kinds {
						s.fstat(s.walk(s.root, kind))
					}
					s.walkStat(s.root, "dir", "a")
				}},
			testCase{name: "creating in an id-mapped mount" + name, gofer: options, prepare: ownShifted,
				wires: []wireKind{clientSocket}, steps: func(s *session) {
					for i, o := range []owner{{0o644, 0, 0}, {0o640, 5, 6}, {0o600, 1 << 16, 5}, {0o600, 5, shifted * 7}} {
						suffix := string(rune('a' + i))
						file, opened := s.create(s.root, "file-"+suffix, unix.O_RDWR, o)
						s.pwrite(opened, 0, "x")
						s.fstat(file)
						s.fstat(s.mkdir(s.root, "dir-"+suffix, o))
						s.fstat(s.symlink(s.root, "link-"+suffix, "to", o))
						regular := o
						regular.mode |= unix.S_IFREG
						s.fstat(s.mknod(s.root, "node-"+suffix, regular, 0, 0))
					}
					s.mkdir(s.walk(s.root, "empty-dir"), "in what is nobody's", owner{0o755, 0, 0})
				}},
			testCase{name: "SetStat in an id-mapped mount" + name, gofer: options, prepare: ownShifted,
				wires: []wireKind{clientSocket}, steps: func(s *session) {
					for _, kind := range []string{"file", "dir", "empty"} {
						fd := s.walk(s.root, kind)
						for _, id := range []uint32{0, 5, 1<<16 - 1, 1 << 16, shifted * 7} {
							s.setStat(lisafs.SetStatReq{FD: fd, Mask: statxOwner, UID: lisafs.UID(id), GID: lisafs.GID(id)})
							s.fstat(fd)
						}
						s.setStat(lisafs.SetStatReq{FD: fd, Mask: unix.STATX_MODE, Mode: 0o700})
						s.fstat(fd)
					}
				}},
		)
	}
	return append(cases,
		testCase{name: "a read-only id-mapped mount", prepare: ownShifted,
			gofer: harness.Options{Mounts: []harness.Mount{idMapped(readonlyTree)}},
			wires: []wireKind{clientSocket}, steps: func(s *session) {
				fd := s.walk(s.root, "file")
				s.fstat(fd)
				s.openAt(fd, unix.O_RDWR)
				s.mkdir(s.root, "new", owner{0o755, 0, 0})
			}},
		testCase{name: "directfs donates an id-mapped mount point", prepare: ownShifted,
			gofer: harness.Options{Directfs: true, Mounts: []harness.Mount{idMapped(writableTree)}},
			wires: []wireKind{rawSocketKind}, steps: func(s *session) {
				s.mount()
				s.fstat(s.root)
			}},
	)
}()
