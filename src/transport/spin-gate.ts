/** How long one spin may last. */
export const spinMicrosMax = 60;

/** A spin is good when the next request comes while its client has not yet gone to sleep. */
const goodSpinMicros = 8;

/** Short requests in a row that make a try worth while, and how far apart they may be in the mean. */
const runLength = 64;
const meanGapMicrosMax = 200;

const probeNanos = 6_000_000;
const probeSpinsMin = 100;
const probeMissesMax = 40;

const hotWindowSpins = 256;
const hotGoodShareMin = 0.7;
const hotMissesMax = 12;

const backoffNanosMin = 30_000_000;
const backoffNanosMax = 1_000_000_000;

type Mode = "blocking" | "probing" | "hot";

/**
 * Decides when waiting awake for the next request pays. It pays only where short requests come in a dense stream, and only while they
 * do: so the gate tries for a few milliseconds after such a run, stays open as long as most spins hit at once, and after a
 * try that failed it waits ever longer for the next. With one processor there is nobody who could answer meanwhile.
 * Numbers by measurement: bench/ against the stock gofer.
 */
export class SpinGate {
  readonly #mayOpen: boolean;
  readonly #clock: () => number;
  #mode: Mode = "blocking";
  #run = 0;
  #runStartedAt = 0;
  #spins = 0;
  #goodSpins = 0;
  #misses = 0;
  #probeEndsAt = 0;
  #closedUntil = 0;
  #backoffNanos = backoffNanosMin;

  /** `clock` gives nanoseconds from any start. */
  constructor(processors = navigator.hardwareConcurrency, clock: () => number = Bun.nanoseconds) {
    this.#mayOpen = processors > 1;
    this.#clock = clock;
  }

  /** Notes a request; `isShort` when its answer takes no longer than a wake-up does. */
  noteRequest(isShort: boolean): void {
    if (!this.#mayOpen || this.#mode !== "blocking") return;
    if (!isShort) {
      this.#run = 0;
      return;
    }
    if (this.#run === 0) this.#runStartedAt = this.#clock();
    if (++this.#run < runLength) return;
    this.#run = 0;
    const now = this.#clock();
    const isDense = now - this.#runStartedAt < runLength * meanGapMicrosMax * 1000;
    if (isDense && now >= this.#closedUntil) this.#enter("probing", now);
  }

  /** Whether to spin before blocking. */
  get isOpen(): boolean {
    return this.#mode !== "blocking";
  }

  /** Notes how a spin went: after how many microseconds something was ready, or undefined for not at all. */
  noteSpin(micros: number | undefined): void {
    const now = this.#clock();
    this.#spins++;
    if (micros === undefined) this.#misses++;
    else if (micros <= goodSpinMicros) this.#goodSpins++;
    if (this.#mode === "probing") this.#judgeProbe(now);
    else if (this.#mode === "hot") this.#judgeHot(now);
  }

  #judgeProbe(now: number): void {
    if (now < this.#probeEndsAt && this.#misses <= probeMissesMax) return;
    if (this.#spins > probeSpinsMin && this.#goodSpins > this.#spins / 2) {
      this.#backoffNanos = backoffNanosMin;
      this.#enter("hot", now);
    } else {
      this.#backoffNanos = Math.min(this.#backoffNanos * 2, backoffNanosMax);
      this.#close(now + this.#backoffNanos);
    }
  }

  #judgeHot(now: number): void {
    if (this.#misses <= hotMissesMax && this.#spins < hotWindowSpins) return;
    if (this.#misses > hotMissesMax || this.#goodSpins < this.#spins * hotGoodShareMin) {
      this.#close(now + backoffNanosMin);
    } else {
      this.#enter("hot", now);
    }
  }

  #enter(mode: Mode, now: number): void {
    this.#mode = mode;
    this.#spins = 0;
    this.#goodSpins = 0;
    this.#misses = 0;
    this.#probeEndsAt = now + probeNanos;
  }

  #close(until: number): void {
    this.#mode = "blocking";
    this.#closedUntil = until;
    this.#run = 0;
  }
}
