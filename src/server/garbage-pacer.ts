import { edenGC, heapSize } from "bun:jsc";
import { Population } from "./population.ts";

/** Garbage that may pile up before it is collected; what is collected often is collected quickly. */
const garbageBytesMax = 4 * 1024 * 1024;

/** How much the heap may grow, by what outlived quick collections, before everything is looked at. */
const growthFactor = 2;
const growthBytesMin = 8 * 1024 * 1024;

/** Hears of each collection: of what is young only, or of everything; and of how long it took. */
type CollectionListener = (kind: "young" | "full", nanos: number) => void;

/**
 * Collects garbage in small, frequent portions. The engine by itself lets garbage grow in proportion to the memory it knows of, and
 * the arena's address space counts as memory there: it would wait for half a gigabyte.
 */
export class GarbagePacer {
  /** What clients hold open, which outlives quick collections. */
  readonly population = new Population();
  readonly #onCollection: CollectionListener;
  #garbageBytes = 0;
  /** What the engine counts at the start: the arena above all, which never changes. */
  readonly #constantBytes = heapSize();
  #bytesAfterFull = 0;

  constructor(onCollection: CollectionListener = () => undefined) {
    this.#onCollection = onCollection;
  }

  /** By how many bytes the heap has grown since the start, garbage included. */
  get grownBytes(): number {
    return Math.max(0, heapSize() - this.#constantBytes);
  }

  /** Notes that about `bytes` bytes were allocated that are garbage by now, and collects them if there are many. */
  note(bytes: number): void {
    this.#garbageBytes += bytes;
    if (this.population.hasCollapsed) this.#collectEverything();
    if (this.#garbageBytes < garbageBytesMax) return;
    this.#garbageBytes = 0;
    if (this.#collectYoung() < this.#bytesAfterFull * growthFactor + growthBytesMin) return;
    this.#collectEverything();
  }

  /** Gives the bytes by which the heap has grown since the start. */
  #collectYoung(): number {
    const start = Bun.nanoseconds();
    const heapBytes = edenGC();
    this.#onCollection("young", Bun.nanoseconds() - start);
    return heapBytes - this.#constantBytes;
  }

  /**
   * Gives memory back to the kernel as well, which fullGC() of bun:jsc leaves to a timer of Bun's event loop; and that does not turn
   * while the server waits.
   */
  #collectEverything(): void {
    const start = Bun.nanoseconds();
    Bun.gc(true);
    this.#onCollection("full", Bun.nanoseconds() - start);
    this.#garbageBytes = 0;
    this.#bytesAfterFull = this.grownBytes;
    this.population.forgetPeak();
  }
}
