import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ourGofer, stockRunsc } from "./executables.ts";
import { type GoferResults, goferResults } from "./report/results.ts";
import { repositoryRoot } from "./results-folder.ts";

const sources = resolve(repositoryRoot, "bench/gofers");
const program = resolve(repositoryRoot, ".cache/bench-gofers");

/** In a minute: a few operations over channels. Otherwise everything, in some forty minutes. */
const quickFlags = [
  "-operations",
  "^(FStat|Walk, depth 1|OpenAt|PRead, 4 |PWrite, 64|Getdents64)",
  "-wires",
  "channel",
];
const quickTurns = ["-threads", "1,4", "-mounts", "1", "-rounds", "3", "-turn", "250ms"];
const quickFootprint = ["-starts", "5", "-idle", "1s", "-load", "100ms"];

/** Compares the gofers request by request, on one processor and on all; when quick, on all only. */
export async function measureGofers(quick: boolean): Promise<GoferResults[]> {
  if (quick) return [await runProgram([...quickFlags, ...quickTurns])];
  return [await runProgram(["-one-processor"]), await runProgram([])];
}

/** Looks at what a gofer costs besides the time for its requests. */
export function measureFootprints(quick: boolean): Promise<GoferResults> {
  return runProgram(["-footprint", ...(quick ? quickFootprint : [])]);
}

/** Builds the Go program, which costs next to nothing when it was built before; gives its path. Throws when it fails. */
export async function buildProgram(): Promise<string> {
  mkdirSync(dirname(program), { recursive: true });
  await run(["go", "build", "-o", program, "."]);
  return program;
}

/** Runs the Go program with these flags. Its progress goes to standard error. Throws when it fails. */
async function runProgram(flags: readonly string[]): Promise<GoferResults> {
  const command = [await buildProgram(), "-stock", stockRunsc, "-ours", ourGofer, ...flags];
  return goferResults.parse(JSON.parse(await run(command)));
}

async function run(command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], {
    cwd: sources,
    env: { ...process.env, CGO_ENABLED: "0" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const [output, status] = await Promise.all([child.stdout.text(), child.exited]);
  if (status !== 0) throw new Error(`${command.join(" ")}: status ${status}`);
  return output;
}
