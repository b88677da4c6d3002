import { existsSync, readFileSync } from "node:fs";
import { DemoFailure } from "./failure.ts";

const counterBytes = 8;

/** The sum of all request counts that the gofer left in a file: one little-endian u64 for each message. */
export function requestsServed(statistics: string): bigint {
  if (!existsSync(statistics)) {
    throw new DemoFailure("the gofer left no request counts: is this runsc adopted by bun-gofer?");
  }
  const counters = readFileSync(statistics);
  let sum = 0n;
  for (let offset = 0; offset + counterBytes <= counters.length; offset += counterBytes) {
    sum += counters.readBigUInt64LE(offset);
  }
  if (sum === 0n) {
    throw new DemoFailure("the gofer counted no request at all");
  }
  return sum;
}

/** The gofer's own table of these counts, one message a line. */
export function requestTable(gofer: string, statistics: string): string {
  const result = Bun.spawnSync([gofer, "stats", statistics]);
  if (!result.success) {
    throw new DemoFailure(`bun-gofer stats: status ${result.exitCode}\n${result.stderr.toString().trimEnd()}`);
  }
  return result.stdout.toString();
}
