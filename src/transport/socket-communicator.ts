import { allocateMemory, memory } from "../../ffi/arena.ts";
import { Errno, Failure } from "../../ffi/errno.ts";
import type { HostFd } from "../../ffi/host-fd.ts";
import { MSG_DONTWAIT } from "../../ffi/linux.ts";
import { releaseMemory } from "../../ffi/mappings.ts";
import { receiveInto, sendFrom } from "../../ffi/sockets.ts";
import { readSocketMessageId, readSocketPayloadBytes, socketHeaderBytes, writeSocketHeader } from "../wire/frame.ts";
import { payloadBytesMax } from "../wire/limits.ts";
import { messages } from "../wire/messages.ts";
import { Communicator, type RequestHandler, type ViolationListener } from "./communicator.ts";

const bufferBytes = socketHeaderBytes + payloadBytesMax;

/**
 * Most bytes taken from the socket before it is known how long the request is. What came behind the request has to be moved out of
 * the reply's way, and finds room for that many bytes there.
 */
const unknownBytesMax = 65536;

/**
 * What a turn at a socket came to: more can be done at once; nothing more until the socket is readable; a handler has still to
 * answer; the peer has still to read; or the stream is over.
 */
export type SocketTurn = "again" | "idle" | "handling" | "sending" | "ended";

/**
 * A stream socket on which requests and replies take turns, each behind a header. Bytes are taken as they come: frames may be
 * split or run together. Nothing here blocks; the loop calls turn() when the socket is ready.
 */
export class SocketCommunicator extends Communicator {
  override readonly payloadAt: number;
  readonly socket: HostFd;
  readonly #handle: RequestHandler;
  readonly #onAnsweredLater: () => void;
  readonly #onViolation: ViolationListener | undefined;
  readonly #buffer: number;
  #state: "receiving" | "handling" | "sending" | "ended" = "receiving";
  #receivedBytes = 0;
  /** Bytes of a request larger than the limit that are still to come, only to be thrown away. */
  #discardBytes = 0;
  /** What came in one piece with the request that is being answered stands aside, from here up to `#asideEnd`. */
  #asideAt: number;
  #asideEnd: number;
  readonly #aside: number;
  #sendAt = 0;
  #sendBytes = 0;

  /**
   * Borrows `socket`. `onAnsweredLater` is called when a request has been answered whose handler had returned a promise:
   * the loop may take the socket up again. Throws when the arena has no room for one more connection.
   */
  constructor(socket: HostFd, handle: RequestHandler, onAnsweredLater: () => void, onViolation?: ViolationListener) {
    super();
    const buffer = allocateMemory(bufferBytes + unknownBytesMax);
    if (buffer === undefined) throw new Error(`no memory for one more connection: ${bufferBytes} bytes wanted`);
    this.socket = socket;
    this.#handle = handle;
    this.#onAnsweredLater = onAnsweredLater;
    this.#onViolation = onViolation;
    this.#buffer = buffer;
    this.#aside = buffer + bufferBytes;
    this.#asideAt = this.#aside;
    this.#asideEnd = this.#aside;
    this.payloadAt = buffer + socketHeaderBytes;
  }

