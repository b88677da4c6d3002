import { allocateMemory, memory } from "../../../ffi/arena.ts";
import { Errno, errnoName, Failure } from "../../../ffi/errno.ts";
import { type HostFd, takeAndClose } from "../../../ffi/host-fd.ts";
import { MSG_DONTWAIT, SOCK_STREAM } from "../../../ffi/linux.ts";
import { releaseMemory } from "../../../ffi/mappings.ts";
import { createSocketPair, receiveMessageInto, sendFrom } from "../../../ffi/sockets.ts";
import { waitUntilReadable } from "../../../ffi/waiting.ts";
import {
  readSocketMessageId,
  readSocketPayloadBytes,
  socketHeaderBytes,
  writeSocketHeader,
} from "../../../src/wire/frame.ts";
import { payloadBytesMax } from "../../../src/wire/limits.ts";
import { decodeReply, encodeRequest, type MessageDefinition } from "../../../src/wire/message.ts";
import { type MessageName, messages, type ReplyOf, type RequestOf } from "../../../src/wire/messages.ts";

const bufferBytes = socketHeaderBytes + payloadBytesMax;

/** Turns of the event loop after which a late answer is taken to be missing. */
const laterTurnsMax = 100_000;

/** A reply as it came: its message, its payload and the descriptors, which whoever calls owns. */
export interface RawReply {
  readonly messageId: number;
  readonly payload: Uint8Array;
  readonly fds: readonly HostFd[];
}

/** What a call came to: the symbol of its error number, or the reply. */
export type Answer<N extends MessageName> = string | { readonly reply: ReplyOf<N>; readonly fds: readonly HostFd[] };

/**
 * The client's end of a connection. `turn` lets a server in the same process do what it can, or waits for one in another process
 * to do something.
 */
export class TestClient implements Disposable {
  readonly socket: HostFd;
  readonly #turn: () => void;
  readonly #buffer: number;
  #closed = false;

  /** Takes `socket`. */
  constructor(socket: HostFd, turn: () => void) {
    const buffer = allocateMemory(bufferBytes);
    if (buffer === undefined) throw new Error("no memory for a test client");
    this.socket = socket;
    this.#turn = turn;
    this.#buffer = buffer;
  }

  /** Sends a request and gives the answer; closes what descriptors come along with an error. */
  call<N extends MessageName>(name: N, request: RequestOf<N>): Answer<N> {
    this.send(this.encode(name, request));
    return this.answer(name, this.receive());
  }

  /**
   * As call(), for what the server answers after a while, such as what waits for a system call on a helper thread. Turns the event loop
   * meanwhile.
   */
  async callLater<N extends MessageName>(name: N, request: RequestOf<N>): Promise<Answer<N>> {
    this.send(this.encode(name, request));
    for (let turns = 0; turns < laterTurnsMax && !this.isAnswered; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#turn();
    }
    return this.next(name);
  }

  /** As call(), for what must succeed and brings no descriptors that matter. */
  expect<N extends MessageName>(name: N, request: RequestOf<N>): ReplyOf<N> {
    const answer = this.call(name, request);
    if (typeof answer === "string") throw new Error(`${name} failed: ${answer}`);
    for (const fd of answer.fds) takeAndClose(fd);
    return answer.reply;
  }

  /** The frame of a request. */
  encode<N extends MessageName>(name: N, request: RequestOf<N>): Uint8Array {
    const message: MessageDefinition = messages[name];
    const length = encodeRequest(message, memory, this.#buffer + socketHeaderBytes, payloadBytesMax, request);
    if (length < 0) throw new RangeError(`${name} does not fit`);
    writeSocketHeader(memory, this.#buffer, length, message.id);
    return memory.u8.slice(this.#buffer, this.#buffer + socketHeaderBytes + length);
  }

  /** Sends bytes as they are. */
  send(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      memory.u8.set(bytes.subarray(at), this.#buffer);
      const sent = sendFrom(this.socket, this.#buffer, bytes.length - at, [], MSG_DONTWAIT);
      if (!(sent instanceof Failure)) at += sent;
      else if (sent.errno === Errno.EAGAIN) this.#turn();
      else throw new Error(`cannot send to the gofer: ${sent}`);
    }
    this.#turn();
  }

  /** Sends bytes, all of which fit into the socket, without letting the server turn. */
  sendOnly(bytes: Uint8Array): void {
    memory.u8.set(bytes, this.#buffer);
    const sent = sendFrom(this.socket, this.#buffer, bytes.length, [], MSG_DONTWAIT);
    if (sent !== bytes.length) throw new Error(`sent ${sent} of ${bytes.length} bytes`);
  }

  /** Receives one reply. Throws when none comes. */
  receive(): RawReply {
    let received = 0;
    const fds: HostFd[] = [];
    for (let idleTurns = 0; idleTurns < 3; ) {
      const whole =
        received >= socketHeaderBytes ? socketHeaderBytes + readSocketPayloadBytes(memory, this.#buffer) : 0;
      if (whole > 0 && received >= whole) {
        const payload = memory.u8.slice(this.#buffer + socketHeaderBytes, this.#buffer + whole);
        return { messageId: readSocketMessageId(memory, this.#buffer), payload, fds };
      }
      const wanted = (whole === 0 ? socketHeaderBytes : whole) - received;
      const message = receiveMessageInto(this.socket, this.#buffer + received, wanted);
      if (message instanceof Failure) {
        idleTurns++;
        this.#turn();
        continue;
      }
      if (message.bytes === 0) throw new Error("the server closed the connection");
      idleTurns = 0;
      received += message.bytes;
      fds.push(...message.fds);
    }
    throw new Error("no reply");
  }

  /** Whether a reply, or the end of the connection, can be received. */
  get isAnswered(): boolean {
    return waitUntilReadable(this.socket, 0);
  }

  /** As answer() to the next reply, for what must bring descriptors or fail. */
  next<N extends MessageName>(name: N): Answer<N> {
    return this.answer(name, this.receive());
  }

  /** Decodes a reply to a message of this name. */
  answer<N extends MessageName>(name: N, { messageId, payload, fds }: RawReply): Answer<N> {
    const at = this.#buffer;
    memory.u8.set(payload, at);
    if (messageId === messages.error.id) {
      const error = decodeReply(messages.error, memory, at, payload.length);
      if (fds.length > 0) throw new Error("an error came with descriptors");
      return errnoName(error?.errno ?? 0);
    }
    if (messageId !== messages[name].id) throw new Error(`the reply to ${name} is of message ${messageId}`);
    const reply = decodeReply(messages[name] as MessageDefinition<unknown, ReplyOf<N>>, memory, at, payload.length);
    if (reply === undefined) throw new Error(`the reply to ${name} is cut short`);
    return { reply, fds };
  }

  /** Arena offset of the last answer's payload, for replies with a body in place. */
  get payloadAt(): number {
    return this.#buffer;
  }

  /** Closes the socket without letting the server turn. */
  closeOnly(): void {
    if (this.#closed) return;
    this.#closed = true;
    takeAndClose(this.socket);
    releaseMemory(this.#buffer, bufferBytes);
  }

  /** Closes the socket and lets the server notice, unless that was done before. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.closeOnly();
    this.#turn();
  }
}

/** A connected pair of stream sockets; the caller owns both. */
export function streamPair(): readonly [HostFd, HostFd] {
  const pair = createSocketPair(SOCK_STREAM);
  if (pair instanceof Failure) throw new Error(`socketpair: ${pair}`);
  return pair;
}
