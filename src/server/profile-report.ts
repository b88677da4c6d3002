import { messageName } from "../wire/trace.ts";
import { latencyBuckets, percentileOf } from "./latency-buckets.ts";
import {
  bucketsAt,
  type Figure,
  figureAt,
  profileBytes,
  profileMark,
  recordAt,
  recordedMessages,
  recordField,
} from "./profile-layout.ts";

const headings = [
  "count",
  "errors",
  "min µs",
  "p50 µs",
  "p90 µs",
  "p99 µs",
  "max µs",
  "total ms",
  "bytes in",
  "bytes out",
  "message",
];

/** Latencies in nanoseconds. */
interface MessageProfile {
  readonly name: string;
  readonly count: number;
  readonly errors: number;
  readonly least: number;
  readonly percentiles: readonly number[];
  readonly most: number;
  readonly sum: number;
  readonly requestBytes: number;
  readonly replyBytes: number;
}

/** The profile that a file holds; undefined when it holds something else. */
export function readProfile(file: Buffer): Float64Array | undefined {
  const mark = Buffer.from(profileMark, "latin1");
  if (file.length < profileBytes || !file.subarray(0, mark.length).equals(mark)) return undefined;
  const copy = new Uint8Array(profileBytes);
  copy.set(file.subarray(0, profileBytes));
  return new Float64Array(copy.buffer);
}

/** A profile in lines for people: each kind of request, the one that took most time in all first; the loop; garbage. */
export function profileLines(numbers: Float64Array): string[] {
  const figure = (name: Figure): number => numbers[figureAt[name]] ?? 0;
  const started = new Date(figure("startedAtMillis")).toISOString();
  return [
    `profile of ${seconds(figure("elapsed"))} s from ${started}`,
    ...table(messageProfiles(numbers)),
    `replies: ${figure("channelReplies")} over channels, ${figure("socketReplies")} over sockets`,
    `loop: ${figure("turns")} turns; ${figure("spinHits")} spins hit and ${figure("spinMisses")} missed, ` +
      `${seconds(figure("spinTime"))} s in all; ${figure("waits")} waits, ${seconds(figure("waitTime"))} s in all, ` +
      `${figure("idleWakeUps")} woke up for nothing`,
    `garbage: ${figure("youngCollections")} quick collections, ${seconds(figure("youngCollectionTime"))} s in all; ` +
      `${figure("fullCollections")} full ones, ${seconds(figure("fullCollectionTime"))} s in all`,
  ];
}

function messageProfiles(numbers: Float64Array): MessageProfile[] {
  const profiles: MessageProfile[] = [];
  for (let id = 0; id < recordedMessages; id++) {
    const at = recordAt(id);
    const field = (name: keyof typeof recordField): number => numbers[at + recordField[name]] ?? 0;
    const count = field("count");
    if (count === 0) continue;
    const buckets = numbers.subarray(at + bucketsAt, at + bucketsAt + latencyBuckets);
    const [least, most] = [field("least"), field("most")];
    profiles.push({
      name: messageName(id),
      count,
      errors: field("errors"),
      least,
      // A bucket's end may lie beyond what was ever measured.
      percentiles: [0.5, 0.9, 0.99].map((share) => Math.min(percentileOf(buckets, share), most)),
      most,
      sum: field("sum"),
      requestBytes: field("requestBytes"),
      replyBytes: field("replyBytes"),
    });
  }
  return profiles.sort((a, b) => b.sum - a.sum);
}

function table(profiles: readonly MessageProfile[]): string[] {
  const rows = profiles.map(({ name, count, errors, least, percentiles, most, sum, requestBytes, replyBytes }) => [
    ...[count, errors].map(String),
    ...[least, ...percentiles, most].map(micros),
    (sum / 1e6).toFixed(3),
    ...[requestBytes, replyBytes].map(String),
    name,
  ]);
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [headings, ...rows].map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padStart(widths[column] ?? 0))).join("  "),
  );
}

function micros(nanos: number): string {
  return (nanos / 1000).toFixed(1);
}

function seconds(nanos: number): string {
  return (nanos / 1e9).toFixed(3);
}
