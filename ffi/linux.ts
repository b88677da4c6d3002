import { currentArchitecture } from "./machine.ts";

/** Constants of the Linux user-space interface, as far as the project uses them. Source: include/uapi/linux of the kernel. */

const isX64 = currentArchitecture() === "x64";

/** Flags of open(2). Directory and no-follow differ between architectures. */
export const O_ACCMODE = 0o3;
export const O_RDONLY = 0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
export const O_NONBLOCK = 0o4000;
export const O_ASYNC = 0o20000;
export const O_DIRECTORY = isX64 ? 0o200000 : 0o40000;
export const O_NOFOLLOW = isX64 ? 0o400000 : 0o100000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;

/** Flags of the …at calls. */
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;
export const AT_EMPTY_PATH = 0x1000;
export const AT_RECURSIVE = 0x8000;

/** Flags of openat2(2). */
export const RESOLVE_NO_SYMLINKS = 0x04;

/** File types in a mode. Source: inode(7). */
export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

/** Mask of statx(2). */
export const STATX_MODE = 0x2;
export const STATX_UID = 0x8;
export const STATX_GID = 0x10;
export const STATX_ATIME = 0x20;
export const STATX_MTIME = 0x40;
export const STATX_SIZE = 0x200;
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_BTIME = 0x800;

/** Leaves a time stamp as it is. Source: utimensat(2). */
export const UTIME_OMIT = 0x3ffffffe;

/** Commands of fcntl(2). */
export const F_SETFL = 4;
export const F_GETFL = 3;
export const F_SETOWN_EX = 15;
export const F_OWNER_TID = 0;
export const F_ADD_SEALS = 1033;
export const F_SEAL_SEAL = 0x1;
export const F_SEAL_SHRINK = 0x2;

/** Flags of memfd_create(2). */
export const MFD_CLOEXEC = 0x1;
export const MFD_ALLOW_SEALING = 0x2;

/** Protections and flags of mmap(2). */
export const PROT_NONE = 0;
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;
export const MAP_SHARED = 0x1;
export const MAP_PRIVATE = 0x2;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;

/** Sockets. Source: socket(2), unix(7). */
export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SCM_RIGHTS = 1;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_CMSG_CLOEXEC = 0x40000000;

/** Waiting. Source: poll(2), epoll_ctl(2), futex(2). */
export const POLLIN = 0x1;
export const EPOLLIN = 0x1;
export const EPOLL_CTL_ADD = 1;
export const EPOLLOUT = 0x4;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLL_CLOEXEC = 0o2000000;
export const FUTEX_WAIT = 0;
export const FUTEX_WAKE = 1;
export const FUTEX2_SIZE_U32 = 0x2;
export const CLOCK_MONOTONIC = 1;

/** Signals. Source: signal(7), sigaction(2). */
export const SIGHUP = 1;
export const SIGINT = 2;
export const SIGQUIT = 3;
export const SIGTERM = 15;
export const SIGCHLD = 17;
export const SIGIO = 29;
export const SIG_IGN = 1;
export const SA_RESTART = 0x10000000;
export const SA_RESTORER = 0x04000000;

/** Flags of mount(2). */
export const MS_RDONLY = 0x1;
export const MS_NOSUID = 0x2;
export const MS_NODEV = 0x4;
export const MS_NOEXEC = 0x8;
export const MS_SYNCHRONOUS = 0x10;
export const MS_REMOUNT = 0x20;
export const MS_MANDLOCK = 0x40;
export const MS_DIRSYNC = 0x80;
export const MS_NOATIME = 0x400;
export const MS_NODIRATIME = 0x800;
export const MS_BIND = 0x1000;
export const MS_REC = 0x4000;
export const MS_SILENT = 0x8000;
export const MS_POSIXACL = 0x10000;
export const MS_UNBINDABLE = 0x20000;
export const MS_PRIVATE = 0x40000;
export const MS_SLAVE = 0x80000;
export const MS_RELATIME = 0x200000;
export const MS_I_VERSION = 0x800000;
export const MS_STRICTATIME = 0x1000000;
export const MNT_DETACH = 0x2;

