package main

import (
	"math"
	"strings"

	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/marshal/primitive"
)

func addNamespace(all *vectors) {
	for i, n := range names {
		o := owners(i)
		all.request("unlinkAt", n.label,
			&lisafs.UnlinkAtReq{DirFD: o.dirFD, Flags: primitive.Uint32(o.word), Name: lisafs.SizedString(n.name)},
			fields{"dirFd": unsigned(o.dirFD), "flags": o.word, "name": byteString(n.name)})

		newName := names[len(names)-1-i].name
		rename := lisafs.RenameAtReq{
			OldDir: o.dirFD, NewDir: maxFD - o.dirFD, OldName: lisafs.SizedString(n.name), NewName: lisafs.SizedString(newName),
		}
		f := fields{
			"oldDir": unsigned(rename.OldDir), "newDir": unsigned(rename.NewDir),
			"oldName": byteString(n.name), "newName": byteString(newName),
		}
		all.request("renameAt", n.label, &rename, f)
		f2 := fields{"flags": o.word}
		for field, value := range f {
			f2[field] = value
		}
		all.request("renameAt2", n.label, &lisafs.RenameAt2Req{RenameAtReq: rename, Flags: primitive.Uint32(o.word)}, f2)
	}
	all.reply("unlinkAt", "empty", &lisafs.UnlinkAtResp{}, fields{})
	all.reply("renameAt", "empty", &lisafs.RenameAtResp{}, fields{})
	all.reply("renameAt2", "empty", &lisafs.RenameAtResp{}, fields{})

	for _, fd := range []lisafs.FDID{0, 6, maxFD} {
		all.request("readLinkAt", unsigned(fd), &lisafs.ReadLinkAtReq{FD: fd}, fields{"fd": unsigned(fd)})
	}
	for _, target := range []string{"", "../lib", "/abs/\xff\xfe", strings.Repeat("t", 4095)} {
		all.reply("readLinkAt", "target", &lisafs.ReadLinkAtResp{Target: lisafs.SizedString(target)},
			fields{"body": data(target)})
	}
}

func addXattrs(all *vectors) {
	values := []string{"", "value", "\x00\x01\xff binary", strings.Repeat("\xee", 300)}
	for i, n := range names {
		fd, word, value := owners(i).dirFD, owners(i).word, values[i%len(values)]
		name := lisafs.SizedString("user." + n.name)
		all.request("fGetXattr", n.label, &lisafs.FGetXattrReq{FD: fd, BufSize: primitive.Uint32(word), Name: name},
			fields{"fd": unsigned(fd), "bufferBytes": word, "name": byteString(name)})
		all.request("fSetXattr", n.label,
			&lisafs.FSetXattrReq{FD: fd, Flags: primitive.Uint32(word), Name: name, Value: lisafs.SizedString(value)},
			fields{"fd": unsigned(fd), "flags": word, "name": byteString(name), "value": data(value)})
		all.request("fRemoveXattr", n.label, &lisafs.FRemoveXattrReq{FD: fd, Name: name},
			fields{"fd": unsigned(fd), "name": byteString(name)})
	}
	for _, value := range values {
		all.reply("fGetXattr", "value", &lisafs.FGetXattrResp{Value: lisafs.SizedString(value)}, fields{"body": data(value)})
	}
	all.reply("fSetXattr", "empty", &lisafs.FSetXattrResp{}, fields{})
	all.reply("fRemoveXattr", "empty", &lisafs.FRemoveXattrResp{}, fields{})

	for _, size := range []uint64{0, 65536, aboveDouble, math.MaxUint64} {
		all.request("fListXattr", unsigned(size), &lisafs.FListXattrReq{FD: 3, Size: size},
			fields{"fd": "3", "size": unsigned(size)})
	}
	for _, xattrs := range [][]string{{}, {"user.a"}, {"", "user.\xff", "security.selinux"}} {
		all.reply("fListXattr", "names", &lisafs.FListXattrResp{Xattrs: xattrs},
			fields{"names": list(xattrs, func(name string) any { return byteString(name) })})
	}
}
