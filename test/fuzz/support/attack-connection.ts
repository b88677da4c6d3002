import { messages } from "../../../src/wire/messages.ts";
import { socketHeaderBytes, writeSocketHeader } from "../../../src/wire/frame.ts";
import { ChannelClient, channelState } from "../../unit/support/channel-client.ts";
import type { RawReply, TestClient } from "../../unit/support/client.ts";
import { AttackSocket } from "./attack-socket.ts";
import { closedBy } from "./hostile-requests.ts";
import { KnownFds } from "./known-fds.ts";
import type { HostileRequest } from "./mutations.ts";
import type { ReplyJudge } from "./reply-judge.ts";

/** A connection, its channels, and what the client knows of it. Whatever comes back is judged. */
export class AttackConnection implements Disposable {
  readonly fds = new KnownFds();
  readonly socket: AttackSocket;
  readonly #client: TestClient;
  readonly #judge: ReplyJudge;
  readonly #channels: ChannelClient[] = [];
  #ended = false;

  /** Takes over from `client`, whose socket it closes. */
  constructor(client: TestClient, judge: ReplyJudge) {
    this.#client = client;
    this.#judge = judge;
    this.socket = new AttackSocket(client.socket);
    this.exchange([{ messageId: messages.mount.id, payload: new Uint8Array() }]);
  }

  /** Whether requests can still be sent on the socket. */
  get isOpen(): boolean {
    return !this.#ended;
  }

  /** Channels that take requests. */
  get openChannels(): readonly ChannelClient[] {
    return this.#channels.filter(({ state }) => state === channelState.clientActive);
  }

  /** Sends the requests in one go, does something else, and then takes their replies. */
  exchange(requests: readonly HostileRequest[], meanwhile: () => void = () => {}): void {
    this.socket.send(Buffer.concat(requests.map(frameOf)));
    meanwhile();
    let replies: RawReply[] = [];
    try { replies = this.socket.replies(requests.length); } catch (e) {
      const got = this.socket.takeReplies().length;
      console.log("HANG after", got, "of", requests.length, requests.map(r=>[r.messageId,r.payload.length].join()).join(" "), requests.slice(got, got+1).map((r) => [r.messageId, Buffer.from(r.payload).toString("hex").slice(0, 200)]));
      console.log(Bun.spawnSync(["bash", "/tmp/fz/dump.sh"]).stdout.toString());
      throw e;
    }
    if (replies.length < requests.length) this.#judge.violations.push("the gofer ended a connection by itself");
    for (const [index, request] of requests.entries()) this.#takeReply(replies[index], request);
  }

  /** Opens one more channel, if the gofer gives one. */
  openChannel(): void {
    try {
      this.#channels.push(ChannelClient.open(this.#client));
    } catch (error) {
      if (!(error instanceof Error && error.message.includes("ENOMEM"))) throw error;
    }
  }

  /** Sends a request over a channel and takes its reply. */
  exchangeOn(channel: ChannelClient, request: HostileRequest, packetBytes?: number): void {
    channel.post(request.messageId, request.payload, packetBytes);
    if (channel.state === channelState.clientActive) this.#takeReply(channel.reply(), request);
    else if (channel.state === channelState.serverActive) throw new Error("the gofer does not reply on a channel");
  }

  /** Closes everything that the gofer has given out. */
  closeAllFds(): void {
    const ids = this.fds.all;
    const payload = Buffer.alloc(2 + 8 * ids.length);
    payload.writeUInt16LE(ids.length);
    for (const [index, id] of ids.entries()) payload.writeBigUInt64LE(BigInt(id), 2 + 8 * index);
    this.exchange([{ messageId: messages.close.id, payload }]);
  }

  #takeReply(reply: RawReply | undefined, request: HostileRequest): void {
    const judged = reply === undefined ? undefined : this.#judge.judge(reply);
    if (judged === undefined) return;
    const opened = judged.name === "openAt" && request.payload.length >= 8 ? Buffer.from(request.payload).readBigUInt64LE() : 0n;
    this.fds.learn(judged, this.fds.isDirectory(Number(opened)));
    if (judged.name === "close") this.fds.forget(closedBy(request));
  }

  /** Goes away, whatever is under way. */
  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const channel of this.#channels) channel[Symbol.dispose]();
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
