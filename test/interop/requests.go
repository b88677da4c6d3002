package main

import (
	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// request is a well-formed request of one kind on a descriptor.
type request struct {
	m  lisafs.MID
	on func(fd lisafs.FDID) encoder
}

// everyRequest has one request for each message that takes a descriptor. Names are such that nothing of the prepared
// tree is lost.
var everyRequest = []request{
	{lisafs.FStat, func(fd lisafs.FDID) encoder { return &lisafs.StatReq{FD: fd} }},
	{lisafs.SetStat, func(fd lisafs.FDID) encoder {
		return &lisafs.SetStatReq{FD: fd, Mask: 0x60, Atime: linux.Timespec{Sec: 5}, Mtime: linux.Timespec{Sec: 6}}
	}},
	{lisafs.Walk, func(fd lisafs.FDID) encoder { return &lisafs.WalkReq{DirFD: fd, Path: []string{"a"}} }},
	{lisafs.WalkStat, func(fd lisafs.FDID) encoder { return &lisafs.WalkReq{DirFD: fd, Path: []string{"", "a"}} }},
	{lisafs.OpenAt, func(fd lisafs.FDID) encoder { return &lisafs.OpenAtReq{FD: fd} }},
	{lisafs.OpenCreateAt, func(fd lisafs.FDID) encoder { return createRequest(fd, "new-file") }},
	{lisafs.FSync, func(fd lisafs.FDID) encoder { return &lisafs.FsyncReq{FDs: []lisafs.FDID{fd}} }},
	{lisafs.PWrite, func(fd lisafs.FDID) encoder {
		return &lisafs.PWriteReq{Offset: 3, FD: fd, NumBytes: 4, Buf: []byte("data")}
	}},
	{lisafs.PRead, func(fd lisafs.FDID) encoder { return &lisafs.PReadReq{Offset: 1, FD: fd, Count: 8} }},
	{lisafs.MkdirAt, func(fd lisafs.FDID) encoder { return mkdirRequest(fd, "new-dir") }},
	{lisafs.MknodAt, func(fd lisafs.FDID) encoder { return mknodRequest(fd, "new-node") }},
	{lisafs.SymlinkAt, func(fd lisafs.FDID) encoder { return symlinkRequest(fd, "new-link") }},
	{lisafs.LinkAt, func(fd lisafs.FDID) encoder { return &lisafs.LinkAtReq{DirFD: fd, Target: fd, Name: "new-hard"} }},
	{lisafs.FStatFS, func(fd lisafs.FDID) encoder { return &lisafs.FStatFSReq{FD: fd} }},
	{lisafs.FAllocate, func(fd lisafs.FDID) encoder { return &lisafs.FAllocateReq{FD: fd, Length: 20} }},
	{lisafs.ReadLinkAt, func(fd lisafs.FDID) encoder { return &lisafs.ReadLinkAtReq{FD: fd} }},
	{lisafs.Flush, func(fd lisafs.FDID) encoder { return &lisafs.FlushReq{FD: fd} }},
	{lisafs.Connect, func(fd lisafs.FDID) encoder { return &lisafs.ConnectReq{FD: fd, SockType: 1} }},
	{lisafs.UnlinkAt, func(fd lisafs.FDID) encoder { return unlinkRequest(fd, "new-file") }},
	{lisafs.RenameAt, func(fd lisafs.FDID) encoder {
		req := renameRequest(fd, "new-dir", fd, "newer-dir")
		return &req
	}},
	{lisafs.RenameAt2, func(fd lisafs.FDID) encoder {
		return &lisafs.RenameAt2Req{RenameAtReq: renameRequest(fd, "newer-dir", fd, "newest-dir"), Flags: 1}
	}},
	{lisafs.Getdents64, func(fd lisafs.FDID) encoder { return &lisafs.Getdents64Req{DirFD: fd, Count: 8192} }},
	{lisafs.FGetXattr, func(fd lisafs.FDID) encoder {
		return &lisafs.FGetXattrReq{FD: fd, BufSize: 64,
			Name: "user.one"}
	}},
	{lisafs.FSetXattr, func(fd lisafs.FDID) encoder {
		return &lisafs.FSetXattrReq{FD: fd, Name: "user.new",
			Value: "v"}
	}},
	{lisafs.FListXattr, func(fd lisafs.FDID) encoder { return &lisafs.FListXattrReq{FD: fd, Size: 1000} }},
	{lisafs.FRemoveXattr, func(fd lisafs.FDID) encoder { return &lisafs.FRemoveXattrReq{FD: fd, Name: "user.new"} }},
	{lisafs.BindAt, func(fd lisafs.FDID) encoder { return bindRequest(fd, "new-socket") }},
	{lisafs.Listen, func(fd lisafs.FDID) encoder { return &lisafs.ListenReq{FD: fd, Backlog: 1} }},
	{lisafs.Accept, func(fd lisafs.FDID) encoder { return &lisafs.AcceptReq{FD: fd} }},
	{lisafs.ConnectWithCreds, func(fd lisafs.FDID) encoder {
		return &lisafs.ConnectWithCredsReq{ConnectReq: lisafs.ConnectReq{FD: fd, SockType: 1}, UID: 1, GID: 1}
	}},
}

// namedRequest is a request that makes, finds or removes an entry by its name.
type namedRequest struct {
	title string
	m     lisafs.MID
	on    func(dir lisafs.FDID, name string) encoder
}

// everyNamedRequest has one for each place of a name in a request. The directory entry "file" is there.
var everyNamedRequest = []namedRequest{
	{"Walk", lisafs.Walk, func(dir lisafs.FDID, name string) encoder {
		return &lisafs.WalkReq{DirFD: dir,
			Path: []string{name}}
	}},
	{"Walk, second name", lisafs.Walk, func(dir lisafs.FDID, name string) encoder {
		return &lisafs.WalkReq{DirFD: dir, Path: []string{"dir", name}}
	}},
	{"WalkStat", lisafs.WalkStat, func(dir lisafs.FDID, name string) encoder {
		return &lisafs.WalkReq{DirFD: dir, Path: []string{name}}
	}},
	{"WalkStat, second name", lisafs.WalkStat, func(dir lisafs.FDID, name string) encoder {
		return &lisafs.WalkReq{DirFD: dir, Path: []string{"dir", name}}
	}},
	{"OpenCreateAt", lisafs.OpenCreateAt, func(dir lisafs.FDID, name string) encoder {
		return createRequest(dir, name)
	}},
	{"UnlinkAt", lisafs.UnlinkAt, func(dir lisafs.FDID, name string) encoder { return unlinkRequest(dir, name) }},
	{"MkdirAt", lisafs.MkdirAt, func(dir lisafs.FDID, name string) encoder { return mkdirRequest(dir, name) }},
	{"RenameAt, old name", lisafs.RenameAt, func(dir lisafs.FDID, name string) encoder {
		req := renameRequest(dir, name, dir, "renamed")
		return &req
	}},
	{"RenameAt, new name", lisafs.RenameAt, func(dir lisafs.FDID, name string) encoder {
		req := renameRequest(dir, "renamed", dir, name)
		return &req
	}},
	{"RenameAt, both names", lisafs.RenameAt, func(dir lisafs.FDID, name string) encoder {
		req := renameRequest(dir, name, dir, name)
		return &req
	}},
	{"RenameAt2, exchange", lisafs.RenameAt2, func(dir lisafs.FDID, name string) encoder {
		return &lisafs.RenameAt2Req{RenameAtReq: renameRequest(dir, name, dir, "file"), Flags: 2}
	}},
	{"MknodAt", lisafs.MknodAt, func(dir lisafs.FDID, name string) encoder { return mknodRequest(dir, name+"n") }},
	{"SymlinkAt", lisafs.SymlinkAt, func(dir lisafs.FDID, name string) encoder {
		return symlinkRequest(dir, name+"s")
	}},
	{"BindAt", lisafs.BindAt, func(dir lisafs.FDID, name string) encoder { return bindRequest(dir, name) }},
}

func createRequest(dir lisafs.FDID, name string) *lisafs.OpenCreateAtReq {
	var req lisafs.OpenCreateAtReq
	req.DirFD, req.Mode, req.UID, req.GID, req.Name = dir, 0o640, 7, 8, lisafs.SizedString(name)
	req.Flags = 2
	return &req
}

func mkdirRequest(dir lisafs.FDID, name string) *lisafs.MkdirAtReq {
	var req lisafs.MkdirAtReq
	req.DirFD, req.Mode, req.UID, req.GID, req.Name = dir, 0o750, 7, 8, lisafs.SizedString(name)
	return &req
}

func mknodRequest(dir lisafs.FDID, name string) *lisafs.MknodAtReq {
	var req lisafs.MknodAtReq
	req.DirFD, req.Mode, req.UID, req.GID, req.Name = dir, linux.S_IFREG|0o604, 7, 8, lisafs.SizedString(name)
	return &req
}

func symlinkRequest(dir lisafs.FDID, name string) *lisafs.SymlinkAtReq {
	return &lisafs.SymlinkAtReq{DirFD: dir, UID: 7, GID: 8, Name: lisafs.SizedString(name), Target: "to"}
}

func unlinkRequest(dir lisafs.FDID, name string) *lisafs.UnlinkAtReq {
	return &lisafs.UnlinkAtReq{DirFD: dir, Name: lisafs.SizedString(name)}
}

func bindRequest(dir lisafs.FDID, name string) *lisafs.BindAtReq {
	var req lisafs.BindAtReq
	req.DirFD, req.Mode, req.UID, req.GID, req.Name, req.SockType = dir, 0o700, 7, 8, lisafs.SizedString(name), 1
	return &req
}

func walkRequest(dir lisafs.FDID, path ...string) *lisafs.WalkReq {
	return &lisafs.WalkReq{DirFD: dir, Path: path}
}
