import { writeFileSync } from "node:fs";
import { run } from "mitata";

/** Names the file for the results, when whoever runs the benchmarks wants them. */
export const outputVariable = "BENCH_MICRO_OUTPUT";

/** What one benchmark takes, in nanoseconds. */
export interface MicroTiming {
  readonly name: string;
  readonly averageNanos: number;
  readonly p50Nanos: number;
  readonly p99Nanos: number;
}

/** Runs what was declared with bench(), shows it, and leaves it where it is wanted. Throws what a benchmark threw. */
export async function runBenchmarks(): Promise<void> {
  const { benchmarks } = await run({ throw: true });
  const timings = benchmarks.flatMap(({ runs }) =>
    runs.flatMap(({ name, stats }): MicroTiming[] =>
      stats === undefined ? [] : [{ name, averageNanos: stats.avg, p50Nanos: stats.p50, p99Nanos: stats.p99 }],
    ),
  );
  const output = process.env[outputVariable];
  if (output !== undefined) writeFileSync(output, JSON.stringify(timings));
}
