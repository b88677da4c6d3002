import type { HostFd } from "../../ffi/host-fd.ts";
import type { BlockingCalls } from "./blocking-calls.ts";
import { Loop } from "./loop.ts";

/** Hears what a loop does with its time. All durations in nanoseconds. */
export interface LoopObserver {
  /** A turn begins. */
  turned(): void;
  /** A spin has ended, and `hit` something to do or not. */
  spun(nanos: number, hit: boolean): void;
  /** A wait in the kernel has ended. */
  waited(nanos: number): void;
  /** After the last wait there was nothing to do: it was cut short, or another thread's concern. */
  wokeForNothing(): void;
}

/** What is to be done over and over: at each turn, and at least every `millis` milliseconds. */
export interface LoopTick {
  readonly millis: number;
  run(): void;
}

/** A loop that tells an observer what it does, and that has something to do even while there are no requests. */
export class WatchedLoop extends Loop {
  readonly #observer: LoopObserver | undefined;
  readonly #tick: LoopTick | undefined;
  #hasJustWaited = false;

  /** As Loop. */
  constructor(
    calls: BlockingCalls,
    onTurn: () => void,
    observer: LoopObserver | undefined,
    tick: LoopTick | undefined,
  ) {
    super(calls, onTurn);
    this.#observer = observer;
    this.#tick = tick;
  }

  override turn(timeoutMillis: number): void {
    this.#observer?.turned();
    this.#tick?.run();
    super.turn(timeoutMillis);
  }

  protected override serveReady(): boolean {
    const served = super.serveReady();
    if (this.#hasJustWaited && !served) this.#observer?.wokeForNothing();
    this.#hasJustWaited = false;
    return served;
  }

  protected override spin(): boolean {
    const start = Bun.nanoseconds();
    const hit = super.spin();
    this.#observer?.spun(Bun.nanoseconds() - start, hit);
    return hit;
  }

  protected override block(timeoutMillis: number): readonly HostFd[] {
    if (timeoutMillis === 0) return super.block(timeoutMillis);
    const start = Bun.nanoseconds();
    const ready = super.block(this.#limit(timeoutMillis));
    this.#observer?.waited(Bun.nanoseconds() - start);
    this.#hasJustWaited = ready.length === 0;
    return ready;
  }

  #limit(timeoutMillis: number): number {
    if (this.#tick === undefined) return timeoutMillis;
    return timeoutMillis < 0 ? this.#tick.millis : Math.min(timeoutMillis, this.#tick.millis);
  }
}
