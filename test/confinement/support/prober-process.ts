import { mkdirSync, readdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ByteString } from "../../../ffi/byte-string.ts";
import type { FdId } from "../../../src/wire/integers.ts";
import { Container } from "../../process/support/container.ts";
import { GoferProcess } from "../../process/support/gofer-process.ts";
import type { TestClient } from "../../unit/support/client.ts";
import type { EncodedAttempt } from "./encoded-attempt.ts";
import { type ProbeThread, probePath } from "./prober-extension.ts";

const repositoryRoot = resolve(import.meta.dir, "../../..");
const program = resolve(repositoryRoot, ".cache/prober");

/** The status that a shell gives a process that SIGSYS has killed. */
const killedStatus = 128 + 31;

/** Builds the gofer with the prober, as the one that is shipped is built. */
export function buildProber(): void {
  mkdirSync(dirname(program), { recursive: true });
  const { success, stderr } = Bun.spawnSync(
    [
      process.execPath,
      "build",
      resolve(import.meta.dir, "prober.ts"),
      ...["--outfile", program],
      ...["--compile", "--minify", "--bytecode", "--format=esm", "--reject-unresolved"],
      ...["--no-compile-autoload-bunfig", "--no-compile-autoload-dotenv"],
    ],
    { cwd: repositoryRoot, stdio: ["ignore", "ignore", "pipe"] },
  );
  if (!success) throw new Error(`cannot build the prober: ${stderr.toString()}`);
}

/** A gofer with the prober, in service. */
export class ProberProcess implements AsyncDisposable {
  readonly #container = new Container();
  readonly #gofer: GoferProcess;
  readonly #root: FdId;

  /** Starts one with these flags of runsc's. */
  constructor(globalFlags: readonly string[]) {
    const mounts = [{ destination: probePath, type: "bind", source: "data" }];
    this.#gofer = new GoferProcess(this.#container, {
      spec: this.#container.spec(mounts),
      mountConfs: "lisafs:none,lisafs:none",
      globalFlags,
      command: [program],
    });
    this.#gofer.synchronize();
    this.#gofer.readMounts();
    this.#root = this.#client.expect("mount", undefined).root.controlFd;
  }

  /** A file of the host's that is not in the gofer's root. */
  get outsideFile(): string {
    return this.#container.path("config.json");
  }

  /** The numbers of the descriptors it holds. */
  get descriptors(): number[] {
    return readdirSync(`/proc/${this.#gofer.pid}/fd`).map(Number);
  }

  /** Makes the gofer make a call, and gives what came of it: an error's symbol, `done`, or `killed`. */
  async attempt(thread: ProbeThread, attempt: EncodedAttempt): Promise<string> {
    const value = Buffer.from(JSON.stringify(attempt));
    const request = { fd: this.#root, flags: 0, name: thread as string as ByteString, value };
    try {
      const answer = this.#client.call("fSetXattr", request);
      return typeof answer === "string" ? answer : "done";
    } catch {
      // The connection has ended.
      const { status, stderr } = await this.#gofer.end();
      return status === killedStatus ? "killed" : `ended with ${status}: ${stderr}`;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gofer[Symbol.asyncDispose]();
    this.#container.remove();
  }

  get #client(): TestClient {
    const [, client] = this.#gofer.clients;
    if (client === undefined) throw new Error("there is no connection to the prober");
    return client;
  }
}
