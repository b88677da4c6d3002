import { Errno } from "../../../ffi/errno.ts";
import { isDescriptor, isInt, type RefusedCall, type SyscallRule } from "../../../ffi/libseccomp.ts";
import {
  AT_EMPTY_PATH,
  CLONE_CHILD_CLEARTID,
  CLONE_FILES,
  CLONE_FS,
  CLONE_PARENT_SETTID,
  CLONE_SETTLS,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
  FUTEX_CLOCK_REALTIME,
  FUTEX_PRIVATE_FLAG,
  FUTEX_WAIT,
  FUTEX_WAIT_BITSET,
  FUTEX_WAKE,
  MAP_ANONYMOUS,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_STACK,
  PR_SET_NAME,
} from "../../../ffi/linux.ts";

/** Flags with which libc starts a thread: all of them, so that no process can come of it. */
const libcThreadFlags =
  CLONE_VM |
  CLONE_FS |
  CLONE_FILES |
  CLONE_SIGHAND |
  CLONE_THREAD |
  CLONE_SYSVSEM |
  CLONE_SETTLS |
  CLONE_PARENT_SETTID |
  CLONE_CHILD_CLEARTID;

const memoryRules: readonly SyscallRule[] = [
  { call: "madvise", because: "the allocator and the garbage collector give pages back" },
  { call: "munmap", because: "the allocator and threads that end give mappings back" },
  { call: "brk", because: "libc's own allocator, with which threads are started, takes memory and gives it back" },
  { call: "mprotect", because: "the allocator commits what it has reserved; thread stacks get a guard page" },
  {
    call: "mmap",
    where: [isInt(3, MAP_PRIVATE | MAP_ANONYMOUS)],
    because: "the allocator takes memory",
  },
  {
    call: "mmap",
    where: [isInt(3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)],
    because: "the allocator and the garbage collector reserve address space",
  },
  {
    call: "mmap",
    where: [isInt(3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK)],
    because: "libc makes the stack of a thread",
  },
];

const threadRules: readonly SyscallRule[] = [
  {
    call: "clone",
    where: [isInt(0, libcThreadFlags)],
    because: "the compiler and the garbage collector start threads when there is work for them",
  },
  { call: "set_robust_list", because: "libc, when a thread starts" },
  { call: "rseq", because: "libc, when a thread starts" },
  { call: "prctl", where: [isInt(0, PR_SET_NAME)], because: "threads name themselves when they start" },
  { call: "gettid", because: "locks remember their owner" },
  { call: "sched_getaffinity", because: "a new thread looks for its stack, and libc asks about it by its ID" },
  { call: "sched_yield", because: "locks let others go first" },
  { call: "exit", because: "a thread ends" },
  {
    call: "futex",
    where: [isInt(1, FUTEX_WAIT | FUTEX_PRIVATE_FLAG)],
    because: "locks",
  },
  { call: "futex", where: [isInt(1, FUTEX_WAKE | FUTEX_PRIVATE_FLAG)], because: "locks" },
  {
    call: "futex",
    where: [isInt(1, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG)],
    because: "waits until a moment of the monotonic clock",
  },
  {
    call: "futex",
    where: [isInt(1, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)],
    because: "libc's condition variables and the end of a thread",
  },
];

const signalRules: readonly SyscallRule[] = [
  { call: "rt_sigprocmask", because: "threads choose their signals when they start" },
  { call: "rt_sigreturn", because: "a signal handler returns" },
  { call: "rt_sigaction", because: "the runtime takes its own handlers away when it crashes" },
  { call: "restart_syscall", because: "the kernel goes on with a wait that a signal has interrupted" },
];

const eventLoopRules: readonly SyscallRule[] = [
  { call: "epoll_pwait2", because: "the event loop waits, with a signal mask" },
  { call: "epoll_pwait", because: "the event loop waits, with a signal mask, on kernels before 5.11" },
  {
    call: "newfstatat",
    where: [isDescriptor(0), isInt(3, AT_EMPTY_PATH)],
    because:
      "libc, of what it has opened: the garbage collector reads /proc/self/statm where the container's root has one",
  },
  { call: "fstat", because: "the same, with libc from 2.39 on" },
  { call: "getrandom", because: "hash tables and generators take a seed" },
  { call: "getpid", because: "libc, before it raises a signal" },
  { call: "exit_group", because: "the process ends" },
];

/** Calls of Bun, its JavaScript engine and libc, whatever the gofer does. */
export const bunRuntimeRules: readonly SyscallRule[] = [
  ...memoryRules,
  ...threadRules,
  ...signalRules,
  ...eventLoopRules,
];

/** The flags of clone3 stand in memory, where no filter can look: where there is no such call, libc starts threads by clone. */
export const bunRuntimeRefusals: readonly RefusedCall[] = [{ call: "clone3", errno: Errno.ENOSYS }];
