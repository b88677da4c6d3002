package main

import (
	"fmt"
	"strings"

	"gvisor.dev/gvisor/pkg/lisafs"
)

// badNames must be refused, or found missing.
var badNames = []string{
	"", ".", "..", "/", "a/b", "/file", "file/", "../tree", "./file", "\x00", "file\x00", "file\x00x", "\x00/",
	"..\x00",
	strings.Repeat("x", 256), strings.Repeat("x", 4096), strings.Repeat("x", 65535), strings.Repeat("x/", 2048),
}

// oddNames look bad and are not.
var oddNames = []string{
	"not-utf8-\xff\xfe", "\xff", "\xc0\xaf", "ünïcode", "new\nline and space", "...", " ", "\\", "~", "-rf", "*", "CON",
	"\x01\x7f", "a\u0301", "\ufeffbom", longName, strings.Repeat("\xe2\x82\xac", 85),
}

var nameCases = func() []testCase {
	cases := []testCase{
		{name: "bad names in the target of a symbolic link", steps: func(s *session) {
			targets := append([]string{strings.Repeat("y", 4095)}, badNames...)
			for i, name := range targets {
				fd := s.symlink(s.root, fmt.Sprint("made-", i), name, owner{0, 0, 0})
				s.readLink(fd)
			}
		}},
		{name: "a bad name hides a bad descriptor, and the other way round", steps: func(s *session) {
			for _, r := range everyNamedRequest {
				for _, name := range []string{"", ".", "..", "a/b", "a\x00b"} {
					shown := dataText([]byte(name))
					s.call(r.m, r.title+" unknown "+shown, encode(r.on(neverGiven, name)))
					s.call(r.m, r.title+" file "+shown, encode(r.on(s.walk(s.root, "file"), name)))
					s.call(r.m, r.title+" open directory "+shown, encode(r.on(s.openFile(0, "dir"), name)))
				}
			}
		}},
		{name: "the longest name in each message", steps: func(s *session) {
			limit := strings.Repeat("m", 255)
			over := limit + "m"
			for _, name := range []string{limit, over} {
				s.mkdir(s.root, name, owner{0o755, 0, 0})
				s.unlink(s.root, name, 0x200)
				s.create(s.root, name, 2, owner{0o644, 0, 0})
				s.rename(s.root, name, s.root, "short")
				s.rename(s.root, "short", s.root, name)
				s.link(s.root, s.walk(s.root, "file"), name+"l")
				s.link(s.root, s.walk(s.root, "file"), strings.Repeat("l", len(name)))
				s.walkStat(s.root, name)
			}
		}},
	}
	for _, r := range everyNamedRequest {
		cases = append(cases, testCase{
			name: "bad names in " + r.title,
			steps: func(s *session) {
				for _, name := range badNames {
					s.call(r.m, dataText([]byte(name)), encode(r.on(s.root, name)))
				}
			},
		}, testCase{
			name: "odd names in " + r.title,
			steps: func(s *session) {
				for _, name := range oddNames {
					s.call(r.m, dataText([]byte(name)), encode(r.on(s.root, name)))
				}
				s.getdents(s.openFileAt(s.root), 1<<20)
			},
		})
	}
	return cases
}()

func (s *session) openFileAt(fd lisafs.FDID) lisafs.FDID {
	opened, _ := s.openAt(fd, 0)
	return opened
}
