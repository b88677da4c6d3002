import { memory } from "../../ffi/arena.ts";
import { Failure, type Result } from "../../ffi/errno.ts";
import { type HostFd, takeAndClose } from "../../ffi/host-fd.ts";
import { MSG_DONTWAIT, SOCK_SEQPACKET } from "../../ffi/linux.ts";
import { mapShared, releaseMemory } from "../../ffi/mappings.ts";
import { createSocketPair, sendFrom } from "../../ffi/sockets.ts";
import { wakeFutex } from "../../ffi/waiting.ts";
import { channelHeaderBytes, readChannelMessageId, writeChannelHeader } from "../wire/frame.ts";
import { messages } from "../wire/messages.ts";
import { Communicator, type RequestHandler, type ViolationListener } from "./communicator.ts";

/** One packet window: a huge page, so that the kernel may back it by one. */
export const windowBytes = 2 * 1024 * 1024;

/** The window's header: who is active, and the length of the packet behind it. Source: pkg/flipcall/flipcall.go. */
const stateOffset = 0;
const lengthOffset = 4;
const packetOffset = 16;
const packetBytesMax = windowBytes - packetOffset;

const clientActive = 0;
const serverActive = 1;
const shutDown = 2;

const everyWaiter = 0x7fff_ffff;

/** What goes with one message: the same list each time, since nobody keeps it. */
const oneFd: HostFd[] = [];

/** What a client says first, and hears back: an empty JSON object, ended by a newline. */
const connectionPacket = Buffer.from("{}\n", "latin1");

/**
 * A flipcall channel, the server's end: a window of memory shared with the client, who takes turns with us in it. The state
 * word says whose turn it is; who gives the turn away wakes the other's futex on that word. Descriptors go over a socket of
 * the channel's own, one in each empty message, before the turn is given away. Source: pkg/flipcall, pkg/lisafs/channel.go.
 */
export class Channel extends Communicator {
  override readonly payloadAt: number;
  /** Arena offset of the state word, which the loop waits on while it is the client's turn. */
  readonly stateAt: number;
  readonly #window: number;
  readonly #fdSocket: HostFd;
  readonly #handle: RequestHandler;
  readonly #onAnsweredLater: () => void;
  readonly #onViolation: ViolationListener | undefined;
  #lastMessageId: number = messages.error.id;
  #state: "connecting" | "receiving" | "handling" | "ended" = "connecting";

  private constructor(
    window: number,
    fdSocket: HostFd,
    handle: RequestHandler,
    onAnsweredLater: () => void,
    onViolation: ViolationListener | undefined,
  ) {
    super();
    this.#window = window;
    this.#fdSocket = fdSocket;
    this.#handle = handle;
    this.#onAnsweredLater = onAnsweredLater;
    this.#onViolation = onViolation;
    this.stateAt = window + stateOffset;
    this.payloadAt = window + packetOffset + channelHeaderBytes;
  }

  /**
   * Maps the window at byte `fileOffset` of `file` (borrowed), zero so far, and makes the socket pair. Gives the channel and the
   * client's socket, which the caller owns. `onAnsweredLater` is called when a request has been answered whose handler had
   * returned a promise.
   */
  static create(
    file: HostFd,
    fileOffset: number,
    handle: RequestHandler,
    onAnsweredLater: () => void,
    onViolation?: ViolationListener,
  ): Result<{ readonly channel: Channel; readonly clientSocket: HostFd }> {
    const sockets = createSocketPair(SOCK_SEQPACKET);
    if (sockets instanceof Failure) return sockets;
    const [fdSocket, clientSocket] = sockets;
    const window = mapShared(file, fileOffset, windowBytes);
    if (window instanceof Failure) {
      takeAndClose(fdSocket);
      takeAndClose(clientSocket);
      return window;
    }
    return { channel: new Channel(window, fdSocket, handle, onAnsweredLater, onViolation), clientSocket };
  }

  /** Whether the loop should wait for the client to give us the turn. */
  get isWaitingForClient(): boolean {
    return this.#state === "connecting" || this.#state === "receiving";
  }

  get isEnded(): boolean {
    return this.#state === "ended";
  }

  /** Whether turn() would do something. */
  get isReady(): boolean {
    return this.isWaitingForClient && Atomics.load(memory.i32, this.stateAt >> 2) !== clientActive;
  }

