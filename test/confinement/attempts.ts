import {
  AF_UNIX,
  CLONE_VM,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  O_CLOEXEC,
  O_NOFOLLOW,
  O_RDONLY,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
  S_IFCHR,
  SOCK_STREAM,
} from "../../ffi/linux.ts";
import type { Architecture } from "../../ffi/machine.ts";

/** An argument of a system call: an integer, or data on a page of its own, whose address is passed. A string is one of C. */
export type AttemptArgument = number | bigint | string | Uint8Array;

/** A system call that a gofer has no business making. All are such that they do no harm where they are allowed. */
export interface Attempt {
  /** What it would be good for. */
  readonly what: string;
  /** x86-64 and arm64; undefined where there is no such call. */
  readonly numbers: Readonly<Record<Architecture, number | undefined>>;
  readonly args: readonly AttemptArgument[];
  /** What comes of it where host sockets may be opened and created; killed, too, when left out. */
  readonly withHostSockets?: string;
}

function attempt(
  what: string,
  [x64, arm64]: readonly [x64: number | undefined, arm64: number | undefined],
  ...args: readonly AttemptArgument[]
): Attempt {
  return { what, numbers: { x64, arm64 }, args };
}

const nowhere = "/nowhere";
const currentDirectory = -100;
const noDescriptor = -1;
const page = new Uint8Array(1);
const pageBytes = 4096;
const anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
const executable = PROT_READ | PROT_EXEC;
const x32 = 0x4000_0000;
const SIGCHLD = 17;
const CLONE_NEWUSER = 0x1000_0000;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const AF_PACKET = 17;
const SOCK_RAW = 3;

/** Numbers are those of arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of the kernel. */
const calls = {
  prctl: [157, 167],
  clone: [56, 220],
  socket: [41, 198],
  mmap: [9, 222],
  mprotect: [10, 226],
  ioctl: [16, 29],
  kill: [62, 129],
  tgkill: [234, 131],
} as const;

