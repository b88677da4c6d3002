import type { FlipOrder } from "./flipper-thread.ts";
import type { SwapOrder } from "./swapper-thread.ts";

/** A thread that does one thing over and over until it is disposed of. */
export class BusyThread implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #stop: Int32Array;

  private constructor(worker: Worker, stop: Int32Array) {
    this.#worker = worker;
    this.#stop = stop;
  }

  /** Changes shared memory. */
  static flip(order: Omit<FlipOrder, "stop">): Promise<BusyThread> {
    return BusyThread.#start("./flipper-thread.ts", order);
  }

  /** Lets two entries of a directory of the host change places. */
  static swap(order: Omit<SwapOrder, "stop">): Promise<BusyThread> {
    return BusyThread.#start("./swapper-thread.ts", order);
  }

  static async #start(module: string, order: object): Promise<BusyThread> {
    const worker = new Worker(new URL(module, import.meta.url).href);
    const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const started = nextMessage(worker);
    worker.postMessage({ ...order, stop });
    await started;
    return new BusyThread(worker, new Int32Array(stop));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = nextMessage(this.#worker);
    Atomics.store(this.#stop, 0, 1);
    await stopped;
    await this.#worker.terminate();
  }
}

function nextMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = reject;
  });
}
