import { durationText } from "./format.ts";
import type { MicroResults } from "./results.ts";
import type { Table } from "./table.ts";

/** A table for each file of micro-benchmarks. */
export function microTables({ files }: MicroResults): Table[] {
  return files.map(({ name, timings }) => ({
    title: `Micro-benchmarks: ${name}`,
    columns: ["", "average", "p50", "p99"],
    rows: timings.map((timing) => [
      timing.name,
      durationText(timing.averageNanos),
      durationText(timing.p50Nanos),
      durationText(timing.p99Nanos),
    ]),
  }));
}
