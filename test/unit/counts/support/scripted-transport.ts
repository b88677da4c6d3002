import { allocateMemory, allocateStaticMemory, memory } from "../../../../ffi/arena.ts";
import { Failure } from "../../../../ffi/errno.ts";
import { type HostFd, takeAndClose } from "../../../../ffi/host-fd.ts";
import { MSG_DONTWAIT } from "../../../../ffi/linux.ts";
import { mapShared, releaseMemory } from "../../../../ffi/mappings.ts";
import { receiveInto, sendFrom } from "../../../../ffi/sockets.ts";
import {
  channelHeaderBytes,
  readChannelMessageId,
  readSocketMessageId,
  readSocketPayloadBytes,
  socketHeaderBytes,
  writeChannelHeader,
  writeSocketHeader,
} from "../../../../src/wire/frame.ts";
import { payloadBytesMax } from "../../../../src/wire/limits.ts";
import type { TestClient } from "../../support/client.ts";
import { must } from "../../support/results.ts";
import type { ScriptedRequest } from "./scripted-request.ts";

const noFds: readonly HostFd[] = [];

/** A client's end that leaves no object behind. Descriptors that come along are dropped by the kernel. */
export interface ScriptedTransport extends Disposable {
  /** Begins to send. */
  post(request: ScriptedRequest): void;
  /** Goes on with sending and receiving; the message ID of the reply once it is all there, else undefined. */
  poll(): number | undefined;
  /** Arena offset of the reply's payload. */
  readonly payloadAt: number;
}

/** Over the socket of a mounted client, who keeps it. */
export class ScriptedSocket implements ScriptedTransport {
  readonly #socket: HostFd;
  readonly #bufferBytes = socketHeaderBytes + payloadBytesMax;
  readonly #buffer: number;
  #unsentAt = 0;
  #unsentEnd = 0;
  #received = 0;

  constructor({ socket }: TestClient) {
    const buffer = allocateMemory(this.#bufferBytes);
    if (buffer === undefined) throw new Error("no memory for a scripted client");
    this.#socket = socket;
    this.#buffer = buffer;
  }

  get payloadAt(): number {
    return this.#buffer + socketHeaderBytes;
  }

  post({ messageId, payload }: ScriptedRequest): void {
    writeSocketHeader(memory, this.#buffer, payload.length, messageId);
    memory.u8.set(payload, this.#buffer + socketHeaderBytes);
    this.#unsentAt = this.#buffer;
    this.#unsentEnd = this.#buffer + socketHeaderBytes + payload.length;
    this.#received = 0;
    this.#send();
  }

  poll(): number | undefined {
    this.#send();
    if (this.#unsentAt < this.#unsentEnd) return undefined;
    for (;;) {
      const whole =
        this.#received < socketHeaderBytes
          ? undefined
          : socketHeaderBytes + readSocketPayloadBytes(memory, this.#buffer);
      if (whole === this.#received) return readSocketMessageId(memory, this.#buffer);
      const wanted = (whole ?? this.#bufferBytes) - this.#received;
      const received = receiveInto(this.#socket, this.#buffer + this.#received, wanted);
      if (received instanceof Failure) return undefined;
      if (received === 0) throw new Error("the server closed the connection");
      this.#received += received;
    }
  }

  #send(): void {
    while (this.#unsentAt < this.#unsentEnd) {
      const sent = sendFrom(this.#socket, this.#unsentAt, this.#unsentEnd - this.#unsentAt, noFds, MSG_DONTWAIT);
      if (sent instanceof Failure) return;
      this.#unsentAt += sent;
    }
  }

  [Symbol.dispose](): void {
    releaseMemory(this.#buffer, this.#bufferBytes);
  }
}

const clientActive = 0;
const serverActive = 1;
const packetOffset = 16;
const connectionPacket = "{}\n";

/** Over a channel of a mounted client. */
export class ScriptedChannel implements ScriptedTransport {
  readonly #window: number;
  readonly #windowBytes: number;
  readonly #socket: HostFd;
  readonly #scratch = allocateStaticMemory(1);

  /** Opens the channel; its connection is the first thing to be received. */
  constructor(client: TestClient) {
    const answer = client.call("channel", undefined);
    if (typeof answer === "string") throw new Error(`channel failed: ${answer}`);
    const [file, socket] = answer.fds;
    if (file === undefined || socket === undefined) throw new Error(`${answer.fds.length} descriptors: want 2`);
    this.#windowBytes = Number(answer.reply.dataLength);
    this.#window = must(mapShared(file, Number(answer.reply.dataOffset), this.#windowBytes));
    this.#socket = socket;
    takeAndClose(file);
    memory.buffer.write(connectionPacket, this.#window + packetOffset, "latin1");
    this.#giveTurnAway(connectionPacket.length);
  }

  get payloadAt(): number {
    return this.#window + packetOffset + channelHeaderBytes;
  }

  post({ messageId, payload }: ScriptedRequest): void {
    memory.u8.set(payload, this.payloadAt);
    writeChannelHeader(memory, this.#window + packetOffset, messageId, 0);
    this.#giveTurnAway(channelHeaderBytes + payload.length);
  }

  poll(): number | undefined {
    if (Atomics.load(memory.i32, this.#window >> 2) !== clientActive) return undefined;
    const header = this.#window + packetOffset;
    for (let fds = memory.view.getUint8(header + 2); fds > 0; fds--) receiveInto(this.#socket, this.#scratch, 1);
    return readChannelMessageId(memory, header);
  }

  /** Wakes nobody: the server is about to look. */
  #giveTurnAway(packetBytes: number): void {
    Atomics.store(memory.i32, (this.#window >> 2) + 1, packetBytes);
    Atomics.store(memory.i32, this.#window >> 2, serverActive);
  }

  [Symbol.dispose](): void {
    takeAndClose(this.#socket);
    releaseMemory(this.#window, this.#windowBytes);
  }
}
