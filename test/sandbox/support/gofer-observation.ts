import { expect } from "bun:test";
import { readlinkSync } from "node:fs";
import { becomesTrue } from "./poll.ts";
import { gofersMentioning, type HostProcess, runsExecutable } from "./process-table.ts";
import type { Workspace } from "./workspace.ts";

const startSecondsMax = 10;

/**
 * Waits until `count` gofers serve this workspace's running sandboxes, and asserts that each is the gofer under test.
 * On a stock runsc only their number is asserted.
 */
export async function expectGofers(workspace: Workspace, count: number): Promise<void> {
  const wanted = workspace.caller.executables.gofer;
  const isWanted = ({ pid }: HostProcess): boolean => wanted === undefined || runsExecutableNow(pid, wanted);
  const gofers = (): HostProcess[] => gofersMentioning(workspace.directory);
  // A gofer is seen as runsc itself for the instant before its entry point runs the gofer under test.
  await becomesTrue(() => gofers().length === count && gofers().every(isWanted), startSecondsMax);
  const seen = gofers();
  expect(seen.length).toBe(count);
  expect(seen.filter((gofer) => !isWanted(gofer)).map(({ pid }) => readlinkSync(`/proc/${pid}/exe`))).toEqual([]);
}

function runsExecutableNow(pid: number, path: string): boolean {
  try {
    return runsExecutable(pid, path);
  } catch {
    // It ended in between.
    return false;
  }
}
