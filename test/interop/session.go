package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"bun-gofer/test/interop/harness"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// neverGiven starts the descriptor IDs that cases use for what no gofer gave.
const neverGiven lisafs.FDID = 1 << 60

// run is one case on one target over one communicator.
type run struct {
	transcript
	gofer *harness.Gofer
	// fresh is the target's file system, tree the part of it that most cases are served.
	fresh, tree string
	kind        wireKind
	watch       watchdog
	open        []wire
	kept        []reply
}

// session is one connection of a run.
type session struct {
	*run
	wire wire
	// root is the control FD that the first Mount gave.
	root lisafs.FDID
	// name tells the connections of a run apart.
	name string
}

// connect opens a connection and mounts it. i counts the gofer's sockets from 0, the root's.
func (r *run) connect(i int, name string) *session { return r.connectBy(r.kind, r.gofer.Take(i), name) }

func (r *run) connectBy(kind wireKind, sock int, name string) *session {
	w, mounted := kind.open(sock, &r.watch)
	r.open = append(r.open, w)
	s := &session{run: r, wire: w, name: name}
	var resp lisafs.MountResp
	if !mounted.lost && mounted.errno == 0 && mounted.odd == "" {
		resp.CheckedUnmarshal(mounted.payload)
	}
	s.root = resp.Root.ControlFD
	s.note(s.name+"first Mount", s.firstMount(&mounted, &resp))
	mounted.closeFDs()
	return s
}

// firstMount leaves out what gVisor's client does not show of it.
func (r *run) firstMount(mounted *reply, resp *lisafs.MountResp) string {
	if mounted.lost || mounted.errno != 0 || mounted.odd != "" {
		return r.outcome(lisafs.Mount, mounted)
	}
	return r.inodeText(&resp.Root)
}

func (s *session) hangUp() {
	s.wire.close()
	s.run.open = remove(s.run.open, s.wire)
}

func remove(wires []wire, gone wire) []wire {
	var rest []wire
	for _, w := range wires {
		if w != gone {
			rest = append(rest, w)
		}
	}
	return rest
}

// call sends a request, notes what came of it and keeps donated descriptors until the run ends.
func (s *session) call(m lisafs.MID, arguments string, payload []byte) reply {
	r := s.wire.call(m, payload)
	s.noteReply(m, arguments, r)
	return r
}

func (s *session) noteReply(m lisafs.MID, arguments string, r reply) {
	s.note(fmt.Sprintf("%s%s(%s)", s.name, messageName(m), arguments), s.outcome(m, &r))
	s.kept = append(s.kept, r)
}

// quietly sends a request without a line in the transcript, for what a case repeats very often.
func (s *session) quietly(m lisafs.MID, payload []byte) reply {
	r := s.wire.call(m, payload)
	r.closeFDs()
	return r
}

// into decodes a proper answer; it leaves m alone after any other, so a descriptor ID stays invalid.
func (r *reply) into(m message) {
	if !r.lost && r.errno == 0 && r.odd == "" {
		m.CheckedUnmarshal(r.payload)
	}
}

func (s *session) send(m lisafs.MID, request encoder, format string, arguments ...any) reply {
	return s.call(m, fmt.Sprintf(format, arguments...), encode(request))
}

func (s *session) mount() lisafs.Inode {
	var resp lisafs.MountResp
	r := s.call(lisafs.Mount, "", nil)
	r.into(&resp)
	return resp.Root
}

func (s *session) fstat(fd lisafs.FDID) {
	s.send(lisafs.FStat, &lisafs.StatReq{FD: fd}, "%s", s.fdid(fd))
}

func (s *session) setStat(req lisafs.SetStatReq) {
	s.send(lisafs.SetStat, &req, "%s mask=%#x mode=%#o owner=%d:%d size=%d atime=%v mtime=%v", s.fdid(req.FD), req.Mask,
		req.Mode, int32(req.UID), int32(req.GID), req.Size, req.Atime, req.Mtime)
}

func names(list []string) string {
	shown := make([]string, len(list))
	for i, name := range list {
		shown[i] = dataText([]byte(name))
	}
	if len(list) > 12 {
		return fmt.Sprintf("%d names from %s", len(list), shown[0])
	}
	return strings.Join(shown, " / ")
}

