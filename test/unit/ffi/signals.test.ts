import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { SignalReport, SignalWait } from "../support/signal-process.ts";

const script = join(import.meta.dir, "../support/signal-process.ts");

/** A process that waits in one of these ways. */
class SignalledProcess implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #output: { read(): Promise<{ readonly value?: Uint8Array | undefined }> };

  constructor(wait: SignalWait) {
    this.#process = Bun.spawn([process.execPath, script, wait], { stdio: ["pipe", "pipe", "inherit"] });
    this.#output = this.#process.stdout.getReader();
  }

  async ready(): Promise<void> {
    expect(await this.nextOutput()).toBe("ready\n");
  }

  send(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends a read of standard input. */
  async endInput(): Promise<void> {
    await this.#process.stdin.end();
  }

  async nextOutput(): Promise<string> {
    const { value } = await this.#output.read();
    return Buffer.from(value ?? new Uint8Array()).toString();
  }

  async report(): Promise<SignalReport> {
    return JSON.parse(await this.nextOutput()) as SignalReport;
  }

  get exited(): Promise<number> {
    return this.#process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}

describe("SignalBell", () => {
  test("ends the process from within the handler until it is handed over, with last words", async () => {
    await using signalled = new SignalledProcess("without handing over");
    await signalled.ready();
    signalled.send("SIGTERM");
    expect(await signalled.nextOutput()).toBe("last words\n");
    expect(await signalled.exited).toBe(143);
  });

  test.each<SignalWait>(["on the doorbell", "on the bell", "other thread"])(
    "wakes a thread that waits (%s), and says which signal has come",
    async (wait) => {
      await using signalled = new SignalledProcess(wait);
      await signalled.ready();
      signalled.send("SIGTERM");
      expect(await signalled.report()).toEqual({ terminated: true, quit: false });
      expect(await signalled.exited).toBe(0);
    },
  );

  test("does not disturb any other wait, and remembers the signal", async () => {
    await using signalled = new SignalledProcess("in a read");
    await signalled.ready();
    signalled.send("SIGTERM");
    signalled.send("SIGQUIT");
    await signalled.endInput();
    expect(await signalled.report()).toEqual({ terminated: true, quit: true });
  });

  test("ends the process when an ending signal comes while one has not been heard", async () => {
    await using signalled = new SignalledProcess("in a read");
    await signalled.ready();
    // One that comes while the same is still on its way is not counted, so more than two may be needed.
    const ended = signalled.exited.then(() => true);
    let hasEnded = false;
    while (!hasEnded) {
      signalled.send("SIGTERM");
      hasEnded = await Promise.race([ended, Bun.sleep(5).then(() => false)]);
    }
    expect(await signalled.nextOutput()).toBe("last words\n");
    expect(await signalled.exited).toBe(143);
  });

  test("any number of signals that only ring do no more than that", async () => {
    await using signalled = new SignalledProcess("in a read");
    await signalled.ready();
    for (let count = 0; count < 20; count++) signalled.send("SIGQUIT");
    await signalled.endInput();
    expect(await signalled.report()).toEqual({ terminated: false, quit: true });
    expect(await signalled.exited).toBe(0);
  });
});
