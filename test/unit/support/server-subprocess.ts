import { join } from "node:path";
import { takeAndClose } from "../../../ffi/host-fd.ts";
import { waitUntilReadable } from "../../../ffi/waiting.ts";
import { streamPair, TestClient } from "./client.ts";
import type { ServerProcessLimits, ServerProcessReport } from "./server-process.ts";

/** Only a test that fails waits so long. */
const answerMillisMax = 10_000;

/** A server with the host backend in a process of its own, which sleeps when there is nothing to do, and a client of it. */
export class ServerSubprocess implements AsyncDisposable {
  readonly client: TestClient;
  readonly #process: Bun.Subprocess<"ignore", "pipe", "inherit">;

  /** Serves `directory`, within `limits` once it has started; `environment` is added to that of the tests. */
  constructor(directory: string, limits: ServerProcessLimits = {}, environment: Readonly<Record<string, string>> = {}) {
    const [ours, theirs] = streamPair();
    const script = join(import.meta.dir, "server-process.ts");
    this.#process = Bun.spawn([process.execPath, script, directory, JSON.stringify(limits)], {
      stdio: ["ignore", "pipe", "inherit", theirs],
      env: { ...process.env, ...environment },
    });
    takeAndClose(theirs);
    this.client = new TestClient(ours, () => {
      waitUntilReadable(ours, answerMillisMax);
    });
  }

  /** Ends the connection and gives what the server reports at its end. */
  async end(): Promise<ServerProcessReport> {
    this.client.closeOnly();
    const text = await this.#process.stdout.text();
    return JSON.parse(text) as ServerProcessReport;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.closeOnly();
    await this.#process.exited;
  }
}
