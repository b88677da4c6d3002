import { durationText, factorText, mebibytesText } from "./format.ts";
import type { Footprint } from "./results.ts";
import { quantile } from "./statistics.ts";
import type { Table } from "./table.ts";

/** How one quantity is taken from a footprint and shown. */
type Quantity = readonly [name: string, of: (footprint: Footprint) => number, show: (value: number) => string];

const states = [
  ["at idle", "idle"],
  ["with open nodes", "withNodes"],
  ["after load", "afterLoad"],
] as const;

const memories = [
  ["resident memory", "residentKiB"],
  ["proportional share", "proportionalKiB"],
  ["private memory", "privateKiB"],
] as const;

function quantities(): Quantity[] {
  const millis = (value: number): string => durationText(value * 1e6);
  const count = (value: number): string => `${value}`;
  return [
    ["executable", ({ executableBytes }) => executableBytes, mebibytesText],
    ["start to first Mount reply, p50", ({ startMillis }) => quantile(startMillis, 0.5), millis],
    ["start to first Mount reply, p90", ({ startMillis }) => quantile(startMillis, 0.9), millis],
    ...states.flatMap(([when, state]) => [
      ...memories.map(([name, memory]): Quantity => [`${name} ${when}`, (f) => f[state][memory] * 1024, mebibytesText]),
      [`threads ${when}`, (f: Footprint) => f[state].threads, count] as const,
      [`descriptors ${when}`, (f: Footprint) => f[state].descriptors, count] as const,
    ]),
    ["processor at idle", ({ idleProcessorShare }) => idleProcessorShare, (share) => `${(share * 100).toFixed(3)} %`],
  ];
}

/** A row for each quantity. Throws when either gofer is missing. */
export function footprintTable(footprints: readonly Footprint[]): Table {
  const [stock, ours] = (["stock", "ours"] as const).map((target) => footprints.find((one) => one.target === target));
  if (stock === undefined || ours === undefined) throw new RangeError("want the footprints of both gofers");
  return {
    title: `Footprint (open nodes: ${stock.nodes.toLocaleString("en-US")})`,
    columns: ["", "stock", "ours", "ratio"],
    rows: quantities().map(([name, of, show]) => {
      const base = of(stock);
      return [name, show(base), show(of(ours)), base === 0 ? "" : factorText(of(ours) / base)];
    }),
  };
}
