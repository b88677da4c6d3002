import type { ByteString } from "../../ffi/byte-string.ts";
import type { Memory } from "../../ffi/memory.ts";
import { type Codec, type Cursor, noRoom } from "./codec.ts";
import type { StructCodec } from "./composite.ts";
import type { FdId } from "./integers.ts";
import { component, isNulFree, isSafeComponent, nulFreeString } from "./strings.ts";

/** What dispatch locks for the handler on the node of the target; "none" where the handler locks by itself or need not. */
export type LockKind = "none" | "read" | "write" | "global";

/** Kinds of descriptor that a request can name. A wrong kind answers EINVAL, an unknown descriptor EBADF. */
export type TargetKind = "any" | "control" | "open" | "boundSocket";

/** The descriptor that dispatch looks up for the handler. */
export interface Target<Field extends string = string> {
  /** The request's field that names it. */
  readonly field: Field;
  readonly kind: TargetKind;
  /** Whether a target that is not a directory answers ENOTDIR, before anything is locked. */
  readonly directory?: true;
}

/** One message of the protocol: everything that is known about it without its handler. */
export interface MessageDefinition<
  Request = unknown,
  Reply = unknown,
  T extends Target | undefined = Target | undefined,
> {
  readonly id: number;
  /** Whether a read-only connection answers EROFS, before the request is parsed. */
  readonly mutates: boolean;
  /** Whether a read-only connection answers EROFS to this request, before its target is looked up. */
  mutatesIf?(request: Request): boolean;
  readonly lock: LockKind;
  readonly target: T;
  readonly request: StructCodec<Request>;
  readonly reply: Codec<Reply>;
  /** Where in the reply's payload the handler puts a body in place; 0 when the reply has no such body. */
  readonly prefixBytes: number;
  /** The request's fields that are path components. */
  readonly componentFields: readonly string[];
  /** The request's other fields that become C strings. */
  readonly nulFreeFields: readonly string[];
}

type FdFieldOf<Request> = {
  [Name in keyof Request]: Request[Name] extends FdId ? Name : never;
}[keyof Request] &
  string;

/** A row as it is written down; the rest follows from its codecs. */
type MessageSource<Request, Reply, T extends Target | undefined> = Omit<
  MessageDefinition<Request, Reply, T>,
  "prefixBytes" | "componentFields" | "nulFreeFields"
>;

/** A row of the message table. */
export function message<Request, Reply, const T extends Target<FdFieldOf<Request>> | undefined>(
  source: MessageSource<Request, Reply, T>,
): MessageDefinition<Request, Reply, T> {
  const { request, reply } = source;
  return {
    ...source,
    prefixBytes: "prefixBytes" in reply ? Number(reply.prefixBytes) : 0,
    componentFields: fieldsWithCodec(request, component),
    nulFreeFields: fieldsWithCodec(request, nulFreeString),
  };
}

function fieldsWithCodec(codec: StructCodec<unknown>, wanted: Codec<ByteString>): readonly string[] {
  return Object.keys(codec.fields).filter((name) => codec.fields[name] === wanted);
}

/**
 * Whether each name in the request can be given to the kernel: a path component that names an entry and nothing else, any
 * other C string without a NUL. Otherwise the answer is EINVAL. The names in a Walk's path are the handler's to check, one
 * by one as it gets there. `request` is what the message's request codec decoded.
 */
export function namesAreSafe(message: MessageDefinition, request: unknown): boolean {
  const names = request as Readonly<Record<string, ByteString>>;
  for (const field of message.componentFields) {
    if (!isSafeComponent(names[field] as ByteString)) return false;
  }
  for (const field of message.nulFreeFields) {
    if (!isNulFree(names[field] as ByteString)) return false;
  }
  return true;
}

/** The request in `length` bytes at `at`, undefined when they end too early (EIO). Bytes behind the request are ignored. */
export function decodeRequest<Request>(
  message: MessageDefinition<Request>,
  memory: Memory,
  at: number,
  length: number,
): Request | undefined {
  return decodeAt(message.request, memory, at, length);
}

/** Encodes the reply in at most `capacity` bytes at `at`, and gives its length in bytes, or noRoom. */
export function encodeReply<Reply>(
  message: MessageDefinition<unknown, Reply>,
  memory: Memory,
  at: number,
  capacity: number,
  reply: Reply,
): number {
  return encodeAt(message.reply, memory, at, capacity, reply);
}

/** As encodeReply(), the client's way. */
export function encodeRequest<Request>(
  message: MessageDefinition<Request>,
  memory: Memory,
  at: number,
  capacity: number,
  request: Request,
): number {
  return encodeAt(message.request, memory, at, capacity, request);
}

/** As decodeRequest(), the client's way. */
export function decodeReply<Reply>(
  message: MessageDefinition<unknown, Reply>,
  memory: Memory,
  at: number,
  length: number,
): Reply | undefined {
  return decodeAt(message.reply, memory, at, length);
}

function decodeAt<T>(codec: Codec<T>, memory: Memory, at: number, length: number): T | undefined {
  const cursor: Cursor = { memory, at, end: at + length };
  return codec.decode(cursor);
}

function encodeAt<T>(codec: Codec<T>, memory: Memory, at: number, capacity: number, value: T): number {
  const behind = codec.encode(memory, at, at + capacity, value);
  return behind === noRoom ? noRoom : behind - at;
}
