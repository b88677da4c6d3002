import { layout } from "./layout.ts";
import { currentArchitecture } from "./machine.ts";

/** struct iovec. Source: readv(2). */
export const iovecLayout = layout({ base: "u64", length: "u64" });

/** struct msghdr. Source: recvmsg(2). */
export const msghdrLayout = layout({
  name: "u64",
  nameLength: "u32",
  iov: "u64",
  iovCount: "u64",
  control: "u64",
  controlLength: "u64",
  flags: "i32",
});

/** struct cmsghdr; the data follows. Source: cmsg(3). */
export const cmsghdrLayout = layout({ length: "u64", level: "i32", type: "i32" });

/** struct timespec on 64-bit systems. Source: timespec(3type). */
export const timespecLayout = layout({ seconds: "i64", nanoseconds: "i64" });

/** struct open_how. Source: openat2(2). */
export const openHowLayout = layout({ flags: "u64", mode: "u64", resolve: "u64" });

/** struct rlimit. Source: setrlimit(2). */
export const rlimitLayout = layout({ current: "u64", maximum: "u64" });

/** struct __user_cap_header_struct. Source: capset(2). */
export const capabilityHeaderLayout = layout({ version: "u32", pid: "i32" });

/** struct __user_cap_data_struct, for 32 capabilities: version 3 takes two of them. Source: capset(2). */
export const capabilityDataLayout = layout({ effective: "u32", permitted: "u32", inheritable: "u32" });

/** struct pollfd. Source: poll(2). */
export const pollfdLayout = layout({ fd: "i32", events: "u16", revents: "u16" });

/** struct epoll_event; `data` is ours. Packed on x86-64 only. Source: epoll_ctl(2) and include/uapi/linux/eventpoll.h. */
export const epollEventLayout = layout({ events: "u32", data: "u64" }, { packed: currentArchitecture() === "x64" });

/** struct futex_waitv. Source: include/uapi/linux/futex.h. */
export const futexWaitvLayout = layout({ expected: "u64", address: "u64", flags: "u32", reserved: "u32" });

/** The kernel's struct sigaction with a mask of 64 signals. Source: include/linux/signal_types.h. */
export const sigactionLayout = layout({ handler: "u64", flags: "u64", restorer: "u64", mask: "u64" });

/** struct f_owner_ex. Source: fcntl(2), F_SETOWN_EX. */
export const fileOwnerLayout = layout({ type: "i32", pid: "i32" });

/** struct statfs on 64-bit systems. Source: statfs(2). */
export const statfsLayout = layout({
  type: "i64",
  blockSize: "i64",
  blocks: "u64",
  blocksFree: "u64",
  blocksAvailable: "u64",
  files: "u64",
  filesFree: "u64",
  fsidLow: "i32",
  fsidHigh: "i32",
  nameLength: "i64",
  fragmentSize: "i64",
  flags: "i64",
  spare0: "i64",
  spare1: "i64",
  spare2: "i64",
  spare3: "i64",
});

/** struct mount_attr. Source: mount_setattr(2). */
export const mountAttrLayout = layout({ set: "u64", clear: "u64", propagation: "u64", userNamespace: "u64" });

/** struct linux_dirent64; the name follows, ended by a NUL. Source: getdents64(2). */
export const direntLayout = layout({ ino: "u64", off: "i64", recordBytes: "u16", type: "u8" }, { packed: true });

/** struct statx, as far as it is not decoded as a whole. Source: statx(2). */
export const statxLayout = { attributes: 8, attributesMask: 56, devMajor: 136, devMinor: 140, bytes: 256 } as const;