/** Attributes of a mount, and the mask of those about access times. Source: mount_setattr(2). */
export const MOUNT_ATTR_RDONLY = 0x1;
export const MOUNT_ATTR_NOSUID = 0x2;
export const MOUNT_ATTR_NODEV = 0x4;
export const MOUNT_ATTR_NOEXEC = 0x8;
export const MOUNT_ATTR__ATIME = 0x70;
export const MOUNT_ATTR_RELATIME = 0;
export const MOUNT_ATTR_NOATIME = 0x10;
export const MOUNT_ATTR_STRICTATIME = 0x20;
export const MOUNT_ATTR_NODIRATIME = 0x80;

/** Flags of move_mount(2). */
export const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
export const MOVE_MOUNT_T_EMPTY_PATH = 0x40;

/** Mount flags as statfs(2) reports them. */
export const ST_RDONLY = 0x1;
export const ST_NODEV = 0x4;
export const ST_NOEXEC = 0x8;
export const ST_NOATIME = 0x400;
export const ST_NODIRATIME = 0x800;
export const ST_RELATIME = 0x1000;

/** File system types as statfs(2) reports them. */
export const OVERLAYFS_SUPER_MAGIC = 0x794c7630;
export const NFS_SUPER_MAGIC = 0x6969;
export const FUSE_SUPER_MAGIC = 0x65735546;

/** Limits. Source: include/uapi/linux/limits.h and xattr.h, unix(7). */
export const XATTR_SIZE_MAX = 65536;
export const XATTR_LIST_MAX = 65536;
export const UNIX_PATH_MAX = 108;

/** Flags of renameat2(2). */
export const RENAME_EXCHANGE = 0x2;

/** Does not wait. Source: wait4(2). */
export const WNOHANG = 1;

export const RLIMIT_CORE = 4;
export const RLIMIT_NOFILE = 7;

/** Threads. Source: clone(2), eventfd(2), sigprocmask(2). */
export const CLONE_VM = 0x100;
export const CLONE_FILES = 0x400;
export const CLONE_SIGHAND = 0x800;
export const CLONE_THREAD = 0x10000;
export const CLONE_SYSVSEM = 0x40000;
export const EFD_CLOEXEC = 0o2000000;
export const EFD_NONBLOCK = 0o4000;
export const SIG_SETMASK = 2;

/** Capabilities. Source: capabilities(7). */
export const CAP_CHOWN = 0;
export const CAP_DAC_OVERRIDE = 1;
export const CAP_DAC_READ_SEARCH = 2;
export const CAP_FOWNER = 3;
export const CAP_FSETID = 4;
export const CAP_SETGID = 6;
export const CAP_SETUID = 7;
export const CAP_SETPCAP = 8;
export const CAP_SYS_CHROOT = 18;
export const _LINUX_CAPABILITY_VERSION_3 = 0x20080522;

/** Operations of prctl(2). */
export const PR_SET_DUMPABLE = 4;
export const PR_CAPBSET_READ = 23;
export const PR_CAPBSET_DROP = 24;
export const PR_SET_NO_NEW_PRIVS = 38;
export const PR_CAP_AMBIENT = 47;
export const PR_CAP_AMBIENT_RAISE = 2;
export const PR_CAP_AMBIENT_CLEAR_ALL = 4;

/** What only the seccomp filter and its debug mode name. Source: clone(2), futex(2), mmap(2), prctl(2), sigaction(2). */
export const CLONE_FS = 0x200;
export const CLONE_SETTLS = 0x80000;
export const CLONE_PARENT_SETTID = 0x100000;
export const CLONE_CHILD_CLEARTID = 0x200000;
export const FUTEX_WAIT_BITSET = 9;
export const FUTEX_PRIVATE_FLAG = 0x80;
export const FUTEX_CLOCK_REALTIME = 0x100;
export const MAP_STACK = 0x20000;
export const PR_SET_NAME = 15;
export const SA_SIGINFO = 0x4;
export const SIGSYS = 31;
