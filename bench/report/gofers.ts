import { type Comparison, compare, noiseFactor, type Verdict, verdictOf } from "./comparison.ts";
import { factorText, numberText, ratioText } from "./format.ts";
import type { GoferResults, GoferSeries, GoferTurn } from "./results.ts";
import { geometricMean } from "./statistics.ts";
import type { Table } from "./table.ts";

/** One operation under one condition, all quantities compared. */
export interface OperationComparison {
  readonly series: GoferSeries;
  readonly perSecond: Comparison;
  readonly p50: Comparison;
  readonly p90: Comparison;
  readonly p99: Comparison;
  readonly processorTime: Comparison;
}

/** What was measured with the same processors over the same communicator. */
export interface Scope {
  readonly title: string;
  readonly processors: number;
  readonly wire: GoferSeries["wire"];
  readonly operations: readonly OperationComparison[];
  /** See noiseFactor(); of operations per second. */
  readonly noise: number;
}

export function scopesOf(results: readonly GoferResults[]): Scope[] {
  return results.flatMap(({ processors, series }) =>
    (["channel", "socket"] as const).flatMap((wire) => {
      const operations = series.filter((one) => one.wire === wire).map(compareOperation);
      if (operations.length === 0) return [];
      const title = `${wire === "channel" ? "channels" : "socket"}, ${processorsText(processors)}`;
      const noise = noiseFactor(operations.map(({ perSecond }) => perSecond));
      return [{ title, processors, wire, operations, noise }];
    }),
  );
}

function processorsText(count: number): string {
  return count === 1 ? "one processor" : `${count} processors`;
}

function compareOperation(series: GoferSeries): OperationComparison {
  const by = (quantity: (turn: GoferTurn) => number): Comparison =>
    compare(series.turns.map((turn) => ({ target: turn.target, round: turn.round, value: quantity(turn) })));
  return {
    series,
    perSecond: by(({ operations, seconds }) => operations / seconds),
    p50: by(({ p50Nanos }) => p50Nanos),
    p90: by(({ p90Nanos }) => p90Nanos),
    p99: by(({ p99Nanos }) => p99Nanos),
    processorTime: by(({ processorSeconds, operations }) => processorSeconds / operations),
  };
}

/** Everything of one scope, a row for each operation and number of threads. */
export function scopeTable({ title, operations }: Scope): Table {
  return {
    title: `Gofer against gofer: ${title}`,
    columns: ["operation", "threads", "stock/s", "ours/s", "ops/s", "A/A", "p50", "p90", "p99", "CPU/op"],
    rows: operations.map(({ series, perSecond, p50, p90, p99, processorTime }) => [
      series.operation,
      threadsText(series),
      numberText(perSecond.stock),
      numberText(perSecond.ours),
      ratioText(perSecond.ratio),
      factorText(perSecond.again.value),
      factorText(p50.ratio.value),
      factorText(p90.ratio.value),
      factorText(p99.ratio.value),
      factorText(processorTime.ratio.value),
    ]),
  };
}

function threadsText({ threads, mounts }: GoferSeries): string {
  return mounts === 1 ? `${threads}` : `${threads} on ${mounts} mounts`;
}

function threadsPhrase({ threads, mounts }: GoferSeries): string {
  const phrase = threads === 1 ? "1 thread" : `${threads} threads`;
  return mounts === 1 ? phrase : `${phrase} on ${mounts} mounts`;
}

/** A row for each scope: geometric means over its operations, and how many are better or worse. */
export function summaryTable(scopes: readonly Scope[]): Table {
  const mean = (operations: readonly OperationComparison[], of: (o: OperationComparison) => number): string =>
    factorText(geometricMean(operations.map(of)));
  return {
    title: "Gofer against gofer: geometric means, ours to stock",
    columns: ["condition", "ops/s", "lowest", "p50", "p99", "CPU/op", "A/A ops/s", "noise", "better", "even", "worse"],
    rows: scopes.map((scope) => {
      const { title, operations, noise } = scope;
      const count = (verdict: Verdict): string => `${operations.filter((o) => verdictIn(scope, o) === verdict).length}`;
      return [
        title,
        mean(operations, (o) => o.perSecond.ratio.value),
        factorText(Math.min(...operations.map((o) => o.perSecond.ratio.value))),
        mean(operations, (o) => o.p50.ratio.value),
        mean(operations, (o) => o.p99.ratio.value),
        mean(operations, (o) => o.processorTime.ratio.value),
        mean(operations, (o) => o.perSecond.again.value),
        `±${((noise - 1) * 100).toFixed(0)} %`,
        count("better"),
        count("even"),
        count("worse"),
      ];
    }),
  };
}

/** Whether ours does more operations per second than stock, fewer, or about as many. */
function verdictIn({ noise }: Scope, { perSecond }: OperationComparison): Verdict {
  return verdictOf(perSecond, noise, true);
}

/** Names what is better, or worse, in operations per second, the largest difference first. */
export function listOf(scopes: readonly Scope[], verdict: "better" | "worse"): string[] {
  const found = scopes.flatMap((scope) =>
    scope.operations
      .filter((operation) => verdictIn(scope, operation) === verdict)
      .map(({ series, perSecond }) => ({
        factor: perSecond.ratio.value,
        text: `${series.operation}, ${threadsPhrase(series)}, ${scope.title}`,
      })),
  );
  return found
    .toSorted((a, b) => Math.abs(Math.log(b.factor)) - Math.abs(Math.log(a.factor)))
    .map(({ factor, text }) => `${text}: ${factorText(factor)}`);
}
