import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import type { HostFd } from "../../../ffi/host-fd.ts";
import { SOCK_SEQPACKET, SOCK_STREAM } from "../../../ffi/linux.ts";
import { waitUntilReadable } from "../../../ffi/waiting.ts";
import { TestClient } from "../../unit/support/client.ts";
import type { Container } from "./container.ts";
import { closeAll, patienceMillis, readToEnd, socketPair } from "./descriptors.ts";

const pollMillis = 5;

const repositoryRoot = resolve(import.meta.dir, "../../..");

/** The executable that is tested; where it was not built, the gofer runs from source. */
export const built = resolve(repositoryRoot, process.env["GOFER_UNDER_TEST"] ?? "dist/bun-gofer");

/** The gofer as it was built, or else from source. */
const goferCommand = existsSync(built) ? [built] : [process.execPath, resolve(repositoryRoot, "src/main.ts")];

/** Namespaces of its own, as runsc gives it, but with mounts still shared: to see that the gofer keeps its own to itself. */
const namespaces = ["unshare", "--mount", "--ipc", "--uts", "--pid", "--propagation=unchanged"];

/** Runs the gofer as the first process of its PID namespace, and lets go of the descriptors that are the gofer's. */
const launcher = `
  (exec -a runsc-gofer "$@") & gofer=$!
  for path in /proc/$$/fd/*; do
    fd=\${path##*/}
    if [ "$fd" -gt 2 ] && [ "$fd" -lt 200 ]; then eval "exec $fd>&-"; fi
  done
  wait $gofer`;

/** A flag that a donated descriptor is passed with, and the descriptor that the gofer gets. */
type Donation = readonly [flag: string, descriptor: number];

export interface GoferOptions {
  /** The spec's text. */
  readonly spec: string;
  /** The value of --gofer-mount-confs. */
  readonly mountConfs: string;
  /** How many connections are passed; as many as `mountConfs` has of lisafs by default. */
  readonly connections?: number;
  /** runsc's own flags. */
  readonly globalFlags?: readonly string[];
  /** More flags of the gofer command. */
  readonly flags?: readonly string[];
  /** Whether --log-fd and --debug-log-fd are passed. Default true. */
  readonly logs?: boolean;
  /** Whether --dev-io-fd is passed. Default false. */
  readonly devices?: boolean;
  /** Whether --sync-userns-fd is passed. Default false. */
  readonly userNamespace?: boolean;
  /** Flags of runsc for profiles, without dashes; each leads to a file of that name. */
  readonly profiles?: readonly string[];
  /** What stands on the RPC socket in answer to the first request. By default nobody is at its other end. */
  readonly rpcReply?: string;
  /** Puts the flags before the word gofer, and those after it, into another order. */
  readonly reorder?: (flags: readonly string[]) => string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** What to execute in place of the gofer as it was built. */
  readonly command?: readonly string[];
  /** A command that executes the one that is added to its words. */
  readonly wrapper?: readonly string[];
}

/** A gofer started as runsc starts it, with the other ends of its descriptors. */
export class GoferProcess implements AsyncDisposable {
  readonly clients: readonly TestClient[];
  readonly #container: Container;
  readonly #process: Bun.Subprocess;
  /** Our ends that are not yet closed. */
  readonly #ends = new Set<HostFd>();
  readonly #mountsEnd: HostFd;
  readonly #syncEnds: readonly HostFd[];
  readonly #sentryExitEnd: HostFd;

