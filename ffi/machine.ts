/** The processor architectures that stubs and system call numbers exist for. */
export type Architecture = "x64" | "arm64";

/** The architecture this process runs on. Throws where the project has no stubs. */
export function currentArchitecture(): Architecture {
  const { arch } = process;
  if (arch !== "x64" && arch !== "arm64")
    throw new Error(`unsupported processor architecture ${arch}: want x64 or arm64`);
  return arch;
}

/**
 * Linux system call numbers: [x86-64, arm64].
 * Source: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h of the kernel.
 */
export const syscallNumbers = {
  accept4: [288, 242],
  bind: [49, 200],
  capset: [126, 91],
  chdir: [80, 49],
  chroot: [161, 51],
  clock_gettime: [228, 113],
  close: [3, 57],
  connect: [42, 203],
  dup3: [292, 24],
  epoll_create1: [291, 20],
  epoll_ctl: [233, 21],
  epoll_pwait: [281, 22],
  eventfd2: [290, 19],
  exit_group: [231, 94],
  faccessat: [269, 48],
  fallocate: [285, 47],
  fchdir: [81, 50],
  fchmod: [91, 52],
  fchmodat: [268, 53],
  fchownat: [260, 54],
  fcntl: [72, 25],
  fgetxattr: [193, 10],
  flistxattr: [196, 13],
  fremovexattr: [199, 16],
  fsetxattr: [190, 7],
  fstatfs: [138, 44],
  fsync: [74, 82],
  ftruncate: [77, 46],
  futex: [202, 98],
  futex_waitv: [449, 449],
  getdents64: [217, 61],
  getegid: [108, 177],
  geteuid: [107, 175],
  getgid: [104, 176],
  getpid: [39, 172],
  gettid: [186, 178],
  getuid: [102, 174],
  lgetxattr: [192, 9],
  linkat: [265, 37],
  listen: [50, 201],
  llistxattr: [195, 12],
  lseek: [8, 62],
  memfd_create: [319, 279],
  mkdirat: [258, 34],
  mknodat: [259, 33],
  mmap: [9, 222],
  mount: [165, 40],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  openat: [257, 56],
  openat2: [437, 437],
  pivot_root: [155, 41],
  ppoll: [271, 73],
  prctl: [157, 167],
  pread64: [17, 67],
  pwrite64: [18, 68],
  read: [0, 63],
  readlinkat: [267, 78],
  recvmsg: [47, 212],
  lremovexattr: [198, 15],
  renameat2: [316, 276],
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  rt_sigreturn: [15, 139],
  sendmsg: [46, 211],
  setgid: [106, 144],
  setregid: [114, 143],
  setreuid: [113, 145],
  setrlimit: [160, 164],
  setuid: [105, 146],
  lsetxattr: [189, 6],
  socket: [41, 198],
  socketpair: [53, 199],
  statfs: [137, 43],
  statx: [332, 291],
  symlinkat: [266, 36],
  tgkill: [234, 131],
  umask: [95, 166],
  umount2: [166, 39],
  unlinkat: [263, 35],
  utimensat: [280, 88],
  wait4: [61, 260],
  write: [1, 64],
} as const satisfies Record<string, readonly [x64: number, arm64: number]>;

export type SyscallName = keyof typeof syscallNumbers;

export function syscallNumber(name: SyscallName, architecture: Architecture): number {
  return syscallNumbers[name][architecture === "x64" ? 0 : 1];
}
