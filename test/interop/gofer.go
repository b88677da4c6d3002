package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/pinring"
)

const (
	startTimeout = 30 * time.Second
	endTimeout   = 10 * time.Second
)

// goferOptions says how a gofer is started and what it serves. The zero value: the prepared tree, writable, at /mnt,
// without directfs.
type goferOptions struct {
	directfs bool
	// userNamespace starts it in a new user namespace, as directfs does in any case.
	userNamespace bool
	// flags are runsc's global flags.
	flags        []string
	rootReadonly bool
	// rootConf is the root's entry of --gofer-mount-confs; "lisafs:none" when empty.
	rootConf string
	mounts   []mountOptions
	// dev asks for a connection to the devices.
	dev bool
}

func (o goferOptions) withDefaults() goferOptions {
	if o.mounts == nil {
		o.mounts = []mountOptions{writableTree}
	}
	o.rootConf = cmp.Or(o.rootConf, "lisafs:none")
	return o
}

// gofer is a gofer process and the client's ends of its connections.
type gofer struct {
	cmd *exec.Cmd
	// io holds the sockets: the root's, then one for each mount. The caller may take one by setting its place to -1.
	io []int
	// dev is the socket to the devices or -1.
	dev int
	// mounts is what the gofer wrote about its mounts.
	mounts string
	// others are the remaining host ends: the socket that waits for the sentry.
	others []*os.File
	ended  chan struct{}
}

// donation hands files to a process under the flags that name them.
type donation struct {
	cmd *exec.Cmd
	// kept are open in this process only until the start.
	kept []*os.File
}

func (d *donation) give(flag string, file *os.File) {
	d.cmd.Args = append(d.cmd.Args, fmt.Sprintf("--%s=%d", flag, 3+len(d.cmd.ExtraFiles)))
	d.cmd.ExtraFiles = append(d.cmd.ExtraFiles, file)
	d.kept = append(d.kept, file)
}

// giveEnd donates one end of a new socket pair and returns the other.
func (d *donation) giveEnd(flag string, kind int) (int, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	d.give(flag, os.NewFile(uintptr(ends[1]), flag))
	return ends[0], nil
}

func (d *donation) close() {
	for _, file := range d.kept {
		file.Close()
	}
}

// startGofer starts the executable as a gofer, with the arguments, descriptors and namespaces that runsc gives its own.
// The log goes to logFile below fresh. The calling thread must stay locked while the gofer lives.
func startGofer(executable, fresh string, o goferOptions) (*gofer, error) {
	executable, err := filepath.Abs(executable)
	if err != nil {
		return nil, err
	}
	bundle, err := writeBundle(fresh, &o)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(executable)
	cmd.Args = append([]string{"runsc-gofer", "--root=" + filepath.Join(fresh, "state")}, o.flags...)
	if !o.directfs {
		cmd.Args = append(cmd.Args, "--directfs=false")
	}
	cmd.SysProcAttr = namespaces(o.directfs || o.userNamespace)
	given := donation{cmd: cmd}
	defer given.close()
	g := &gofer{cmd: cmd, dev: -1, ended: make(chan struct{})}

	logFile, err := os.Create(logPath(fresh))
	if err != nil {
		return nil, err
	}
	given.give("log-fd", logFile)
	confs := []string{o.rootConf}
	for _, m := range o.mounts {
		confs = append(confs, cmp.Or(m.conf, "lisafs:none"))
	}
	cmd.Args = append(cmd.Args, "gofer", "--bundle", bundle, "--gofer-mount-confs="+strings.Join(confs, ","))
	spec, err := os.Open(filepath.Join(bundle, "config.json"))
	if err != nil {
		return nil, err
	}
	given.give("spec-fd", spec)
	mountsOut, mountsIn, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer mountsOut.Close()
	given.give("mounts-fd", mountsIn)
	if err := g.giveSockets(&given, o, confs); err != nil {
		g.close()
		return nil, err
	}
	chroot, err := given.giveEnd("sync-chroot-fd", unix.SOCK_STREAM)
	if err != nil {
		g.close()
		return nil, err
	}
	cmd.Args = append(cmd.Args, "interop")
	if err := cmd.Start(); err != nil {
		g.close()
		unix.Close(chroot)
		return nil, err
	}
	go func() {
		_ = cmd.Wait()
		close(g.ended)
	}()
	given.close()
	unix.Close(chroot)
	if err := mountsOut.SetReadDeadline(time.Now().Add(startTimeout)); err != nil {
		return g, err
	}
	mounts, err := io.ReadAll(mountsOut)
	if err != nil {
		return g, fmt.Errorf("reading the mounts: %w", err)
	}
	g.mounts = strings.ReplaceAll(string(mounts), fresh, "FRESH")
	if len(mounts) == 0 {
		return g, errors.New("the gofer wrote no mounts")
	}
	return g, nil
}

func (g *gofer) giveSockets(given *donation, o goferOptions, confs []string) error {
	rpc, err := given.giveEnd("rpc-fd", unix.SOCK_STREAM)
	if err != nil {
		return err
	}
	if err := serveRPC(rpc); err != nil {
		return err
	}
	// Where io_uring is not to be had, runsc leaves out both.
	if ring, err := pinring.NewDisabledIOURing(); err == nil {
		given.give("pin-ring-fd", ring)
		sentryExit, err := given.giveEnd("sync-sentry-exit-fd", unix.SOCK_SEQPACKET)
		if err != nil {
			return err
		}
		g.others = append(g.others, os.NewFile(uintptr(sentryExit), "sentry exit"))
	}
	for _, conf := range confs {
		if !strings.HasPrefix(conf, "lisafs:") {
			continue
		}
		end, err := given.giveEnd("io-fds", unix.SOCK_STREAM)
		if err != nil {
			return err
		}
		g.io = append(g.io, end)
	}
	if o.dev {
		if g.dev, err = given.giveEnd("dev-io-fd", unix.SOCK_STREAM); err != nil {
			return err
		}
	}
	return nil
}

// namespaces are those of a gofer that root starts. A user namespace maps every ID to itself.
func namespaces(user bool) *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{
		Setsid:     true,
		Pdeathsig:  unix.SIGKILL,
		Cloneflags: unix.CLONE_NEWIPC | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWNET,
	}
	if user {
		everything := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1<<32 - 1}}
		attributes.Cloneflags |= unix.CLONE_NEWUSER
		attributes.UidMappings = everything
		attributes.GidMappings = everything
		attributes.GidMappingsEnableSetgroups = true
		attributes.Credential = &syscall.Credential{Uid: 0, Gid: 0}
	}
	return attributes
}

func logPath(fresh string) string { return filepath.Join(fresh, "log") }

// take gives the caller the client's end of connection i, 0 being the root's.
func (g *gofer) take(i int) int {
	fd := g.io[i]
	g.io[i] = -1
	return fd
}

func (g *gofer) close() {
	for _, fd := range append(g.io, g.dev) {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	g.io, g.dev = nil, -1
	for _, file := range g.others {
		file.Close()
	}
}

// kill ends a gofer that does not answer any more.
func (g *gofer) kill() { _ = g.cmd.Process.Kill() }

// end closes the remaining connections, waits and says how the process ended.
func (g *gofer) end() string {
	g.close()
	select {
	case <-g.ended:
	case <-time.After(endTimeout):
		g.kill()
		<-g.ended
		return "still running, killed"
	}
	return g.cmd.ProcessState.String()
}

// descriptors counts what the process has open.
func (g *gofer) descriptors() int {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", g.cmd.Process.Pid))
	if err != nil {
		return -1
	}
	return len(entries)
}
