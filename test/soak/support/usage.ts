import { readFileSync } from "node:fs";

const mebibyte = 1024 * 1024;

/** What a process uses at a quiet moment. Memory in bytes. */
export interface Usage {
  readonly residentBytes: number;
  /** As resident memory, but a page that n processes share counts as one n-th. */
  readonly proportionalBytes: number;
  /** Of no other process: its heap above all. */
  readonly privateBytes: number;
  readonly threads: number;
}

/** How much more a gofer may use in the last quarter of its life than in the second one, by the medians. */
const growthMax = {
  /**
   * Garbage may come to 8 MiB before it is collected, and may just have been, or not; the rest is for code that was compiled
   * late, and pages of the allocator that are not given back.
   */
  privateBytes: 16 * mebibyte,
  /** The engine's threads that compile and collect come and go, at most four of them; helper threads are all there early. */
  threads: 4,
} as const;

/** What /proc says of the process `pid`. Source: proc(5). */
export function usageOf(pid: number): Usage {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "latin1");
  const bytes = (field: string): number => Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(rollup)?.[1]) * 1024;
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return {
    residentBytes: bytes("Rss"),
    proportionalBytes: bytes("Pss"),
    privateBytes: bytes("Private_Clean") + bytes("Private_Dirty"),
    threads: Number(/^Threads:\s*(\d+)$/m.exec(status)?.[1]),
  };
}

export function describeUsage(usage: Usage): string {
  const mebibytes = (bytes: number): string => (bytes / mebibyte).toFixed(1);
  const { residentBytes, proportionalBytes, privateBytes, threads } = usage;
  const memory = [residentBytes, proportionalBytes, privateBytes].map(mebibytes);
  return `RSS ${memory[0]} MiB, PSS ${memory[1]}, private ${memory[2]}, ${threads} threads`;
}

/** In what the process has grown that was looked at these times, evenly spread over its life. Nothing, if all is well. */
export function growthIn(samples: readonly Usage[]): readonly string[] {
  const quarter = Math.floor(samples.length / 4);
  if (quarter === 0) return [`looked at ${samples.length} times: too few to tell whether it grows`];
  const second = samples.slice(quarter, 2 * quarter);
  const last = samples.slice(-quarter);
  return (Object.keys(growthMax) as (keyof typeof growthMax)[]).flatMap((field) => {
    const before = medianOf(second.map((usage) => usage[field]));
    const after = medianOf(last.map((usage) => usage[field]));
    if (after - before <= growthMax[field]) return [];
    return [`${field} grew from ${before} to ${after}: at most ${growthMax[field]} more allowed`];
  });
}

/** Of an even number of them, the higher one in the middle. */
function medianOf(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}
