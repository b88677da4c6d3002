import type { Result } from "../../ffi/errno.ts";
import type { MessageName } from "../wire/messages.ts";
import type { Found, HostFdGift } from "./fds.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import type { Node } from "./node.ts";

/** How the server treats one connection. Source: ConnectionOpts in pkg/lisafs/server.go. */
export interface ConnectionOptions {
  /** Whatever would change something is answered EROFS. */
  readonly readonly: boolean;
  /** Whether ControlFd.walkStat() may be asked: it walks without locks on what is below. */
  readonly walkStatSupported: boolean;
  /** Whether setStat() may be asked for a removed file. */
  readonly setAttrOnDeleted: boolean;
  /** Whether allocate() may be asked for a removed file. */
  readonly allocateOnDeleted: boolean;
  /** Whether open() may be asked for a removed file. */
  readonly openOnDeleted: boolean;
}

/** What stands behind a connection. The numbers are asked for once, when the connection is made. */
export interface ConnectionImpl {
  /** Opens the mount point and says what the client gets to use by itself. Guarantee: read. */
  mount(node: Node): MaybePromise<Result<Mounted>>;
  readonly supportedMessages: readonly MessageName[];
  /** Largest payload in bytes, either way; more is answered EIO. */
  readonly messageBytesMax: number;
}

/** A mount point's control FD, and what its client gets to use by itself. */
export interface Mounted {
  readonly found: Found;
  readonly gift: HostFdGift | undefined;
}
