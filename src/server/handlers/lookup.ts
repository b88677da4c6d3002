import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno, Failure, fail, type Result } from "../../../ffi/errno.ts";
import { S_IFLNK, S_IFMT } from "../../../ffi/linux.ts";
import { u8, u16 } from "../../wire/integers.ts";
import { inode, walkStatus } from "../../wire/records.ts";
import { type Statx, statx } from "../../wire/statx.ts";
import { isSafeComponent } from "../../wire/strings.ts";
import type { ControlFd, Found } from "../fds.ts";
import { andThen, type MaybePromise, perform, type Steps, settled } from "../maybe-promise.ts";
import { whileLocked } from "../rw-lock.ts";
import { giveInode } from "./giving.ts";
import type { Handlers } from "./handler.ts";

/** Finding files by name. */
export const lookupHandlers: Handlers<"walk" | "walkStat"> = {
  walk: (exchange, { path }, start) => {
    const { context, messageBytesMax } = exchange.connection;
    if (u8.bytes + u16.bytes + path.length * inode.bytes > messageBytesMax) return fail(Errno.EIO);
    const walked = whileLocked(context.tree.renameLock, "read", () => perform(walkSteps(start, path)));
    return andThen(walked, (walk) => {
      if (walk instanceof Failure) return walk;
      return { status: walk.status, inodes: walk.found.map((found) => giveInode(exchange, found)) };
    });
  },

  walkStat: ({ connection }, { path }, start) => {
    const names = path[0] === "" ? path.slice(1) : path;
    if (!start.isDirectory && names.length > 0) return fail(Errno.ENOTDIR);
    if (!names.every(isSafeComponent)) return fail(Errno.EINVAL);
    if (u16.bytes + path.length * statx.bytes > connection.messageBytesMax) return fail(Errno.EIO);
    const { context, options } = connection;
    const stat = options.walkStatSupported ? walkStatByBackend : walkStatByWalking;
    const walked = whileLocked(context.tree.renameLock, "read", () => stat(start, path));
    return andThen(walked, (stats) => (stats instanceof Failure ? stats : { stats }));
  },
};

/** The client learns the new FDs only when all is done, so it cannot close one that is still walked from. */
interface FinishedWalk {
  readonly status: number;
  readonly found: readonly Found[];
}

function* walkSteps(start: ControlFd, path: readonly ByteString[]): Steps<Result<FinishedWalk>> {
  const found: Found[] = [];
  let status: number = walkStatus.success;
  let finished = false;
  try {
    let directory = start;
    for (const name of path) {
      if (!isSafeComponent(name)) return fail(Errno.EINVAL);
      if (directory.isSymlink) {
        status = walkStatus.componentSymlink;
        break;
      }
      const walked = walkOne(directory, name);
      // As settled() does, without a generator for each component.
      const next = (walked instanceof Promise ? yield walked : walked) as Result<Found>;
      if (isMissing(next)) {
        status = walkStatus.componentDoesNotExist;
        break;
      }
      if (next instanceof Failure) return next;
      found.push(next);
      directory = next.fd;
    }
    finished = true;
    return { status, found };
  } finally {
    if (!finished) for (const { fd } of found) fd.release();
  }
}

/** Holds the lock of the start only: the backend sees to it that what is below can change safely. */
function walkStatByBackend(start: ControlFd, path: readonly ByteString[]): MaybePromise<Result<readonly Statx[]>> {
  return whileLocked(start.node.lock, "read", () => start.walkStat(path));
}

function walkStatByWalking(start: ControlFd, path: readonly ByteString[]): MaybePromise<Result<readonly Statx[]>> {
  return perform(walkStatSteps(start, path));
}

function* walkStatSteps(start: ControlFd, path: readonly ByteString[]): Steps<Result<readonly Statx[]>> {
  const stats: Statx[] = [];
  let directory = start.acquire();
  try {
    for (const [index, name] of path.entries()) {
      if (index === 0 && name === "") {
        const own = yield* settled(whileLocked(start.node.lock, "read", () => start.stat()));
        if (own instanceof Failure) return own;
        stats.push(own);
        continue;
      }
      const next = yield* settled(walkOne(directory, name));
      if (isMissing(next)) break;
      if (next instanceof Failure) return next;
      stats.push(next.stat);
      directory.release();
      directory = next.fd;
      if ((next.stat.mode & S_IFMT) === S_IFLNK) break;
    }
  } finally {
    directory.release();
  }
  return stats;
}

/** Walks to one entry. A removed directory has none: its place may be taken by something else. */
function walkOne(directory: ControlFd, name: ByteString): MaybePromise<Result<Found>> {
  const { node } = directory;
  return whileLocked(node.lock, "read", () => (node.isDeleted ? fail(Errno.ENOENT) : directory.walk(name)));
}

function isMissing(found: Result<Found>): boolean {
  return found instanceof Failure && found.errno === Errno.ENOENT;
}
