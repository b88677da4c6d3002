import { memory } from "../../../ffi/arena.ts";
import type { ByteString } from "../../../ffi/byte-string.ts";
import { takeAndClose } from "../../../ffi/host-fd.ts";
import { decodeDirents } from "../../../src/wire/dirent.ts";
import { type FdId, type U64, u64 } from "../../../src/wire/integers.ts";
import type { MessageName, ReplyOf, RequestOf } from "../../../src/wire/messages.ts";
import type { Random } from "../../fuzz/support/random.ts";
import { ChannelClient } from "../../unit/support/channel-client.ts";
import type { Answer, TestClient } from "../../unit/support/client.ts";

const direntBytes = 4096;

/** The length that stands before what was read. */
const readPrefixBytes = u64.bytes;

/** A well-behaved client of one connection, which sends each request over its socket or one of its channels, as it happens. */
export class WorkClient implements Disposable {
  /** Answered so far. */
  requests = 0;
  readonly #client: TestClient;
  readonly #random: Random;
  readonly #channels: ChannelClient[] = [];
  #root: FdId;

  /** Takes over `client`, mounts, and opens `channels` channels. */
  constructor(client: TestClient, random: Random, channels: number) {
    this.#client = client;
    this.#random = random;
    this.#root = this.expect("mount", undefined).root.controlFd;
    for (let opened = 0; opened < channels; opened++) this.#channels.push(ChannelClient.open(client));
  }

  /** The FD of the mount point. */
  get root(): FdId {
    return this.#root;
  }

  /** How many channels it has. */
  get channels(): number {
    return this.#channels.length;
  }

  /** Sends a request and gives the answer. Descriptors that come along are closed. */
  call<N extends MessageName>(name: N, request: RequestOf<N>): ReplyOf<N> | string {
    return this.#take(this.#communicator().call(name, request));
  }

  /** As call(), for what must succeed. */
  expect<N extends MessageName>(name: N, request: RequestOf<N>): ReplyOf<N> {
    const reply = this.call(name, request);
    if (typeof reply === "string") throw new Error(`${name} failed: ${reply}`);
    return reply as ReplyOf<N>;
  }

  /** Reads at most `count` bytes. */
  read(fd: FdId, offset: U64, count: number): Uint8Array {
    const communicator = this.#communicator();
    const reply = this.#take(communicator.call("pRead", { fd, offset, count }));
    if (typeof reply === "string") throw new Error(`pRead failed: ${reply}`);
    const at = communicator.payloadAt + readPrefixBytes;
    return memory.u8.slice(at, at + reply.placed);
  }

  /** Walks to the file of that path below the mount point, uses it, and closes what was walked over. */
  withWalked<T>(path: readonly ByteString[], use: (controlFd: FdId) => T): T {
    const { inodes } = this.expect("walk", { dirFd: this.#root, path: [...path] });
    const last = inodes.at(-1);
    if (last === undefined || inodes.length < path.length) throw new Error(`cannot walk to ${path.join("/")}`);
    const result = use(last.controlFd);
    this.expect("close", { fds: inodes.map(({ controlFd }) => controlFd) });
    return result;
  }

  /** The names in an open directory, which is closed. */
  list(openFd: FdId): ByteString[] {
    const names: ByteString[] = [];
    for (;;) {
      const communicator = this.#communicator();
      const reply = this.#take(communicator.call("getdents64", { dirFd: openFd, count: direntBytes }));
      if (typeof reply === "string") throw new Error(`getdents64 failed: ${reply}`);
      if (reply.entries === 0) break;
      const entries = decodeDirents(memory, communicator.payloadAt, reply);
      if (entries === undefined) throw new Error("a reply to getdents64 cannot be read");
      names.push(...entries.map(({ name }) => name));
    }
    this.expect("close", { fds: [openFd] });
    return names;
  }

  /** Hands a request over by the socket without waiting for the answer, which awaitPosted() takes. */
  post<N extends MessageName>(name: N, request: RequestOf<N>): void {
    this.#client.sendOnly(this.#client.encode(name, request));
  }

  /** Takes the answer to the oldest request posted. */
  awaitPosted<N extends MessageName>(name: N): ReplyOf<N> | string {
    return this.#take(this.#client.next(name));
  }

  /** Closes the FD of the mount point, and has none any more. */
  unmount(): void {
    this.expect("close", { fds: [this.#root] });
  }

  /** Takes an FD of the mount point. */
  mount(): void {
    this.#root = this.expect("mount", undefined).root.controlFd;
  }

  /** Goes away without having closed its FDs. */
  [Symbol.dispose](): void {
    for (const channel of this.#channels) channel[Symbol.dispose]();
    this.#client.closeOnly();
  }

  #communicator(): TestClient | ChannelClient {
    const chosen = this.#random.below(this.#channels.length + 1);
    return this.#channels[chosen] ?? this.#client;
  }

  #take<N extends MessageName>(answer: Answer<N>): ReplyOf<N> | string {
    this.requests++;
    if (typeof answer === "string") return answer;
    for (const fd of answer.fds) takeAndClose(fd);
    return answer.reply;
  }
}
