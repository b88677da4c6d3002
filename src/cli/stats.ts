import { readFileSync } from "node:fs";
import { profileLines, readProfile } from "../server/profile-report.ts";
import { messages } from "../wire/messages.ts";
import type { CommandOutput } from "./command-output.ts";

const usage = "usage: bun-gofer stats FILE";

const counterBytes = 8;

/**
 * `bun-gofer stats`, with the arguments after its name: prints what stands in a file that BUN_GOFER_STATS or
 * BUN_GOFER_PROFILE named.
 */
export function statsCommand(args: string[], io: CommandOutput): number {
  const [file, ...more] = args;
  if (file === undefined || more.length > 0 || file.startsWith("-")) {
    io.err(`bun-gofer stats: want one file, got ${args.length === 0 ? "none" : args.join(" ")}`);
    io.err(usage);
    return 2;
  }
  let figures: Buffer;
  try {
    figures = readFileSync(file);
  } catch (error) {
    io.err(`bun-gofer stats: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
  const profile = readProfile(figures);
  const lines = profile === undefined ? formatCounts(countsByMessage(figures)) : profileLines(profile);
  for (const line of lines) io.out(line);
  return 0;
}

interface Count {
  readonly name: string;
  readonly count: bigint;
}

/** Messages that have come at all, the most frequent first. A short file has no counts for the later messages. */
function countsByMessage(counters: Buffer): Count[] {
  return Object.entries(messages)
    .map(([name, { id }]) => {
      const at = id * counterBytes;
      return { name, count: at + counterBytes <= counters.length ? counters.readBigUInt64LE(at) : 0n };
    })
    .filter(({ count }) => count > 0n)
    .sort((a, b) => (a.count === b.count ? a.name.localeCompare(b.name) : a.count < b.count ? 1 : -1));
}

function formatCounts(counts: readonly Count[]): string[] {
  const total = counts.reduce((sum, { count }) => sum + count, 0n);
  const rows = [{ name: "message", count: "count" }, ...counts, { name: "total", count: total }];
  const width = Math.max(...rows.map(({ count }) => String(count).length));
  return rows.map(({ name, count }) => `${String(count).padStart(width)}  ${name}`);
}
