package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"bun-gofer/test/interop/harness"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/lisafs"
	"gvisor.dev/gvisor/pkg/unet"
)

// target is an executable to measure under a name.
type target struct{ name, executable string }

// server is a running gofer, what it serves, and the client of each of its mounts.
type server struct {
	target  target
	fresh   string
	gofer   *harness.Gofer
	clients []*lisafs.Client
	roots   []lisafs.ClientFD
}

// startServer starts a gofer with so many mounts, each of a tree that build makes, and connects to them. The calling
// thread must stay locked while the gofer lives.
func startServer(t target, base, label string, mounts int, channels bool, build func(root string) error) (*server, error) {
	fresh, err := harness.MountFresh(base, label)
	if err != nil {
		return nil, err
	}
	s := &server{target: t, fresh: fresh}
	if err := s.start(mounts, channels, build); err != nil {
		return nil, fmt.Errorf("%s: %w", t.name, errors.Join(err, s.end()))
	}
	return s, nil
}

func (s *server) start(mounts int, channels bool, build func(root string) error) error {
	var options harness.Options
	for i := range mounts {
		source := fmt.Sprintf("tree%d", i)
		if err := unix.Mkdir(filepath.Join(s.fresh, source), 0o755); err != nil {
			return err
		}
		if err := build(filepath.Join(s.fresh, source)); err != nil {
			return err
		}
		options.Mounts = append(options.Mounts, harness.Mount{
			Source: source, Destination: fmt.Sprintf("/mnt%d", i), Options: []string{"rbind", "rw"},
		})
	}
	gofer, err := harness.Start(s.target.executable, s.fresh, options)
	s.gofer = gofer
	if err != nil {
		return err
	}
	for i := range mounts {
		if err := s.connect(gofer.Take(1+i), channels); err != nil {
			return err
		}
	}
	return nil
}

// connect takes the socket, even when it fails.
func (s *server) connect(socket int, channels bool) error {
	end, err := unet.NewSocket(socket)
	if err != nil {
		unix.Close(socket)
		return err
	}
	client, root, donated, err := lisafs.NewClient(end)
	if err != nil {
		return fmt.Errorf("mounting: %w", err)
	}
	closeDonated(donated)
	s.clients = append(s.clients, client)
	s.roots = append(s.roots, client.NewFD(root.ControlFD))
	if channels {
		return client.StartChannels()
	}
	return nil
}

// worker gives the thread with this number its connection: threads are dealt out to the mounts in turn.
func (s *server) worker(thread int) *worker {
	mount := thread % len(s.clients)
	return &worker{ctx: context.Background(), client: s.clients[mount], root: s.roots[mount], thread: thread}
}

// end hangs up, waits for the gofer's end and removes what it served.
func (s *server) end() error {
	for _, client := range s.clients {
		client.Close()
	}
	if s.gofer != nil {
		s.gofer.End()
	}
	return harness.UnmountFresh(s.fresh)
}
