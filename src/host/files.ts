import { memory } from "../../ffi/arena.ts";
import type { ByteString } from "../../ffi/byte-string.ts";
import { Errno, Failure, fail, type Result } from "../../ffi/errno.ts";
import { changeOwner, openAt, statInto, statxScratch } from "../../ffi/files.ts";
import { type HostFd, takeAndClose } from "../../ffi/host-fd.ts";
import {
  O_CLOEXEC,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from "../../ffi/linux.ts";
import { statxLayout } from "../../ffi/structs.ts";
import { noId } from "../wire/records.ts";
import { type Statx, statx } from "../wire/statx.ts";

/** Flags of every open: nothing is inherited, and no symbolic link is followed at the end of a path. */
export const safeOpenFlags = O_CLOEXEC | O_NOFOLLOW;

/** The parent directory of a file, open as a position, and the file's name in it. The caller owns `directory`. */
export interface ParentPlace {
  readonly directory: HostFd;
  readonly name: ByteString;
}

/** An open file and its attributes. The caller owns `fd`. */
export interface OpenedHostFile {
  readonly fd: HostFd;
  readonly stat: Statx;
}

/**
 * Opens an entry in the way a control FD holds it: for reading where that is possible, without waiting for anybody (FIFOs), else
 * as a mere position (O_PATH: symbolic links, sockets, files that may not be read). EPERM for block devices. `open` is
 * openAt(), or another that follows fewer links. The caller owns the descriptor.
 */
export function openForControl(
  directory: HostFd,
  path: ByteString,
  extraFlags = 0,
  open: (directory: HostFd, path: ByteString, flags: number) => Result<HostFd> = openAt,
): Result<OpenedHostFile> {
  const flags = safeOpenFlags | extraFlags;
  let fd = open(directory, path, O_RDONLY | O_NONBLOCK | flags);
  if (fd instanceof Failure && fd.errno !== Errno.ENOENT) fd = open(directory, path, O_PATH | flags);
  if (fd instanceof Failure) return fd;
  const stat = statOf(fd);
  const failure = stat instanceof Failure ? stat : refuseUnsupportedType(stat.mode);
  if (stat instanceof Failure || failure !== undefined) {
    takeAndClose(fd);
    return failure ?? fail(Errno.EIO);
  }
  return { fd, stat };
}

/** The attributes of an open file, without the flags that lisafs leaves out. */
export function statOf(fd: HostFd): Result<Statx> {
  const outcome = statInto(fd, statxScratch);
  if (outcome !== undefined) return outcome;
  memory.view.setFloat64(statxScratch + statxLayout.attributes, 0);
  memory.view.setFloat64(statxScratch + statxLayout.attributesMask, 0);
  return statx.read(memory, statxScratch);
}

/** Changes the owner where one is given. */
export function giveTo(fd: HostFd, uid: number, gid: number): Result<void> {
  if (uid === noId && gid === noId) return undefined;
  return changeOwner(fd, uid, gid);
}

/** EPERM for types of file that lisafs does not serve: block devices. */
export function refuseUnsupportedType(mode: number): Failure | undefined {
  switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFLNK:
    case S_IFCHR:
    case S_IFSOCK:
    case S_IFIFO:
      return undefined;
    default:
      return fail(Errno.EPERM);
  }
}
