import { scopesOf } from "../../../../bench/report/gofers.ts";
import type { Measurements } from "../../../../bench/report/page.ts";
import type { Footprint, GoferResults, GoferSeries, GoferTurn, Target } from "../../../../bench/report/results.ts";

/** Turns of one target that does so many operations a second, one round after the other. */
export function turnsOf(target: Target, perSecond: readonly number[]): GoferTurn[] {
  return perSecond.map((operations, index) => ({
    target,
    round: index + 1,
    operations,
    seconds: 1,
    processorSeconds: 0.5,
    p50Nanos: 1e9 / operations,
    p90Nanos: 2e9 / operations,
    p99Nanos: 3e9 / operations,
  }));
}

/** A series over channels in which stock does 1,000 operations a second, and stock again as many as said. */
export function seriesOf(
  operation: string,
  ours: number,
  again = 1000,
  changes: Partial<GoferSeries> = {},
): GoferSeries {
  return {
    operation,
    wire: "channel",
    threads: 1,
    mounts: 1,
    turns: [
      ...turnsOf("stock", [1000, 1000, 1000]),
      ...turnsOf("ours", [ours, ours, ours]),
      ...turnsOf("stock again", [again, again, again]),
    ],
    ...changes,
  };
}

export function resultsOf(series: readonly GoferSeries[], processors = 2): GoferResults {
  return {
    seed: 7,
    processors,
    sharedCgroup: true,
    gVisor: "v1",
    turnMillis: 500,
    series: [...series],
    footprints: [],
  };
}

export function footprintOf(target: Target, executableBytes: number, threads: number): Footprint {
  const state = { residentKiB: 2048, proportionalKiB: 1024, privateKiB: 512, threads, descriptors: 20 };
  return {
    target,
    executableBytes,
    startMillis: [10, 30, 20],
    idle: state,
    idleProcessorShare: 0,
    nodes: 15_000,
    withNodes: state,
    afterLoad: state,
  };
}

/** Everything that can be measured, all of it once. */
export function measurementsOf(gofers: readonly GoferResults[]): Measurements {
  return {
    machine: {
      date: "2026-01-02",
      processor: "Some Processor",
      processors: 2,
      memoryBytes: 4 * 2 ** 30,
      kernel: "6.1",
      gofer: "bun-gofer 1.2.3",
    },
    gofers,
    scopes: scopesOf(gofers),
    footprints: [footprintOf("stock", 2 ** 20, 8), footprintOf("ours", 2 ** 21, 4)],
    sandboxes: {
      seed: 9,
      series: [
        {
          workload: "git clone",
          directfs: false,
          turns: [
            { target: "stock", round: 1, seconds: 2 },
            { target: "ours", round: 1, seconds: 1 },
            { target: "stock again", round: 1, seconds: 2.5 },
          ],
        },
      ],
    },
    micro: {
      files: [{ name: "locks", timings: [{ name: "free lock", averageNanos: 4, p50Nanos: 3, p99Nanos: 5000 }] }],
    },
  };
}
