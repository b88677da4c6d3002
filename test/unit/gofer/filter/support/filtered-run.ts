import { join } from "node:path";
import type { FilteredRun } from "./filtered-process.ts";

/** What came of it. */
export interface FilteredEnd {
  /** What it printed: "filtered", what each call returned, "done". */
  readonly lines: readonly string[];
  /** undefined when it exited. */
  readonly signal: string | undefined;
  readonly status: number | undefined;
  readonly stderr: string;
}

const script = join(import.meta.dir, "filtered-process.ts");

const defaults: FilteredRun = {
  usesLisafs: true,
  hostUds: { open: false, create: false },
  trials: [],
  pressure: false,
  onHelperThread: false,
  extraRules: [],
};

/** Runs a process with the gofer's filter to its end. */
export async function runFiltered(
  run: Partial<FilteredRun>,
  environment: Readonly<Record<string, string>> = {},
): Promise<FilteredEnd> {
  const child = Bun.spawn([process.execPath, script, JSON.stringify({ ...defaults, ...run })], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return {
    lines: stdout.trimEnd().split("\n"),
    signal: child.signalCode?.toString(),
    status: child.exitCode ?? undefined,
    stderr,
  };
}
