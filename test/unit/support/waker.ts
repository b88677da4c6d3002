import type { HostFd } from "../../../ffi/host-fd.ts";
import type { WakerOrder } from "./waker-thread.ts";

/** A thread that changes words in shared memory and wakes who waits on them, while the thread of the test is blocked. */
export class Waker implements AsyncDisposable {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Borrows `file`, whose first `bytes` bytes hold the words. */
  static async start(file: HostFd, bytes: number): Promise<Waker> {
    const worker = new Worker(new URL("./waker-thread.ts", import.meta.url).href);
    const started = new Promise((resolve, reject) => {
      worker.onmessage = resolve;
      worker.onerror = reject;
    });
    worker.postMessage({ file, bytes } satisfies WakerOrder);
    await started;
    return new Waker(worker);
  }

  /** Lets the thread store `value` in word `index` and wake one waiter, a moment from now. */
  changeSoon(index: number, value: number): void {
    this.#worker.postMessage({ index, value } satisfies WakerOrder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