// walkAll gives the control FDs of the components that were found.
func (s *session) walkAll(dir lisafs.FDID, path ...string) []lisafs.FDID {
	r := s.send(lisafs.Walk, &lisafs.WalkReq{DirFD: dir, Path: path}, "%s %s", s.fdid(dir), names(path))
	var resp lisafs.WalkResp
	r.into(&resp)
	found := make([]lisafs.FDID, len(resp.Inodes))
	for i, inode := range resp.Inodes {
		found[i] = inode.ControlFD
	}
	return found
}

// walk gives the control FD of the last component, invalid unless all were found.
func (s *session) walk(dir lisafs.FDID, path ...string) lisafs.FDID {
	found := s.walkAll(dir, path...)
	if len(path) == 0 || len(found) < len(path) {
		return lisafs.InvalidFDID
	}
	return found[len(found)-1]
}

func (s *session) walkStat(dir lisafs.FDID, path ...string) {
	s.send(lisafs.WalkStat, &lisafs.WalkReq{DirFD: dir, Path: path}, "%s %s", s.fdid(dir), names(path))
}

func (s *session) openAt(fd lisafs.FDID, flags uint32) (lisafs.FDID, reply) {
	r := s.send(lisafs.OpenAt, &lisafs.OpenAtReq{FD: fd, Flags: flags}, "%s flags=%#o", s.fdid(fd), flags)
	var resp lisafs.OpenAtResp
	r.into(&resp)
	return resp.OpenFD, r
}

func (s *session) openFile(flags uint32, path ...string) lisafs.FDID {
	fd, _ := s.openAt(s.walk(s.root, path...), flags)
	return fd
}

// owner is who creates a file and with which mode.
type owner struct {
	mode uint16
	uid  lisafs.UID
	gid  lisafs.GID
}

func (o owner) String() string { return fmt.Sprintf("%#o %d:%d", o.mode, int32(o.uid), int32(o.gid)) }

func (s *session) create(dir lisafs.FDID, name string, flags uint32, o owner) (child, opened lisafs.FDID) {
	var req lisafs.OpenCreateAtReq
	req.DirFD, req.UID, req.GID, req.Mode = dir, o.uid, o.gid, fileMode(o.mode)
	req.Name, req.Flags = lisafs.SizedString(name), u32(flags)
	r := s.send(lisafs.OpenCreateAt, &req, "%s %s %s flags=%#o", s.fdid(dir), dataText([]byte(name)), o, flags)
	var resp lisafs.OpenCreateAtResp
	r.into(&resp)
	return resp.Child.ControlFD, resp.NewFD
}

func (s *session) mkdir(dir lisafs.FDID, name string, o owner) lisafs.FDID {
	var req lisafs.MkdirAtReq
	req.DirFD, req.UID, req.GID, req.Mode = dir, o.uid, o.gid, fileMode(o.mode)
	req.Name = lisafs.SizedString(name)
	return s.child(s.send(lisafs.MkdirAt, &req, "%s %s %s", s.fdid(dir), dataText([]byte(name)), o))
}

func (s *session) mknod(dir lisafs.FDID, name string, o owner, major, minor uint32) lisafs.FDID {
	var req lisafs.MknodAtReq
	req.DirFD, req.UID, req.GID, req.Mode = dir, o.uid, o.gid, fileMode(o.mode)
	req.Name, req.Minor, req.Major = lisafs.SizedString(name), u32(minor), u32(major)
	return s.child(s.send(lisafs.MknodAt, &req, "%s %s %s %d:%d", s.fdid(dir), dataText([]byte(name)), o, major, minor))
}

func (s *session) symlink(dir lisafs.FDID, name, to string, o owner) lisafs.FDID {
	req := lisafs.SymlinkAtReq{
		DirFD: dir, UID: o.uid, GID: o.gid, Name: lisafs.SizedString(name), Target: lisafs.SizedString(to),
	}
	return s.child(s.send(lisafs.SymlinkAt, &req, "%s %s to %s %s", s.fdid(dir), dataText([]byte(name)),
		dataText([]byte(to)), o))
}

