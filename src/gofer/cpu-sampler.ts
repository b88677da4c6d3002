import type { CpuProfile } from "./cpu-profile.ts";

const sampleMicros = 1000;

/**
 * Looks at what JavaScript the process runs, a thousand times a second, from a thread of its own. It stops the serving thread for a
 * moment each time, by a signal, which cuts its waits short as well. What it has seen stays in memory until it is taken, up to three
 * megabytes for a second.
 */
export class CpuSampler {
  // Taken when it is wanted: no other gofer needs the module.
  readonly #session = new (process.getBuiltinModule("node:inspector").Session)();
  #startedAt: number | undefined;

  constructor() {
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.setSamplingInterval", { interval: sampleMicros });
  }

  /** For how many milliseconds it has been looking; undefined while it does not. */
  get runningMillis(): number | undefined {
    return this.#startedAt === undefined ? undefined : performance.now() - this.#startedAt;
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#session.post("Profiler.start");
  }

  /** Ends looking, and gives what was seen. */
  stop(): CpuProfile {
    this.#startedAt = undefined;
    const result: unknown = this.#session.post("Profiler.stop");
    if (typeof result !== "object" || result === null || !("profile" in result)) {
      throw new Error("the runtime gives no profile");
    }
    return result.profile as CpuProfile;
  }
}
