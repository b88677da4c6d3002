import { errnoName } from "../../../ffi/errno.ts";
import { type HostFd, takeAndClose } from "../../../ffi/host-fd.ts";
import { socketHeaderBytes, writeSocketHeader } from "../../../src/wire/frame.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import type { MessageName, ReplyOf, RequestOf } from "../../../src/wire/messages.ts";
import { ChannelClient, channelState, type WindowPlace } from "../../unit/support/channel-client.ts";
import type { RawReply, TestClient } from "../../unit/support/client.ts";
import { AttackSocket } from "./attack-socket.ts";
import { closedBy, requestOf } from "./hostile-requests.ts";
import { KnownFds } from "./known-fds.ts";
import type { HostileRequest } from "./mutations.ts";
import type { JudgedReply, ReplyJudge } from "./reply-judge.ts";

const fdBytes = 8;

/** A channel, and what it is made of. */
export interface OpenedChannel {
  readonly channel: ChannelClient;
  readonly place: WindowPlace;
  readonly socket: HostFd;
}

/** A connection, its channels, and what the client knows of it. Whatever comes back is judged. */
export class AttackConnection implements Disposable {
  readonly fds = new KnownFds();
  readonly socket: AttackSocket;
  readonly #client: TestClient;
  readonly #judge: ReplyJudge;
  readonly #channels: ChannelClient[] = [];
  readonly #files: HostFd[] = [];
  #root: FdId | undefined;
  #isOpen = true;

  /** Takes over from `client`, whose socket it closes, and mounts. */
  constructor(client: TestClient, judge: ReplyJudge) {
    this.#client = client;
    this.#judge = judge;
    this.socket = new AttackSocket(client.socket);
    this.mount();
  }

  /** Takes one more FD of the mount point. */
  mount(): void {
    this.exchange([requestOf("mount", undefined)]);
    this.#root = this.fds.all.at(-1);
  }

  /** That of the last mount. Throws when the gofer has given none. */
  get root(): FdId {
    if (this.#root === undefined) throw new Error("the mount point was not given");
    return this.#root;
  }

  /** Whether requests can still be sent. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Channels that take requests. */
  get openChannels(): readonly ChannelClient[] {
    return this.#channels.filter(({ state }) => state === channelState.clientActive);
  }

  /** Sends the requests in one go, does something else, and then takes their replies: what was decoded, or the error. */
  exchange(requests: readonly HostileRequest[], meanwhile: () => void = () => {}): readonly (JudgedReply | string)[] {
    this.socket.send(Buffer.concat(requests.map(frameOf)));
    meanwhile();
    const replies = this.socket.replies(requests.length);
    if (replies.length < requests.length) this.#judge.violations.push("the gofer ended a connection by itself");
    return replies.map((reply, index) => this.takeReply(reply, requests[index]));
  }

  /** Sends one request and gives its reply, or the symbol of the error. */
  call<N extends MessageName>(name: N, request: RequestOf<N>): ReplyOf<N> | string {
    const [answer = "nothing"] = this.exchange([requestOf(name, request)]);
    if (typeof answer === "string") return answer;
    if (answer.name !== name) throw new Error(`the reply to ${name} is of ${answer.name}`);
    return answer.reply as ReplyOf<N>;
  }

  /** As call(), for what must succeed. */
  expect<N extends MessageName>(name: N, request: RequestOf<N>): ReplyOf<N> {
    const reply = this.call(name, request);
    if (typeof reply === "string") throw new Error(`${name} failed: ${reply}`);
    return reply as ReplyOf<N>;
  }

  /** Opens one more channel and connects to it. False when the gofer gives none. */
  openChannel(): boolean {
    const opened = this.openUnconnectedChannel();
    if (typeof opened === "string") return false;
    opened.channel.connect();
    return true;
  }

  /** Opens one more channel; the symbol of the error when the gofer gives none. All of it stays the connection's. */
  openUnconnectedChannel(): OpenedChannel | string {
    const answer = this.#client.call("channel", undefined);
    if (typeof answer === "string") return answer;
    const [file, socket] = answer.fds;
    if (file === undefined || socket === undefined) throw new Error(`${answer.fds.length} descriptors: want 2`);
    this.#files.push(file);
    const place = { file, offset: Number(answer.reply.dataOffset), bytes: Number(answer.reply.dataLength) };
    const channel = new ChannelClient(place, socket);
    this.#channels.push(channel);
    return { channel, place, socket };
  }

  /** Sends a request over a channel and takes its reply; undefined when the channel has ended. */
  exchangeOn(channel: ChannelClient, request: HostileRequest, packetBytes?: number): JudgedReply | string | undefined {
    channel.post(request.messageId, request.payload, packetBytes);
    if (channel.state === channelState.serverActive) throw new Error("the gofer does not reply on a channel");
    return channel.state === channelState.clientActive ? this.takeReply(channel.reply(), request) : undefined;
  }

  /** Closes everything that the gofer has given out. */
  closeAllFds(): void {
    const ids = this.fds.all;
    if (ids.length > 0) this.exchange([requestOf("close", { fds: ids })]);
  }

  /** Judges a reply and learns from it; with `request`, also what was opened or closed. */
  takeReply(reply: RawReply, request?: HostileRequest): JudgedReply | string {
    const judged = this.#judge.judge(reply);
    if (judged === undefined) return "broken";
    if (judged.name === "error") return errnoName(judged.reply.errno);
    const payload = Buffer.from(request?.payload ?? []);
    const opened = judged.name === "openAt" && payload.length >= fdBytes ? Number(payload.readBigUInt64LE()) : 0;
    this.fds.learn(judged, this.fds.isDirectory(opened));
    if (judged.name === "close" && request !== undefined) this.fds.forget(closedBy(request));
    return judged;
  }

  /** Goes away, whatever is under way. */
  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const channel of this.#channels) channel[Symbol.dispose]();
    for (const file of this.#files) takeAndClose(file);
    this.#client.closeOnly();
  }
}

/** A request as a frame for the socket. */
export function frameOf({ messageId, payload }: HostileRequest): Uint8Array {
  const frame = new Uint8Array(socketHeaderBytes + payload.length);
  writeSocketHeader({ u8: frame, view: new DataView(frame.buffer) }, 0, payload.length, messageId);
  frame.set(payload, socketHeaderBytes);
  return frame;
}