  /** What the last request was, for whoever wants to guess what comes next. */
  get lastMessageId(): number {
    return this.#lastMessageId;
  }

  /** What the state word must still be for waiting to make sense. */
  static readonly stateWhileWaiting = clientActive;

  /** Serves the request that is there, if it is our turn and we are not at work on one. True when it did something. */
  turn(): boolean {
    if (!this.isWaitingForClient) return false;
    const state = Atomics.load(memory.i32, this.stateAt >> 2);
    if (state === clientActive) return false;
    if (state === shutDown) this.shutDown();
    else if (state !== serverActive) this.#end("the state of a channel makes no sense", state);
    else if (this.#state === "connecting") this.#connect();
    else this.#serve();
    return true;
  }

  /** Ends the channel for both sides. A request under way is finished, unanswered. Source: flipcall shutdownConn(). */
  shutDown(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    Atomics.store(memory.i32, this.stateAt >> 2, shutDown);
    wakeFutex(this.stateAt, everyWaiter);
  }

  /** Unmaps the window and closes the socket. No handler may be at work. */
  destroy(): void {
    this.shutDown();
    this.dropFds();
    takeAndClose(this.#fdSocket);
    releaseMemory(this.#window, windowBytes);
  }

  /** Ends the channel because the client breaks the protocol. */
  #end(why: string, value: number): void {
    this.shutDown();
    this.#onViolation?.(why, value);
  }

  #loadPacketBytes(): number {
    return Atomics.load(memory.i32, (this.#window + lengthOffset) >> 2) >>> 0;
  }

  /** The client's first packet asks for the connection: any JSON object will do, and one comes back. */
  #connect(): void {
    const packetBytes = this.#loadPacketBytes();
    if (packetBytes > packetBytesMax) {
      this.#end("the first packet on a channel is too long", packetBytes);
      return;
    }
    memory.u8.set(connectionPacket, this.#window + packetOffset);
    this.#state = "receiving";
    this.#giveTurnAway(connectionPacket.length);
  }

  #serve(): void {
    const packetBytes = this.#loadPacketBytes();
    if (packetBytes < channelHeaderBytes || packetBytes > packetBytesMax) {
      this.#end("a packet on a channel cannot be that long", packetBytes);
      return;
    }
    const message = readChannelMessageId(memory, this.#window + packetOffset);
    this.#lastMessageId = message;
    this.#state = "handling";
    const answer = this.#handle(this, message, packetBytes - channelHeaderBytes);
    if (typeof answer === "number") this.#reply(message, answer);
    else void this.#replyOnce(answer, message);
  }

  async #replyOnce(answer: Promise<number>, message: number): Promise<void> {
    this.#replyLater(message, await answer);
  }

  #replyLater(message: number, replyBytes: number): void {
    this.#reply(message, replyBytes);
    this.#onAnsweredLater();
  }

  #reply(message: number, replyBytes: number): void {
    if (this.#state !== "handling") {
      this.dropFds();
      return;
    }
    const payloadBytes = replyBytes < 0 ? this.writeError(-replyBytes) : replyBytes;
    const replyMessage = replyBytes < 0 ? messages.error.id : message;
    writeChannelHeader(memory, this.#window + packetOffset, replyMessage, this.#sendFds());
    this.#state = "receiving";
    this.#giveTurnAway(channelHeaderBytes + payloadBytes);
    this.onSent?.();
  }

  /**
   * Sends the descriptors, as many as go without waiting, and gives how many went. A reply is good without them, and their order
   * matters, so the first that cannot go ends it.
   */
  #sendFds(): number {
    let sent = 0;
    for (const fd of this.fdsToSend) {
      oneFd[0] = fd;
      if (sendFrom(this.#fdSocket, this.#window, 0, oneFd, MSG_DONTWAIT) instanceof Failure) break;
      sent++;
    }
    this.dropFds();
    return sent;
  }

  #giveTurnAway(packetBytes: number): void {
    Atomics.store(memory.i32, (this.#window + lengthOffset) >> 2, packetBytes);
    const before = Atomics.compareExchange(memory.i32, this.stateAt >> 2, serverActive, clientActive);
    if (before === serverActive) wakeFutex(this.stateAt, 1);
    else if (before === shutDown) this.shutDown();
    else this.#end("the client changed the state of a channel out of turn", before);
  }
}
