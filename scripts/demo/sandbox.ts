import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeBundle } from "./bundle.ts";
import { DemoFailure } from "./failure.ts";

const sandboxSecondsMax = 60;
const goferSecondsMax = 5;
const pollMilliseconds = 10;

export interface SandboxRequest {
  readonly runsc: string;
  /** The executable that must serve the sandbox's files. */
  readonly gofer: string;
  readonly rootless: boolean;
  readonly directfs: boolean;
  /** Where runsc may keep its state, and the run its files. Must not exist. */
  readonly directory: string;
  /** Host directory that the sandbox sees read-only at /input. */
  readonly input: string;
  /** Host directory that the sandbox may write to at /output. */
  readonly output: string;
  /** File for the gofer's request counts. */
  readonly statistics: string;
  readonly commands: readonly string[];
}

export interface SandboxReport {
  readonly goferPid: number;
  /** What the commands wrote, each after a line that shows it. */
  readonly transcript: string;
}

/** Runs the commands in a new sandbox. Throws DemoFailure when it does not start, fails, or has another gofer. */
export async function runInSandbox(request: SandboxRequest): Promise<SandboxReport> {
  const bundle = join(request.directory, "bundle");
  writeBundle(bundle, showingScript(request.commands), [
    { source: request.input, destination: "/input", options: ["ro"] },
    { source: request.output, destination: "/output", options: ["rw"] },
  ]);
  const child = Bun.spawn(commandLine(request, bundle), {
    env: { ...process.env, BUN_GOFER_STATS: request.statistics },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    timeout: sandboxSecondsMax * 1000,
    killSignal: "SIGKILL",
  });
  const said = Promise.all([child.stdout.text(), child.stderr.text()]);
  const goferPid = await findGofer(request, () => child.exitCode !== null || child.signalCode !== null);
  // The script waits for this line, so that the gofer can be looked at while it serves.
  child.stdin.write("go\n");
  child.stdin.end();
  const [transcript, complaint] = await said;
  const status = await child.exited;
  if (status !== 0) {
    throw new DemoFailure(`the sandbox ended with status ${status}\n${transcript}${complaint}`.trimEnd());
  }
  if (goferPid === undefined) {
    throw new DemoFailure(`no gofer was seen that runs ${request.gofer}`);
  }
  return { goferPid, transcript };
}

function commandLine(request: SandboxRequest, bundle: string): string[] {
  return [
    request.runsc,
    `--root=${join(request.directory, "state")}`,
    ...(request.rootless ? ["--rootless"] : []),
    "--network=none",
    "--ignore-cgroups",
    `--directfs=${request.directfs}`,
    "--overlay2=none",
    // The default pins a namespace to a file in the state directory, for the next sandbox. There is none.
    "--gofer-network-namespace=new",
    "run",
    `--bundle=${bundle}`,
    "demo",
  ];
}

/** A shell script that waits for a line, then shows each command and runs it. */
function showingScript(commands: readonly string[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const shown = commands.map((command) => `printf '$ %s\\n' ${quoted(command)}\n{ ${command}; } 2>&1`);
  return ["read -r line", ...shown].join("\n");
}

/** Waits until this run's gofer is the wanted executable. Undefined when that does not happen, or runsc ends first. */
async function findGofer(request: SandboxRequest, hasEnded: () => boolean): Promise<number | undefined> {
  const deadline = performance.now() + goferSecondsMax * 1000;
  while (!hasEnded() && performance.now() < deadline) {
    const pid = readdirSync("/proc").find((entry) => isGofer(entry, request));
    if (pid !== undefined) {
      return Number(pid);
    }
    await Bun.sleep(pollMilliseconds);
  }
  return undefined;
}

function isGofer(pid: string, { directory, gofer }: SandboxRequest): boolean {
  if (Number.isNaN(Number(pid))) {
    return false;
  }
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    if (argv[0] !== "runsc-gofer" || !argv.some((word) => word.includes(directory))) {
      return false;
    }
    const running = statSync(`/proc/${pid}/exe`);
    const wanted = statSync(gofer);
    return running.dev === wanted.dev && running.ino === wanted.ino;
  } catch {
    // It ended while it was looked at.
    return false;
  }
}
