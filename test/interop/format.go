package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// message is what every lisafs message implements.
type message interface {
	SizeBytes() int
	MarshalBytes(dst []byte) []byte
	CheckedUnmarshal(src []byte) ([]byte, bool)
}

type encoder interface {
	SizeBytes() int
	MarshalBytes(dst []byte) []byte
}

func encode(m encoder) []byte {
	encoded := make([]byte, m.SizeBytes())
	m.MarshalBytes(encoded)
	return encoded
}

var messageNames = []string{"Error", "Mount", "Channel", "FStat", "SetStat", "Walk", "WalkStat", "OpenAt",
	"OpenCreateAt",
	"Close", "FSync", "PWrite", "PRead", "MkdirAt", "MknodAt", "SymlinkAt", "LinkAt", "FStatFS", "FAllocate",
	"ReadLinkAt",
	"Flush", "Connect", "UnlinkAt", "RenameAt", "Getdents64", "FGetXattr", "FSetXattr", "FListXattr", "FRemoveXattr",
	"BindAt", "Listen", "Accept", "ConnectWithCreds", "RenameAt2"}

func messageName(m lisafs.MID) string {
	if int(m) < len(messageNames) {
		return messageNames[m]
	}
	return fmt.Sprintf("message %d", m)
}

// outcome shows an answer: its errno, or its fields and its descriptors.
func (r *run) outcome(m lisafs.MID, answer *reply) string {
	shown := "ok"
	switch {
	case answer.odd != "":
		shown = "ODD: " + answer.odd
	case answer.lost:
		shown = "connection lost"
	case answer.errno != 0:
		shown = errnoName(answer.errno)
	default:
		if fields := r.fields(m, answer.payload); fields != "" {
			shown += " " + fields
		}
	}
	for _, fd := range answer.fds {
		shown += " + " + r.donated(fd)
	}
	return shown
}

func (t *transcript) inodeText(i *lisafs.Inode) string { return t.fdid(i.ControlFD) + t.statx(&i.Stat) }