/** What the stock gofer's filter kills for. */
export const forbidden: readonly Attempt[] = [
  attempt("execve", [59, 221], nowhere, 0, 0),
  attempt("execveat", [322, 281], currentDirectory, nowhere, 0, 0, 0),
  attempt("fork", [57, undefined]),
  attempt("vfork", [58, undefined]),
  attempt("clone of a process", calls.clone, SIGCHLD, 0, 0, 0, 0),
  attempt("clone of a process that shares memory", calls.clone, CLONE_VM | SIGCHLD, 0, 0, 0, 0),
  attempt("clone into a user namespace", calls.clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0),
  attempt("unshare", [272, 97], 0),
  attempt("setns", [308, 268], noDescriptor, 0),

  attempt("socket of IPv4", calls.socket, AF_INET, SOCK_STREAM, 0),
  attempt("socket of IPv6", calls.socket, AF_INET6, SOCK_STREAM, 0),
  attempt("socket of the kernel", calls.socket, AF_NETLINK, SOCK_RAW, 0),
  attempt("socket of packets", calls.socket, AF_PACKET, SOCK_RAW, 0),
  { ...attempt("bind", [49, 200], noDescriptor, page, 2), withHostSockets: "EBADF" },
  { ...attempt("connect", [42, 203], noDescriptor, page, 2), withHostSockets: "EBADF" },
  attempt("sendto", [44, 206], noDescriptor, page, 1, 0, 0, 0),

  attempt("mount", [165, 40], "none", nowhere, "tmpfs", 0, 0),
  attempt("umount2", [166, 39], nowhere, 0),
  attempt("pivot_root", [155, 41], nowhere, nowhere),
  attempt("chroot", [161, 51], nowhere),
  attempt("move_mount", [429, 429], noDescriptor, "", noDescriptor, "", 0),
  attempt("open_tree", [428, 428], noDescriptor, nowhere, 0),
  attempt("fsopen", [430, 430], "nothing", 0),
  attempt("fsmount", [432, 432], noDescriptor, 0, 0),
  attempt("mount_setattr", [442, 442], noDescriptor, nowhere, 0, 0, 0),
  attempt("open_by_handle_at", [304, 265], noDescriptor, page, 0),
  attempt("name_to_handle_at", [303, 264], noDescriptor, nowhere, page, page, 0),
  attempt("open, which knows no directory", [2, undefined], nowhere, 0),
  attempt("swapon", [167, 224], nowhere, 0),
  attempt("quotactl", [179, 60], noDescriptor, nowhere, 0, 0),
  attempt("acct", [163, 89], nowhere),
  attempt("fanotify_init", [300, 262], -1, 0),
  attempt("inotify_init1", [294, 26], -1),

  attempt("ptrace", [101, 117], 2, 0, 0, 0),
  attempt("process_vm_readv", [310, 270], 0, 0, 0, 0, 0, 0),
  attempt("process_vm_writev", [311, 271], 0, 0, 0, 0, 0, 0),
  attempt("kcmp", [312, 272], 0, 0, 0, 0, 0),
  attempt("pidfd_open", [434, 434], 0, 0),
  attempt("pidfd_getfd", [438, 438], noDescriptor, 0, 0),
  attempt("pidfd_send_signal", [424, 424], noDescriptor, 0, 0, 0),
  attempt("kill of the first process", calls.kill, 1, 0),
  attempt("kill of the group", calls.kill, 0, 0),
  attempt("kill of everybody", calls.kill, -1, 0),
  attempt("tkill", [200, 130], 1, 0),
  attempt("tgkill of another process", calls.tgkill, 2 ** 22, 2 ** 22, 0),
  attempt("rt_sigqueueinfo", [129, 138], 2 ** 22, 0, page),

  attempt("setuid", [105, 146], 0),
  attempt("setgid", [106, 144], 0),
  { ...attempt("setreuid", [113, 145], -1, -1), withHostSockets: "done" },
  { ...attempt("setregid", [114, 143], -1, -1), withHostSockets: "done" },
  attempt("setresuid", [117, 147], -1, -1, -1),
  attempt("setresgid", [119, 149], -1, -1, -1),
  attempt("setfsuid", [122, 151], -1),
  attempt("setgroups", [116, 159], -1, page),
  attempt("capset", [126, 91], 0, 0),
  attempt("prctl PR_SET_DUMPABLE", calls.prctl, 4, 0, 0, 0, 0),
  attempt("prctl PR_SET_KEEPCAPS", calls.prctl, 8, 0, 0, 0, 0),
  attempt("prctl PR_SET_SECCOMP", calls.prctl, 22, 99, 0, 0, 0),
  attempt("prctl PR_SET_SECUREBITS", calls.prctl, 28, 0, 0, 0, 0),
  attempt("prctl PR_SET_MM", calls.prctl, 35, 99, 0, 0, 0),
  attempt("prctl PR_SET_CHILD_SUBREAPER", calls.prctl, 36, 0, 0, 0, 0),
  attempt("prctl PR_CAP_AMBIENT", calls.prctl, 47, 99, 0, 0, 0),
  attempt("seccomp", [317, 277], 99, 0, 0),
  attempt("keyctl", [250, 219], 99, 0, 0, 0, 0),
  attempt("add_key", [248, 217], page, page, 0, 0, 0),
  attempt("request_key", [249, 218], page, page, 0, 0),
  attempt("personality", [135, 92], 0xffff_ffff),

  attempt("mapping of executable memory", calls.mmap, 0, pageBytes, executable, anonymous, noDescriptor, 0),
  attempt(
    "mapping of writable and executable memory",
    calls.mmap,
    0,
    pageBytes,
    executable | PROT_WRITE,
    anonymous,
    noDescriptor,
    0,
  ),
  attempt("mprotect of memory to executable", calls.mprotect, page, pageBytes, executable),
  attempt("mprotect of memory to writable and executable", calls.mprotect, page, pageBytes, executable | PROT_WRITE),
  attempt("pkey_mprotect", [329, 288], page, pageBytes, executable, -1),
  attempt("remap_file_pages", [216, 234], 0, 0, 0, 0, 0),
  attempt("modify_ldt", [154, undefined], 99, 0, 0),

  attempt("io_uring_setup", [425, 425], 0, page),
  attempt("io_uring_enter", [426, 426], noDescriptor, 0, 0, 0, 0, 0),
  attempt("bpf", [321, 280], 99, page, 0),
  attempt("perf_event_open", [298, 241], 0, 0, 0, noDescriptor, 0),
  attempt("userfaultfd", [323, 282], -1),
  attempt("ioctl of a terminal", calls.ioctl, 0, 0x5412, page),
  attempt("shmget", [29, 194], 0, 0, 0),
  attempt("msgget", [68, 186], 1, 0),
  attempt("semget", [64, 190], 1, 0, 0),
  attempt("mq_open", [240, 180], "nothing", 0, 0, 0),

  attempt("init_module", [175, 105], 0, 0, page),
  attempt("finit_module", [313, 273], noDescriptor, page, 0),
  attempt("delete_module", [176, 106], nowhere, 0),
  attempt("kexec_load", [246, 104], 0, -1, 0, -1),
  attempt("reboot", [169, 142], 0, 0, 0, 0),
  attempt("syslog", [103, 116], 99, 0, 0),
  attempt("sethostname", [170, 161], page, -1),
  attempt("clock_settime", [227, 112], -1, page),
  attempt("iopl", [172, undefined], 99),

  attempt("getpid of the x32 ABI", [x32 + 39, undefined]),
  attempt("read of the x32 ABI", [x32 + 0, undefined], noDescriptor, page, 0),
  attempt("a number that no call has", [9999, 9999]),
];

/** What is killed for unless host sockets may be used: then each gofer asks for its own kind. */
export const hostSocket = attempt("socket of the host", calls.socket, AF_UNIX, SOCK_STREAM, 0);

/** What the stock gofer is killed for, and this one is not: libc asks for it, and goes on without. */
export const newClone = attempt("clone3", [435, 435], page, 0);

/** Makes a device, where that is allowed. */
export const makeDevice = attempt("mknodat", [259, 33], currentDirectory, "/device", S_IFCHR | 0o666, 0x103);

/** Opens a path for reading, without following a link at its end, from an open directory. */
export function openAt(directory: number, path: string): Attempt {
  return attempt("openat", [257, 56], directory, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0);
}

/** As openAt(), from the working directory. */
export function openPath(path: string): Attempt {
  return openAt(currentDirectory, path);
}
