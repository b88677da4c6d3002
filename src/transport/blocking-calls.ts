import { clearHelperBell, HelperThread, type JobArgument } from "../../ffi/helper-thread.ts";
import type { SyscallName } from "../../ffi/machine.ts";

/** Threads at most; calls beyond wait for one to become free. */
const threadsMax = 16;

/** A call that a thread is at work on. */
export interface CallUnderWay {
  readonly name: SyscallName;
  readonly millis: number;
}

interface Work {
  readonly name: SyscallName;
  readonly startedAt: number;
  readonly resolve: (returned: number) => void;
}

/** Makes one system call and gives what it returned, −errno on failure. */
export type MakeCall = (call: SyscallName, ...args: readonly JobArgument[]) => Promise<number>;

/**
 * System calls that may take long, made on helper threads, so that none delays another request. Memory that an argument
 * points to, and descriptors, must stay as they are until the call has returned. Threads are started when they are first
 * needed and kept; first come, first served.
 */
export class BlockingCalls {
  readonly #free: HelperThread[] = [];
  readonly #waiting: ((thread: HelperThread) => void)[] = [];
  readonly #atWork = new Map<HelperThread, Work>();
  #threads = 0;

  /** Makes one call. */
  readonly call: MakeCall = (call, ...args) => this.withOneThread((make) => make(call, ...args));

  /**
   * Makes several calls, one behind the other, on one thread that makes no others meanwhile: what they change about the thread,
   * such as its credentials, they must change back. When `steps` is rejected the thread is not used again, and another may
   * take its place.
   */
  async withOneThread<T>(steps: (make: MakeCall) => Promise<T>): Promise<T> {
    const thread = await this.#take();
    let isUsable = false;
    try {
      const result = await steps((call, ...args) => this.#make(thread, call, args));
      isUsable = true;
      return result;
    } finally {
      if (isUsable) this.#give(thread);
      else this.#replace();
    }
  }

  /** Calls that have not returned, or wait for a thread. */
  get outstanding(): number {
    return this.#atWork.size + this.#waiting.length;
  }

  /** Calls that a thread is at work on, each with how long it has been. */
  get underWay(): readonly CallUnderWay[] {
    const now = performance.now();
    return [...this.#atWork.values()].map(({ name, startedAt }) => ({ name, millis: now - startedAt }));
  }

  /** Takes the results of the calls that have returned; to be called when the helper bell has rung. */
  settle(): void {
    clearHelperBell();
    for (const [thread, { resolve }] of this.#atWork) {
      const returned = thread.takeResult();
      if (returned === undefined) continue;
      this.#atWork.delete(thread);
      resolve(returned);
    }
  }

  /** Starts the first thread, so that there is one when no more are to be had later. False when there is none even now. */
  prepare(): boolean {
    const thread = this.#startThread();
    if (thread !== undefined) this.#free.push(thread);
    return thread !== undefined;
  }

  #take(): HelperThread | Promise<HelperThread> {
    const thread = this.#free.pop() ?? this.#startThread();
    return thread ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  #startThread(): HelperThread | undefined {
    if (this.#threads === threadsMax) return undefined;
    const thread = HelperThread.start();
    if (thread !== undefined) this.#threads++;
    return thread;
  }

  #give(thread: HelperThread): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(thread);
    else next(thread);
  }

  /** Makes up for a thread that is not used again. */
  #replace(): void {
    this.#threads--;
    const thread = this.#waiting.length > 0 ? this.#startThread() : undefined;
    if (thread !== undefined) this.#give(thread);
  }

  #make(thread: HelperThread, call: SyscallName, args: readonly JobArgument[]): Promise<number> {
    return new Promise((resolve) => {
      this.#atWork.set(thread, { name: call, startedAt: performance.now(), resolve });
      thread.post(call, args);
    });
  }
}
