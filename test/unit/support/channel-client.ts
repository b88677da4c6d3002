import { allocateStaticMemory, memory } from "../../../ffi/arena.ts";
import { errnoName, Failure } from "../../../ffi/errno.ts";
import { type HostFd, takeAndClose } from "../../../ffi/host-fd.ts";
import { mapShared, releaseMemory } from "../../../ffi/mappings.ts";
import { receiveMessageInto } from "../../../ffi/sockets.ts";
import { expectFutex, waitForFutexes, wakeFutex } from "../../../ffi/waiting.ts";
import { channelHeaderBytes, readChannelMessageId, writeChannelHeader } from "../../../src/wire/frame.ts";
import { payloadBytesMax } from "../../../src/wire/limits.ts";
import { decodeReply, encodeRequest, type MessageDefinition } from "../../../src/wire/message.ts";
import { type MessageName, messages, type ReplyOf, type RequestOf } from "../../../src/wire/messages.ts";
import type { Answer, RawReply, TestClient } from "./client.ts";
import { must } from "./results.ts";

/** The words of a channel's state. */
export const channelState = { clientActive: 0, serverActive: 1, shutDown: 2 } as const;

const lengthOffset = 4;
const packetOffset = 16;
const scratch = allocateStaticMemory(64);

/** Where a channel's window is in its file. */
export interface WindowPlace {
  readonly file: HostFd;
  readonly offset: number;
  readonly bytes: number;
}

/** Only a test that fails waits so long. */
const turnMillisMax = 10_000;

/** The client's end of a channel. */
export class ChannelClient implements Disposable {
  readonly #window: number;
  readonly #windowBytes: number;
  readonly #socket: HostFd;
  readonly #turn: () => void;
  #closed = false;

  /** Takes `socket`; borrows the file. `turn` lets the server do what it can; by default one in another process. */
  constructor({ file, offset, bytes }: WindowPlace, socket: HostFd, turn = () => this.#awaitTurn()) {
    this.#window = must(mapShared(file, offset, bytes));
    this.#windowBytes = bytes;
    this.#socket = socket;
    this.#turn = turn;
  }

  /** Opens a channel over a mounted client's socket, and connects to it. */
  static open(client: TestClient, turn?: () => void): ChannelClient {
    const answer = client.call("channel", undefined);
    if (typeof answer === "string") throw new Error(`channel failed: ${answer}`);
    const [file, socket] = answer.fds;
    if (file === undefined || socket === undefined) throw new Error(`${answer.fds.length} descriptors: want 2`);
    const place = { file, offset: Number(answer.reply.dataOffset), bytes: Number(answer.reply.dataLength) };
    const channel = new ChannelClient(place, socket, turn);
    takeAndClose(file);
    channel.connect();
    return channel;
  }

  get state(): number {
    return Atomics.load(memory.i32, this.#window >> 2);
  }

  set state(state: number) {
    Atomics.store(memory.i32, this.#window >> 2, state);
    wakeFutex(this.#window, 1);
  }

  get packetBytes(): number {
    return Atomics.load(memory.i32, (this.#window + lengthOffset) >> 2) >>> 0;
  }

  set packetBytes(bytes: number) {
    Atomics.store(memory.i32, (this.#window + lengthOffset) >> 2, bytes);
  }

  /** Arena offset of the payload. */
  get payloadAt(): number {
    return this.#window + packetOffset + channelHeaderBytes;
  }

  /** Asks for the connection and gives what came back. */
  connect(request = "{}\n"): string {
    const packet = this.#window + packetOffset;
    memory.buffer.write(request, packet, "latin1");
    this.packetBytes = request.length;
    this.state = channelState.serverActive;
    this.#turn();
    return memory.buffer.toString("latin1", packet, packet + this.packetBytes);
  }

  /** Hands a request over, and lets the server turn. */
  post(messageId: number, payload: Uint8Array | string = "", packetBytes = channelHeaderBytes + payload.length): void {
    memory.u8.set(typeof payload === "string" ? Buffer.from(payload, "latin1") : payload, this.payloadAt);
    writeChannelHeader(memory, this.#window + packetOffset, messageId, 0);
    this.packetBytes = packetBytes;
    this.state = channelState.serverActive;
    this.#turn();
  }

  /** The reply. Throws when it is not there. The caller owns the descriptors. */
  reply(): RawReply {
    if (this.state !== channelState.clientActive) throw new Error(`no reply: the state is ${this.state}`);
    const header = this.#window + packetOffset;
    const fds: HostFd[] = [];
    const fdCount = memory.view.getUint8(header + 2);
    for (let index = 0; index < fdCount; index++) {
      const message = must(receiveMessageInto(this.#socket, scratch, 1));
      fds.push(...message.fds);
    }
    const end = header + this.packetBytes;
    return { messageId: readChannelMessageId(memory, header), payload: memory.u8.slice(this.payloadAt, end), fds };
  }

  /** Whether a descriptor, or the end, waits on the channel's socket. */
  receiveNothing(): Failure | number {
    const message = receiveMessageInto(this.#socket, scratch, 1);
    return message instanceof Failure ? message : message.bytes;
  }

  /** Hands a request over. */
  send<N extends MessageName>(name: N, request: RequestOf<N>): void {
    const message: MessageDefinition = messages[name];
    const length = encodeRequest(message, memory, this.payloadAt, payloadBytesMax, request);
    if (length < 0) throw new RangeError(`${name} does not fit`);
    this.post(message.id, memory.u8.slice(this.payloadAt, this.payloadAt + length));
  }

  /** Sends a request and gives the answer. */
  call<N extends MessageName>(name: N, request: RequestOf<N>): Answer<N> {
    this.send(name, request);
    const { messageId, payload, fds } = this.reply();
    if (messageId === messages.error.id) {
      return errnoName(decodeReply(messages.error, memory, this.payloadAt, payload.length)?.errno ?? 0);
    }
    const reply = decodeReply(
      messages[name] as MessageDefinition<unknown, ReplyOf<N>>,
      memory,
      this.payloadAt,
      payload.length,
    );
    if (reply === undefined) throw new Error(`the reply to ${name} is cut short`);
    return { reply, fds };
  }

  #awaitTurn(): void {
    const end = performance.now() + turnMillisMax;
    while (this.state === channelState.serverActive && performance.now() < end) {
      expectFutex(0, this.#window, channelState.serverActive);
      waitForFutexes(1, turnMillisMax);
    }
  }

  /** Closes the socket and ends the mapping, unless that was done before. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    takeAndClose(this.#socket);
    releaseMemory(this.#window, this.#windowBytes);
  }
}
