import type { ByteString } from "../../ffi/byte-string.ts";
import { Errno, Failure, fail, type Result } from "../../ffi/errno.ts";
import { type HostFd, takeAndClose } from "../../ffi/host-fd.ts";
import { createSealedMemoryFile } from "../../ffi/mappings.ts";
import type { LimitedLog } from "../log/limited-log.ts";
import { Channel, windowBytes } from "../transport/channel.ts";
import type { Communicator, RequestHandler, ViolationListener } from "../transport/communicator.ts";
import type { Loop, Session } from "../transport/loop.ts";
import { SocketCommunicator } from "../transport/socket-communicator.ts";
import { channelsMaxHighest, channelsMaxLowest, payloadBytesMax } from "../wire/limits.ts";
import { messages } from "../wire/messages.ts";
import type { ConnectionImpl, ConnectionOptions } from "./connection-impl.ts";
import { FdTable } from "./fd-table.ts";
import type { GarbagePacer } from "./garbage-pacer.ts";
import type { RequestCounts } from "./request-counts.ts";
import type { Tree } from "./tree.ts";

const channelsMax = Math.min(Math.max(navigator.hardwareConcurrency, channelsMaxLowest), channelsMaxHighest);

/** What all connections of a server share. */
export interface ServerContext {
  readonly tree: Tree;
  readonly loop: Loop;
  readonly counts: RequestCounts;
  readonly garbage: GarbagePacer;
  /** Those that still hold anything. Each adds itself, and takes itself away. */
  readonly connections: Set<Connection>;
}

/** A request that was not answered at once. */
export interface RequestUnderWay {
  readonly messageId: number;
  /** By performance.now(). */
  readonly startedAt: number;
}

/** One request's surroundings: made once for each communicator. */
export interface Exchange {
  readonly connection: Connection;
  readonly communicator: Communicator;
}

/** Answers a request; see RequestHandler. */
export type Dispatch = (exchange: Exchange, message: number, length: number) => number | Promise<number>;

/** What the client gets to make a channel of: `file` stays the connection's, `socket` is the caller's. */
export interface OpenedChannel {
  readonly file: HostFd;
  readonly socket: HostFd;
  readonly fileOffset: number;
  readonly windowBytes: number;
}

/** A client's mount: its descriptors, its socket, and the channels it opened. */
export class Connection implements Session {
  readonly context: ServerContext;
  /** The mount point, from the root of the tree. */
  readonly mountPath: readonly ByteString[];
  readonly options: ConnectionOptions;
  readonly impl: ConnectionImpl;
  /** For what the client causes. */
  readonly log: LimitedLog;
  readonly messageBytesMax: number;
  readonly fds: FdTable;
  readonly communicator: SocketCommunicator;
  readonly #onViolation: ViolationListener = (what, value) => this.log.warn(`protocol violation: ${what}`, { value });
  readonly #dispatch: Dispatch;
  readonly #supported: readonly boolean[];
  readonly #channels: Channel[] = [];
  #channelFile: HostFd | undefined;
  /** Requests whose handlers have returned promises and that have not been answered. */
  readonly #underWay = new Map<Communicator, RequestUnderWay>();
  #ended = false;

  /** Takes `socket`. Throws when the backend's numbers make no sense or memory is short. */
  constructor(
    context: ServerContext,
    socket: HostFd,
    mountPath: readonly ByteString[],
    options: ConnectionOptions,
    impl: ConnectionImpl,
    dispatch: Dispatch,
    log: LimitedLog,
  ) {
    const { messageBytesMax, supportedMessages } = impl;
    if (messageBytesMax < 1 || messageBytesMax > payloadBytesMax) {
      throw new RangeError(`messageBytesMax is ${messageBytesMax}: want 1 to ${payloadBytesMax}`);
    }
    this.context = context;
    this.fds = new FdTable(context.garbage.population);
    this.mountPath = mountPath;
    this.options = options;
    this.impl = impl;
    this.log = log;
    this.messageBytesMax = messageBytesMax;
    this.#dispatch = dispatch;
    const supported: boolean[] = [];
    for (const name of supportedMessages) supported[messages[name].id] = true;
    this.#supported = supported;
    const onAnsweredLater = (): void => {
      context.loop.resume(this.communicator);
      this.#endRequest(this.communicator);
    };
    this.communicator = new SocketCommunicator(socket, this.#handler(), onAnsweredLater, this.#onViolation);
    context.connections.add(this);
  }

  /** Which of the connection's communicators it is, for people. */
  nameOf(communicator: Communicator): string {
    return communicator instanceof Channel ? `channel ${this.#channels.indexOf(communicator)}` : "socket";
  }

  /** The mount point as a path from the root of the tree. */
  get path(): ByteString {
    return `/${this.mountPath.join("/")}` as ByteString;
  }

  get channelCount(): number {
    return this.#channels.length;
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  /** Requests that have not been answered, by where they came. */
  get underWay(): ReadonlyMap<Communicator, RequestUnderWay> {
    return this.#underWay;
  }

  /** Whether the backend serves messages of this ID. */
  supports(messageId: number): boolean {
    return this.#supported[messageId] === true;
  }

  /** Opens one more channel; ENOMEM when the client has all it may have. */
  openChannel(): Result<OpenedChannel> {
    const index = this.#channels.length;
    if (this.#ended || index >= channelsMax) return fail(Errno.ENOMEM);
    const file = this.#channelFile ?? createSealedMemoryFile("lisafs-channels", channelsMax * windowBytes);
    if (file instanceof Failure) return file;
    this.#channelFile = file;
    const fileOffset = index * windowBytes;
    const onAnsweredLater = (): void => this.#endRequest(channel);
    const created = Channel.create(file, fileOffset, this.#handler(), onAnsweredLater, this.#onViolation);
    if (created instanceof Failure) return created;
    const { channel, clientSocket } = created;
    this.#channels.push(channel);
    this.context.loop.addChannel(channel);
    return { file, socket: clientSocket, fileOffset, windowBytes };
  }

  /** The client is gone: nothing more is answered, and all it had is closed once nothing is under way. */
  ended(): void {
    this.#ended = true;
    for (const channel of this.#channels) {
      channel.shutDown();
      this.context.loop.removeChannel(channel);
    }
    if (this.#underWay.size === 0) this.#destroy();
  }

  #handler(): RequestHandler {
    let exchange: Exchange | undefined;
    return (communicator, message, length) => {
      exchange ??= { connection: this, communicator };
      const answer = this.#dispatch(exchange, message, length);
      if (answer instanceof Promise) {
        this.#underWay.set(communicator, { messageId: message, startedAt: performance.now() });
        this.context.loop.countOutstanding(1);
      }
      return answer;
    };
  }

  #endRequest(communicator: Communicator): void {
    this.#underWay.delete(communicator);
    this.context.loop.countOutstanding(-1);
    if (this.#ended && this.#underWay.size === 0) this.#destroy();
  }

  #destroy(): void {
    for (const channel of this.#channels) channel.destroy();
    if (this.#channelFile !== undefined) takeAndClose(this.#channelFile);
    this.fds.closeAll();
    const { socket } = this.communicator;
    this.communicator.destroy();
    takeAndClose(socket);
    this.context.connections.delete(this);
    this.log.end();
  }
}
