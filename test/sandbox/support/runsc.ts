import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Workspace } from "./workspace.ts";

/** How the sandbox reaches files. */
export type Mode = {
  readonly directfs: boolean;
  /** "default" leaves runsc its own overlay over the root file system. */
  readonly overlay: "default" | "none";
  /** More of runsc's global flags; they count for more than those that every sandbox gets. Default: none. */
  readonly flags?: readonly string[];
};

/** Everything the sandbox does with a file goes through the gofer. */
export const dataPath: Mode = { directfs: false, overlay: "none" };

export type Outcome = {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
};

export type RunOptions = {
  /** Text on standard input; nothing when left out. */
  readonly stdin?: string;
  /** After this, runsc is killed and the call throws. Default 30. */
  readonly secondsMax?: number;
  /** False starts runsc without any log descriptor, as most callers do. Default true. */
  readonly log?: boolean;
  /** Variables for runsc alone: a program that comes before it on the command line does not get them. */
  readonly variables?: Readonly<Record<string, string>>;
};

const secondsMaxDefault = 30;

/** Environment of the caller: nothing of the developer's own, temporary files inside the workspace. */
function environment(workspace: Workspace): Record<string, string> {
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: workspace.temporaryDirectory,
    TMPDIR: workspace.temporaryDirectory,
    XDG_RUNTIME_DIR: workspace.temporaryDirectory,
    LANG: "C.UTF-8",
    LC_ALL: "C.UTF-8",
  };
}

function commandLine(
  workspace: Workspace,
  mode: Mode,
  words: readonly string[],
  { log = true, variables }: RunOptions,
): string[] {
  const { commandPrefix, executables, runscFlags } = workspace.caller;
  const assignments = Object.entries(variables ?? {}).map(([name, value]) => `${name}=${value}`);
  return [
    ...commandPrefix,
    ...(assignments.length > 0 ? ["env", ...assignments] : []),
    executables.runsc,
    `--root=${workspace.stateDirectory}`,
    "--network=none",
    "--ignore-cgroups",
    `--directfs=${mode.directfs}`,
    ...(mode.overlay === "none" ? ["--overlay2=none"] : []),
    ...(log ? [`--debug-log=${workspace.logDirectory}/`] : []),
    ...(mode.flags ?? []),
    ...runscFlags,
    ...words,
  ];
}

/** A runsc that has not ended yet. */
export type Running = {
  /** Sends text to its standard input and closes that. */
  finishInput(text: string): void;
  /** What it has written to its standard output so far. */
  output(): string;
  hasEnded(): boolean;
  /** Waits for its end. Throws when it had to be killed. */
  outcome(): Promise<Outcome>;
};

/** Starts runsc with the words that follow the global flags, as the workspace's caller. */
export function startRunsc(
  workspace: Workspace,
  mode: Mode,
  words: readonly string[],
  options: RunOptions = {},
): Running {
  const secondsMax = options.secondsMax ?? secondsMaxDefault;
  const child = Bun.spawn(commandLine(workspace, mode, words, options), {
    cwd: workspace.directory,
    env: environment(workspace),
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    timeout: secondsMax * 1000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  const readOutput = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      stdout += decoder.decode(chunk, { stream: true });
    }
  };
  const outputRead = readOutput();
  return {
    finishInput(text: string): void {
      child.stdin.write(text);
      child.stdin.end();
    },
    output: () => stdout,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    async outcome(): Promise<Outcome> {
      const [stderr] = await Promise.all([child.stderr.text(), outputRead, child.exited]);
      if (child.signalCode === "SIGKILL") {
        throw new Error(`runsc ${words.join(" ")} was killed after ${secondsMax} s\n${stdout}${stderr}`);
      }
      return { status: child.exitCode, stdout, stderr };
    },
  };
}

/** Runs runsc to its end. */
export async function runsc(
  workspace: Workspace,
  mode: Mode,
  words: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const running = startRunsc(workspace, mode, words, options);
  running.finishInput(options.stdin ?? "");
  return await running.outcome();
}

/** Runs runsc to its end and returns what it wrote to standard output. Throws, with all it said, when it failed. */
export async function runscOutput(
  workspace: Workspace,
  mode: Mode,
  words: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const outcome = await runsc(workspace, mode, words, options);
  if (outcome.status !== 0) {
    throw new Error(`runsc ${words.join(" ")}: status ${outcome.status}\n${outcome.stdout}${outcome.stderr}`);
  }
  return outcome.stdout;
}

/**
 * Runs a runsc command whose container lives on, such as `create`. The container keeps the standard output, which thus
 * goes to a file in the workspace. Throws, with what was said there, when the command failed.
 */
export async function runscDetached(workspace: Workspace, mode: Mode, words: readonly string[]): Promise<void> {
  const outputPath = join(workspace.directory, `output-${Bun.randomUUIDv7()}`);
  const output = openSync(outputPath, "ax");
  try {
    const child = Bun.spawn(commandLine(workspace, mode, words, {}), {
      cwd: workspace.directory,
      env: environment(workspace),
      stdin: "ignore",
      stdout: output,
      stderr: output,
      timeout: secondsMaxDefault * 1000,
      killSignal: "SIGKILL",
    });
    const status = await child.exited;
    if (status !== 0) {
      throw new Error(`runsc ${words.join(" ")}: status ${status}\n${readFileSync(outputPath, "utf8")}`);
    }
  } finally {
    closeSync(output);
  }
}
