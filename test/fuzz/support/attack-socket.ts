import { allocateMemory, memory } from "../../../ffi/arena.ts";
import { Errno, Failure } from "../../../ffi/errno.ts";
import type { HostFd } from "../../../ffi/host-fd.ts";
import { MSG_DONTWAIT } from "../../../ffi/linux.ts";
import { receiveMessageInto, sendFrom } from "../../../ffi/sockets.ts";
import { waitUntilReadable } from "../../../ffi/waiting.ts";
import { socketHeaderBytes } from "../../../src/wire/frame.ts";
import { patienceMillis } from "../../process/support/descriptors.ts";
import type { RawReply } from "../../unit/support/client.ts";

const scratchBytes = 1 << 20;
const scratch = allocateMemory(scratchBytes) ?? 0;

/** How long to wait for room at a time: nothing says when there is some while replies may come as well. */
const roomMillis = 1;

/** A client's socket, on which anything can be sent, in pieces, and replies are taken whenever they come. */
export class AttackSocket {
  readonly socket: HostFd;
  readonly #replies: RawReply[] = [];
  #pending: Buffer = Buffer.alloc(0);
  #fds: HostFd[] = [];
  #ended = false;

  /** Borrows `socket`. */
  constructor(socket: HostFd) {
    this.socket = socket;
  }

  /** Whether the server has closed its end. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** Sends what goes without waiting, along with `fds`, and gives how many bytes went; undefined when nobody is there any more. */
  offer(bytes: Uint8Array, fds: readonly HostFd[] = []): number | undefined {
    const piece = bytes.subarray(0, scratchBytes);
    memory.u8.set(piece, scratch);
    const sent = sendFrom(this.socket, scratch, piece.length, fds, MSG_DONTWAIT);
    if (!(sent instanceof Failure)) return sent;
    return sent.errno === Errno.EAGAIN ? 0 : undefined;
  }

  /** Sends all of it, taking replies meanwhile, unless the server goes. */
  send(bytes: Uint8Array): void {
    const end = performance.now() + patienceMillis;
    for (let at = 0; at < bytes.length; ) {
      const sent = this.offer(bytes.subarray(at));
      if (sent === undefined) return;
      at += sent;
      if (sent > 0 || this.receive()) continue;
      if (performance.now() > end) throw new Error("the gofer takes no more requests");
      waitUntilReadable(this.socket, roomMillis);
    }
  }

  /** Takes what has come. True when something had. */
  receive(): boolean {
    const message = receiveMessageInto(this.socket, scratch, scratchBytes);
    if (message instanceof Failure) {
      if (message.errno !== Errno.EAGAIN) this.#ended = true;
      return false;
    }
    this.#fds.push(...message.fds);
    if (message.bytes === 0) {
      this.#ended = true;
      return false;
    }
    this.#pending = Buffer.concat([this.#pending, memory.u8.subarray(scratch, scratch + message.bytes)]);
    this.#parse();
    return true;
  }

  /** Waits for the next `count` replies; fewer when the server goes. Descriptors come with one of them, not with a certain one. */
  replies(count: number): RawReply[] {
    while (this.#replies.length < count && !this.#ended) {
      if (this.receive() || this.#ended) continue;
      if (!waitUntilReadable(this.socket, patienceMillis)) throw new Error("the gofer does not reply");
    }
    return this.#replies.splice(0, count);
  }

  /** The replies that have come and were not yet taken. */
  takeReplies(): RawReply[] {
    return this.#replies.splice(0);
  }

  #parse(): void {
    for (;;) {
      if (this.#pending.length < socketHeaderBytes) return;
      const end = socketHeaderBytes + this.#pending.readUInt32LE(0);
      if (this.#pending.length < end) return;
      const payload = new Uint8Array(this.#pending.subarray(socketHeaderBytes, end));
      this.#replies.push({ messageId: this.#pending.readUInt16LE(4), payload, fds: this.#fds });
      this.#fds = [];
      this.#pending = this.#pending.subarray(end);
    }
  }
}
