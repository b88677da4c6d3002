package main

import (
	"math"
	"strings"

	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/marshal/primitive"
)

func addOpens(all *vectors) {
	for _, o := range []struct {
		label string
		req   lisafs.OpenAtReq
	}{
		{"zero", lisafs.OpenAtReq{}},
		{"read-write and truncate", lisafs.OpenAtReq{FD: 9, Flags: 0o1002}},
		{"maximum", lisafs.OpenAtReq{FD: maxFD, Flags: math.MaxUint32}},
	} {
		all.request("openAt", o.label, &o.req, fields{"fd": unsigned(o.req.FD), "flags": o.req.Flags})
	}
	for _, fd := range []lisafs.FDID{0, 12, maxFD} {
		all.reply("openAt", unsigned(fd), &lisafs.OpenAtResp{OpenFD: fd}, fields{"openFd": unsigned(fd)})
	}

	for _, l := range []struct {
		label string
		fds   []lisafs.FDID
	}{
		{"none", []lisafs.FDID{}},
		{"one", []lisafs.FDID{5}},
		{"some", []lisafs.FDID{0, 1, 1 << 32, maxFD}},
		{"a batch", make([]lisafs.FDID, 100)},
	} {
		f := fields{"fds": list(l.fds, func(fd lisafs.FDID) any { return unsigned(fd) })}
		all.request("close", l.label, &lisafs.CloseReq{FDs: l.fds}, f)
		all.request("fSync", l.label, &lisafs.FsyncReq{FDs: l.fds}, f)
	}
	all.reply("close", "empty", &lisafs.CloseResp{}, fields{})
	all.reply("fSync", "empty", &lisafs.FsyncResp{}, fields{})

	all.request("flush", "zero", &lisafs.FlushReq{}, fields{"fd": "0"})
	all.request("flush", "maximum", &lisafs.FlushReq{FD: maxFD}, fields{"fd": unsigned(maxFD)})
	all.reply("flush", "empty", &lisafs.FlushResp{}, fields{})
}

func addContent(all *vectors) {
	for _, w := range []struct {
		label  string
		offset uint64
		fd     lisafs.FDID
		buf    string
	}{
		{"nothing", 0, 0, ""},
		{"text", 4096, 8, "hello, gofer\n"},
		{"binary at the end of 64 bits", math.MaxUint64, maxFD, "\x00\xff" + strings.Repeat("\x80", 300)},
		{"beyond doubles", aboveDouble, 1, "x"},
	} {
		all.request("pWrite", w.label,
			&lisafs.PWriteReq{
				Offset: primitive.Uint64(w.offset), FD: w.fd, NumBytes: primitive.Uint32(len(w.buf)), Buf: []byte(w.buf),
			},
			fields{"offset": unsigned(w.offset), "fd": unsigned(w.fd), "data": data(w.buf)})
		all.reply("pRead", w.label,
			&lisafs.PReadResp{NumBytes: primitive.Uint64(len(w.buf)), Buf: []byte(w.buf)},
			fields{"body": data(w.buf)})
	}
	for _, count := range []uint64{0, 13, 1<<53 - 1, math.MaxUint64} {
		all.reply("pWrite", unsigned(count), &lisafs.PWriteResp{Count: count}, fields{"count": unsigned(count)})
	}
	for _, r := range []struct {
		label string
		req   lisafs.PReadReq
	}{
		{"zero", lisafs.PReadReq{}},
		{"a page", lisafs.PReadReq{Offset: 1 << 32, FD: 8, Count: 4096}},
		{"maximum", lisafs.PReadReq{Offset: math.MaxUint64, FD: maxFD, Count: math.MaxUint32}},
	} {
		all.request("pRead", r.label, &r.req,
			fields{"offset": unsigned(r.req.Offset), "fd": unsigned(r.req.FD), "count": r.req.Count})
	}

	for _, a := range []struct {
		label string
		req   lisafs.FAllocateReq
	}{
		{"zero", lisafs.FAllocateReq{}},
		{"punch a hole", lisafs.FAllocateReq{FD: 8, Mode: 3, Offset: 4096, Length: 8192}},
		{"maximum", lisafs.FAllocateReq{FD: maxFD, Mode: math.MaxUint64, Offset: math.MaxUint64, Length: aboveDouble}},
	} {
		all.request("fAllocate", a.label, &a.req, fields{
			"fd": unsigned(a.req.FD), "mode": unsigned(a.req.Mode), "offset": unsigned(a.req.Offset), "length": unsigned(a.req.Length),
		})
	}
	all.reply("fAllocate", "empty", &lisafs.FAllocateResp{}, fields{})

	for _, d := range []struct {
		label string
		req   lisafs.Getdents64Req
	}{
		{"zero", lisafs.Getdents64Req{}},
		{"continue", lisafs.Getdents64Req{DirFD: 4, Count: 65536}},
		{"rewind", lisafs.Getdents64Req{DirFD: 4, Count: -65536}},
		{"maximum", lisafs.Getdents64Req{DirFD: maxFD, Count: math.MaxInt32}},
		{"minimum", lisafs.Getdents64Req{DirFD: 1 << 32, Count: math.MinInt32}},
	} {
		all.request("getdents64", d.label, &d.req, fields{"dirFd": unsigned(d.req.DirFD), "count": d.req.Count})
	}
	entries := []lisafs.Dirent64{}
	for i, n := range names {
		entries = append(entries, lisafs.Dirent64{
			Ino: primitive.Uint64(i), DevMinor: primitive.Uint32(i), DevMajor: 8, Off: primitive.Uint64(1 << i), Type: 8,
			Name: lisafs.SizedString(n.name),
		})
	}
	entries = append(entries, lisafs.Dirent64{
		Ino: math.MaxUint64, DevMinor: math.MaxUint32, DevMajor: math.MaxUint32 - 1, Off: math.MaxUint64, Type: math.MaxUint8, Name: "max",
	})
	for _, some := range [][]lisafs.Dirent64{{}, entries[:1], entries} {
		all.reply("getdents64", "entries", &lisafs.Getdents64Resp{Dirents: some}, fields{
			"entries": list(some, func(d lisafs.Dirent64) any {
				return fields{
					"ino": unsigned(d.Ino), "devMinor": d.DevMinor, "devMajor": d.DevMajor, "off": unsigned(d.Off), "type": d.Type,
					"name": byteString(d.Name),
				}
			}),
		})
	}
}