func (s *session) link(dir, linked lisafs.FDID, name string) lisafs.FDID {
	req := lisafs.LinkAtReq{DirFD: dir, Target: linked, Name: lisafs.SizedString(name)}
	return s.child(s.send(lisafs.LinkAt, &req, "%s at %s %s", s.fdid(linked), s.fdid(dir), dataText([]byte(name))))
}

// child gives the control FD of the answers that are one inode.
func (s *session) child(r reply) lisafs.FDID {
	var resp lisafs.MkdirAtResp
	r.into(&resp)
	return resp.ChildDir.ControlFD
}

func (s *session) fdids(fds []lisafs.FDID) string {
	if len(fds) > 12 {
		return fmt.Sprintf("%d descriptors from %s", len(fds), s.fdid(fds[0]))
	}
	shown := make([]string, len(fds))
	for i, fd := range fds {
		shown[i] = s.fdid(fd)
	}
	return strings.Join(shown, " ")
}

func (s *session) closeFDs(fds ...lisafs.FDID) {
	s.send(lisafs.Close, &lisafs.CloseReq{FDs: fds}, "%s", s.fdids(fds))
}

func (s *session) fsync(fds ...lisafs.FDID) {
	s.send(lisafs.FSync, &lisafs.FsyncReq{FDs: fds}, "%s", s.fdids(fds))
}

func (s *session) pwrite(fd lisafs.FDID, offset uint64, data string) {
	req := lisafs.PWriteReq{Offset: u64(offset), FD: fd, NumBytes: u32(len(data)), Buf: []byte(data)}
	s.send(lisafs.PWrite, &req, "%s at %d %s", s.fdid(fd), offset, dataText([]byte(data)))
}

func (s *session) pread(fd lisafs.FDID, offset uint64, count uint32) {
	s.send(lisafs.PRead, &lisafs.PReadReq{Offset: offset, FD: fd, Count: count}, "%s at %d count=%d",
		s.fdid(fd), offset, count)
}

func (s *session) statFS(fd lisafs.FDID) {
	s.send(lisafs.FStatFS, &lisafs.FStatFSReq{FD: fd}, "%s", s.fdid(fd))
}

func (s *session) allocate(fd lisafs.FDID, mode, offset, length uint64) {
	req := lisafs.FAllocateReq{FD: fd, Mode: mode, Offset: offset, Length: length}
	s.send(lisafs.FAllocate, &req, "%s mode=%#x %d+%d", s.fdid(fd), mode, offset, length)
}

func (s *session) readLink(fd lisafs.FDID) {
	s.send(lisafs.ReadLinkAt, &lisafs.ReadLinkAtReq{FD: fd}, "%s", s.fdid(fd))
}

func (s *session) unlink(dir lisafs.FDID, name string, flags uint32) {
	req := lisafs.UnlinkAtReq{DirFD: dir, Name: lisafs.SizedString(name), Flags: u32(flags)}
	s.send(lisafs.UnlinkAt, &req, "%s %s flags=%#x", s.fdid(dir), dataText([]byte(name)), flags)
}

func (s *session) rename(oldDir lisafs.FDID, oldName string, newDir lisafs.FDID, newName string) {
	req := renameRequest(oldDir, oldName, newDir, newName)
	s.send(lisafs.RenameAt, &req, "%s %s to %s %s", s.fdid(oldDir), dataText([]byte(oldName)), s.fdid(newDir),
		dataText([]byte(newName)))
}

func (s *session) rename2(oldDir lisafs.FDID, oldName string, newDir lisafs.FDID, newName string, flags uint32) {
	req := lisafs.RenameAt2Req{RenameAtReq: renameRequest(oldDir, oldName, newDir, newName), Flags: u32(flags)}
	s.send(lisafs.RenameAt2, &req, "%s %s to %s %s flags=%#x", s.fdid(oldDir), dataText([]byte(oldName)),
		s.fdid(newDir), dataText([]byte(newName)), flags)
}

func renameRequest(oldDir lisafs.FDID, oldName string, newDir lisafs.FDID, newName string) lisafs.RenameAtReq {
	return lisafs.RenameAtReq{
		OldDir: oldDir, NewDir: newDir, OldName: lisafs.SizedString(oldName), NewName: lisafs.SizedString(newName),
	}
}

