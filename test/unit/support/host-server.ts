import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { Failure } from "../../../ffi/errno.ts";
import { takeAndClose } from "../../../ffi/host-fd.ts";
import { processIds } from "../../../ffi/process.ts";
import type { HostConfig } from "../../../src/host/config.ts";
import { HostConnection, hostConnectionOptions, openProcSelfFd } from "../../../src/host/connection.ts";
import type { Log } from "../../../src/log/log.ts";
import type { ConnectionOptions } from "../../../src/server/connection-impl.ts";
import { Server } from "../../../src/server/server.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { calls, counts } from "./calls.ts";
import { streamPair, TestClient } from "./client.ts";

/** Takes what is logged, for tests that look at it. */
export class RecordingLog implements Log {
  readonly entries: string[] = [];
  debug(message: string): void {
    this.entries.push(`debug ${message}`);
  }
  info(message: string): void {
    this.entries.push(`info ${message}`);
  }
  warn(message: string): void {
    this.entries.push(`warn ${message}`);
  }
  error(message: string): void {
    this.entries.push(`error ${message}`);
  }
}

// What the first server of a process makes for good is made before any test counts descriptors.
new Server(new RecordingLog(), calls, counts)[Symbol.dispose]();

export type HostServerOptions = Partial<Omit<HostConfig, "procSelfFd" | "ids" | "log" | "calls">> &
  Partial<ConnectionOptions>;

/**
 * A server in this process with the host backend on a new temporary directory, and a client connected to it. Disposing of it
 * removes the directory and checks that no descriptor is left open.
 */
export class HostServer implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "bun-gofer-test-"));
  readonly log = new RecordingLog();
  readonly server: Server;
  readonly client: TestClient;
  readonly #fdsBefore: readonly string[];
  readonly #clients: TestClient[] = [];
  #root: FdId | undefined;
  readonly #config: HostConfig;
  readonly #options: ConnectionOptions;

  constructor(options: HostServerOptions = {}) {
    this.#fdsBefore = openDescriptors();
    this.server = new Server(this.log, calls, counts);
    const procSelfFd = openProcSelfFd(byteStringOf("/proc/self/fd"));
    if (procSelfFd instanceof Failure) throw new Error(`/proc/self/fd: ${procSelfFd}`);
    this.#config = {
      procSelfFd,
      hostUds: options.hostUds ?? { open: false, create: false },
      hostFifo: options.hostFifo ?? false,
      characterDevices: options.characterDevices ?? false,
      donateMountPoint: options.donateMountPoint ?? false,
      ids: processIds(),
      log: this.log,
      calls,
    };
    this.#options = { ...hostConnectionOptions(options.readonly ?? false), ...options };
    this.client = this.connect(this.directory);
  }

  /** One more client, mounted at `path`. */
  connect(path: string): TestClient {
    const [ours, theirs] = streamPair();
    this.server.addConnection(ours, byteStringOf(path), this.#options, new HostConnection(this.#config));
    const client = new TestClient(theirs, () => this.server.turn());
    this.#clients.push(client);
    return client;
  }

  /** Where a file of the mount stands on the host. */
  path(...names: readonly string[]): string {
    return join(this.directory, ...names);
  }

  /** Mounts and gives the control FD of the mount point. */
  mount(client = this.client): FdId {
    return client.expect("mount", undefined).root.controlFd;
  }

  /** The control FD of the mount point, for the first client. */
  get root(): FdId {
    this.#root ??= this.mount();
    return this.#root;
  }

  /** A new control FD of a file below the mount point, for the first client; of the mount point itself for an empty path. */
  walk(path: string): FdId {
    const names = path.split("/").filter((name) => name !== "");
    if (names.length === 0) return this.mount();
    const { inodes } = this.client.expect("walk", { dirFd: this.root, path: names.map(byteStringOf) });
    const last = inodes.at(-1);
    if (last === undefined || inodes.length !== names.length) throw new Error(`cannot walk to ${path}`);
    return last.controlFd;
  }

  /** Opens a file below the mount point; closes what the client gets to use by itself. */
  open(path: string, flags: number): FdId {
    return this.client.expect("openAt", { fd: this.walk(path), flags }).openFd;
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client[Symbol.dispose]();
    this.server[Symbol.dispose]();
    takeAndClose(this.#config.procSelfFd);
    rmSync(this.directory, { recursive: true, force: true });
    const left = openDescriptors().filter((fd) => !this.#fdsBefore.includes(fd));
    if (left.length > 0) throw new Error(`descriptors left open: ${left.join(", ")}`);
  }
}

/** The descriptors of this process, each with what it is open on. */
export function openDescriptors(): string[] {
  const descriptors: string[] = [];
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      descriptors.push(`${fd} → ${readlinkSync(`/proc/self/fd/${fd}`)}`);
    } catch {
      // The descriptor that the listing itself was read through.
    }
  }
  return descriptors;
}
