import { hasBits, isDescriptor, type SyscallRule } from "../../../ffi/libseccomp.ts";
import { AT_EMPTY_PATH } from "../../../ffi/linux.ts";

/** Calls on the host's files that the gofer makes even where the sandbox works on most of them by itself (directfs). */
export const fileRules: readonly SyscallRule[] = [
  { call: "openat", because: "walks, one component at a time; opens an open file anew, by /proc/self/fd" },
  { call: "openat2", because: "the way to a place by its path, which no symbolic link may bend" },
  { call: "close", because: "descriptors that nobody needs any longer" },
  {
    call: "statx",
    where: [isDescriptor(0), hasBits(2, AT_EMPTY_PATH)],
    because: "attributes of an open file",
  },
  { call: "pread64", because: "reads" },
  { call: "pwrite64", because: "writes" },
  { call: "lseek", because: "a directory is read from its start again" },
  { call: "fsync", because: "syncs" },
  { call: "fchmod", because: "the permissions of files, and of sockets before they are bound" },
  { call: "fchmodat", because: "the permissions of what is held as a mere position" },
  { call: "fchownat", because: "what was created is given to its owner" },
  { call: "fchdir", because: "calls that take a path and no directory: addresses and attributes of sockets" },
  { call: "lgetxattr", because: "attributes of what is held as a mere position" },
  { call: "lsetxattr", because: "attributes of what is held as a mere position" },
  { call: "llistxattr", because: "attributes of what is held as a mere position" },
  { call: "lremovexattr", because: "attributes of what is held as a mere position" },
];
