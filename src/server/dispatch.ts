import { memory } from "../../ffi/arena.ts";
import { Errno, Failure, fail, type Result } from "../../ffi/errno.ts";
import type { FdId } from "../wire/integers.ts";
import { decodeRequest, encodeReply, type MessageDefinition, namesAreSafe, type Target } from "../wire/message.ts";
import { type MessageName, messageById, messageNames, messages } from "../wire/messages.ts";
import { messageName } from "../wire/trace.ts";
import type { Exchange } from "./connection.ts";
import { type AnyFd, BoundSocketFd, ControlFd, OpenFd } from "./fds.ts";
import { attributeHandlers } from "./handlers/attributes.ts";
import { entryHandlers } from "./handlers/entries.ts";
import { fileHandlers } from "./handlers/files.ts";
import type { Handlers } from "./handlers/handler.ts";
import { lookupHandlers } from "./handlers/lookup.ts";
import { sessionHandlers } from "./handlers/session.ts";
import { socketHandlers } from "./handlers/sockets.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import type { Node } from "./node.ts";

/** One handler for every message of the table; a missing one does not compile. */
const handlers: Handlers<MessageName> = {
  ...sessionHandlers,
  ...lookupHandlers,
  ...attributeHandlers,
  ...fileHandlers,
  ...entryHandlers,
  ...socketHandlers,
};

/** A handler whose types the table vouches for: request and target come from the same definition. */
type UntypedHandler = (exchange: Exchange, request: unknown, target: unknown) => MaybePromise<Result<unknown>>;

/** Messages whose data is not turned into values. */
const bulkMessages: ReadonlySet<number> = new Set([messages.pRead.id, messages.pWrite.id]);

/** Garbage of a request: what every one leaves, and for each byte that was turned into values or made of them. */
const garbageBytesBase = 512;
const garbageBytesPerByte = 4;

const handlerById = messageNames.map((name) => handlers[name]) as readonly UntypedHandler[];

/**
 * Answers one request: size, supported, read-only, decode, names, target, lock, handler, reply. Gives the bytes of the reply's
 * payload or −errno; never throws or rejects.
 */
export function dispatch(exchange: Exchange, messageId: number, length: number): number | Promise<number> {
  const { connection } = exchange;
  const { counts, garbage } = connection.context;
  counts.add(messageId);
  garbage.note(garbageBytesBase + (bulkMessages.has(messageId) ? 0 : length * garbageBytesPerByte));
  if (length > connection.messageBytesMax) {
    connection.log.warn("protocol violation: a request is too long", { messageId, length });
    return -Errno.EIO;
  }
  const message = messageById[messageId];
  const handler = handlerById[messageId];
  if (message === undefined || handler === undefined || !connection.supports(messageId)) {
    connection.log.warn("a request is not supported", { message: messageName(messageId) });
    return -Errno.EOPNOTSUPP;
  }
  try {
    const answer = answerRequest(exchange, message, handler, length);
    return answer instanceof Promise ? unlessCrashed(exchange, messageId, answer) : answer;
  } catch (error) {
    return crashed(exchange, messageId, error);
  }
}

function answerRequest(
  exchange: Exchange,
  message: MessageDefinition,
  handler: UntypedHandler,
  length: number,
): number | Promise<number> {
  const { connection, communicator } = exchange;
  const { readonly } = connection.options;
  if (readonly && message.mutates) return -Errno.EROFS;
  const request = decodeRequest(message, memory, communicator.payloadAt, length);
  if (request === undefined) {
    connection.log.warn("protocol violation: a request is too short", { message: messageName(message.id), length });
    return -Errno.EIO;
  }
  if (readonly && message.mutatesIf?.(request) === true) return -Errno.EROFS;
  if (!namesAreSafe(message, request)) return -Errno.EINVAL;
  if (message.target === undefined) return answerWithoutTarget(exchange, message, handler, request);

  const target = lookUpTarget(exchange, message.target, request);
  if (target instanceof Failure) return -target.errno;
  const { tree } = connection.context;
  const node = nodeOf(target);
  if (!tree.tryHold(message.lock, node)) return answerAfterWaiting(exchange, message, handler, request, target);
  let result: MaybePromise<Result<unknown>>;
  try {
    result = handler(exchange, request, target);
  } catch (error) {
    tree.letGo(message.lock, node);
    throw error;
  }
  if (result instanceof Promise) return answerLater(exchange, message, target, result);
  tree.letGo(message.lock, node);
  return reply(exchange, message, result);
}

