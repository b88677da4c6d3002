import { writeSync } from "node:fs";
import { adoptCommand } from "./cli/adopt.ts";
import type { CommandOutput } from "./cli/command-output.ts";
import { helpText, usageLine, versionLine } from "./cli/help.ts";
import { statsCommand } from "./cli/stats.ts";
import { goferCommand } from "./gofer/command.ts";
import { goferWordIndex } from "./gofer/global-flags.ts";

const usageStatus = 2;

const output: CommandOutput = {
  out: (line) => void writeSync(1, `${line}\n`),
  err: (line) => void writeSync(2, `${line}\n`),
};

/** Runs the command that the arguments name and gives the exit status. */
function main(args: string[]): number | Promise<number> {
  const goferWord = goferWordIndex(args);
  if (goferWord !== undefined) return goferCommand(args.slice(0, goferWord), args.slice(goferWord + 1));
  const [command, ...rest] = args;
  switch (command) {
    case "adopt":
      return adoptCommand(rest, output);
    case "stats":
      return statsCommand(rest, output);
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

async function run(): Promise<void> {
  process.exit(await main(process.argv.slice(2)));
}

void run();
