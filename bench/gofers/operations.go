package main

import (
	"fmt"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// operation is what a thread does again and again.
type operation struct {
	name string
	// begin opens what the operation works on and gives its step.
	begin func(w *worker) (step, error)
}

type step func() error

// operations are in the order in which they are reported. Descriptors of the gofer that a step leaves open are closed
// as gVisor closes them, a hundred at a time, but where the name says Close.
var operations = []operation{
	{"FStat", func(w *worker) (step, error) {
		file, err := w.walk(fileOf(w.thread))
		var stat lisafs.Statx
		return func() error { return file.StatTo(w.ctx, &stat) }, err
	}},
	{"Walk, depth 1", func(w *worker) (step, error) { return w.walking(deepPath[:1]), nil }},
	{"Walk, depth 8", func(w *worker) (step, error) { return w.walking(deepPath), nil }},
	{"WalkStat, depth 1", func(w *worker) (step, error) { return w.walkingStat(deepPath[:1]), nil }},
	{"WalkStat, depth 8", func(w *worker) (step, error) { return w.walkingStat(deepPath), nil }},
	{"OpenAt + Close", func(w *worker) (step, error) {
		file, err := w.walk(fileOf(w.thread))
		return func() error {
			opened, donated, err := file.OpenAt(w.ctx, unix.O_RDONLY)
			if err != nil {
				return err
			}
			closeDonated(donated)
			fd := w.client.NewFD(opened)
			fd.Close(w.ctx, true)
			return nil
		}, err
	}},
	{"OpenCreateAt + UnlinkAt", func(w *worker) (step, error) {
		directory, err := w.walk(scratchOf(w.thread))
		return func() error {
			child, opened, donated, err := directory.OpenCreateAt(w.ctx, "made", unix.O_RDWR, 0o644, 0, 0)
			if err != nil {
				return err
			}
			closeDonated(donated)
			w.close(opened)
			w.close(child.ControlFD)
			return directory.UnlinkAt(w.ctx, "made", 0)
		}, err
	}},
	{"MkdirAt + RenameAt + UnlinkAt", func(w *worker) (step, error) {
		directory, err := w.walk(scratchOf(w.thread))
		return func() error {
			child, err := directory.MkdirAt(w.ctx, "made", 0o755, 0, 0)
			if err != nil {
				return err
			}
			w.close(child.ControlFD)
			if err := directory.RenameAt(w.ctx, "made", directory.ID(), "renamed", 0); err != nil {
				return err
			}
			return directory.UnlinkAt(w.ctx, "renamed", unix.AT_REMOVEDIR)
		}, err
	}},
	{"PRead, 4 KiB", func(w *worker) (step, error) { return w.reading(4 << 10) }},
	{"PRead, 64 KiB", func(w *worker) (step, error) { return w.reading(64 << 10) }},
	{"PRead, 1 MiB", func(w *worker) (step, error) { return w.reading(1 << 20) }},
	{"PWrite, 4 KiB", func(w *worker) (step, error) { return w.writing(4 << 10) }},
	{"PWrite, 64 KiB", func(w *worker) (step, error) { return w.writing(64 << 10) }},
	{"PWrite, 1 MiB", func(w *worker) (step, error) { return w.writing(1 << 20) }},
	{"Getdents64, 1,000 entries", func(w *worker) (step, error) {
		directory, err := w.open(unix.O_RDONLY, listedDirectory)
		return func() error { return listAll(w.ctx, directory) }, err
	}},
	{"SetStat", func(w *worker) (step, error) {
		file, err := w.walk(fileOf(w.thread))
		changes := linux.Statx{Mask: unix.STATX_MODE, Mode: 0o640}
		return func() error {
			_, failure, err := file.SetStat(w.ctx, &changes)
			if err != nil {
				return err
			}
			return failure
		}, err
	}},
	{"ReadLinkAt", func(w *worker) (step, error) {
		link, err := w.walk(linkOf(w.thread))
		return func() error {
			_, err := link.ReadLinkAt(w.ctx)
			return err
		}, err
	}},
	{"FGetXattr", func(w *worker) (step, error) {
		file, err := w.walk(fileOf(w.thread))
		return func() error {
			_, err := file.GetXattr(w.ctx, attributeName, 64)
			return err
		}, err
	}},
}

// worker is one thread of the client, and the connection that it works on.
type worker struct {
	ctx    context.Context
	client *lisafs.Client
	root   lisafs.ClientFD
	thread int
	// opened are closed with the worker.
	opened []lisafs.FDID
}

func (w *worker) close(fd lisafs.FDID) { w.client.CloseFD(w.ctx, fd, false) }

func (w *worker) end() {
	for _, fd := range w.opened {
		w.close(fd)
	}
}

func (w *worker) walk(name string) (lisafs.ClientFD, error) {
	inode, err := w.root.Walk(w.ctx, name)
	if err != nil {
		return lisafs.ClientFD{}, fmt.Errorf("walking to %s: %w", name, err)
	}
	w.opened = append(w.opened, inode.ControlFD)
	return w.client.NewFD(inode.ControlFD), nil
}

func (w *worker) open(flags uint32, name string) (lisafs.ClientFD, error) {
	file, err := w.walk(name)
	if err != nil {
		return lisafs.ClientFD{}, err
	}
	opened, donated, err := file.OpenAt(w.ctx, flags)
	if err != nil {
		return lisafs.ClientFD{}, fmt.Errorf("opening %s: %w", name, err)
	}
	closeDonated(donated)
	w.opened = append(w.opened, opened)
	return w.client.NewFD(opened), nil
}

func (w *worker) walking(path []string) step {
	return func() error {
		_, inodes, err := w.root.WalkMultiple(w.ctx, path)
		for i := range inodes {
			w.close(inodes[i].ControlFD)
		}
		return expectCount(len(inodes), len(path), err)
	}
}

func (w *worker) walkingStat(path []string) step {
	return func() error {
		stats, err := w.root.WalkStat(w.ctx, path)
		return expectCount(len(stats), len(path), err)
	}
}

func (w *worker) reading(bytes int) (step, error) {
	file, err := w.open(unix.O_RDONLY, fileOf(w.thread))
	buffer := make([]byte, bytes)
	return func() error {
		n, err := file.Read(w.ctx, buffer, 0)
		return expectCount(int(n), bytes, err)
	}, err
}

func (w *worker) writing(bytes int) (step, error) {
	file, err := w.open(unix.O_RDWR, fileOf(w.thread))
	buffer := make([]byte, bytes)
	return func() error {
		n, err := file.Write(w.ctx, buffer, 0)
		return expectCount(int(n), bytes, err)
	}, err
}

// listAll reads a directory from its beginning as gVisor does.
func listAll(ctx context.Context, directory lisafs.ClientFD) error {
	// A negative count goes back to the beginning.
	const bytes = 64 << 10
	listed := 0
	for count := int32(-bytes); ; count = bytes {
		entries, err := directory.Getdents64(ctx, count)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return expectCount(listed, entriesListed, nil)
		}
		listed += len(entries)
	}
}

func expectCount(have, want int, err error) error {
	if err == nil && have != want {
		return fmt.Errorf("got %d, want %d", have, want)
	}
	return err
}

func closeDonated(fd int) {
	if fd >= 0 {
		unix.Close(fd)
	}
}
