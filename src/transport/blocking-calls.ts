import { clearHelperBell, HelperThread, type JobArgument } from "../../ffi/helper-thread.ts";
import type { SyscallName } from "../../ffi/machine.ts";

/** Threads at most; calls beyond wait for one to become free. */
const threadsMax = 16;

interface Job {
  readonly call: SyscallName;
  readonly args: readonly JobArgument[];
  readonly resolve: (returned: number) => void;
}

/**
 * System calls that may take long, made on helper threads one at a time each, so that none delays another request. Threads
 * are started when they are first needed and kept. First come, first served.
 */
export class BlockingCalls {
  readonly #idle: HelperThread[] = [];
  readonly #busy = new Map<HelperThread, Job>();
  readonly #queue: Job[] = [];

  /**
   * Makes the call, and gives what it returned, −errno on failure. Memory that an argument points to, and descriptors, must stay as
   * they are until then.
   */
  call(call: SyscallName, ...args: readonly JobArgument[]): Promise<number> {
    return new Promise((resolve) => {
      this.#queue.push({ call, args, resolve });
      this.#start();
    });
  }

  /** Calls that are under way or wait for a thread. */
  get outstanding(): number {
    return this.#busy.size + this.#queue.length;
  }

  /** Takes the results of the calls that have returned; to be called when the helper bell has rung. */
  settle(): void {
    clearHelperBell();
    for (const [thread, job] of this.#busy) {
      const returned = thread.takeResult();
      if (returned === undefined) continue;
      this.#busy.delete(thread);
      this.#idle.push(thread);
      job.resolve(returned);
    }
    this.#start();
  }

  #start(): void {
    while (this.#queue.length > 0) {
      const thread = this.#idle.pop() ?? (this.#busy.size < threadsMax ? new HelperThread() : undefined);
      const job = thread === undefined ? undefined : this.#queue.shift();
      if (thread === undefined || job === undefined) return;
      this.#busy.set(thread, job);
      thread.post(job.call, job.args);
    }
  }
}
