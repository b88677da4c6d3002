import { Errno, Failure, fail, type Result } from "../../../ffi/errno.ts";
import { messages } from "../../wire/messages.ts";
import { isSafeComponent } from "../../wire/strings.ts";
import type { Connection } from "../connection.ts";
import type { Mounted } from "../connection-impl.ts";
import { andThen, perform, type Steps, settled } from "../maybe-promise.ts";
import type { Node } from "../node.ts";
import { whileLocked } from "../rw-lock.ts";
import { giveHostFd, giveInode } from "./giving.ts";
import type { Handlers } from "./handler.ts";

/** Setting a connection up and letting go of what it holds. */
export const sessionHandlers: Handlers<"error" | "mount" | "channel" | "close"> = {
  error: () => fail(Errno.EINVAL),

  mount: (exchange) => {
    const { connection } = exchange;
    const { renameLock } = connection.context.tree;
    return andThen(
      whileLocked(renameLock, "read", () => perform(mountSteps(connection))),
      (mounted) => {
        if (mounted instanceof Failure) return mounted;
        giveHostFd(exchange, mounted.gift, mounted.found.fd);
        return {
          root: giveInode(exchange, mounted.found),
          messageBytesMax: connection.messageBytesMax,
          supported: connection.impl.supportedMessages.map((name) => messages[name].id),
        };
      },
    );
  },

  channel: ({ connection, communicator }) => {
    const opened = connection.openChannel();
    if (opened instanceof Failure) return opened;
    communicator.lend(opened.file);
    communicator.donate(opened.socket);
    return { dataOffset: opened.fileOffset, dataLength: opened.windowBytes };
  },

  close: ({ connection }, request) => {
    for (const id of request.fds) connection.fds.close(id);
  },
};

function* mountSteps(connection: Connection): Steps<Result<Mounted>> {
  const node = yield* walkToMountPoint(connection);
  if (node instanceof Failure) return node;
  try {
    const mounted = whileLocked(node.lock, "read", () =>
      node.isDeleted ? fail(Errno.ENOENT) : connection.impl.mount(node),
    );
    return yield* settled(mounted);
  } finally {
    node.release();
  }
}

/** The node of the mount point, made as needed; the caller owns a reference. */
function* walkToMountPoint({ context, mountPath }: Connection): Steps<Result<Node>> {
  let node = context.tree.root.acquire();
  for (const name of mountPath) {
    const child = yield* settled(whileLocked(node.lock, "read", () => mountPathChild(node, name)));
    node.release();
    if (child instanceof Failure) return child;
    node = child;
  }
  return node;
}

function mountPathChild(node: Node, name: Connection["mountPath"][number]): Result<Node> {
  if (!isSafeComponent(name)) return fail(Errno.EINVAL);
  return node.isDeleted ? fail(Errno.ENOENT) : node.acquireChild(name);
}
