import { type FFIFunction, FFIType, linkSymbols, type Pointer } from "bun:ffi";
import { CodePage } from "./code-page.ts";
import { currentArchitecture, type SyscallName, syscallNumber } from "./machine.ts";
import { syscallStub } from "./stubs.ts";

/** A 64-bit integer: a number where it is exact, else a bigint. */
export type Int64 = number | bigint;

interface ArgumentTypes {
  /** A 32-bit integer, signed or not. */
  i32: number;
  /** A virtual address; 0 is NULL. */
  ptr: number;
  /** A size in bytes below 2^53. */
  usize: number;
  /** A 64-bit integer, such as a file offset. */
  i64: Int64;
}

type ArgumentType = keyof ArgumentTypes;

const ffiTypes: Readonly<Record<ArgumentType, FFIType>> = {
  i32: FFIType.i32,
  ptr: FFIType.ptr,
  usize: FFIType.u64_fast,
  i64: FFIType.i64_fast,
};

/** The arguments of each call, in order. Source: section 2 of the manual pages. */
const signatures = {
  accept4: ["i32", "ptr", "ptr", "i32"],
  bind: ["i32", "ptr", "i32"],
  chdir: ["ptr"],
  chroot: ["ptr"],
  clock_gettime: ["i32", "ptr"],
  close: ["i32"],
  dup3: ["i32", "i32", "i32"],
  epoll_create1: ["i32"],
  epoll_ctl: ["i32", "i32", "i32", "ptr"],
  epoll_pwait: ["i32", "ptr", "i32", "i32", "ptr", "usize"],
  eventfd2: ["i32", "i32"],
  faccessat: ["i32", "ptr", "i32"],
  fchdir: ["i32"],
  fchmod: ["i32", "i32"],
  fchmodat: ["i32", "ptr", "i32"],
  fchownat: ["i32", "ptr", "i32", "i32", "i32"],
  fcntl: ["i32", "i32", "usize"],
  fgetxattr: ["i32", "ptr", "ptr", "usize"],
  flistxattr: ["i32", "ptr", "usize"],
  fremovexattr: ["i32", "ptr"],
  fsetxattr: ["i32", "ptr", "ptr", "usize", "i32"],
  fstatfs: ["i32", "ptr"],
  ftruncate: ["i32", "i64"],
  futex: ["ptr", "i32", "i32", "ptr", "ptr", "i32"],
  futex_waitv: ["ptr", "i32", "i32", "ptr", "i32"],
  getdents64: ["i32", "ptr", "i32"],
  getegid: [],
  geteuid: [],
  getgid: [],
  getpid: [],
  gettid: [],
  getuid: [],
  lgetxattr: ["ptr", "ptr", "ptr", "usize"],
  linkat: ["i32", "ptr", "i32", "ptr", "i32"],
  listen: ["i32", "i32"],
  llistxattr: ["ptr", "ptr", "usize"],
  lremovexattr: ["ptr", "ptr"],
  lseek: ["i32", "i64", "i32"],
  lsetxattr: ["ptr", "ptr", "ptr", "usize", "i32"],
  memfd_create: ["ptr", "i32"],
  mkdirat: ["i32", "ptr", "i32"],
  mknodat: ["i32", "ptr", "i32", "i32"],
  mmap: ["ptr", "usize", "i32", "i32", "i32", "usize"],
  mount: ["ptr", "ptr", "ptr", "usize", "ptr"],
  mount_setattr: ["i32", "ptr", "i32", "ptr", "usize"],
  move_mount: ["i32", "ptr", "i32", "ptr", "i32"],
  openat: ["i32", "ptr", "i32", "i32"],
  openat2: ["i32", "ptr", "ptr", "usize"],
  pivot_root: ["ptr", "ptr"],
  ppoll: ["ptr", "i32", "ptr", "ptr", "usize"],
  prctl: ["i32", "usize", "usize", "usize", "usize"],
  pread64: ["i32", "ptr", "usize", "i64"],
  pwrite64: ["i32", "ptr", "usize", "i64"],
  read: ["i32", "ptr", "usize"],
  readlinkat: ["i32", "ptr", "ptr", "i32"],
  recvmsg: ["i32", "ptr", "i32"],
  renameat2: ["i32", "ptr", "i32", "ptr", "i32"],
  rt_sigaction: ["i32", "ptr", "ptr", "usize"],
  rt_sigprocmask: ["i32", "ptr", "ptr", "usize"],
  sendmsg: ["i32", "ptr", "i32"],
  setgid: ["i32"],
  setrlimit: ["i32", "ptr"],
  setuid: ["i32"],
  socket: ["i32", "i32", "i32"],
  socketpair: ["i32", "i32", "i32", "ptr"],
  statfs: ["ptr", "ptr"],
  statx: ["i32", "ptr", "i32", "i32", "ptr"],
  symlinkat: ["ptr", "i32", "ptr"],
  tgkill: ["i32", "i32", "i32"],
  umask: ["i32"],
  umount2: ["ptr", "i32"],
  unlinkat: ["i32", "ptr", "i32"],
  utimensat: ["i32", "ptr", "ptr", "i32"],
  wait4: ["i32", "ptr", "i32", "ptr"],
  write: ["i32", "ptr", "usize"],
} as const satisfies { readonly [Name in SyscallName]?: readonly ArgumentType[] };

type Signatures = typeof signatures;
type Arguments<Types extends readonly ArgumentType[]> = {
  -readonly [Index in keyof Types]: ArgumentTypes[Types[Index]];
};

/** The calls whose result does not fit 32 bits. */
type WideCall = "lseek" | "mmap";
const wideCalls: ReadonlySet<string> = new Set<WideCall>(["lseek", "mmap"]);

/**
 * Raw system calls. Each returns what the kernel returned: −errno on failure. No coercion is checked: callers pass integers
 * in range and addresses that stay mapped for the call.
 */
type Syscalls = {
  readonly [Name in keyof Signatures]: (...args: Arguments<Signatures[Name]>) => Name extends WideCall ? Int64 : number;
};

function link(): Syscalls {
  const architecture = currentArchitecture();
  const codePage = new CodePage();
  const definitions: Record<string, FFIFunction & { ptr: Pointer }> = {};
  for (const [name, args] of Object.entries(signatures)) {
    const stub = codePage.emit(syscallStub(syscallNumber(name as SyscallName, architecture), architecture));
    definitions[name] = {
      args: args.map((type) => ffiTypes[type]),
      returns: wideCalls.has(name) ? FFIType.i64_fast : FFIType.i32,
      ptr: stub as Pointer,
    };
  }
  codePage.seal();
  // SAFETY: the code page is never unmapped, each stub takes what its signature says, and the cast only names those types.
  return linkSymbols(definitions).symbols as unknown as Syscalls;
}

export const syscalls: Syscalls = link();