function answerWithoutTarget(
  exchange: Exchange,
  message: MessageDefinition,
  handler: UntypedHandler,
  request: unknown,
): number | Promise<number> {
  const result = handler(exchange, request, undefined);
  if (!(result instanceof Promise)) return reply(exchange, message, result);
  return result.then((settled) => reply(exchange, message, settled));
}

async function answerAfterWaiting(
  exchange: Exchange,
  message: MessageDefinition,
  handler: UntypedHandler,
  request: unknown,
  target: AnyFd,
): Promise<number> {
  const { tree } = exchange.connection.context;
  const node = nodeOf(target);
  target.acquire();
  try {
    await tree.hold(message.lock, node);
    try {
      return reply(exchange, message, await handler(exchange, request, target));
    } finally {
      tree.letGo(message.lock, node);
    }
  } finally {
    target.release();
  }
}

/** The lock is held already. */
async function answerLater(
  exchange: Exchange,
  message: MessageDefinition,
  target: AnyFd,
  result: Promise<Result<unknown>>,
): Promise<number> {
  target.acquire();
  try {
    return reply(exchange, message, await result);
  } finally {
    exchange.connection.context.tree.letGo(message.lock, nodeOf(target));
    target.release();
  }
}

function reply({ connection, communicator }: Exchange, message: MessageDefinition, result: Result<unknown>): number {
  if (result instanceof Failure) return -result.errno;
  const { payloadAt } = communicator;
  const bytes = encodeReply(message, memory, payloadAt, connection.messageBytesMax, result);
  if (!bulkMessages.has(message.id)) connection.context.garbage.note(bytes * garbageBytesPerByte);
  return bytes < 0 ? -Errno.EIO : bytes;
}

function lookUpTarget({ connection }: Exchange, target: Target, request: unknown): Result<AnyFd> {
  const fd = connection.fds.lookUp((request as Readonly<Record<string, FdId>>)[target.field] as FdId);
  if (fd instanceof Failure) return fd;
  if (!isOfKind(fd, target.kind)) return fail(Errno.EINVAL);
  if (target.directory === true && !controlFdOf(fd).isDirectory) return fail(Errno.ENOTDIR);
  return fd;
}

function isOfKind(fd: AnyFd, kind: Target["kind"]): boolean {
  switch (kind) {
    case "control":
      return fd instanceof ControlFd;
    case "open":
      return fd instanceof OpenFd;
    case "boundSocket":
      return fd instanceof BoundSocketFd;
    case "any":
      return !(fd instanceof BoundSocketFd);
  }
}

function controlFdOf(fd: AnyFd): ControlFd {
  return fd instanceof ControlFd ? fd : fd.controlFd;
}

function nodeOf(fd: AnyFd): Node {
  return controlFdOf(fd).node;
}

/** Apart from dispatch(), which would make the closure's variables for each request. */
function unlessCrashed(exchange: Exchange, messageId: number, answer: Promise<number>): Promise<number> {
  return answer.catch((error) => crashed(exchange, messageId, error));
}

/** A handler that throws has a bug: the request fails, the connection and all others go on. */
function crashed({ connection, communicator }: Exchange, messageId: number, error: unknown): number {
  communicator.dropFds();
  connection.log.warn(`handler of ${messageName(messageId)} crashed`, { error });
  return -Errno.EREMOTEIO;
}
