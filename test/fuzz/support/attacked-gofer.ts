import type { Container } from "../../process/support/container.ts";
import { patienceMillis } from "../../process/support/descriptors.ts";
import { type GoferOptions, GoferProcess } from "../../process/support/gofer-process.ts";
import type { TestClient } from "../../unit/support/client.ts";
import { AttackConnection } from "./attack-connection.ts";
import type { AttackReport } from "./attack-report.ts";
import { bounds } from "./bounds.ts";
import { Bystander } from "./bystander.ts";
import { type Descriptor, ProcessView, type ResidentMemory } from "./gofer-state.ts";
import { descriptorsLeft, descriptorsOutside, isOfTree, tooLongWait, tooMuchMemory } from "./oracles.ts";
import { ReplyJudge } from "./reply-judge.ts";
import { type ServedTree, servedDirectory } from "./served-tree.ts";

/** How long to wait between looks at a gofer that still cleans up. */
const lookAgainMillis = 5;

export interface AttackOptions {
  /** Connections to attack by, each with a mount of its own of the same tree. */
  readonly connections: number;
  /** More of runsc's own flags. */
  readonly globalFlags?: readonly string[];
  /** Of the gofer. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What the mounts are of. Default the tree. */
  readonly source?: string;
  /** Options of the mounts. */
  readonly mountOptions?: readonly string[];
}

/** A gofer with a bystander on its root and connections to attack by, and all that must hold however it is attacked. */
export class AttackedGofer implements AsyncDisposable {
  /** Those that nobody has mounted on yet; see connect(). */
  readonly clients: readonly TestClient[];
  readonly bystander: Bystander;
  readonly judge: ReplyJudge;
  readonly pid: number;
  readonly #process: GoferProcess;
  readonly #tree: ServedTree;
  readonly #view: ProcessView;
  readonly #initial: readonly Descriptor[];
  readonly #memoryBefore: ResidentMemory;
  readonly #connections: AttackConnection[] = [];

  private constructor(process: GoferProcess, tree: ServedTree) {
    this.#process = process;
    this.#tree = tree;
    this.judge = new ReplyJudge(tree.device);
    process.synchronize();
    process.readMounts();
    const [first, ...others] = process.clients;
    if (first === undefined || process.pid === undefined) throw new Error("the gofer has not started");
    this.bystander = new Bystander(first);
    this.clients = others;
    tree.noteOutside();
    this.pid = process.pid;
    this.#view = new ProcessView(this.pid);
    this.#initial = this.#view.descriptors();
    this.#memoryBefore = this.#view.residentMemory();
  }

  /** Starts one that serves `tree`, and sends no request on the connections yet. */
  static start(container: Container, tree: ServedTree, options: AttackOptions): AttackedGofer {
    const indexes = Array.from({ length: options.connections }, (_, index) => index);
    const mounts = indexes.map((index) => ({
      destination: `${servedDirectory}/${index}`,
      type: "bind",
      source: options.source ?? tree.path,
      options: options.mountOptions ?? [],
    }));
    const goferOptions: GoferOptions = {
      spec: container.spec(mounts),
      mountConfs: ["/", ...indexes].map(() => "lisafs:none").join(","),
      globalFlags: ["--directfs=false", ...(options.globalFlags ?? [])],
      environment: options.environment ?? {},
    };
    return new AttackedGofer(new GoferProcess(container, goferOptions), tree);
  }

  /** Mounts on all connections. They end with the gofer. */
  connect(): readonly AttackConnection[] {
    this.#connections.push(...this.clients.map((client) => new AttackConnection(client, this.judge)));
    return this.#connections;
  }

  /** As connect(), for an attack that needs only one. */
  connectOne(): AttackConnection {
    const [connection] = this.connect();
    if (connection === undefined) throw new Error("there is no connection to attack by");
    return connection;
  }

  /** Lets the bystander look. Throws when it is answered wrongly. */
  look(): void {
    const wrong = this.bystander.look();
    if (wrong !== undefined) throw new Error(wrong);
  }

  get isAlive(): boolean {
    return this.#view.isAlive;
  }

  /** How much resident memory it has more than at the start, in bytes. */
  get grownBytes(): number {
    return this.#view.residentMemory().now - this.#memoryBefore.now;
  }

  get descriptors(): readonly Descriptor[] {
    return this.#view.descriptors();
  }

  /** Everything that is wrong now; nothing, if all is well. */
  violations(): readonly string[] {
    if (!this.isAlive) return [`the gofer has died: ${JSON.stringify(this.#process.said)}`];
    const wrongAnswer = this.bystander.look();
    return [
      ...(wrongAnswer === undefined ? [] : [wrongAnswer]),
      ...this.judge.violations,
      ...this.#tree.changesOutside(),
      ...descriptorsOutside(this.#initial, this.descriptors),
      ...tooMuchMemory(this.#view.residentMemory()),
      ...tooLongWait(this.bystander.longestWaitMillis),
    ];
  }

  /** Throws when anything is wrong. */
  check(): void {
    const violations = this.violations();
    if (violations.length > 0) throw new Error(violations.join("\n"));
  }

  /** Waits until the gofer has `count` descriptors, or fewer. */
  awaitDescriptors(count: number): void {
    if (this.#comesTrue(() => this.descriptors.length <= count)) return;
    throw new Error(`more than ${count} descriptors:\n${descriptorsLeft(this.#initial, this.descriptors).join("\n")}`);
  }

  /** Waits until the gofer has no file of the tree open. */
  awaitNoFiles(): void {
    const files = (): readonly Descriptor[] => this.descriptors.filter(isOfTree);
    if (!this.#comesTrue(() => files().length === 0)) {
      throw new Error(
        `left open: ${files()
          .map(({ number, target }) => `${number} ${target}`)
          .join(", ")}`,
      );
    }
  }

  /** Waits until `condition` holds; false when it does not come to that. */
  #comesTrue(condition: () => boolean): boolean {
    const end = performance.now() + patienceMillis;
    while (!condition()) {
      if (performance.now() > end) return false;
      Bun.sleepSync(lookAgainMillis);
    }
    return true;
  }

  /** Closes all connections and checks that nothing is left of them and that the gofer ends as it should. */
  async end(): Promise<AttackReport> {
    this.check();
    this.#disconnect();
    const expectedCount = this.#initial.length - this.clients.length;
    this.awaitDescriptors(expectedCount);
    this.check();
    const memoryAfter = this.#view.residentMemory();
    const descriptorsAfter = this.descriptors.length;
    const { status, stderr, debugLog } = await this.#process.end();
    if (status !== 0 || stderr !== "") throw new Error(`the gofer ended with ${status}: ${stderr}`);
    if (debugLog.includes("crashed")) throw new Error(`a handler crashed: ${debugLog.slice(-2000)}`);
    if (debugLog.length > bounds.logBytesMax) throw new Error(`${debugLog.length} bytes of log`);
    return {
      memoryBefore: this.#memoryBefore,
      memoryAfter,
      descriptorsBefore: expectedCount,
      descriptorsAfter,
      looks: this.bystander.looks,
      longestWaitMillis: this.bystander.longestWaitMillis,
      replies: this.judge.counts,
    };
  }

  #disconnect(): void {
    for (const connection of this.#connections) connection[Symbol.dispose]();
    for (const client of this.clients) client.closeOnly();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disconnect();
    await this.#process[Symbol.asyncDispose]();
  }
}
