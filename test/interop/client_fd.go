package main

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/lisafs"
)

// throughClientFD uses the client's own files, which cut large transfers into messages and close in batches.
func (s *session) throughClientFD(client *lisafs.Client) {
	ctx := context.Background()
	root := client.NewFD(s.root)
	inode, openID, hostFD, err := root.OpenCreateAt(ctx, "client-made", unix.O_RDWR, 0o600, 3, 4)
	s.note("OpenCreateAt", s.inodeText(&inode)+" "+errorText(err))
	if hostFD >= 0 {
		unix.Close(hostFD)
	}
	file := client.NewFD(openID)
	data := []byte(strings.Repeat("abcdefghijklmnopqrstuvwxyz", 200_000))
	n, err := file.Write(ctx, data, 3)
	s.note("Write of 5,200,000 bytes", fmt.Sprint(n, " ", errorText(err)))
	read := make([]byte, len(data)+100)
	n, err = file.Read(ctx, read, 0)
	s.note("Read of more than that", fmt.Sprint(n, " ", errorText(err), " ", hash(read[:n])))
	n, err = file.Read(ctx, read, uint64(len(data)+3))
	s.note("Read at the end", fmt.Sprint(n, " ", errorText(err)))
	for range 250 {
		walked, err := root.Walk(ctx, "dir")
		if err != nil {
			s.note("Walk", errorText(err))
			break
		}
		fd := client.NewFD(walked.ControlFD)
		fd.Close(ctx, false)
	}
	s.note("Sync", errorText(file.Sync(ctx)))
	s.note("Flush", errorText(file.Flush(ctx)))
	file.Close(ctx, true)
	s.fstat(openID)
}
