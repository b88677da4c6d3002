import { join } from "node:path/posix";
import { type ByteString, textOf } from "../../ffi/byte-string.ts";
import { Errno, Failure, fail, type Result } from "../../ffi/errno.ts";
import { makeDirectory, openAt, readLinkAt } from "../../ffi/files.ts";
import { type HostFd, OwnedFd, workingDirectory } from "../../ffi/host-fd.ts";
import { O_CLOEXEC, O_CREAT, O_DIRECTORY, O_NONBLOCK, O_PATH, O_RDONLY } from "../../ffi/linux.ts";

/** Joins paths and takes `.` and `..` out by their text alone. */
export function joinPaths(...parts: readonly ByteString[]): ByteString {
  return join(...parts) as ByteString;
}

/** The path in quotes, for people. */
export function quoted(path: ByteString): string {
  return JSON.stringify(textOf(path));
}

/** Opens what is at the path, and follows symbolic links on the way, without permission to read. The caller owns it. */
export function openPath(path: ByteString): Result<HostFd> {
  return openAt(workingDirectory, path, O_PATH | O_CLOEXEC);
}

/** The path of an open file as the kernel knows it. `proc` is where the proc file system is mounted. */
export function pathOf(fd: HostFd, proc: ByteString): Result<ByteString> {
  return readLinkAt(workingDirectory, descriptorPath(fd, proc));
}

/** A path that stands for an open file. `proc` is where the proc file system is mounted. */
export function descriptorPath(fd: HostFd, proc: ByteString): ByteString {
  return `${proc}/self/fd/${fd}` as ByteString;
}

/** Whether the path leads to a directory; fails when it leads nowhere. */
export function isDirectory(path: ByteString): Result<boolean> {
  const opened = openAt(workingDirectory, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (opened instanceof Failure) return opened.errno === Errno.ENOTDIR ? false : opened;
  using _owned = new OwnedFd(opened);
  return true;
}

/** Creates the directory and those above it that are missing. Fails when one of them is something else. */
export function makeDirectories(path: ByteString, mode: number): Result<void> {
  const names = path.split("/").filter((name) => name !== "");
  for (let count = 1; count <= names.length; count++) {
    const made = makeDirectory(workingDirectory, `/${names.slice(0, count).join("/")}` as ByteString, mode);
    if (made instanceof Failure && made.errno !== Errno.EEXIST) return made;
  }
  const is = isDirectory(path);
  if (is instanceof Failure) return is;
  return is ? undefined : fail(Errno.ENOTDIR);
}

/** Creates an empty file unless there is something at the path. */
export function makeFile(path: ByteString, mode: number): Result<void> {
  const existing = openPath(path);
  const opened =
    existing instanceof Failure && existing.errno === Errno.ENOENT
      ? openAt(workingDirectory, path, O_RDONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, mode)
      : existing;
  if (opened instanceof Failure) return opened;
  using _owned = new OwnedFd(opened);
  return undefined;
}
