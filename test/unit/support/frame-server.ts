import { memory } from "../../../ffi/arena.ts";
import { type HostFd, OwnedFd, takeAndClose } from "../../../ffi/host-fd.ts";
import { createSealedMemoryFile } from "../../../ffi/mappings.ts";
import { Channel, windowBytes } from "../../../src/transport/channel.ts";
import type { Communicator, RequestHandler } from "../../../src/transport/communicator.ts";
import { Loop, type Session } from "../../../src/transport/loop.ts";
import { SocketCommunicator } from "../../../src/transport/socket-communicator.ts";
import { socketHeaderBytes, writeSocketHeader } from "../../../src/wire/frame.ts";
import { calls } from "./calls.ts";
import { ChannelClient } from "./channel-client.ts";
import { streamPair, TestClient } from "./client.ts";
import { must } from "./results.ts";

/** A session without a server: whatever comes goes to `handle`. */
export class FrameSession implements Session {
  readonly communicator: SocketCommunicator;
  #ended = false;

  /** Takes `socket`. */
  constructor(loop: Loop, socket: HostFd, handle: RequestHandler) {
    this.communicator = new SocketCommunicator(socket, handle, () => loop.resume(this.communicator));
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  ended(): void {
    if (this.#ended) throw new Error("ended twice");
    this.#ended = true;
    const { socket } = this.communicator;
    this.communicator.destroy();
    takeAndClose(socket);
  }
}

/** The transport alone, with a loop of its own. */
export class FrameServer implements Disposable {
  readonly loop = new Loop(calls, () => undefined);
  readonly #clients: TestClient[] = [];
  readonly #channels: { readonly client: ChannelClient; readonly channel: Channel; readonly file: OwnedFd }[] = [];

  /** One more socket, served by `handle`; `early` is what its client does before the loop knows it. */
  connect(
    handle: RequestHandler,
    early: (client: TestClient) => void = () => {},
  ): { readonly client: TestClient; readonly session: FrameSession } {
    const [ours, theirs] = streamPair();
    const client = new TestClient(theirs, () => this.turn());
    this.#clients.push(client);
    early(client);
    const session = new FrameSession(this.loop, ours, handle);
    this.loop.addSession(session);
    return { client, session };
  }

  /** One more channel, served by `handle`; belongs to no socket. */
  openChannel(handle: RequestHandler): { readonly client: ChannelClient; readonly channel: Channel } {
    const file = new OwnedFd(must(createSealedMemoryFile("channel", windowBytes)));
    const { channel, clientSocket } = must(Channel.create(file.borrow(), 0, handle, () => {}));
    this.loop.addChannel(channel);
    const client = new ChannelClient({ file: file.borrow(), offset: 0, bytes: windowBytes }, clientSocket, () =>
      this.turn(),
    );
    this.#channels.push({ client, channel, file });
    return { client, channel };
  }

  turn(): void {
    this.loop.turn(0);
  }

  [Symbol.dispose](): void {
    for (const { client, channel, file } of this.#channels) {
      this.loop.removeChannel(channel);
      channel.destroy();
      client[Symbol.dispose]();
      file[Symbol.dispose]();
    }
    for (const client of this.#clients) client[Symbol.dispose]();
    this.turn();
    this.loop[Symbol.dispose]();
  }
}

/** Sends the payload back as it came. */
export const echo: RequestHandler = (_communicator, _message, length) => length;

/** A frame as it goes over the socket. */
export function frame(message: number, payload: Uint8Array | string = ""): Uint8Array {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const framed = new Uint8Array(socketHeaderBytes + bytes.length);
  const view = new DataView(framed.buffer);
  writeSocketHeader({ u8: framed, view }, 0, bytes.length, message);
  framed.set(bytes, socketHeaderBytes);
  return framed;
}

/** A header that claims `payloadBytes`, whatever follows. */
export function headerOf(message: number, payloadBytes: number): Uint8Array {
  const header = new Uint8Array(socketHeaderBytes);
  writeSocketHeader({ u8: header, view: new DataView(header.buffer) }, 0, payloadBytes, message);
  return header;
}

/** The payload of the request at hand, as text. */
export function payloadText({ payloadAt }: Communicator, length: number): string {
  return memory.buffer.toString("latin1", payloadAt, payloadAt + length);
}

/** Writes a reply's payload and gives its bytes. */
export function replyText({ payloadAt }: Communicator, text: string): number {
  return memory.buffer.write(text, payloadAt, "latin1");
}

/** The payload of a reply as text. */
export function textOfReply(client: TestClient): string {
  return Buffer.from(client.receive().payload).toString("latin1");
}
