import type { ByteString } from "../../../ffi/byte-string.ts";
import { O_RDWR } from "../../../ffi/linux.ts";
import { noId } from "../../../src/wire/records.ts";
import { Campaign } from "../../fuzz/support/campaign.ts";
import type { Random } from "../../fuzz/support/random.ts";
import { list, look, openMany, provokeErrors } from "./library.ts";
import type { SoakedGofer } from "./soaked-gofer.ts";
import type { Usage } from "./usage.ts";
import { WorkClient } from "./work-client.ts";
import { WorkDirectory } from "./work-directory.ts";

/** Honest clients: all but the last one stay for good. */
export const clientsAtOnce = 4;

/** As many as a connection may have on a machine with two processors. Some clients have none, as with directfs. */
const channelsChoices = [0, 1, 2];

/** A connection's memory file, once it has channels; each channel has a socket besides. */
const descriptorsOfChannels = 1;

const deedsInARowMax = 40;
const campaignMessages = 400;

const shared = { uid: noId, gid: noId, mode: 0o600 };

interface Worker {
  readonly client: WorkClient;
  readonly directory: WorkDirectory;
}

/** Everything that is done to one gofer. Each step throws when the gofer does not what it should. */
export class GoferLoad implements Disposable {
  readonly #gofer: SoakedGofer;
  readonly #random: Random;
  readonly #workers: Worker[] = [];
  /** Descriptors that it needs whoever is connected. */
  readonly #fixedDescriptors: number;
  #clientsMade = 0;
  #requestsOfThePast = 0;

  /** Borrows the gofer. */
  constructor(gofer: SoakedGofer, random: Random) {
    this.#gofer = gofer;
    this.#random = random;
    this.#fixedDescriptors = gofer.awaitDescriptors(Number.POSITIVE_INFINITY) - gofer.unusedConnections;
    for (let client = 0; client < clientsAtOnce; client++) this.#comeNew();
  }

  /** Requests of honest clients. */
  get requests(): number {
    return this.#workers.reduce((sum, { client }) => sum + client.requests, this.#requestsOfThePast);
  }

  /** A burst of requests of one kind. */
  step(): void {
    this.#random.pick(this.#kinds)(this.#random.pick(this.#workers));
  }

  readonly #kinds: readonly ((worker: Worker) => void)[] = [
    (worker) => this.#often(() => worker.directory.work()),
    (worker) => this.#often(() => worker.directory.work()),
    (worker) => this.#often(() => worker.directory.work()),
    (worker) => worker.directory.audit(),
    ({ client }) => this.#often(() => look(client, this.#random)),
    ({ client }) => this.#often(() => look(client, this.#random)),
    ({ client }) => this.#often(() => list(client, this.#random)),
    ({ client }) => provokeErrors(client, this.#random),
    ({ client }) => openMany(client, "many"),
    () => this.#together(),
  ];

  /** The last client to come goes, in one of the ways there are, and a new one comes. */
  replaceClient(): void {
    const leaving = this.#workers.pop();
    if (leaving !== undefined) this.#go(leaving);
    this.#comeNew();
  }

  /** Lets hostile clients do their worst, while nobody else does anything. */
  attack(): void {
    const campaign = new Campaign(this.#gofer, this.#random);
    campaign.run(campaignMessages);
    this.#gofer.look();
    this.#gofer.endCampaign();
    this.#gofer.awaitNoFiles();
  }

  /** What the gofer uses when nobody has anything open. */
  settle(): Usage {
    for (const { client } of this.#workers) client.unmount();
    this.#gofer.awaitDescriptors(this.#expectedDescriptors);
    this.#gofer.checkConfinement();
    const usage = this.#gofer.usage();
    for (const { client } of this.#workers) client.mount();
    return usage;
  }

  /** Looks at all that was written, and ends all clients. */
  finish(): void {
    for (const worker of this.#workers) worker.directory.audit();
    for (const worker of this.#workers.splice(0)) this.#go(worker);
    this.#gofer.awaitDescriptors(this.#expectedDescriptors);
  }

  [Symbol.dispose](): void {
    for (const { client } of this.#workers) client[Symbol.dispose]();
  }

  get #expectedDescriptors(): number {
    const ofClients = this.#workers.map(({ client: { channels } }) =>
      channels === 0 ? 1 : 1 + descriptorsOfChannels + channels,
    );
    return this.#fixedDescriptors + this.#gofer.unusedConnections + ofClients.reduce((sum, count) => sum + count, 0);
  }

  #often(act: () => void): void {
    for (let times = 1 + this.#random.below(deedsInARowMax); times > 0; times--) act();
  }

  /** Every client has the gofer make a system call that may take long, at the same time. */
  #together(): void {
    const dones = this.#workers.map(({ client }, index) => {
      const name = `shared-${index}` as ByteString;
      const made = client.expect("openCreateAt", { ...shared, dirFd: client.root, flags: O_RDWR, name });
      return { client, name, openFd: made.newFd, controlFd: made.child.controlFd };
    });
    for (const { client, openFd: fd } of dones) client.post("fAllocate", { fd, mode: 0, offset: 0, length: 65536 });
    for (const { client } of dones) expectDone(client.awaitPosted("fAllocate"));
    for (const { client, openFd } of dones) client.post("fSync", { fds: [openFd, openFd] });
    for (const { client } of dones) expectDone(client.awaitPosted("fSync"));
    for (const { client, name, openFd, controlFd } of dones) {
      if (client.expect("fStat", { fd: controlFd }).size !== 65536) throw new Error("space was not allocated");
      client.expect("unlinkAt", { dirFd: client.root, flags: 0, name });
      client.expect("close", { fds: [openFd, controlFd] });
    }
  }

  #comeNew(): void {
    const connection = this.#gofer.takeWorkConnection();
    if (connection === undefined) return;
    const number = this.#clientsMade++;
    const channels = channelsChoices[number % channelsChoices.length] ?? 0;
    const client = new WorkClient(connection, this.#random, channels);
    this.#workers.push({
      client,
      directory: new WorkDirectory(client, this.#random, this.#gofer.work, `client-${number}`),
    });
  }

  /** Half of them leave everything open. */
  #go({ client, directory }: Worker): void {
    if (this.#random.chance(0.5)) directory.clear();
    else directory.openAll();
    this.#requestsOfThePast += client.requests;
    client[Symbol.dispose]();
  }
}

function expectDone(reply: unknown): void {
  if (typeof reply === "string") throw new Error(`a call that takes long failed: ${reply}`);
}