func (s *session) getdents(fd lisafs.FDID, count int32) []lisafs.Dirent64 {
	r := s.send(lisafs.Getdents64, &lisafs.Getdents64Req{DirFD: fd, Count: count}, "%s count=%d", s.fdid(fd), count)
	var resp lisafs.Getdents64Resp
	r.into(&resp)
	return resp.Dirents
}

func (s *session) getXattr(fd lisafs.FDID, name string, size uint32) {
	req := lisafs.FGetXattrReq{FD: fd, BufSize: u32(size), Name: lisafs.SizedString(name)}
	s.send(lisafs.FGetXattr, &req, "%s %q size=%d", s.fdid(fd), name, size)
}

func (s *session) setXattr(fd lisafs.FDID, name, value string, flags uint32) {
	req := lisafs.FSetXattrReq{FD: fd, Flags: u32(flags), Name: lisafs.SizedString(name),
		Value: lisafs.SizedString(value)}
	s.send(lisafs.FSetXattr, &req, "%s %s=%s flags=%d", s.fdid(fd), dataText([]byte(name)),
		dataText([]byte(value)), flags)
}

func (s *session) listXattr(fd lisafs.FDID, size uint64) {
	s.send(lisafs.FListXattr, &lisafs.FListXattrReq{FD: fd, Size: size}, "%s size=%d", s.fdid(fd), size)
}

func (s *session) removeXattr(fd lisafs.FDID, name string) {
	s.send(lisafs.FRemoveXattr, &lisafs.FRemoveXattrReq{FD: fd, Name: lisafs.SizedString(name)}, "%s %q",
		s.fdid(fd), name)
}

func (s *session) flush(fd lisafs.FDID) {
	s.send(lisafs.Flush, &lisafs.FlushReq{FD: fd}, "%s", s.fdid(fd))
}

func (s *session) connectTo(fd lisafs.FDID, kind uint32) {
	s.send(lisafs.Connect, &lisafs.ConnectReq{FD: fd, SockType: kind}, "%s type=%d", s.fdid(fd), kind)
}

func (s *session) connectAs(fd lisafs.FDID, kind uint32, uid lisafs.UID, gid lisafs.GID) {
	req := lisafs.ConnectWithCredsReq{ConnectReq: lisafs.ConnectReq{FD: fd, SockType: kind}, UID: uid, GID: gid}
	s.send(lisafs.ConnectWithCreds, &req, "%s type=%d as %d:%d", s.fdid(fd), kind, int32(uid), int32(gid))
}

func (s *session) bind(dir lisafs.FDID, name string, kind uint32, o owner) (child, bound lisafs.FDID) {
	var req lisafs.BindAtReq
	req.DirFD, req.UID, req.GID, req.Mode = dir, o.uid, o.gid, fileMode(o.mode)
	req.SockType, req.Name = u32(kind), lisafs.SizedString(name)
	r := s.send(lisafs.BindAt, &req, "%s %s type=%d %s", s.fdid(dir), dataText([]byte(name)), kind, o)
	var resp lisafs.BindAtResp
	r.into(&resp)
	return resp.Child.ControlFD, resp.BoundSocketFD
}

func (s *session) listen(fd lisafs.FDID, backlog int32) {
	s.send(lisafs.Listen, &lisafs.ListenReq{FD: fd, Backlog: backlog}, "%s %d", s.fdid(fd), backlog)
}

func (s *session) accept(fd lisafs.FDID) {
	s.send(lisafs.Accept, &lisafs.AcceptReq{FD: fd}, "%s", s.fdid(fd))
}

// onHost changes the tree behind the gofer's back.
func (r *run) onHost(what string, change func() error) {
	text := "done"
	if err := change(); err != nil {
		text = strings.ReplaceAll(err.Error(), r.fresh, "FRESH")
	}
	r.note("on the host: "+what, text)
}

func (r *run) hostPath(name string) string { return filepath.Join(r.tree, name) }

// finish hangs up everywhere and observes how the process ended and what is on the host.
func (r *run) finish() {
	for _, kept := range r.kept {
		kept.closeFDs()
	}
	for _, w := range r.open {
		w.close()
	}
	if r.watch.fired {
		r.observe("every request was answered", "no")
	}
	r.observe("the process", r.gofer.End())
	r.snapshot(r.tree)
}
