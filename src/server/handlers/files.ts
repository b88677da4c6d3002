import { memory } from "../../../ffi/arena.ts";
import { Errno, Failure, fail, type Result } from "../../../ffi/errno.ts";
import { O_ACCMODE, O_RDONLY, O_TRUNC } from "../../../ffi/linux.ts";
import { DirentWriter } from "../../wire/dirent.ts";
import type { FdId } from "../../wire/integers.ts";
import { messages } from "../../wire/messages.ts";
import type { Connection, Exchange } from "../connection.ts";
import { OpenFd } from "../fds.ts";
import { andThen, perform, type Steps, settled } from "../maybe-promise.ts";
import { bodyPlace, giveHostFd, giveInode, placedReply } from "./giving.ts";
import type { Handlers } from "./handler.ts";

/** The flags of an open that are passed on. Source: allowedOpenFlags in pkg/lisafs/handlers.go. */
const passedOpenFlags = O_ACCMODE | O_TRUNC;

/** Opening files and working with open ones. */
export const fileHandlers: Handlers<
  "openAt" | "openCreateAt" | "fSync" | "pWrite" | "pRead" | "fAllocate" | "readLinkAt" | "flush" | "getdents64"
> = {
  openAt: (exchange, request, fd) => {
    const flags = request.flags & passedOpenFlags;
    if (fd.isDirectory && flags !== O_RDONLY) return fail(Errno.EISDIR);
    if (fd.node.isDeleted && !exchange.connection.options.openOnDeleted) return fail(Errno.EINVAL);
    if (fd.isSymlink) return fail(Errno.EINVAL);
    return andThen(fd.open(flags), (opened) => {
      if (opened instanceof Failure) return opened;
      giveHostFd(exchange, opened.gift, opened.fd);
      return { openFd: exchange.connection.fds.insert(opened.fd) };
    });
  },

  openCreateAt: (exchange, request, directory) => {
    if (directory.node.isDeleted) return fail(Errno.EINVAL);
    return andThen(directory.openCreate(request.name, request, request.flags & passedOpenFlags), (created) => {
      if (created instanceof Failure) return created;
      giveHostFd(exchange, created.opened.gift, created.opened.fd);
      const child = giveInode(exchange, created.found);
      return { child, newFd: exchange.connection.fds.insert(created.opened.fd) };
    });
  },

  fSync: (exchange, request) => perform(fSyncSteps(exchange, request.fds)),

  pWrite: (_exchange, request, fd) => {
    if (!fd.isWritable) return fail(Errno.EBADF);
    return andThen(fd.write(request.data, request.offset), (count) => (count instanceof Failure ? count : { count }));
  },

  pRead: (exchange, request, fd) => {
    if (!fd.isReadable) return fail(Errno.EBADF);
    const { at, bytesMax } = bodyPlace(exchange, messages.pRead);
    if (request.count > bytesMax) return fail(Errno.ENOBUFS);
    return andThen(fd.read(at, request.count, request.offset), placedReply);
  },

  fAllocate: ({ connection }, request, fd) => {
    if (!fd.isWritable) return fail(Errno.EBADF);
    if (fd.controlFd.node.isDeleted && !connection.options.allocateOnDeleted) return fail(Errno.EINVAL);
    return fd.allocate(request.mode, request.offset, request.length);
  },

  /** Upstream has no error for a removed link here. */
  readLinkAt: (exchange, _request, fd) => {
    if (!fd.isSymlink) return fail(Errno.EINVAL);
    if (fd.node.isDeleted) return { placed: 0 };
    const { at, bytesMax } = bodyPlace(exchange, messages.readLinkAt);
    return andThen(fd.readLink(at, bytesMax), placedReply);
  },

  flush: (_exchange, _request, fd) => fd.flush(),

  getdents64: (exchange, request, fd) => {
    if (fd.controlFd.node.isDeleted) return fail(Errno.EINVAL);
    const { at, bytesMax } = bodyPlace(exchange, messages.getdents64);
    const writer = new DirentWriter(memory, at, at + bytesMax);
    const rewind = request.count < 0;
    return andThen(fd.readDirectory(writer, Math.abs(request.count), rewind), (outcome) => outcome ?? writer.reply);
  },
};

/** Syncs all it can and answers the first failure. */
function* fSyncSteps({ connection }: Exchange, ids: readonly FdId[]): Steps<Result<void>> {
  let firstFailure: Failure | undefined;
  for (const id of ids) {
    const outcome = yield* fSyncOneSteps(connection, id);
    if (outcome instanceof Failure) firstFailure ??= outcome;
  }
  return firstFailure;
}

/** Without a lock: a sync may take long, goes by the open file alone, and may overlap with whatever is done to that. */
function* fSyncOneSteps({ fds }: Connection, id: FdId): Steps<Result<void>> {
  const fd = fds.lookUp(id);
  if (fd instanceof Failure) return fd;
  if (!(fd instanceof OpenFd)) return fail(Errno.EINVAL);
  fd.acquire();
  try {
    return yield* settled(fd.sync());
  } finally {
    fd.release();
  }
}
