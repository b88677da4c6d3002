import { Errno, Failure, fail, type Result } from "../../../ffi/errno.ts";
import type { HostFd } from "../../../ffi/host-fd.ts";
import type { Exchange } from "../connection.ts";
import { andThen } from "../maybe-promise.ts";
import { giveHostFd, giveInode } from "./giving.ts";
import type { Handlers } from "./handler.ts";

/** Sockets of the host that stand in the file system. */
export const socketHandlers: Handlers<"connect" | "connectWithCreds" | "bindAt" | "listen" | "accept"> = {
  connect: (exchange, request, fd) => {
    if (!fd.isSocket) return fail(Errno.ENOTSOCK);
    if (fd.node.isDeleted) return fail(Errno.EINVAL);
    return andThen(fd.connect(request.sockType), (connected) => donateSocket(exchange, connected));
  },

  connectWithCreds: (exchange, request, fd) => {
    if (!fd.isSocket) return fail(Errno.ENOTSOCK);
    if (fd.node.isDeleted) return fail(Errno.EINVAL);
    const connecting = fd.connectAs(request.sockType, request.uid, request.gid);
    return andThen(connecting, (connected) => donateSocket(exchange, connected));
  },

  bindAt: (exchange, request, directory) => {
    if (directory.node.isDeleted) return fail(Errno.EINVAL);
    return andThen(directory.bind(request.name, request, request.sockType), (bound) => {
      if (bound instanceof Failure) return bound;
      giveHostFd(exchange, bound.gift, bound.boundSocket);
      const child = giveInode(exchange, bound.found);
      return { child, boundSocketFd: exchange.connection.fds.insert(bound.boundSocket) };
    });
  },

  listen: (_exchange, request, fd) => {
    if (fd.controlFd.node.isDeleted) return fail(Errno.EINVAL);
    return fd.listen(request.backlog);
  },

  accept: (exchange, _request, fd) => {
    if (fd.controlFd.node.isDeleted) return fail(Errno.EINVAL);
    return andThen(fd.accept(), (accepted) => {
      if (accepted instanceof Failure) return accepted;
      exchange.communicator.donate(accepted.hostFd);
      return { peerAddress: accepted.peerAddress };
    });
  },
};

function donateSocket({ communicator }: Exchange, socket: Result<HostFd>): Result<void> {
  if (socket instanceof Failure) return socket;
  communicator.donate(socket);
  return undefined;
}
