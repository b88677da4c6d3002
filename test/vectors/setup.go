package main

import (
	"math"
	"reflect"
	"unsafe"

	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/marshal/primitive"
)

// setPrivate sets a field of a lisafs message that only lisafs itself can name.
func setPrivate[T any](structure any, field string, value T) {
	place := reflect.ValueOf(structure).Elem().FieldByName(field)
	*(*T)(unsafe.Pointer(place.UnsafeAddr())) = value
}

func addSetup(all *vectors) {
	all.request("error", "empty", &lisafs.EmptyMessage{}, fields{})
	for _, errno := range []uint32{0, 2, 121, math.MaxUint32} {
		reply := &lisafs.ErrorResp{}
		setPrivate(reply, "errno", errno)
		all.reply("error", errnoLabel(errno), reply, fields{"errno": errno})
	}

	all.request("mount", "empty", &lisafs.MountReq{}, fields{})
	supported := [][]lisafs.MID{{}, {lisafs.Mount}, {lisafs.Mount, lisafs.Channel, lisafs.RenameAt2, math.MaxUint16}, {0}}
	sizes := []uint32{0, lisafs.MaxMessageSize(), 1 << 20, math.MaxUint32}
	for i, inode := range inodeSamples() {
		all.reply("mount", statxSamples[i].label,
			&lisafs.MountResp{Root: inode, MaxMessageSize: primitive.Uint32(sizes[i]), SupportedMs: supported[i]},
			fields{
				"root": inodeFields(inode), "messageBytesMax": sizes[i],
				"supported": list(supported[i], func(id lisafs.MID) any { return id }),
			})
	}

	all.request("channel", "empty", &lisafs.ChannelReq{}, fields{})
	for _, window := range []struct {
		label  string
		offset int64
		length uint64
	}{
		{"zero", 0, 0}, {"second window", 2 << 20, 2 << 20}, {"maximum", math.MaxInt64, math.MaxUint64}, {"negative", -1, aboveDouble},
	} {
		reply := &lisafs.ChannelResp{}
		setPrivate(reply, "dataOffset", window.offset)
		setPrivate(reply, "dataLength", window.length)
		all.reply("channel", window.label, reply,
			fields{"dataOffset": signed(window.offset), "dataLength": unsigned(window.length)})
	}
}

func errnoLabel(errno uint32) string {
	switch errno {
	case 0:
		return "zero"
	case 2:
		return "ENOENT"
	case 121:
		return "EREMOTEIO"
	default:
		return "maximum"
	}
}

func addAttributes(all *vectors) {
	for _, fd := range []lisafs.FDID{0, 1, 1 << 32, maxFD} {
		all.request("fStat", unsigned(fd), &lisafs.StatReq{FD: fd}, fields{"fd": unsigned(fd)})
		all.request("fStatFs", unsigned(fd), &lisafs.FStatFSReq{FD: fd}, fields{"fd": unsigned(fd)})
	}
	for _, sample := range statxSamples {
		all.reply("fStat", sample.label, &sample.stat, statxFields(sample.stat))
	}

	for _, s := range []struct {
		label string
		req   lisafs.SetStatReq
	}{
		{"zero", lisafs.SetStatReq{}},
		{"chmod and times", lisafs.SetStatReq{
			FD: 3, Mask: linux.STATX_MODE | linux.STATX_ATIME | linux.STATX_MTIME, Mode: 0o4755, UID: lisafs.NoUID, GID: lisafs.NoGID,
			Atime: linux.Timespec{Sec: 1700000000, Nsec: 5}, Mtime: linux.Timespec{Sec: -1, Nsec: linux.UTIME_OMIT},
		}},
		{"maximum", lisafs.SetStatReq{
			FD: maxFD, Mask: math.MaxUint32, Mode: math.MaxUint32, UID: math.MaxUint32, GID: math.MaxUint32, Size: math.MaxUint64,
			Atime: linux.Timespec{Sec: math.MaxInt64, Nsec: math.MinInt64}, Mtime: linux.Timespec{Sec: math.MinInt64, Nsec: math.MaxInt64},
		}},
	} {
		all.request("setStat", s.label, &s.req, fields{
			"fd": unsigned(s.req.FD), "mask": s.req.Mask, "mode": s.req.Mode, "uid": s.req.UID, "gid": s.req.GID,
			"size": unsigned(s.req.Size), "atimeSec": signed(s.req.Atime.Sec), "atimeNsec": signed(s.req.Atime.Nsec),
			"mtimeSec": signed(s.req.Mtime.Sec), "mtimeNsec": signed(s.req.Mtime.Nsec),
		})
	}
	for _, s := range []struct {
		label string
		reply lisafs.SetStatResp
	}{
		{"zero", lisafs.SetStatResp{}},
		{"chown not permitted", lisafs.SetStatResp{FailureMask: linux.STATX_UID, FailureErrNo: 1}},
		{"maximum", lisafs.SetStatResp{FailureMask: math.MaxUint32, FailureErrNo: math.MaxUint32}},
	} {
		all.reply("setStat", s.label, &s.reply, fields{"failureMask": s.reply.FailureMask, "failureErrno": s.reply.FailureErrNo})
	}

	for _, s := range []struct {
		label string
		reply lisafs.StatFS
	}{
		{"zero", lisafs.StatFS{}},
		{"ext4", lisafs.StatFS{Type: 0xef53, BlockSize: 4096, Blocks: 1 << 30, BlocksFree: 1 << 29, BlocksAvailable: 1 << 28,
			Files: 1 << 24, FilesFree: 1 << 23, NameLength: 255}},
		{"maximum", lisafs.StatFS{Type: math.MaxUint64, BlockSize: math.MinInt64, Blocks: math.MaxUint64, BlocksFree: aboveDouble,
			BlocksAvailable: 1 << 53, Files: 1<<53 - 1, FilesFree: math.MaxUint64, NameLength: math.MaxUint64}},
	} {
		all.reply("fStatFs", s.label, &s.reply, fields{
			"type": unsigned(s.reply.Type), "blockSize": signed(s.reply.BlockSize), "blocks": unsigned(s.reply.Blocks),
			"blocksFree": unsigned(s.reply.BlocksFree), "blocksAvailable": unsigned(s.reply.BlocksAvailable),
			"files": unsigned(s.reply.Files), "filesFree": unsigned(s.reply.FilesFree), "nameLength": unsigned(s.reply.NameLength),
		})
	}
}
