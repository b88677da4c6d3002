package main

import (
	"math"

	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/marshal/primitive"
)

// owner is what every creation says of the new file, besides its name.
type owner struct {
	dirFD lisafs.FDID
	uid   lisafs.UID
	gid   lisafs.GID
	mode  linux.FileMode
	// word stands for each 32-bit field that a message has of its own.
	word uint32
}

func (o owner) fields(name string) fields {
	return fields{
		"dirFd": unsigned(o.dirFD), "uid": o.uid, "gid": o.gid, "mode": uint16(o.mode), "name": byteString(name),
	}
}

// owners alternates between the extremes as the names go by.
func owners(i int) owner {
	return []owner{
		{dirFD: 1, uid: 1000, gid: 100, mode: linux.S_IFREG | 0o644, word: 2},
		{},
		{dirFD: maxFD, uid: lisafs.NoUID, gid: lisafs.NoGID, mode: math.MaxUint16, word: math.MaxUint32},
	}[i%3]
}

func addCreations(all *vectors) {
	for i, n := range names {
		o, name := owners(i), lisafs.SizedString(n.name)
		word := primitive.Uint32(o.word)

		create := &lisafs.OpenCreateAtReq{Flags: word, Name: name}
		create.DirFD, create.UID, create.GID, create.Mode = o.dirFD, o.uid, o.gid, o.mode
		f := o.fields(n.name)
		f["flags"] = o.word
		all.request("openCreateAt", n.label, create, f)

		mkdir := &lisafs.MkdirAtReq{Name: name}
		mkdir.DirFD, mkdir.UID, mkdir.GID, mkdir.Mode = o.dirFD, o.uid, o.gid, o.mode
		all.request("mkdirAt", n.label, mkdir, o.fields(n.name))

		mknod := &lisafs.MknodAtReq{Minor: word, Major: primitive.Uint32(^o.word), Name: name}
		mknod.DirFD, mknod.UID, mknod.GID, mknod.Mode = o.dirFD, o.uid, o.gid, o.mode
		f = o.fields(n.name)
		f["minor"], f["major"] = o.word, ^o.word
		all.request("mknodAt", n.label, mknod, f)

		bind := &lisafs.BindAtReq{SockType: word, Name: name}
		bind.DirFD, bind.UID, bind.GID, bind.Mode = o.dirFD, o.uid, o.gid, o.mode
		f = o.fields(n.name)
		f["sockType"] = o.word
		all.request("bindAt", n.label, bind, f)

		target := names[len(names)-1-i].name
		all.request("symlinkAt", n.label,
			&lisafs.SymlinkAtReq{DirFD: o.dirFD, UID: o.uid, GID: o.gid, Name: name, Target: lisafs.SizedString(target)},
			fields{
				"dirFd": unsigned(o.dirFD), "uid": o.uid, "gid": o.gid, "name": byteString(name), "linkTarget": byteString(target),
			})

		all.request("linkAt", n.label, &lisafs.LinkAtReq{DirFD: o.dirFD, Target: maxFD - o.dirFD, Name: name},
			fields{"dirFd": unsigned(o.dirFD), "linkedFd": unsigned(maxFD - o.dirFD), "name": byteString(name)})
	}

	for i, inode := range inodeSamples() {
		label, fd := statxSamples[i].label, inodeSamples()[len(statxSamples)-1-i].ControlFD
		child := fields{"child": inodeFields(inode)}
		all.reply("mkdirAt", label, &lisafs.MkdirAtResp{ChildDir: inode}, child)
		all.reply("mknodAt", label, &lisafs.MknodAtResp{Child: inode}, child)
		all.reply("symlinkAt", label, &lisafs.SymlinkAtResp{Symlink: inode}, child)
		all.reply("linkAt", label, &lisafs.LinkAtResp{Link: inode}, child)
		all.reply("openCreateAt", label, &lisafs.OpenCreateAtResp{Child: inode, NewFD: fd},
			fields{"child": inodeFields(inode), "newFd": unsigned(fd)})
		all.reply("bindAt", label, &lisafs.BindAtResp{Child: inode, BoundSocketFD: fd},
			fields{"child": inodeFields(inode), "boundSocketFd": unsigned(fd)})
	}
}
