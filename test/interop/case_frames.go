package main

import (
	"encoding/binary"
	"fmt"
	"time"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// payloadBytesMax is the largest payload a stock gofer takes.
const payloadBytesMax = 2_093_056

// frameCases send what gVisor's client would not: wrong sizes, wrong messages, frames in pieces.
var frameCases = []testCase{
	{name: "a body cut short anywhere", wires: rawWires, steps: func(s *session) {
		for _, r := range everyRequest {
			whole := encode(r.on(s.walk(s.root, "dir")))
			for length := range whole {
				s.call(r.m, fmt.Sprintf("%d of %d bytes", length, len(whole)), whole[:length])
			}
		}
		s.fstat(s.root)
	}},
	{name: "bytes behind the body", wires: rawWires, steps: func(s *session) {
		for _, r := range everyRequest {
			body := encode(r.on(s.walk(s.root, "dir")))
			s.call(r.m, "and more", append(body, "and more"...))
		}
		for _, m := range []lisafs.MID{lisafs.Mount, lisafs.Error} {
			s.call(m, "only more", []byte("only more"))
		}
		s.fstat(s.root)
	}},
	{name: "a body of nothing", wires: rawWires, steps: func(s *session) {
		for m := range lisafs.MID(40) {
			if m != lisafs.Channel {
				s.call(m, "nothing", nil)
			}
		}
	}},
	{name: "unknown and unsupported messages", wires: rawWires, steps: func(s *session) {
		for _, m := range []lisafs.MID{0, 20, 34, 35, 63, 64, 127, 128, 255, 256, 1000, 32767, 32768, 65535} {
			s.call(m, "nothing", nil)
			s.call(m, "16 bytes", make([]byte, 16))
			s.call(m, "a large body", make([]byte, 1<<20))
		}
		s.flush(s.openFile(0, "file"))
		s.fstat(s.root)
	}},
	{name: "counts larger than the body", wires: rawWires, steps: func(s *session) {
		dir := binary.LittleEndian.AppendUint64(nil, uint64(s.root))
		u16 := func(body []byte, v uint16) []byte { return binary.LittleEndian.AppendUint16(body, v) }
		for _, count := range []uint16{1, 2, 100, 65535} {
			for _, m := range []lisafs.MID{lisafs.Walk, lisafs.WalkStat} {
				s.call(m, fmt.Sprintf("%d names in none", count), u16(clone(dir), count))
				s.call(m, fmt.Sprintf("%d names in one", count), append(u16(u16(clone(dir), count), 4), "file"...))
				s.call(m, fmt.Sprintf("a name of %d in 4", count), append(u16(u16(clone(dir), 1), count), "file"...))
			}
			for _, m := range []lisafs.MID{lisafs.Close, lisafs.FSync} {
				s.call(m, fmt.Sprintf("%d descriptors in one", count), append(u16(nil, count), make([]byte, 8)...))
				s.call(m, fmt.Sprintf("%d descriptors in none", count), u16(nil, count))
			}
		}
		fd := s.openFile(2, "file")
		for _, claimed := range []uint32{0, 3, 4, 5, 1 << 20, payloadBytesMax, 1 << 31, 1<<32 - 1} {
			body := binary.LittleEndian.AppendUint64(nil, 0)
			body = binary.LittleEndian.AppendUint64(body, uint64(fd))
			body = binary.LittleEndian.AppendUint32(body, claimed)
			s.call(lisafs.PWrite, fmt.Sprintf("4 bytes that claim to be %d", claimed), append(body, "data"...))
		}
		s.fstat(s.root)
	}},
	{name: "the largest payloads", wires: []wireKind{rawSocketKind}, steps: func(s *session) {
		for _, size := range []int{payloadBytesMax - 1, payloadBytesMax, payloadBytesMax + 1,
			payloadBytesMax + 4096, 1<<22 + 3} {
			for _, m := range []lisafs.MID{lisafs.FStat, lisafs.Walk, lisafs.PWrite, lisafs.Mount, 99} {
				s.call(m, fmt.Sprintf("%d zeros", size), make([]byte, size))
			}
			s.fstat(s.root)
		}
	}},
	{name: "the largest payload in a channel", wires: []wireKind{rawChannelKind}, steps: func(s *session) {
		for _, size := range []int{payloadBytesMax - 1, payloadBytesMax, payloadBytesMax + 1, payloadBytesMax + 2048} {
			s.call(lisafs.FStat, fmt.Sprintf("%d zeros", size), make([]byte, size))
			s.call(lisafs.Walk, fmt.Sprintf("%d zeros", size), make([]byte, size))
		}
		s.fstat(s.root)
	}},
	{name: "requests in pieces and several at once", wires: []wireKind{rawSocketKind}, steps: func(s *session) {
		socket := s.wire.(*rawSocket)
		stat := frame(8, lisafs.FStat, encode(&lisafs.StatReq{FD: s.root}))
		for cut := range stat {
			ok := socket.send(stat[:cut]) && socket.send(stat[cut:])
			s.note(fmt.Sprint("sent in pieces of ", cut, " and the rest"), fmt.Sprint(ok))
			s.noteReply(lisafs.FStat, "in pieces", socket.receive())
		}
		for range 5 {
			socket.send(append(append(clone(stat), stat...), stat[:11]...))
			s.noteReply(lisafs.FStat, "first of a batch", socket.receive())
			s.noteReply(lisafs.FStat, "second of a batch", socket.receive())
			socket.send(stat[11:])
			s.noteReply(lisafs.FStat, "in two batches", socket.receive())
		}
		for _, b := range stat {
			socket.send([]byte{b})
		}
		s.noteReply(lisafs.FStat, "byte by byte", socket.receive())
	}},
	{name: "the padding of a header is not looked at", wires: []wireKind{rawSocketKind}, steps: func(s *session) {
		socket := s.wire.(*rawSocket)
		stat := frame(8, lisafs.FStat, encode(&lisafs.StatReq{FD: s.root}))
		stat[6], stat[7] = 0xff, 0xff
		s.noteReply(lisafs.FStat, "padded by 0xffff", socket.exchange(stat))
		s.fstat(s.root)
	}},
	{name: "the client ends in the middle of a frame", wires: []wireKind{rawSocketKind}, gofer: twoMounts,
		connections: func(r *run) {
			one, other := r.connect(1, "one: "), r.connect(2, "other: ")
			socket := one.wire.(*rawSocket)
			socket.send(frame(100, lisafs.FStat, []byte("only this")))
			one.hangUp()
			other.fstat(other.root)
		}},
	{name: "the client closes its writing side", wires: []wireKind{rawSocketKind}, steps: func(s *session) {
		socket := s.wire.(*rawSocket)
		socket.send(frame(8, lisafs.FStat, encode(&lisafs.StatReq{FD: s.root})))
		_ = unix.Shutdown(socket.fd, unix.SHUT_WR)
		s.noteReply(lisafs.FStat, "before the end", socket.receive())
		s.noteReply(lisafs.FStat, "after the end", socket.receive())
	}},
	{name: "the client sends descriptors", wires: []wireKind{rawSocketKind}, steps: func(s *session) {
		socket := s.wire.(*rawSocket)
		before := s.gofer.Descriptors()
		stat := frame(8, lisafs.FStat, encode(&lisafs.StatReq{FD: s.root}))
		for range 20 {
			rights := unix.UnixRights(0, 0, 0)
			_ = unix.Sendmsg(socket.fd, stat, rights, nil, 0)
			s.noteReply(lisafs.FStat, "with three descriptors", socket.receive())
		}
		s.growth(before, 20)
	}},
	{name: "a header claims just more than a payload may have", wires: []wireKind{rawSocketKind},
		steps: func(s *session) {
			s.claim(payloadBytesMax+1, nil)
			s.claim(payloadBytesMax+4096, make([]byte, payloadBytesMax+4096-8))
		}},
	{name: "a packet shorter than its header", wires: []wireKind{rawChannelKind}, steps: func(s *session) {
		channel := s.wire.(*rawChannel)
		s.noteReply(lisafs.FStat, "3 bytes", channel.exchange(lisafs.FStat, 0, 3, nil, time.Second))
		s.fstatOn(channel.socket, "the socket after that")
	}},
	{name: "a packet of no bytes", wires: []wireKind{rawChannelKind}, steps: func(s *session) {
		channel := s.wire.(*rawChannel)
		s.noteReply(lisafs.FStat, "0 bytes", channel.exchange(lisafs.FStat, 0, 0, nil, time.Second))
		s.fstatOn(channel.socket, "the socket after that")
	}},
	{name: "a packet that promises descriptors", wires: []wireKind{rawChannelKind}, steps: func(s *session) {
		channel := s.wire.(*rawChannel)
		body := encode(&lisafs.StatReq{FD: s.root})
		for _, count := range []uint8{1, 2, 255} {
			answer := channel.exchange(lisafs.FStat, count, 12, body, answerTimeout)
			s.noteReply(lisafs.FStat, fmt.Sprint(count, " promised"), answer)
		}
		s.fstat(s.root)
	}},
}

var twoMounts = harness.Options{Mounts: []harness.Mount{
	writableTree, {Source: "tree", Destination: "/other", Options: []string{"rbind"}},
}}

func clone(b []byte) []byte { return append([]byte{}, b...) }

// fstatOn asks for the root's attributes over another communicator of the connection.
func (s *session) fstatOn(w wire, what string) {
	s.noteReply(lisafs.FStat, what, w.call(lisafs.FStat, encode(&lisafs.StatReq{FD: s.root})))
}

// claim sends a header with too large a length, some of the payload, and hangs up if no answer comes.
func (s *session) claim(claimed uint32, sent []byte) {
	socket := s.wire.(*rawSocket)
	s.note("sent", fmt.Sprint(socket.send(frame(claimed, lisafs.FStat, sent))))
	_ = unix.Shutdown(socket.fd, unix.SHUT_WR)
	s.noteReply(lisafs.FStat, fmt.Sprintf("%d bytes claimed, %d sent", claimed, len(sent)), socket.receive())
}
