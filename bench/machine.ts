import { cpus, release, totalmem } from "node:os";
import { ourGofer } from "./executables.ts";
import type { MachineFacts } from "./report/results.ts";

/** What is measured on, and what is measured. Throws when our gofer cannot say which it is. */
export function observeMachine(): MachineFacts {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: processors[0]?.model ?? "unknown processor",
    processors: processors.length,
    memoryBytes: totalmem(),
    kernel: release(),
    gofer: versionOf(ourGofer),
  };
}

function versionOf(gofer: string): string {
  const { success, stdout, stderr } = Bun.spawnSync([gofer, "version"]);
  if (!success) throw new Error(`${gofer} version: ${stderr.toString()}`);
  return stdout.toString().trim();
}
