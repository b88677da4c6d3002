import { Errno, fail, type Result } from "../../ffi/errno.ts";
import type { FdId } from "../wire/integers.ts";
import type { AnyFd } from "./fds.ts";
import { Population } from "./population.ts";

/** An ID is a place in the table and, above it, how often the place was given out before: a closed ID stays unknown for good. */
const placeValues = 2 ** 32;
const generationMax = 2 ** 20 - 1;

/** The descriptors of one connection by the IDs that its client knows. Holds the client's reference to each. */
export class FdTable {
  /** Place 0 stays empty: ID 0 names nothing. */
  readonly #fds: (AnyFd | undefined)[] = [undefined];
  readonly #generations: number[] = [0];
  readonly #freePlaces: number[] = [];
  readonly #population: Population;

  /** `population` takes account of what is in this table, among others. */
  constructor(population = new Population()) {
    this.#population = population;
  }

  /** Takes the caller's reference to `fd` and names it. */
  insert(fd: AnyFd): FdId {
    const place = this.#freePlaces.pop() ?? this.#fds.length;
    const generation = this.#generations[place] ?? 0;
    this.#fds[place] = fd;
    this.#generations[place] = generation;
    this.#population.grow();
    return (generation * placeValues + place) as FdId;
  }

  /** The descriptor, borrowed, or EBADF. */
  lookUp(id: FdId): Result<AnyFd> {
    const generation = Math.floor(id / placeValues);
    const place = id - generation * placeValues;
    const fd = this.#fds[place];
    return fd === undefined || this.#generations[place] !== generation ? fail(Errno.EBADF) : fd;
  }

  /** All of them, borrowed. */
  *all(): Iterable<AnyFd> {
    for (const fd of this.#fds) if (fd !== undefined) yield fd;
  }

  /** Ends the client's reference. An unknown ID is passed over. */
  close(id: FdId): void {
    const fd = this.lookUp(id);
    if (!("release" in fd)) return;
    const place = id % placeValues;
    this.#fds[place] = undefined;
    this.#population.shrink();
    const generation = (this.#generations[place] ?? 0) + 1;
    this.#generations[place] = generation;
    // A place that has used up its generations is never given out again.
    if (generation <= generationMax) this.#freePlaces.push(place);
    fd.release();
  }

  /** Ends all of the client's references. */
  closeAll(): void {
    for (let place = 0; place < this.#fds.length; place++) {
      const fd = this.#fds[place];
      if (fd === undefined) continue;
      this.#fds[place] = undefined;
      this.#population.shrink();
      fd.release();
    }
  }
}
