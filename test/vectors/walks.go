package main

import (
	"gvisor.dev/gvisor/pkg/lisafs"
)

func addWalks(all *vectors) {
	everyName := []string{}
	for _, n := range names {
		everyName = append(everyName, n.name)
	}
	for _, w := range []struct {
		label string
		req   lisafs.WalkReq
	}{
		{"no component", lisafs.WalkReq{DirFD: 1, Path: lisafs.StringArray{}}},
		{"self", lisafs.WalkReq{DirFD: maxFD, Path: lisafs.StringArray{""}}},
		{"three components", lisafs.WalkReq{DirFD: 2, Path: lisafs.StringArray{"usr", "share", "doc"}}},
		{"all kinds of names", lisafs.WalkReq{DirFD: 3, Path: everyName}},
	} {
		f := fields{
			"dirFd": unsigned(w.req.DirFD),
			"path":  list(w.req.Path, func(name string) any { return byteString(name) }),
		}
		all.request("walk", w.label, &w.req, f)
		all.request("walkStat", w.label, &w.req, f)
	}

	for _, w := range []struct {
		label string
		reply lisafs.WalkResp
	}{
		{"nothing", lisafs.WalkResp{Status: lisafs.WalkSuccess, Inodes: []lisafs.Inode{}}},
		{"missing component", lisafs.WalkResp{Status: lisafs.WalkComponentDoesNotExist, Inodes: inodeSamples()[:1]}},
		{"symlink", lisafs.WalkResp{Status: lisafs.WalkComponentSymlink, Inodes: inodeSamples()}},
	} {
		all.reply("walk", w.label, &w.reply, fields{
			"status": w.reply.Status,
			"inodes": list(w.reply.Inodes, func(i lisafs.Inode) any { return inodeFields(i) }),
		})
	}
	for count := range len(statxSamples) + 1 {
		stats := []lisafs.Statx{}
		for _, sample := range statxSamples[:count] {
			stats = append(stats, sample.stat)
		}
		all.reply("walkStat", "first samples", &lisafs.WalkStatResp{Stats: stats},
			fields{"stats": list(stats, func(s lisafs.Statx) any { return statxFields(s) })})
	}
}