  constructor(container: Container, options: GoferOptions) {
    this.#container = container;
    container.write("config.json", options.spec);
    const theirs: number[] = [];
    const donate = (flag: string, descriptor: number): Donation => {
      theirs.push(descriptor);
      return [flag, descriptor];
    };
    const donateSocket = (flag: string, type: number): readonly [Donation, HostFd] => {
      const [ours, passed] = socketPair(type);
      this.#ends.add(ours);
      return [donate(flag, passed), ours];
    };
    const { logs = true, devices = false, userNamespace = false, globalFlags = [], flags = [] } = options;
    const served = options.mountConfs.split(",").filter((conf) => conf.startsWith("lisafs:")).length;
    const logDonations = logs
      ? ["log", "debug-log"].map((name) => donate(`${name}-fd`, openSync(container.path(name), "ax")))
      : [];
    const profiles = (options.profiles ?? []).map((flag) => donate(flag, openSync(container.path(flag), "wx")));
    const specDonation = donate("spec-fd", openSync(container.path("config.json"), "r"));
    const [mountsDonation, mountsEnd] = donateSocket("mounts-fd", SOCK_STREAM);
    const [rpcDonation, rpcEnd] = donateSocket("rpc-fd", SOCK_STREAM);
    if (options.rpcReply === undefined) this.#close(rpcEnd);
    else writeSync(rpcEnd, options.rpcReply);
    const ringDonation = donate("pin-ring-fd", openSync("/dev/null", "r"));
    const [sentryDonation, sentryExitEnd] = donateSocket("sync-sentry-exit-fd", SOCK_SEQPACKET);
    const connections = Array.from({ length: options.connections ?? served }, () =>
      donateSocket("io-fds", SOCK_STREAM),
    );
    if (devices) connections.push(donateSocket("dev-io-fd", SOCK_STREAM));
    const syncs = [
      ...(userNamespace ? [donateSocket("sync-userns-fd", SOCK_STREAM)] : []),
      donateSocket("sync-chroot-fd", SOCK_STREAM),
    ];
    const numberOf = ([flag, descriptor]: Donation): string => `--${flag}=${theirs.indexOf(descriptor) + 3}`;
    const reorder = options.reorder ?? ((unchanged) => [...unchanged]);
    const words = [
      ...reorder([...globalFlags, ...logDonations.map(numberOf)]),
      "gofer",
      ...reorder([
        `--bundle=${container.directory}`,
        `--gofer-mount-confs=${options.mountConfs}`,
        ...profiles.map(numberOf),
        ...[specDonation, mountsDonation, rpcDonation, ringDonation, sentryDonation].map(numberOf),
        ...connections.map(([donation]) => numberOf(donation)),
        ...syncs.map(([donation]) => numberOf(donation)),
        ...flags,
      ]),
      "container-1",
    ];
    const standardError = openSync(container.path("stderr"), "ax");
    const { command = goferCommand, wrapper = [] } = options;
    const launch = [...namespaces, "bash", "-c", launcher, "launcher", ...wrapper, ...command];
    this.#process = Bun.spawn([...launch, ...words], {
      cwd: container.directory,
      env: { PATH: process.env["PATH"] ?? "", ...options.environment },
      stdio: ["ignore", "ignore", standardError, ...theirs],
    });
    closeAll([standardError, ...theirs]);
    this.#mountsEnd = mountsEnd;
    this.#sentryExitEnd = sentryExitEnd;
    this.#syncEnds = syncs.map(([, end]) => end);
    this.clients = connections.map(([, end]) => {
      this.#ends.delete(end);
      return new TestClient(end, () => void waitUntilReadable(end, patienceMillis));
    });
  }

  /** Says that everything is done that runsc does from outside. */
  synchronize(): void {
    for (const end of this.#syncEnds) this.#close(end);
  }

  /** Sends data where nothing but the end may come. */
  disturbSynchronization(): void {
    for (const end of this.#syncEnds) writeSync(end, "x");
  }

  /** What comes through the pipe for the mounts. */
  readMounts(): string {
    return readToEnd(this.#mountsEnd);
  }

  /** Closes the pipe for the mounts unread. */
  closeMounts(): void {
    this.#close(this.#mountsEnd);
  }

  /** The client of connection `index`, once the gofer has answered Mount on it. */
  mounted(index: number): TestClient {
    const client = this.clients[index];
    if (client === undefined) throw new Error(`there is no connection ${index}`);
    client.expect("mount", undefined);
    return client;
  }

  /** In the host's PID namespace; undefined when it has ended. */
  get pid(): number | undefined {
    const { pid, exitCode } = this.#process;
    if (exitCode !== null) return undefined;
    const [child = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
    return child === "" ? undefined : Number(child);
  }

  /** A file of the gofer's directory in the host's /proc. */
  procFile(name: string): string {
    return readFileSync(`/proc/${this.pid}/${name}`, "utf8");
  }

  /** Sends the gofer a signal from outside of its PID namespace. */
  signal(name: NodeJS.Signals): void {
    const { pid } = this;
    if (pid === undefined) throw new Error(`${name}: the gofer has ended`);
    process.kill(pid, name);
  }

  /** Waits until the debug log holds `text`, from a character on. Throws when that does not come to pass. */
  async logged(text: string, from = 0): Promise<void> {
    for (const end = performance.now() + patienceMillis; performance.now() < end; await Bun.sleep(pollMillis)) {
      if (this.said.debugLog.includes(text, from)) return;
    }
    throw new Error(`the gofer does not log ${text}:\n${this.said.debugLog}`);
  }

  /** The exit status, once the gofer has ended by itself. */
  get exited(): Promise<number> {
    return this.#process.exited;
  }

  /** Ends all connections, waits for the gofer's end and gives what it came to. */
  async end(): Promise<GoferEnd> {
    for (const client of this.clients) disposeOf(client);
    this.synchronize();
    this.#close(this.#sentryExitEnd);
    const status = await this.#process.exited;
    return { status, ...this.said };
  }

  /** What it has said so far. */
  get said(): GoferWords {
    return { stderr: this.#read("stderr"), log: this.#read("log"), debugLog: this.#read("debug-log") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pid } = this;
    if (pid !== undefined) process.kill(pid, "SIGKILL");
    await this.#process.exited;
    for (const client of this.clients) disposeOf(client);
    for (const end of this.#ends) closeSync(end);
  }

  #close(end: HostFd): void {
    if (this.#ends.delete(end)) closeSync(end);
  }

  #read(name: string): string {
    return existsSync(this.#container.path(name)) ? this.#container.read(name) : "";
  }
}

/** Where a gofer says something. */
interface GoferWords {
  readonly stderr: string;
  /** What is in runsc's log. */
  readonly log: string;
  readonly debugLog: string;
}

/** What a gofer left when it had ended. */
export interface GoferEnd extends GoferWords {
  readonly status: number;
}

function disposeOf(client: TestClient): void {
  client[Symbol.dispose]();
}
