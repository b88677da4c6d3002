import type { HostFd } from "../../ffi/host-fd.ts";
import { nodeFs } from "../../ffi/node-fs.ts";
import type { Log } from "../log/log.ts";
import type { LoopTick } from "../transport/watched-loop.ts";
import { type CpuProfile, joinProfiles } from "./cpu-profile.ts";
import { CpuSampler } from "./cpu-sampler.ts";
import { messageOf } from "./start-failure.ts";

/** Where profiles of the runtime go. The descriptors are borrowed for good. */
export interface RuntimeProfileFiles {
  readonly cpu: readonly HostFd[];
  readonly heap: readonly HostFd[];
}

/** How CPU profiles are made. */
export interface CpuProfiling {
  /** How often what was seen is taken out of the sampler's memory and written: who kills the process takes no more of it along. */
  readonly partMillis: number;
  /** How long a whole profile may be. */
  readonly wholeMillis: number;
}

const usualCpuProfiling: CpuProfiling = { partMillis: 2000, wholeMillis: 60_000 };

/** Profiles of the JavaScript runtime: where its time goes, and what its memory holds. */
export class RuntimeProfiles {
  readonly #files: RuntimeProfileFiles;
  readonly #log: Log;
  readonly #cpu: CpuProfiling;
  readonly #sampler: CpuSampler | undefined;
  /** The parts of the profile that is being made which were taken already. */
  #cpuProfile: CpuProfile | undefined;

  /** Starts to look at once. */
  constructor(files: RuntimeProfileFiles, log: Log, cpu = usualCpuProfiling) {
    this.#files = files;
    this.#log = log;
    // Nothing of it may be left to load when the filter is installed.
    if (this.descriptors.length > 0) nodeFs();
    this.#cpu = cpu;
    if (files.cpu.length === 0) return;
    this.#sampler = new CpuSampler();
    this.#sampler.start();
    log.info("CPU profile started", { secondsMax: cpu.wholeMillis / 1000 });
  }

  get descriptors(): readonly HostFd[] {
    return [...this.#files.cpu, ...this.#files.heap];
  }

  get profilesCpu(): boolean {
    return this.#sampler !== undefined;
  }

  /** What is to be done while the process serves. */
  get tick(): LoopTick | undefined {
    const sampler = this.#sampler;
    return sampler === undefined ? undefined : { millis: this.#cpu.partMillis, run: () => this.#takePart(sampler) };
  }

  /** Writes what there is in place of what was written before, and begins anew. The process stands still meanwhile. */
  checkpoint(): void {
    this.finish();
    this.#sampler?.start();
  }

  /** Writes what there is in place of what was written before. */
  finish(): void {
    if (this.#sampler?.runningMillis !== undefined) this.#endCpuProfile(this.#sampler);
    if (this.#files.heap.length > 0) this.#write("heap snapshot", this.#files.heap, Bun.generateHeapSnapshot("v8"));
  }

  #takePart(sampler: CpuSampler): void {
    const { runningMillis } = sampler;
    if (runningMillis === undefined || runningMillis < this.#cpu.partMillis) return;
    const profile = this.#writeCpuProfile(sampler);
    if (profile.endTime - profile.startTime < this.#cpu.wholeMillis * 1000) sampler.start();
    else this.#forgetCpuProfile(profile);
  }

  #endCpuProfile(sampler: CpuSampler): void {
    this.#forgetCpuProfile(this.#writeCpuProfile(sampler));
  }

  #writeCpuProfile(sampler: CpuSampler): CpuProfile {
    const part = sampler.stop();
    const profile = this.#cpuProfile === undefined ? part : joinProfiles(this.#cpuProfile, part);
    this.#cpuProfile = profile;
    this.#write("CPU profile", this.#files.cpu, JSON.stringify(profile));
    return profile;
  }

  #forgetCpuProfile({ startTime, endTime, samples }: CpuProfile): void {
    this.#cpuProfile = undefined;
    const seconds = ((endTime - startTime) / 1e6).toFixed(3);
    this.#log.info("CPU profile ended", { seconds, samples: samples.length });
  }

  #write(what: string, files: readonly HostFd[], text: string): void {
    const { ftruncateSync, writeSync } = nodeFs();
    const bytes = Buffer.from(text);
    for (const file of files) {
      try {
        ftruncateSync(file, 0);
        for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, at);
        this.#log.debug(`${what} written`, { descriptor: file, bytes: bytes.length });
      } catch (error) {
        this.#log.warn(`cannot write the ${what}`, { descriptor: file, error: messageOf(error) });
      }
    }
  }
}
