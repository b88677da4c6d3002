import { isDescriptor, isInt, type SyscallRule } from "../../../ffi/libseccomp.ts";
import { AT_SYMLINK_NOFOLLOW } from "../../../ffi/linux.ts";

/** Calls on the host's files where the sandbox works on them through the gofer alone. */
export const lisafsRules: readonly SyscallRule[] = [
  { call: "fallocate", because: "FAllocate, in every mode: by the stock gofer's filter, any but 0 is its death" },
  { call: "fgetxattr", where: [isDescriptor(0)], because: "attributes of an open file" },
  { call: "fsetxattr", where: [isDescriptor(0)], because: "attributes of an open file" },
  { call: "flistxattr", where: [isDescriptor(0)], because: "attributes of an open file" },
  { call: "fremovexattr", where: [isDescriptor(0)], because: "attributes of an open file" },
  { call: "fstatfs", because: "StatFS" },
  { call: "getdents64", because: "Getdents" },
  {
    call: "statx",
    where: [isDescriptor(0), isInt(2, AT_SYMLINK_NOFOLLOW)],
    because: "the device numbers of a directory's entries, for Getdents",
  },
  { call: "linkat", where: [isDescriptor(0), isDescriptor(2), isInt(4, 0)], because: "LinkAt" },
  { call: "mkdirat", because: "MkdirAt" },
  { call: "mknodat", where: [isInt(3, 0)], because: "MknodAt: regular files and whiteouts, which have the number 0:0" },
  { call: "readlinkat", because: "ReadLinkAt" },
  { call: "renameat2", because: "RenameAt" },
  { call: "symlinkat", because: "SymlinkAt" },
  { call: "unlinkat", because: "UnlinkAt, and what could not be created in full" },
  { call: "utimensat", because: "the times of SetStat" },
];
