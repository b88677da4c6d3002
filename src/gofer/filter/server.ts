import { isInt, type SyscallRule } from "../../../ffi/libseccomp.ts";
import {
  AF_UNIX,
  CLONE_FILES,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
  EPOLL_CLOEXEC,
  F_ADD_SEALS,
  F_GETFL,
  F_SETFL,
  F_SETOWN_EX,
  FUTEX_WAIT,
  FUTEX_WAKE,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
} from "../../../ffi/linux.ts";

const waitingRules: readonly SyscallRule[] = [
  { call: "epoll_create1", where: [isInt(0, EPOLL_CLOEXEC)], because: "the waiting loop begins" },
  { call: "epoll_ctl", because: "the waiting loop watches sockets" },
  { call: "epoll_pwait", because: "the waiting loop, while there is no channel" },
  { call: "futex", where: [isInt(1, FUTEX_WAIT)], because: "channels: their words are shared with the sandbox" },
  { call: "futex", where: [isInt(1, FUTEX_WAKE)], because: "channels: their words are shared with the sandbox" },
  { call: "futex_waitv", because: "the waiting loop, once there are channels" },
  { call: "clock_gettime", because: "limits of waits, where the vDSO does not answer" },
  { call: "ppoll", because: "waits for the pidfd of the sandbox, and for its end" },
];

const socketRules: readonly SyscallRule[] = [
  {
    call: "recvmsg",
    where: [isInt(2, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)],
    because: "requests, and the pidfd of the sandbox",
  },
  { call: "sendmsg", where: [isInt(2, MSG_DONTWAIT | MSG_NOSIGNAL)], because: "replies, and descriptors with them" },
];

const channelRules: readonly SyscallRule[] = [
  {
    call: "memfd_create",
    where: [isInt(1, MFD_CLOEXEC | MFD_ALLOW_SEALING)],
    because: "the memory that a channel shares with the sandbox",
  },
  { call: "ftruncate", because: "the size of that memory; and of files" },
  { call: "fcntl", where: [isInt(1, F_ADD_SEALS)], because: "that memory is not to shrink" },
  { call: "mmap", where: [isInt(3, MAP_SHARED | MAP_FIXED)], because: "a channel's memory comes into the arena" },
  {
    call: "mmap",
    where: [isInt(3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)],
    because: "memory of the arena is given back to the kernel",
  },
  {
    call: "socketpair",
    where: [isInt(0, AF_UNIX), isInt(1, SOCK_SEQPACKET | SOCK_CLOEXEC), isInt(2, 0)],
    because: "the socket that brings the descriptors of a channel's replies",
  },
  { call: "fcntl", where: [isInt(1, F_GETFL)], because: "sets one flag of an open file and keeps the others" },
  {
    call: "fcntl",
    where: [isInt(1, F_SETFL)],
    because: "lets a socket ring the doorbell; files given away do not block",
  },
  { call: "fcntl", where: [isInt(1, F_SETOWN_EX)], because: "the doorbell rings for the thread that serves" },
];

/** Flags of helper threads, as in ffi/helper-thread.ts: they have no memory of their own, so libc knows nothing of them. */
const helperThreadFlags = CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

const helperThreadRules: readonly SyscallRule[] = [
  {
    call: "clone",
    where: [isInt(0, helperThreadFlags)],
    because: "a helper thread for system calls that may take long",
  },
  { call: "read", because: "the bell that helper threads ring" },
  { call: "write", because: "that bell; the log" },
];

/** Calls of the server and of what carries its messages, in every mode. */
export const serverRules: readonly SyscallRule[] = [
  ...waitingRules,
  ...socketRules,
  ...channelRules,
  ...helperThreadRules,
];

/** Calls about the process itself; `pid` is its own. */
export function ownProcessRules(pid: number): readonly SyscallRule[] {
  return [
    {
      call: "tgkill",
      where: [isInt(0, pid)],
      because: "the runtime stops threads of its own, and ends the process in a crash, by signals",
    },
  ];
}
