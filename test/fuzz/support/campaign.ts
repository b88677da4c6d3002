import { type AttackConnection, frameOf } from "./attack-connection.ts";
import { makeRequest } from "./hostile-requests.ts";
import type { Random } from "./random.ts";

const requestsInARowMax = 12;
const knownFdsMax = 150;

/** How many of the steps start with one more channel, and how many spoil a connection or a channel for good. */
const channelShare = 0.01;
const poisonShare = 0.002;
const connectionsKept = 3;

/** A gofer as a campaign needs it. */
export interface CampaignTarget {
  /** Mounts on connections that nobody else uses. */
  connect(): readonly AttackConnection[];
  /** Throws when somebody else is not served as before. */
  look(): void;
  /** Waits until no file that these connections can have opened is open. */
  awaitNoFiles(): void;
}

/** Random requests on all connections of a gofer, over sockets and channels, and now and then what no client should do. */
export class Campaign {
  messagesSent = 0;
  readonly #gofer: CampaignTarget;
  readonly #random: Random;
  readonly #connections: readonly AttackConnection[];

  constructor(gofer: CampaignTarget, random: Random) {
    this.#gofer = gofer;
    this.#random = random;
    this.#connections = gofer.connect();
  }

  /** Sends at least `count` messages. */
  run(count: number): void {
    for (const end = this.messagesSent + count; this.messagesSent < end; ) this.#step();
  }

  /** Closes all FDs of all connections and takes new ones of the mount points. */
  startOver(): void {
    for (const connection of this.#open) connection.closeAllFds();
    this.#gofer.awaitNoFiles();
    for (const connection of this.#open) connection.mount();
  }

  get #open(): readonly AttackConnection[] {
    return this.#connections.filter(({ isOpen }) => isOpen);
  }

  #step(): void {
    const random = this.#random;
    const connection = random.pick(this.#open);
    if (connection.fds.all.length > knownFdsMax) {
      connection.closeAllFds();
      connection.mount();
    }
    if (random.chance(channelShare)) connection.openChannel();
    if (random.chance(poisonShare)) this.#poison(connection);
    else if (connection.openChannels.length > 0 && random.chance(0.5)) this.#useChannel(connection);
    else this.#useSocket(connection);
  }

  #useSocket(connection: AttackConnection): void {
    const random = this.#random;
    const requests = Array.from({ length: 1 + random.below(requestsInARowMax) }, () => this.#make(connection));
    connection.exchange(requests, () => {
      if (random.chance(0.1)) this.#gofer.look();
    });
  }

  #useChannel(connection: AttackConnection): void {
    connection.exchangeOn(this.#random.pick(connection.openChannels), this.#make(connection));
  }

  #make(connection: AttackConnection): ReturnType<typeof makeRequest> {
    this.messagesSent++;
    return makeRequest({ random: this.#random, fds: connection.fds });
  }

  /** Spoils a channel, or the whole connection, which then ends. */
  #poison(connection: AttackConnection): void {
    const random = this.#random;
    const channel = connection.openChannels[0];
    if (channel !== undefined && random.chance(0.5)) {
      if (random.chance(0.5)) connection.exchangeOn(channel, this.#make(connection), random.word());
      else channel.state = random.word() | 2;
      return;
    }
    if (this.#open.length <= connectionsKept) return;
    const frames = Buffer.concat([frameOf(this.#make(connection)), frameOf(this.#make(connection))]);
    if (random.chance(0.5)) frames.writeUInt32LE(random.word());
    connection.socket.offer(frames.subarray(0, random.below(frames.length + 1)));
    if (random.chance(0.5)) this.#gofer.look();
    connection[Symbol.dispose]();
  }
}
