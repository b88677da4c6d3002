import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import type { ByteString } from "./byte-string.ts";
import { cString, emptyCString, secondCString } from "./c-string.ts";
import { Errno, Failure, outcomeOf, type Result, resultOf } from "./errno.ts";
import { fdResultOf, type HostFd, takeAndClose, workingDirectory } from "./host-fd.ts";
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  F_GETFL,
  F_SETFL,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  RESOLVE_NO_SYMLINKS,
  STATX_BASIC_STATS,
  STATX_BTIME,
} from "./linux.ts";
import { openHowLayout, statxLayout, timespecLayout } from "./structs.ts";
import { type Int64, syscalls } from "./syscalls.ts";

/**
 * System calls on files, one function each. Descriptors are borrowed unless a name says take; names are single path
 * components or paths as the call wants them; offsets into the arena are marked `at`. Errors are those of the manual page
 * named. None of these may be interrupted halfway: EINTR is retried where Linux can give it.
 */

/** The place where statInto() results are usually wanted: valid until the next stat. */
export const statxScratch = allocateStaticMemory(statxLayout.bytes);

const openHow = allocateStaticMemory(openHowLayout.bytes);
/** PATH_MAX: no link's target is longer. */
const linkTargetBytesMax = 4096;
const linkTarget = allocateStaticMemory(linkTargetBytesMax);
const timestamps = allocateStaticMemory(2 * timespecLayout.bytes);

/** In place of a path: utimensat(2) then works on the open file itself. */
const nullPath = 0;

/** The caller owns the descriptor. Source: openat(2). */
export function openAt(directory: HostFd, path: ByteString, flags: number, mode = 0): Result<HostFd> {
  const address = cString(path);
  for (;;) {
    const returned = syscalls.openat(directory, address, flags, mode);
    if (returned !== -Errno.EINTR) return fdResultOf(returned);
  }
}

/** As openAt(), and ELOOP when any component of the path is a symbolic link. The caller owns the descriptor. Source: openat2(2). */
export function openWithoutSymlinks(directory: HostFd, path: ByteString, flags: number): Result<HostFd> {
  const { view } = memory;
  view.setBigUint64(openHow + openHowLayout.flags, BigInt(flags), true);
  view.setBigUint64(openHow + openHowLayout.mode, 0n, true);
  view.setBigUint64(openHow + openHowLayout.resolve, BigInt(RESOLVE_NO_SYMLINKS), true);
  return fdResultOf(syscalls.openat2(directory, cString(path), addressOf(openHow), openHowLayout.bytes));
}

/**
 * Does something, at once, with `directory` (borrowed) as the working directory: for calls that take a path and no directory. A
 * path of one component then leads nowhere else, whoever moves directories about. Source: fchdir(2).
 */