// fields shows the payload of a successful answer by gVisor's own decoders.
func (t *transcript) fields(m lisafs.MID, payload []byte) string {
	switch m {
	case lisafs.Mount:
		var resp lisafs.MountResp
		return decoded(&resp, payload, func() string {
			return fmt.Sprintf("%s max=%d supported=%v", t.inodeText(&resp.Root), resp.MaxMessageSize, resp.SupportedMs)
		})
	case lisafs.Channel:
		// Where a window lies depends on how many came before.
		if len(payload) != 16 {
			return fmt.Sprintf("a channel in %d bytes", len(payload))
		}
		offset := binary.LittleEndian.Uint64(payload)
		return fmt.Sprintf("offset=%d length=%d", offset, binary.LittleEndian.Uint64(payload[8:]))
	case lisafs.FStat:
		var resp lisafs.Statx
		return decoded(&resp, payload, func() string { return t.statx(&resp) })
	case lisafs.SetStat:
		var resp lisafs.SetStatResp
		return decoded(&resp, payload, func() string {
			return fmt.Sprintf("failed=%#x %s", resp.FailureMask, errnoOrNone(resp.FailureErrNo))
		})
	case lisafs.Walk:
		var resp lisafs.WalkResp
		return decoded(&resp, payload, func() string {
			inodes := summarized(resp.Inodes, func(i lisafs.Inode) string { return t.inodeText(&i) })
			return fmt.Sprintf("status=%d %s", resp.Status, inodes)
		})
	case lisafs.WalkStat:
		var resp lisafs.WalkStatResp
		return decoded(&resp, payload, func() string {
			return summarized(resp.Stats, func(s lisafs.Statx) string { return t.statx(&s) })
		})
	case lisafs.OpenAt:
		var resp lisafs.OpenAtResp
		return decoded(&resp, payload, func() string { return t.fdid(resp.OpenFD) })
	case lisafs.OpenCreateAt:
		var resp lisafs.OpenCreateAtResp
		return decoded(&resp, payload, func() string { return t.inodeText(&resp.Child) + " " + t.fdid(resp.NewFD) })
	case lisafs.PWrite:
		var resp lisafs.PWriteResp
		return decoded(&resp, payload, func() string { return fmt.Sprint(resp.Count, " bytes") })
	case lisafs.PRead:
		// The client's decoder wants a buffer of the right size; the format is a count and as many bytes.
		if len(payload) < 8 || uint64(len(payload)-8) != binary.LittleEndian.Uint64(payload) {
			return fmt.Sprintf("a read answer of %d bytes that does not fit its count", len(payload))
		}
		return dataText(payload[8:])
	case lisafs.MkdirAt, lisafs.MknodAt, lisafs.SymlinkAt, lisafs.LinkAt:
		// All four answer the new inode and nothing else.
		var resp lisafs.MkdirAtResp
		return decoded(&resp, payload, func() string { return t.inodeText(&resp.ChildDir) })
	case lisafs.FStatFS:
		var resp lisafs.StatFS
		return decoded(&resp, payload, resp.String)
	case lisafs.ReadLinkAt:
		var resp lisafs.ReadLinkAtResp
		return decoded(&resp, payload, func() string { return dataText([]byte(resp.Target)) })
	case lisafs.Getdents64:
		var resp lisafs.Getdents64Resp
		return decoded(&resp, payload, func() string { return summarized(resp.Dirents, t.dirent) })
	case lisafs.FGetXattr:
		var resp lisafs.FGetXattrResp
		return decoded(&resp, payload, func() string { return dataText([]byte(resp.Value)) })
	case lisafs.FListXattr:
		var resp lisafs.FListXattrResp
		return decoded(&resp, payload, func() string { return fmt.Sprintf("%q", resp.Xattrs) })
	case lisafs.BindAt:
		var resp lisafs.BindAtResp
		return decoded(&resp, payload,
			func() string { return t.inodeText(&resp.Child) + " " + t.fdid(resp.BoundSocketFD) })
	case lisafs.Accept:
		var resp lisafs.AcceptResp
		return decoded(&resp, payload, func() string { return fmt.Sprintf("%q", resp.PeerAddr) })
	}
	if len(payload) > 0 {
		return "payload " + dataText(payload)
	}
	return ""
}

func (t *transcript) dirent(d lisafs.Dirent64) string {
	return fmt.Sprintf("%q %s type=%d off=%d", d.Name, t.inode(uint32(d.DevMajor), uint32(d.DevMinor),
		uint64(d.Ino)), d.Type, d.Off)
}

func errnoOrNone(errno uint32) string {
	if errno == 0 {
		return "none"
	}
	return errnoName(unix.Errno(errno))
}

// decoded shows what the decoder understood and how many bytes it left.
func decoded(m message, payload []byte, show func() string) string {
	rest, ok := m.CheckedUnmarshal(payload)
	if !ok {
		return "UNDECODABLE " + dataText(payload)
	}
	if len(rest) > 0 {
		return fmt.Sprintf("%s and %d bytes more", show(), len(rest))
	}
	return show()
}

// shownMax is how many items or bytes are written out; more are counted and hashed.
const shownMax = 100

func summarized[T any](items []T, show func(T) string) string {
	shown := make([]string, len(items))
	for i, item := range items {
		shown[i] = show(item)
	}
	if len(items) <= shownMax {
		return "[" + strings.Join(shown, ", ") + "]"
	}
	return fmt.Sprintf("[%d, %s: %s … %s]", len(items), hash([]byte(strings.Join(shown, ", "))), shown[0],
		shown[len(items)-1])
}

func dataText(data []byte) string {
	if len(data) <= shownMax {
		return fmt.Sprintf("%q", data)
	}
	return fmt.Sprintf("%d bytes, %s", len(data), hash(data))
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}
