package harness

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/unet"
	"gvisor.dev/gvisor/pkg/urpc"
)

// IDRange is a range of IDs as the OCI specification writes it. In an id-mapped mount, those of the container are those
// on the file system, those of the host what is seen.
type IDRange struct {
	ContainerID int `json:"containerID"`
	HostID      int `json:"hostID"`
	Size        int `json:"size"`
}

// goferToHostRPC answers what gofers ask of runsc. The name of the type is part of the protocol.
type goferToHostRPC struct{}

type openMountArgs struct {
	Mount struct {
		Source      string    `json:"source"`
		UIDMappings []IDRange `json:"uidMappings"`
		GIDMappings []IDRange `json:"gidMappings"`
	}
	Flags uint32
}

type openMountResult struct {
	urpc.FilePayload
}

// OpenMount makes a detached, id-mapped mount. No case has a source that its gofer may not read.
func (goferToHostRPC) OpenMount(args *openMountArgs, result *openMountResult) error {
	file, err := openIDMapped(args)
	if err != nil {
		return fmt.Errorf("%s: %w", args.Mount.Source, err)
	}
	result.Files = []*os.File{file}
	return nil
}

func openIDMapped(args *openMountArgs) (*os.File, error) {
	users, err := userNamespace(args.Mount.UIDMappings, args.Mount.GIDMappings)
	if err != nil {
		return nil, err
	}
	defer users.Close()
	flags := uint(unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC)
	if args.Flags&unix.MS_REC != 0 {
		flags |= unix.AT_RECURSIVE
	}
	tree, err := unix.OpenTree(unix.AT_FDCWD, args.Mount.Source, flags)
	if err != nil {
		return nil, err
	}
	attributes := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP, Userns_fd: uint64(users.Fd())}
	if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &attributes); err != nil {
		unix.Close(tree)
		return nil, err
	}
	return os.NewFile(uintptr(tree), args.Mount.Source), nil
}

// userNamespace makes one with these maps. It takes a process to make it, which need not live on.
func userNamespace(users, groups []IDRange) (*os.File, error) {
	holder := exec.Command("sleep", "infinity")
	holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, Pdeathsig: unix.SIGKILL,
		UidMappings: systemMap(users), GidMappings: systemMap(groups)}
	if err := holder.Start(); err != nil {
		return nil, err
	}
	defer func() {
		_ = holder.Process.Kill()
		_ = holder.Wait()
	}()
	return os.Open(fmt.Sprintf("/proc/%d/ns/user", holder.Process.Pid))
}

func systemMap(ranges []IDRange) []syscall.SysProcIDMap {
	var mapped []syscall.SysProcIDMap
	for _, r := range ranges {
		mapped = append(mapped, syscall.SysProcIDMap{ContainerID: r.ContainerID, HostID: r.HostID, Size: r.Size})
	}
	return mapped
}

// serveRPC takes the socket and answers on it until the gofer closes its end.
func serveRPC(socket int) error {
	client, err := unet.NewSocket(socket)
	if err != nil {
		unix.Close(socket)
		return err
	}
	server := urpc.NewServer()
	server.Register(goferToHostRPC{})
	server.StartHandling(client)
	return nil
}
