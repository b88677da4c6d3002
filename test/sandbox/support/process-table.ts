import { readdirSync, readFileSync, statSync } from "node:fs";

export type HostProcess = { readonly pid: number; readonly argv: readonly string[] };

/** Living processes that have `text` somewhere in their command line. A zombie has none, so it does not count. */
export function processesMentioning(text: string): HostProcess[] {
  const found: HostProcess[] = [];
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) {
      continue;
    }
    const argv = commandLine(pid);
    if (argv.some((word) => word.includes(text))) {
      found.push({ pid, argv });
    }
  }
  return found;
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  } catch {
    // It ended while the table was read.
    return [];
  }
}

/** The gofers among those processes: runsc names each of them so, whichever executable it is. */
export function gofersMentioning(text: string): HostProcess[] {
  return processesMentioning(text).filter((candidate) => candidate.argv[0] === "runsc-gofer");
}

/** Tells whether process `pid` runs the file at `path`. Compares files, since a gofer's own root hides the path. */
export function runsExecutable(pid: number, path: string): boolean {
  const running = statSync(`/proc/${pid}/exe`, { bigint: true });
  const wanted = statSync(path, { bigint: true });
  return running.dev === wanted.dev && running.ino === wanted.ino;
}
