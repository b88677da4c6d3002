import { writeAll } from "../ffi/descriptor-io.ts";
import type { CommandOutput } from "./cli/command-output.ts";
import { helpText, usageLine, versionLine } from "./cli/help.ts";
import type { Extension } from "./extension/extension.ts";
import { goferCommand } from "./gofer/command.ts";
import { goferWordIndex } from "./gofer/global-flags.ts";

const usageStatus = 2;

const output: CommandOutput = {
  out: (line) => void writeAll(1, `${line}\n`),
  err: (line) => void writeAll(2, `${line}\n`),
};

/** Runs the command that the arguments of the process name, and ends the process. */
export async function runProgram(extensions: readonly Extension[]): Promise<never> {
  process.exit(await runCommand(process.argv.slice(2), extensions));
}

/** Gives the exit status. What a gofer does not need is loaded by the commands that do: it would delay each start. */
async function runCommand(args: string[], extensions: readonly Extension[]): Promise<number> {
  const goferWord = goferWordIndex(args);
  if (goferWord !== undefined) return goferCommand(args.slice(0, goferWord), args.slice(goferWord + 1), extensions);
  const [command, ...rest] = args;
  switch (command) {
    case "adopt":
      return (await import("./cli/adopt.ts")).adoptCommand(rest, output);
    case "stats":
      return (await import("./cli/stats.ts")).statsCommand(rest, output);
    case "version":
    case "--version":
      return rest.length === 0 ? say(versionLine) : misuse(`version takes no arguments, got ${rest.join(" ")}`);
    case "help":
    case "--help":
    case "-h":
      return rest.length === 0 ? say(helpText) : misuse(`help takes no arguments, got ${rest.join(" ")}`);
    case undefined:
      return misuse("a command is missing");
    default:
      return misuse(`there is no command ${command}`);
  }
}

function say(text: string): number {
  output.out(text);
  return 0;
}

function misuse(reason: string): number {
  output.err(`bun-gofer: ${reason}`);
  output.err(usageLine);
  return usageStatus;
}