export function inDirectory<T>(directory: HostFd, action: () => Result<T>): Result<T> {
  const before = openAt(workingDirectory, "." as ByteString, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (before instanceof Failure) return before;
  try {
    const entered = outcomeOf(syscalls.fchdir(directory));
    if (entered !== undefined) return entered;
    const result = action();
    const left = outcomeOf(syscalls.fchdir(before));
    if (left !== undefined) throw new Error(`cannot return to the working directory: ${left}`);
    return result;
  } finally {
    takeAndClose(before);
  }
}

/** Writes struct statx of an open file to the arena. Asks for the basic fields and the birth time. Source: statx(2). */
export function statInto(fd: HostFd, at: number): Result<void> {
  return outcomeOf(syscalls.statx(fd, emptyCString, AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, addressOf(at)));
}

/**
 * Writes to the arena what struct statx always holds (device numbers among it) of the entry whose NUL-terminated name
 * stands at `nameAt` in the arena; does not follow a symbolic link. Source: statx(2).
 */
export function statEntryInto(directory: HostFd, nameAt: number, at: number): Result<void> {
  return outcomeOf(syscalls.statx(directory, addressOf(nameAt), AT_SYMLINK_NOFOLLOW, 0, addressOf(at)));
}

/** Writes struct statfs of the file system of an open file to the arena. Source: fstatfs(2). */
export function statFsInto(fd: HostFd, at: number): Result<void> {
  return outcomeOf(syscalls.fstatfs(fd, addressOf(at)));
}

/** Source: fchmod(2). */
export function changeMode(fd: HostFd, mode: number): Result<void> {
  return outcomeOf(syscalls.fchmod(fd, mode));
}

/** Source: fchmodat(2). */
export function changeModeAt(directory: HostFd, name: ByteString, mode: number): Result<void> {
  return outcomeOf(syscalls.fchmodat(directory, cString(name), mode));
}

/** Leaves the user or the group as it is where 2^32−1 is given. Does not follow a symbolic link. Source: fchownat(2). */
export function changeOwner(fd: HostFd, uid: number, gid: number): Result<void> {
  return outcomeOf(syscalls.fchownat(fd, emptyCString, uid | 0, gid | 0, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW));
}

/** Source: ftruncate(2). */
export function truncate(fd: HostFd, length: Int64): Result<void> {
  return outcomeOf(syscalls.ftruncate(fd, length));
}

/** Seconds and nanoseconds; the nanoseconds may be UTIME_OMIT. */
export interface Timestamp {
  readonly seconds: Int64;
  readonly nanoseconds: Int64;
}

/** Sets the access and modification time of an open file. Source: utimensat(2). */
export function setTimes(fd: HostFd, access: Timestamp, modification: Timestamp): Result<void> {
  writeTimes(access, modification);
  return outcomeOf(syscalls.utimensat(fd, nullPath, addressOf(timestamps), 0));
}

/** As setTimes(), of a directory entry; does not follow a symbolic link. Source: utimensat(2). */
export function setTimesAt(
  directory: HostFd,
  name: ByteString,
  access: Timestamp,
  modification: Timestamp,
): Result<void> {
  writeTimes(access, modification);
  return outcomeOf(syscalls.utimensat(directory, cString(name), addressOf(timestamps), AT_SYMLINK_NOFOLLOW));
}

function writeTimes(access: Timestamp, modification: Timestamp): void {
  const { view } = memory;
  for (const [at, { seconds, nanoseconds }] of [
    [timestamps, access],
    [timestamps + timespecLayout.bytes, modification],
  ] as const) {
    view.setBigInt64(at + timespecLayout.seconds, BigInt(seconds), true);
    view.setBigInt64(at + timespecLayout.nanoseconds, BigInt(nanoseconds), true);
  }
}

/** Reads up to `length` bytes at byte `offset` of the file into the arena; 0 means end of file. Source: pread(2). */
export function readInto(fd: HostFd, at: number, length: number, offset: Int64): Result<number> {
  for (;;) {
    const returned = syscalls.pread64(fd, addressOf(at), length, offset);
    if (returned !== -Errno.EINTR) return resultOf(returned);
  }
}

/** Writes up to `length` bytes from the arena at byte `offset` of the file. Source: pwrite(2). */
export function writeFrom(fd: HostFd, at: number, length: number, offset: Int64): Result<number> {
  for (;;) {
    const returned = syscalls.pwrite64(fd, addressOf(at), length, offset);
    if (returned !== -Errno.EINTR) return resultOf(returned);
  }
}

/** Puts the position of an open directory back to its start. Source: lseek(2). */
export function rewind(fd: HostFd): Result<void> {
  const returned = syscalls.lseek(fd, 0, 0);
  return outcomeOf(Number(returned));
}

/** Reads struct linux_dirent64 records into the arena and gives their bytes; 0 at the end. Source: getdents64(2). */
export function readDirectoryInto(fd: HostFd, at: number, length: number): Result<number> {
  return resultOf(syscalls.getdents64(fd, addressOf(at), length));
}

/** Source: mkdirat(2). */
export function makeDirectory(directory: HostFd, name: ByteString, mode: number): Result<void> {
  return outcomeOf(syscalls.mkdirat(directory, cString(name), mode));
}

/** Makes a file of the type in `mode`; a device gets the number 0:0. Source: mknodat(2). */
export function makeNode(directory: HostFd, name: ByteString, mode: number): Result<void> {
  return outcomeOf(syscalls.mknodat(directory, cString(name), mode, 0));
}

/** Source: symlinkat(2). */
export function makeSymlink(target: ByteString, directory: HostFd, name: ByteString): Result<void> {
  return outcomeOf(syscalls.symlinkat(cString(target), directory, secondCString(name)));
}

/** Does not follow a symbolic link at the old name. Source: linkat(2). */
export function makeLink(oldDirectory: HostFd, oldName: ByteString, directory: HostFd, name: ByteString): Result<void> {
  return outcomeOf(syscalls.linkat(oldDirectory, cString(oldName), directory, secondCString(name), 0));
}

/** Source: unlinkat(2). */
export function removeEntry(directory: HostFd, name: ByteString, flags: number): Result<void> {
  return outcomeOf(syscalls.unlinkat(directory, cString(name), flags));
}

/** Source: renameat2(2). */
export function renameEntry(
  oldDirectory: HostFd,
  oldName: ByteString,
  newDirectory: HostFd,
  newName: ByteString,
  flags: number,
): Result<void> {
  return outcomeOf(syscalls.renameat2(oldDirectory, cString(oldName), newDirectory, secondCString(newName), flags));
}

/** Puts up to `length` bytes of the target of an open symbolic link (O_PATH) into the arena. Source: readlinkat(2). */
export function readLinkInto(fd: HostFd, at: number, length: number): Result<number> {
  return resultOf(syscalls.readlinkat(fd, emptyCString, addressOf(at), length));
}

/** The target of the symbolic link at `path`. EINVAL when it is something else. Source: readlinkat(2). */
export function readLinkAt(directory: HostFd, path: ByteString): Result<ByteString> {
  const length = resultOf(syscalls.readlinkat(directory, cString(path), addressOf(linkTarget), linkTargetBytesMax));
  if (length instanceof Failure) return length;
  return memory.buffer.toString("latin1", linkTarget, linkTarget + length) as ByteString;
}

/** Lets calls on the open file wait, for everyone who shares it. Source: fcntl(2). */
export function setBlocking(fd: HostFd): Result<void> {
  const flags = syscalls.fcntl(fd, F_GETFL, 0);
  return outcomeOf(flags < 0 ? flags : syscalls.fcntl(fd, F_SETFL, flags & ~O_NONBLOCK));
}

/** Makes the open file nonblocking, for everyone who shares it. EBADF for O_PATH. Source: fcntl(2). */
export function setNonblocking(fd: HostFd): Result<void> {
  const flags = syscalls.fcntl(fd, F_GETFL, 0);
  if (flags < 0) return outcomeOf(flags);
  if ((flags & O_NONBLOCK) !== 0) return undefined;
  return outcomeOf(syscalls.fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}
