import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Container } from "../process/support/container.ts";
import { GoferProcess } from "../process/support/gofer-process.ts";
import { lockDownFiguresOf } from "../process/support/lock-down-figures.ts";
import { type PrivilegeMode, privilegeModes, strayThreads } from "../process/support/privileges.ts";
import { buildThreadChurn } from "../process/support/thread-churn.ts";

/*
 * Starts gofers over and over, on a machine that is kept busy, while threads come and go in them all the time, and looks at every
 * thread of each from outside, whether it has given up its privileges. The argument is the number of starts. Needs root and gcc.
 */

const startsDefault = 1000;
const looks = 3;
const startsPerReport = 50;

interface Start {
  readonly milliseconds: number;
  readonly passes: number;
  readonly threads: number;
  readonly threadsSeen: number;
}

/** One start: throws when the gofer does not serve, or when a thread of it has kept a privilege. */
async function startOnce(index: number, library: string): Promise<Start> {
  const mode = privilegeModes[index % privilegeModes.length];
  if (mode === undefined) throw new Error("there are no modes");
  const container = new Container();
  try {
    await using gofer = new GoferProcess(container, {
      ...mode.options,
      spec: container.spec(),
      mountConfs: "lisafs:none",
      environment: { LD_PRELOAD: library },
    });
    try {
      return watchStart(gofer, mode);
    } catch (error) {
      const { status, stderr, debugLog } = await gofer.end();
      throw new Error(`${mode.name}: status ${status}\n${stderr}${debugLog}`, { cause: error });
    }
  } finally {
    container.remove();
  }
}

function watchStart(gofer: GoferProcess, mode: PrivilegeMode): Start {
  gofer.synchronize();
  gofer.readMounts();
  let threadsSeen = 0;
  for (let look = 0; look < looks; look++) {
    gofer.mounted(0);
    const { stray, seen } = strayThreads(gofer.pid, mode);
    if (stray.length > 0) throw new Error(stray.join("\n"));
    threadsSeen = Math.max(threadsSeen, seen.size);
  }
  return { ...lockDownFiguresOf(gofer.said.debugLog), threadsSeen };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function summaryOf(starts: readonly Start[], pick: (start: Start) => number): string {
  const sorted = starts.map(pick).toSorted((one, other) => one - other);
  return [0.5, 0.9, 0.99, 1].map((share) => quantile(sorted, share)).join(" / ");
}

const wanted = Number(process.argv[2] ?? startsDefault);
if (!Number.isInteger(wanted) || wanted < 1) {
  console.error("usage: bun test/stress/starts.ts [STARTS]");
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), "bun-gofer-stress-"));
const load = Array.from({ length: availableParallelism() }, () => Bun.spawn(["sh", "-c", "while :; do :; done"]));
const starts: Start[] = [];
let failures = 0;
try {
  const library = buildThreadChurn(directory);
  for (let index = 0; index < wanted; index++) {
    try {
      starts.push(await startOnce(index, library));
    } catch (error) {
      failures++;
      console.error(`start ${index}:`, error);
    }
    if ((index + 1) % startsPerReport === 0) console.log(`${index + 1} starts, ${failures} failed`);
  }
} finally {
  for (const child of load) child.kill("SIGKILL");
  rmSync(directory, { recursive: true });
}

console.log(`${wanted} starts, ${failures} failed; p50 / p90 / p99 / max:`);
console.log(`  milliseconds to give up privileges   ${summaryOf(starts, ({ milliseconds }) => milliseconds)}`);
console.log(`  passes over all threads              ${summaryOf(starts, ({ passes }) => passes)}`);
console.log(`  threads that gave up privileges      ${summaryOf(starts, ({ threads }) => threads)}`);
console.log(`  threads seen afterwards              ${summaryOf(starts, ({ threadsSeen }) => threadsSeen)}`);
process.exitCode = failures === 0 ? 0 : 1;
