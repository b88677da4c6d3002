package main

import (
	"os"

	"golang.org/x/sys/unix"
)

func (r *run) onHostWrite(name, content string) {
	r.onHost("write "+name, func() error { return os.WriteFile(r.hostPath(name), []byte(content), 0o644) })
}

func (r *run) onHostRemove(name string) {
	r.onHost("remove "+name, func() error { return os.RemoveAll(r.hostPath(name)) })
}

func (r *run) onHostMkdir(name string) {
	r.onHost("mkdir "+name, func() error { return os.Mkdir(r.hostPath(name), 0o755) })
}

func (r *run) onHostRename(from, to string) {
	r.onHost("rename "+from+" to "+to, func() error { return unix.Rename(r.hostPath(from), r.hostPath(to)) })
}

func (r *run) onHostSymlink(name, to string) {
	r.onHost("link "+name+" to "+to, func() error { return os.Symlink(to, r.hostPath(name)) })
}
