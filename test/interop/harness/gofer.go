package harness

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

// Options says how a gofer is started and what it serves besides the root. The zero value: nothing, without directfs.
type Options struct {
	Directfs bool
	// UserNamespace starts it in a new user namespace, as directfs does in any case.
	UserNamespace bool
	// Flags are runsc's global flags.
	Flags        []string
	RootReadonly bool
	// RootConf is the root's entry of --gofer-mount-confs; "lisafs:none" when empty.
	RootConf string
	Mounts   []Mount
	// Dev asks for a connection to the devices.
	Dev bool
}

// Gofer is a gofer process and the client's ends of its connections.
type Gofer struct {
	// Mounts is what the gofer wrote about its mounts.
	Mounts string
	// Ended is closed when the process has ended.
	Ended chan struct{}

	cmd *exec.Cmd
	// io holds the sockets: the root's, then one for each mount; -1 where the caller has taken it.
	io []int
	// dev is the socket to the devices or -1.
	dev int
	// others are the remaining host ends: the socket that waits for the sentry.
	others []*os.File
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

// Start starts the executable as a gofer, with the arguments, descriptors and namespaces that runsc gives its own.
// The log goes to LogPath. The calling thread must stay locked while the gofer lives.
func Start(executable, fresh string, o Options) (*Gofer, error) {
	executable, err := filepath.Abs(executable)
	if err != nil {
		return nil, err
	}
	bundle, err := writeBundle(fresh, &o)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(executable)
	cmd.Args = append([]string{"runsc-gofer", "--root=" + filepath.Join(fresh, "state")}, o.Flags...)
	if !o.Directfs {
		cmd.Args = append(cmd.Args, "--directfs=false")
	}
	cmd.SysProcAttr = namespaces(o.Directfs || o.UserNamespace)
	given := donation{cmd: cmd}
	defer given.close()
	g := &Gofer{cmd: cmd, dev: -1, Ended: make(chan struct{})}

	logFile, err := os.Create(LogPath(fresh))
	if err != nil {
		return nil, err
	}
	given.give("log-fd", logFile)
	confs := []string{cmp.Or(o.RootConf, "lisafs:none")}
	for _, m := range o.Mounts {
		confs = append(confs, cmp.Or(m.Conf, "lisafs:none"))
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
		g.Close()
		return nil, err
	}
	chroot, err := given.giveEnd("sync-chroot-fd", unix.SOCK_STREAM)
	if err != nil {
		g.Close()
		return nil, err
	}
	cmd.Args = append(cmd.Args, "container")
	if err := cmd.Start(); err != nil {
		g.Close()
		unix.Close(chroot)
		return nil, err
	}
	go func() {
		_ = cmd.Wait()
		close(g.Ended)
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
	g.Mounts = strings.ReplaceAll(string(mounts), fresh, "FRESH")
	if len(mounts) == 0 {
		return g, errors.New("the gofer wrote no mounts")
	}
	return g, nil
}

func (g *Gofer) giveSockets(given *donation, o Options, confs []string) error {
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
	if o.Dev {
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

// LogPath is where the gofer of a fresh file system writes its log.
func LogPath(fresh string) string { return filepath.Join(fresh, "log") }

// PID gives the process's number in the caller's PID namespace.
func (g *Gofer) PID() int { return g.cmd.Process.Pid }

// Connections counts the sockets: the root's and one for each mount that has one.
func (g *Gofer) Connections() int { return len(g.io) }

// Take gives the caller the client's end of connection i, 0 being the root's.
func (g *Gofer) Take(i int) int {
	fd := g.io[i]
	g.io[i] = -1
	return fd
}

// TakeDev gives the caller the client's end of the connection to the devices.
func (g *Gofer) TakeDev() int {
	fd := g.dev
	g.dev = -1
	return fd
}

// Close hangs up the connections that nobody took, and all else that the gofer waits on.
func (g *Gofer) Close() {
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

// Kill ends a gofer that does not answer any more.
func (g *Gofer) Kill() { _ = g.cmd.Process.Kill() }

// End closes the remaining connections, waits and says how the process ended.
func (g *Gofer) End() string {
	g.Close()
	select {
	case <-g.Ended:
	case <-time.After(endTimeout):
		g.Kill()
		<-g.Ended
		return "still running, killed"
	}
	return g.cmd.ProcessState.String()
}

// Descriptors counts what the process has open.
func (g *Gofer) Descriptors() int {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", g.PID()))
	if err != nil {
		return -1
	}
	return len(entries)
}
