import { allocateStaticMemory, memory } from "../../ffi/arena.ts";

const counterBytes = 8;
const counters = 64;
const highHalfValue = 2 ** 32;

/** Size of the counters: one of 64 bits, little-endian, for each message ID below 64. */
export const requestCountsBytes = counters * counterBytes;

/** How many requests of each kind have come. Stands in memory that may be a mapped file, so that others can read along. */
export class RequestCounts {
  readonly #at: number;

  /** Counts at arena offset `at`, of requestCountsBytes bytes; by default where nobody else looks. */
  constructor(at = allocateStaticMemory(requestCountsBytes)) {
    this.#at = at;
  }

  /** Counts one request; those of unknown messages from 64 on are not told apart from each other and not counted. */
  add(messageId: number): void {
    if (messageId >= counters) return;
    const at = this.#at + messageId * counterBytes;
    const { view } = memory;
    const low = (view.getUint32(at, true) + 1) >>> 0;
    view.setUint32(at, low, true);
    if (low === 0) view.setUint32(at + 4, view.getUint32(at + 4, true) + 1, true);
  }

  /** How many have come of message `messageId`, which is below 64. */
  count(messageId: number): number {
    const at = this.#at + messageId * counterBytes;
    return memory.view.getUint32(at + 4, true) * highHalfValue + memory.view.getUint32(at, true);
  }
}
