import type { ByteString } from "../../../ffi/byte-string.ts";
import { Errno, Failure, fail, type Result } from "../../../ffi/errno.ts";
import { RENAME_EXCHANGE } from "../../../ffi/linux.ts";
import type { RequestOf } from "../../wire/messages.ts";
import type { Connection, Exchange } from "../connection.ts";
import { ControlFd, type Found } from "../fds.ts";
import { andThen, type MaybePromise, perform, type Steps, settled } from "../maybe-promise.ts";
import { whileLocked } from "../rw-lock.ts";
import { childReply } from "./giving.ts";
import type { Handlers } from "./handler.ts";

/** Making, removing and renaming entries of directories. */
export const entryHandlers: Handlers<
  "mkdirAt" | "mknodAt" | "symlinkAt" | "linkAt" | "unlinkAt" | "renameAt" | "renameAt2"
> = {
  mkdirAt: (exchange, request, directory) => {
    if (directory.node.isDeleted) return fail(Errno.EINVAL);
    return andThen(directory.mkdir(request.name, request), (found) => childReply(exchange, found));
  },

  mknodAt: (exchange, request, directory) => {
    if (directory.node.isDeleted) return fail(Errno.EINVAL);
    const made = directory.mknod(request.name, request, request.minor, request.major);
    return andThen(made, (found) => childReply(exchange, found));
  },

  symlinkAt: (exchange, request, directory) => {
    if (directory.node.isDeleted) return fail(Errno.EINVAL);
    const made = directory.symlink(request.name, request.linkTarget, request.uid, request.gid);
    return andThen(made, (found) => childReply(exchange, found));
  },

  linkAt: (exchange, request, directory) => {
    const linked = lookUpControlFd(exchange.connection, request.linkedFd);
    if (linked instanceof Failure) return linked;
    if (linked.isDirectory) return fail(Errno.EPERM);
    if (directory.node.isDeleted) return fail(Errno.EINVAL);
    return andThen(perform(linkSteps(linked, directory, request)), (found) => childReply(exchange, found));
  },

  unlinkAt: (_exchange, request, directory) => {
    if (directory.node.isDeleted) return fail(Errno.EINVAL);
    return perform(unlinkSteps(directory, request));
  },

  renameAt: (exchange, request, oldDirectory) => rename(exchange, request, oldDirectory, 0),

  renameAt2: (exchange, request, oldDirectory) => rename(exchange, request, oldDirectory, request.flags),
};

/**
 * The linked file is no directory, so it is locked after the directory, as everything below it would be. It shares the
 * directory's node only when the directory has taken its place behind our back, and then there is no file to link.
 */
function* linkSteps(linked: ControlFd, directory: ControlFd, { name }: RequestOf<"linkAt">): Steps<Result<Found>> {
  if (linked.node === directory.node) return fail(Errno.EPERM);
  linked.acquire();
  try {
    const made = whileLocked(linked.node.lock, "read", () =>
      linked.node.isDeleted ? fail(Errno.EINVAL) : linked.link(directory, name),
    );
    return yield* settled(made);
  } finally {
    linked.release();
  }
}

/** Nothing may be going on at an entry while it is removed, so its lock is taken as well. */
function* unlinkSteps(directory: ControlFd, { name, flags }: RequestOf<"unlinkAt">): Steps<Result<void>> {
  const { node } = directory;
  const entry = node.child(name)?.acquire();
  if (entry === undefined) return yield* settled(directory.unlink(name, flags));
  try {
    const removed = whileLocked(entry.lock, "write", () =>
      andThen(directory.unlink(name, flags), (outcome) => {
        if (outcome === undefined) node.removeChild(name);
        return outcome;
      }),
    );
    return yield* settled(removed);
  } finally {
    entry.release();
  }
}

function rename(
  { connection }: Exchange,
  { newDir, oldName, newName }: RequestOf<"renameAt">,
  oldDirectory: ControlFd,
  flags: number,
): MaybePromise<Result<void>> {
  const newDirectory = lookUpControlFd(connection, newDir);
  if (newDirectory instanceof Failure) return newDirectory;
  if (!oldDirectory.isDirectory || !newDirectory.isDirectory) return fail(Errno.ENOTDIR);
  const oldNode = oldDirectory.node;
  const newNode = newDirectory.node;
  if (oldNode.isDeleted || newNode.isDeleted) return fail(Errno.EINVAL);
  if (oldNode === newNode && oldName === newName) return undefined;
  return perform(renameSteps(oldDirectory, oldName, newDirectory, newName, flags));
}

function* renameSteps(
  oldDirectory: ControlFd,
  oldName: ByteString,
  newDirectory: ControlFd,
  newName: ByteString,
  flags: number,
): Steps<Result<void>> {
  newDirectory.acquire();
  try {
    const outcome = yield* settled(oldDirectory.rename(oldName, newDirectory, newName, flags));
    const exchanged = (flags & RENAME_EXCHANGE) !== 0;
    if (outcome === undefined) oldDirectory.node.moveChild(oldName, newDirectory.node, newName, exchanged);
    return outcome;
  } finally {
    newDirectory.release();
  }
}

/** A second descriptor that a request names: EBADF when there is none, EINVAL when it is of another kind. */
function lookUpControlFd(connection: Connection, id: RequestOf<"linkAt">["linkedFd"]): Result<ControlFd> {
  const fd = connection.fds.lookUp(id);
  if (fd instanceof Failure) return fd;
  return fd instanceof ControlFd ? fd : fail(Errno.EINVAL);
}
