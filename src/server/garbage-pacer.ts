import { edenGC, fullGC, heapSize } from "bun:jsc";

/** Garbage that may pile up before it is collected; what is collected often is collected quickly. */
const garbageBytesMax = 8 * 1024 * 1024;

/** How much the heap may grow, by what outlived quick collections, before everything is looked at. */
const growthFactor = 2;

/**
 * Collects garbage in small, frequent portions. The engine by itself lets garbage grow in proportion to the memory it knows of, and
 * the arena's address space counts as memory there: it would wait for half a gigabyte.
 */
export class GarbagePacer {
  #garbageBytes = 0;
  /** What the engine counts at the start: the arena above all, which never changes. */
  readonly #constantBytes = heapSize();
  #bytesAfterFull = 0;

  /** By how many bytes the heap has grown since the start, garbage included. */
  get grownBytes(): number {
    return Math.max(0, heapSize() - this.#constantBytes);
  }

  /** Notes that about `bytes` bytes were allocated that are garbage by now, and collects them if there are many. */
  note(bytes: number): void {
    this.#garbageBytes += bytes;
    if (this.#garbageBytes < garbageBytesMax) return;
    this.#garbageBytes = 0;
    if (edenGC() - this.#constantBytes < this.#bytesAfterFull * growthFactor + garbageBytesMax) return;
    this.#bytesAfterFull = Math.max(0, fullGC() - this.#constantBytes);
  }
}
