import { type Comparison, compare } from "./comparison.ts";
import { durationText, factorText, ratioText } from "./format.ts";
import type { SandboxResults } from "./results.ts";
import { geometricMean } from "./statistics.ts";
import type { Table } from "./table.ts";

/** A row for each workload: how long it takes in a sandbox on either gofer. */
export function sandboxTable({ series }: SandboxResults): Table {
  const rows = series.map(({ workload, directfs, turns }) => ({
    workload,
    directfs,
    time: compare(turns.map(({ target, round, seconds }) => ({ target, round, value: seconds }))),
  }));
  const means = [false, true].flatMap((directfs) => {
    const times = rows.filter((row) => row.directfs === directfs).map(({ time }) => time);
    return times.length === 0 ? [] : [meanRow(directfs, times)];
  });
  return {
    title: "Sandbox against sandbox: time of a workload",
    columns: ["workload", "directfs", "stock", "ours", "time", "A/A"],
    wordColumns: 2,
    rows: [
      ...rows.map(({ workload, directfs, time }) => [
        workload,
        onOrOff(directfs),
        durationText(time.stock * 1e9),
        durationText(time.ours * 1e9),
        ratioText(time.ratio),
        ratioText(time.again),
      ]),
      ...means,
    ],
  };
}

function meanRow(directfs: boolean, times: readonly Comparison[]): string[] {
  const mean = (of: (time: Comparison) => number): string => factorText(geometricMean(times.map(of)));
  return [
    "geometric mean",
    onOrOff(directfs),
    "",
    "",
    mean(({ ratio }) => ratio.value),
    mean(({ again }) => again.value),
  ];
}

function onOrOff(directfs: boolean): string {
  return directfs ? "on" : "off";
}