  /** Does what can be done without waiting: at most one request. */
  turn(): SocketTurn {
    if (this.#state === "sending") this.#send();
    if (this.#state === "receiving") this.#receive();
    if (this.#state !== "receiving") return this.#state;
    return this.#wholeRequestBytes() > 0 ? "again" : "idle";
  }

  /** Frees the buffer. No handler may be at work. */
  destroy(): void {
    this.#end();
    releaseMemory(this.#buffer, bufferBytes + unknownBytesMax);
  }

  #end(): void {
    this.dropFds();
    this.#state = "ended";
  }

  #receive(): void {
    if (this.#wholeRequestBytes() === 0) {
      const received = receiveInto(this.socket, this.#buffer + this.#receivedBytes, this.#wantedBytes());
      if (received instanceof Failure) {
        if (received.errno !== Errno.EAGAIN) this.#end();
        return;
      }
      if (received === 0) {
        this.#end();
        return;
      }
      this.#receivedBytes += received;
    }
    if (this.#discardBytes > 0) {
      this.#discard();
      return;
    }
    if (this.#receivedBytes < socketHeaderBytes) return;
    const payloadBytes = readSocketPayloadBytes(memory, this.#buffer);
    const message = readSocketMessageId(memory, this.#buffer);
    if (payloadBytes > payloadBytesMax) {
      this.#onViolation?.("a request on the socket is too long", payloadBytes);
      this.#discardBytes = socketHeaderBytes + payloadBytes;
      this.#discard();
      return;
    }
    const requestBytes = this.#wholeRequestBytes();
    if (requestBytes === 0) return;
    this.#setAside(requestBytes);
    this.#state = "handling";
    const answer = this.#handle(this, message, payloadBytes);
    if (typeof answer === "number") this.#reply(message, answer);
    else void this.#replyOnce(answer, message);
  }

  /** Bytes of the request at the start of the buffer, header included; 0 while it is not all there. */
  #wholeRequestBytes(): number {
    if (this.#discardBytes > 0 || this.#receivedBytes < socketHeaderBytes) return 0;
    const wanted = socketHeaderBytes + readSocketPayloadBytes(memory, this.#buffer);
    return wanted <= this.#receivedBytes ? wanted : 0;
  }

  /** How many bytes to receive next: never 0, and never more than the buffer has room for, whatever a header claims. */
  #wantedBytes(): number {
    if (this.#discardBytes > 0) return Math.min(this.#discardBytes, bufferBytes);
    if (this.#receivedBytes < socketHeaderBytes) return unknownBytesMax - this.#receivedBytes;
    const requestBytes = socketHeaderBytes + readSocketPayloadBytes(memory, this.#buffer);
    return Math.min(requestBytes, bufferBytes) - this.#receivedBytes;
  }

  /** Throws away what has come of a request that is too large; answers it when all of it has come, as upstream does. */
  #discard(): void {
    const discarded = Math.min(this.#discardBytes, this.#receivedBytes);
    this.#discardBytes -= discarded;
    if (this.#discardBytes > 0) {
      this.#receivedBytes = 0;
      return;
    }
    this.#setAside(discarded);
    this.#reply(messages.error.id, -Errno.EIO);
  }

  /**
   * Takes what follows the first `bytes` bytes out of the way of the reply. There is such only when nothing stands aside yet: what
   * stood there came back in pieces of one request, and nothing is received before all of it has.
   */
  #setAside(bytes: number): void {
    if (this.#receivedBytes > bytes) {
      const behind = this.#receivedBytes - bytes;
      memory.u8.copyWithin(this.#aside, this.#buffer + bytes, this.#buffer + this.#receivedBytes);
      this.#asideAt = this.#aside;
      this.#asideEnd = this.#aside + behind;
    }
    this.#receivedBytes = 0;
  }

  /** Brings back of what stands aside what belongs to the next request, and no more: each byte is moved twice at most. */
  #bringBack(): void {
    const bytes = this.#asideEnd - this.#asideAt;
    if (bytes === 0) return;
    const requestBytes =
      bytes < socketHeaderBytes ? bytes : socketHeaderBytes + readSocketPayloadBytes(memory, this.#asideAt);
    const end = this.#asideAt + Math.min(bytes, requestBytes);
    memory.u8.copyWithin(this.#buffer, this.#asideAt, end);
    this.#receivedBytes = end - this.#asideAt;
    this.#asideAt = end;
  }

  async #replyOnce(answer: Promise<number>, message: number): Promise<void> {
    this.#replyLater(message, await answer);
  }

  #replyLater(message: number, replyBytes: number): void {
    if (this.#state === "handling") this.#reply(message, replyBytes);
    this.#onAnsweredLater();
  }

  /** Sends the reply whose payload stands in the buffer, or the error that `replyBytes`, being −errno, says. */
  #reply(message: number, replyBytes: number): void {
    const payloadBytes = replyBytes < 0 ? this.writeError(-replyBytes) : replyBytes;
    writeSocketHeader(memory, this.#buffer, payloadBytes, replyBytes < 0 ? messages.error.id : message);
    this.#sendAt = this.#buffer;
    this.#sendBytes = socketHeaderBytes + payloadBytes;
    this.#state = "sending";
    this.#send();
  }

  /** Sends what is left of the reply; the descriptors go along with its first byte. */
  #send(): void {
    while (this.#sendBytes > 0) {
      const sent = sendFrom(this.socket, this.#sendAt, this.#sendBytes, this.fdsToSend, MSG_DONTWAIT);
      if (sent instanceof Failure) {
        if (sent.errno !== Errno.EAGAIN) this.#end();
        return;
      }
      this.dropFds();
      this.#sendAt += sent;
      this.#sendBytes -= sent;
    }
    this.#state = "receiving";
    this.onSent?.();
    this.#bringBack();
  }
}
