package main

import (
	"fmt"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// limitCases are about what a gofer may use up: descriptors of its own, and those that a request leaves open.
var limitCases = func() []testCase {
	cases := []testCase{
		{name: "every request when the gofer has no descriptor left", gofer: fewDescriptors, steps: func(s *session) {
			file, dir, link := s.walk(s.root, "file"), s.walk(s.root, "dir"), s.walk(s.root, "link")
			open, openDir := s.openFile(2, "file"), s.openFile(0, "dir")
			held := s.exhaust()
			s.everyRequest("file", file)
			s.everyRequest("directory", dir)
			s.everyRequest("link", link)
			s.everyRequest("open file", open)
			s.everyRequest("open directory", openDir)
			s.setStat(lisafs.SetStatReq{FD: file, Mask: unix.STATX_SIZE, Size: 3})
			s.setStat(lisafs.SetStatReq{FD: link, Mask: statxTimes})
			s.walkAll(s.root, "dir", "sub")
			s.walkStat(s.root, "dir", "sub")
			s.walkStat(s.root, "")
			s.walkStat(s.root, "missing")
			s.getXattr(link, "user.x", 1)
			s.release(held)
			s.everyRequest("file", file)
			s.everyRequest("directory", dir)
			s.walkAll(s.root, "dir", "sub")
		}},
		{name: "Mount and Channel when the gofer has no descriptor left", gofer: fewDescriptors,
			wires: []wireKind{rawSocketKind},
			steps: func(s *session) {
				held := s.exhaust()
				s.mount()
				s.call(lisafs.Channel, "", nil)
				s.fstat(s.root)
				s.release(held)
				s.mount()
				s.call(lisafs.Channel, "", nil)
			}},
		{name: "creating with one, two and three descriptors left", gofer: fewDescriptors, steps: func(s *session) {
			dir := s.walk(s.root, "dir")
			for left := 1; left <= 3; left++ {
				held := s.exhaust()
				s.release(held[:left])
				child, opened := s.create(dir, fmt.Sprint("file-", left), 2, owner{0o644, 0, 0})
				s.closeFDs(child, opened)
				s.closeFDs(s.mkdir(dir, fmt.Sprint("dir-", left), owner{0o755, 0, 0}))
				s.closeFDs(s.symlink(dir, fmt.Sprint("link-", left), "to", owner{0, 0, 0}))
				s.release(held[left:])
			}
		}},
		{name: "opening with one descriptor left", gofer: fewDescriptors, steps: func(s *session) {
			file := s.walk(s.root, "file")
			held := s.exhaust()
			s.release(held[:1])
			s.openAt(file, 2)
			s.release(held[1:])
		}},
	}
	for _, leak := range []struct {
		name    string
		request func(s *session, dir lisafs.FDID) encoder
		m       lisafs.MID
	}{
		{"Walk to nowhere", func(_ *session, dir lisafs.FDID) encoder { return walkRequest(dir, "missing") },
			lisafs.Walk},
		{"WalkStat", func(_ *session, dir lisafs.FDID) encoder {
			return walkRequest(dir, "", "sub", "deep", "leaf")
		}, lisafs.WalkStat},
		{"WalkStat of a forbidden file", func(s *session, _ lisafs.FDID) encoder {
			return walkRequest(s.root, "block")
		}, lisafs.WalkStat},
		{"Walk to a forbidden file", func(s *session, _ lisafs.FDID) encoder {
			return walkRequest(s.root, "block")
		}, lisafs.Walk},
		{"OpenCreateAt of what is there", func(_ *session, dir lisafs.FDID) encoder {
			return createRequest(dir, "a")
		}, lisafs.OpenCreateAt},
		{"MkdirAt of what is there", func(_ *session, dir lisafs.FDID) encoder {
			return mkdirRequest(dir, "sub")
		}, lisafs.MkdirAt},
		{"LinkAt of what is there", func(s *session, dir lisafs.FDID) encoder {
			return &lisafs.LinkAtReq{DirFD: dir, Target: s.walkQuietly(dir, "b"), Name: "a"}
		}, lisafs.LinkAt},
	} {
		cases = append(cases, testCase{name: "descriptors left open by " + leak.name, steps: func(s *session) {
			dir := s.walk(s.root, "dir")
			request := encode(leak.request(s, dir))
			before := s.gofer.Descriptors()
			for range 60 {
				s.quietly(leak.m, request)
			}
			s.growth(before, 60)
		}})
	}
	return append(cases,
		testCase{name: "descriptors left open by what is closed again", steps: func(s *session) {
			dir := s.walk(s.root, "dir")
			before := s.gofer.Descriptors()
			for range 60 {
				s.release([]lisafs.FDID{s.walkQuietly(dir, "a"), s.walkQuietly(dir, "inner")})
				fd := s.walkQuietly(dir, "b")
				s.quietly(lisafs.SetStat, encode(&lisafs.SetStatReq{FD: fd, Mask: settableMask, Mode: 0o644, Size: 2}))
				r := s.wire.call(lisafs.OpenAt, encode(&lisafs.OpenAtReq{FD: fd, Flags: 2}))
				var opened lisafs.OpenAtResp
				r.into(&opened)
				r.closeFDs()
				s.release([]lisafs.FDID{fd, opened.OpenFD})
			}
			s.growth(before, 60)
		}},
		testCase{name: "descriptors left open by LinkAt", steps: func(s *session) {
			dir, file := s.walk(s.root, "dir"), s.walk(s.root, "file")
			before := s.gofer.Descriptors()
			for range 60 {
				r := s.wire.call(lisafs.LinkAt, encode(&lisafs.LinkAtReq{DirFD: dir, Target: file, Name: "hard"}))
				s.release([]lisafs.FDID{s.child(r)})
				s.quietly(lisafs.UnlinkAt, encode(unlinkRequest(dir, "hard")))
			}
			s.growth(before, 60)
		}},
	)
}()

// fewDescriptors is a limit that is above what both gofers need to start and to serve a connection with its channels.
var fewDescriptors = harness.Options{Flags: []string{"--fdlimit=128"}}

// exhaust has the gofer open files until it has no descriptor left, and gives them.
func (s *session) exhaust() []lisafs.FDID {
	var held []lisafs.FDID
	for range 1000 {
		r := s.wire.call(lisafs.Walk, encode(walkRequest(s.root, "secret")))
		if r.errno != 0 || r.lost {
			s.note("no descriptor left", s.outcome(lisafs.Walk, &r))
			return held
		}
		var resp lisafs.WalkResp
		r.into(&resp)
		held = append(held, resp.Inodes[0].ControlFD)
	}
	s.note("no descriptor left", "never")
	return held
}

func (s *session) release(held []lisafs.FDID) {
	s.quietly(lisafs.Close, encode(&lisafs.CloseReq{FDs: held}))
}

func (s *session) walkQuietly(dir lisafs.FDID, path ...string) lisafs.FDID {
	r := s.wire.call(lisafs.Walk, encode(walkRequest(dir, path...)))
	var resp lisafs.WalkResp
	r.into(&resp)
	if len(resp.Inodes) < len(path) {
		return lisafs.InvalidFDID
	}
	return resp.Inodes[len(path)-1].ControlFD
}
