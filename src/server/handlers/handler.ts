import type { Result } from "../../../ffi/errno.ts";
import type { MessageName, ReplyOf, RequestOf, TargetKindOf } from "../../wire/messages.ts";
import type { Exchange } from "../connection.ts";
import type { BoundSocketFd, ControlFd, OpenFd } from "../fds.ts";
import type { MaybePromise } from "../maybe-promise.ts";

interface TargetOfKind {
  readonly any: ControlFd | OpenFd;
  readonly control: ControlFd;
  readonly open: OpenFd;
  readonly boundSocket: BoundSocketFd;
}

/** What dispatch has looked up for a handler of this message; undefined where the table names no target. */
export type TargetOf<N extends MessageName> = [TargetKindOf<N>] extends [never]
  ? undefined
  : TargetOfKind[TargetKindOf<N>];

/**
 * The meaning of a message. By the time it runs, the request is decoded and its names are safe, the target is of the right
 * kind and stays alive, and the message's lock is held on the target's node until the handler's promise, if any, is settled.
 */
export type Handler<N extends MessageName> = (
  exchange: Exchange,
  request: RequestOf<N>,
  target: TargetOf<N>,
) => MaybePromise<Result<ReplyOf<N>>>;

/** Handlers for some of the messages. */
export type Handlers<N extends MessageName> = { readonly [Name in N]: Handler<Name> };
