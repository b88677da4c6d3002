import { addressOf, allocateStaticMemory, memory } from "../../ffi/arena.ts";
import { HelperThread } from "../../ffi/helper-thread.ts";
import { FUTEX_WAIT } from "../../ffi/linux.ts";
import { timespecLayout } from "../../ffi/structs.ts";

/**
 * How long a thread waits before it looks up: long enough to cost nothing, short enough for one to come back whose word has gone
 * with its connection.
 */
const patienceSeconds = 30;

const patience = allocateStaticMemory(timespecLayout.bytes);

/** Helper threads that wait for one word in memory each, to be no longer what it is, and then ring the doorbell. */
export class FutexWatch {
  readonly #free: HelperThread[] = [];
  readonly #watching = new Map<number, HelperThread>();

  constructor() {
    memory.view.setBigInt64(patience + timespecLayout.seconds, BigInt(patienceSeconds), true);
  }

  /**
   * Sees to it that the doorbell rings when the word at arena offset `at` is no longer `expected`, at once or when it is woken. False when
   * no thread can be had.
   */
  watch(at: number, expected: number): boolean {
    if (this.#watching.has(at)) return true;
    const thread = this.#free.pop() ?? HelperThread.start();
    if (thread === undefined) return false;
    thread.post("futex", [addressOf(at), FUTEX_WAIT, expected, addressOf(patience), 0, 0]);
    this.#watching.set(at, thread);
    return true;
  }

  /** Takes back the threads whose word has changed; to be called once before each round of watch(). */
  collect(): void {
    this.#watching.forEach(this.#collectOne);
  }

  /** One function for good, and no pairs to take apart: garbage here is made whenever the loop goes to sleep. */
  readonly #collectOne = (thread: HelperThread, at: number): void => {
    if (thread.takeResult() === undefined) return;
    this.#watching.delete(at);
    this.#free.push(thread);
  };
}
