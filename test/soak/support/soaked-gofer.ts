import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { AttackConnection } from "../../fuzz/support/attack-connection.ts";
import { Bystander } from "../../fuzz/support/bystander.ts";
import type { CampaignTarget } from "../../fuzz/support/campaign.ts";
import { ProcessView } from "../../fuzz/support/gofer-state.ts";
import { isOfTree } from "../../fuzz/support/oracles.ts";
import { ReplyJudge } from "../../fuzz/support/reply-judge.ts";
import { ServedTree, servedDirectory } from "../../fuzz/support/served-tree.ts";
import { Container, type SpecMount } from "../../process/support/container.ts";
import { patienceMillis } from "../../process/support/descriptors.ts";
import { type GoferOptions, GoferProcess } from "../../process/support/gofer-process.ts";
import type { TestClient } from "../../unit/support/client.ts";
import { makeLibrary } from "./library.ts";
import type { Pressure } from "./pressures.ts";
import { type Usage, usageOf } from "./usage.ts";

const workBytesMax = 64 * 1024 * 1024;
const lookAgainMillis = 5;
const workDirectory = "/work";

/** Lines of the engine's log of collections, and the one that each ends with. */
const collectionLine = /^(\[GC<|Requesting GC|GC END!)/;
const collectionEnd = "GC END!";

/** Of the status of a thread. Source: proc(5). */
const confinementLines = /^(Uid|Gid|Groups|Cap\w+|NoNewPrivs|Seccomp):.*$/gm;
const underFilter = "Seccomp:\t2";

/** More than a campaign keeps, so that some can be spoilt. */
const connectionsPerCampaign = 6;

/** How many connections a gofer is started with: they cannot be added later. */
export interface Connections {
  /** For clients that do honest work. */
  readonly work: number;
  /** For campaigns of hostile ones. */
  readonly campaigns: number;
}

/**
 * A gofer to be used for long. It serves two things, each on a file system of its own: a work directory to honest clients, and a tree
 * to hostile ones.
 */
export class SoakedGofer implements CampaignTarget, AsyncDisposable {
  /** The work directory, as the host sees it. */
  readonly work: string;
  readonly #resources: AsyncDisposableStack;
  readonly #process: GoferProcess;
  readonly #tree: ServedTree;
  readonly #judge: ReplyJudge;
  readonly #bystander: Bystander;
  readonly #unusedWork: TestClient[];
  readonly #unusedHostile: TestClient[];
  readonly #view: ProcessView;
  readonly #pid: number;
  #hostile: readonly AttackConnection[] = [];

  /** Takes `resources`, and adds to them as it goes. */
  private constructor(resources: AsyncDisposableStack, { environment }: Pressure, { work, campaigns }: Connections) {
    this.#resources = resources;
    const container = resources.adopt(new Container(), (finished) => finished.remove());
    this.#tree = resources.use(new ServedTree(container));
    this.work = resources.adopt(mountMemory(container.path("work")), unmount);
    makeLibrary(this.work);
    const mounts = [
      ...mountsOf(this.work, workDirectory, work),
      ...mountsOf(this.#tree.path, servedDirectory, campaigns * connectionsPerCampaign),
    ];
    const options: GoferOptions = {
      spec: container.spec(mounts),
      mountConfs: ["/", ...mounts].map(() => "lisafs:none").join(","),
      globalFlags: ["--directfs=false", "--host-uds=all"],
      environment,
    };
    this.#process = resources.use(new GoferProcess(container, options));
    this.#judge = new ReplyJudge(this.#tree.device);
    this.#process.synchronize();
    this.#process.readMounts();
    const [first, ...others] = this.#process.clients;
    if (first === undefined || this.#process.pid === undefined) throw new Error("the gofer has not started");
    this.#bystander = new Bystander(first);
    this.#unusedWork = others.slice(0, work);
    this.#unusedHostile = others.slice(work);
    this.#tree.noteOutside();
    this.#pid = this.#process.pid;
    this.#view = new ProcessView(this.#pid);
  }

  static async start(pressure: Pressure, connections: Connections): Promise<SoakedGofer> {
    const resources = new AsyncDisposableStack();
    try {
      return new SoakedGofer(resources, pressure, connections);
    } catch (error) {
      await resources.disposeAsync();
      throw error;
    }
  }

  /** A client on a connection that was not used yet. The caller owns it; undefined when none is left. */
  takeWorkConnection(): TestClient | undefined {
    return this.#unusedWork.shift();
  }

  /** Mounts for hostile clients. They stay until endCampaign(). */
  connect(): readonly AttackConnection[] {
    this.#hostile = this.#unusedHostile
      .splice(0, connectionsPerCampaign)
      .map((client) => new AttackConnection(client, this.#judge));
    return this.#hostile;
  }

  /** Lets a client that wants nothing but the attributes of the root look. */
  look(): void {
    const wrong = this.#bystander.look();
    if (wrong !== undefined) throw new Error(wrong);
  }

  /** Waits until no file of the tree is open. */
  awaitNoFiles(): void {
    this.#await("the hostile clients' files are closed", () => !this.#view.descriptors().some(isOfTree));
  }

  /** Ends what connect() began, and looks whether the clients got what they must not get. */
  endCampaign(): void {
    for (const connection of this.#hostile) connection[Symbol.dispose]();
    this.#hostile = [];
    const wrong = [...this.#judge.violations, ...this.#tree.changesOutside()];
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  }

  /** Connections that have not ended. */
  get unusedConnections(): number {
    return this.#unusedWork.length + this.#unusedHostile.length;
  }

  /** How many descriptors it has, once it has closed what is to be closed: at most `max`, or it is an error. */
  awaitDescriptors(max: number): number {
    this.#await(`there are at most ${max} descriptors`, () => this.#view.descriptors().length <= max);
    return this.#view.descriptors().length;
  }

  /** Throws when a thread is not under the filter, or may have more privileges than the first one has. */
  checkConfinement(): void {
    const tasks = `/proc/${this.#pid}/task`;
    const statuses = readdirSync(tasks).flatMap((tid) => {
      try {
        return [readFileSync(`${tasks}/${tid}/status`, "latin1")];
      } catch {
        // The thread has ended.
        return [];
      }
    });
    const confinements = statuses.map((status) => status.match(confinementLines)?.join(" "));
    const wrong = confinements.find((lines) => lines !== confinements[0] || lines?.includes(underFilter) !== true);
    if (wrong !== undefined) throw new Error(`a thread is not confined: ${wrong}`);
  }

  usage(): Usage {
    return usageOf(this.#pid);
  }

  /** Collections of garbage that it has logged. */
  get collections(): number {
    return this.#process.said.stderr.split(collectionEnd).length - 1;
  }

  /** What is known of how it is: for whoever has seen something go wrong. */
  describe(): string {
    const state = this.#view.isAlive ? "alive" : "gone";
    const { stderr, debugLog } = this.#process.said;
    return `the gofer is ${state}: ${withoutCollections(stderr)} ${debugLog.slice(-2000)}`;
  }

  /** Lets it end, once all connections have ended, and looks whether all went well. */
  async end(): Promise<void> {
    const { status, stderr, debugLog } = await this.#process.end();
    if (status !== 0) throw new Error(`the gofer ended with ${status}: ${debugLog.slice(-2000)}`);
    const said = withoutCollections(stderr);
    if (said !== "") throw new Error(`the gofer said: ${said}`);
    if (debugLog.includes("crashed")) throw new Error(`a handler crashed: ${debugLog.slice(-2000)}`);
  }

  #await(what: string, condition: () => boolean): void {
    const end = performance.now() + patienceMillis;
    while (!condition()) {
      if (performance.now() > end) {
        const open = this.#view.descriptors().map(({ number, target }) => `${number} ${target}`);
        throw new Error(`it does not come to pass that ${what}:\n${open.join("\n")}`);
      }
      Bun.sleepSync(lookAgainMillis);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#hostile) connection[Symbol.dispose]();
    await this.#resources.disposeAsync();
  }
}

function mountsOf(source: string, directory: string, count: number): SpecMount[] {
  return Array.from({ length: count }, (_, index) => ({ destination: `${directory}/${index}`, type: "bind", source }));
}

/** What was said besides. */
function withoutCollections(text: string): string {
  return text
    .split("\n")
    .filter((line) => !collectionLine.test(line))
    .join("\n");
}

function mountMemory(path: string): string {
  mkdirSync(path);
  run("mount", "-t", "tmpfs", "-o", `size=${workBytesMax}`, "tmpfs", path);
  return path;
}

function unmount(path: string): void {
  run("umount", path);
}

function run(...command: readonly string[]): void {
  // No pipes: they are sockets, and take a while to go.
  const { success } = Bun.spawnSync([...command], { stdio: ["ignore", "inherit", "inherit"] });
  if (!success) throw new Error(`${command.join(" ")} failed`);
}
