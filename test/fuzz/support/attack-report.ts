import type { ResidentMemory } from "./gofer-state.ts";

const mebibyte = 1024 * 1024;

/** What is to be told of an attack. */
export interface AttackReport {
  readonly memoryBefore: ResidentMemory;
  readonly memoryAfter: ResidentMemory;
  /** Without those of the connections that the attack was made by. */
  readonly descriptorsBefore: number;
  readonly descriptorsAfter: number;
  /** How often the bystander looked. */
  readonly looks: number;
  readonly longestWaitMillis: number;
  /** How many replies there were of each error, by its symbol, and of success. */
  readonly replies: ReadonlyMap<string, number>;
}

export function describeReport(report: AttackReport): string {
  const { memoryBefore, memoryAfter, descriptorsBefore, descriptorsAfter, looks, longestWaitMillis, replies } = report;
  const total = [...replies.values()].reduce((sum, count) => sum + count, 0);
  const mebibytes = [memoryBefore.now, memoryAfter.peak, memoryAfter.now].map((bytes) => Math.round(bytes / mebibyte));
  return (
    `${total} replies, resident memory ${mebibytes.join("/")} MiB (before/peak/after), ` +
    `descriptors ${descriptorsBefore}/${descriptorsAfter} (before/after), ` +
    `longest wait of a bystander ${longestWaitMillis.toFixed(1)} ms (${looks} looks)`
  );
}

/** One report of several attacks: sums of what is counted, the worst of what is measured. */
export function sumOf(reports: readonly AttackReport[]): AttackReport {
  const replies = new Map<string, number>();
  for (const report of reports) {
    for (const [outcome, count] of report.replies) replies.set(outcome, (replies.get(outcome) ?? 0) + count);
  }
  const largest = (value: (report: AttackReport) => number): number => Math.max(0, ...reports.map(value));
  return {
    memoryBefore: {
      now: largest((report) => report.memoryBefore.now),
      peak: largest((report) => report.memoryBefore.peak),
    },
    memoryAfter: {
      now: largest((report) => report.memoryAfter.now),
      peak: largest((report) => report.memoryAfter.peak),
    },
    descriptorsBefore: largest((report) => report.descriptorsBefore),
    descriptorsAfter: largest((report) => report.descriptorsAfter),
    looks: reports.reduce((sum, report) => sum + report.looks, 0),
    longestWaitMillis: largest((report) => report.longestWaitMillis),
    replies,
  };
}

/** Replies by their outcome, the most frequent first. */
export function describeReplies(replies: ReadonlyMap<string, number>): string {
  const sorted = [...replies].toSorted(([, left], [, right]) => right - left);
  return sorted.map(([outcome, count]) => `${outcome} ${count}`).join(", ");
}
