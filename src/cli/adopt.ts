import { accessSync, closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { adoptExecutable, goferPathBytesMax, undoAdoption } from "../elf/adoption.ts";
import { accept, type Outcome, refuse } from "../elf/outcome.ts";
import type { AdoptionMethod } from "../elf/placement.ts";
import type { CommandOutput } from "./command-output.ts";
import { replaceFile } from "./replace-file.ts";

const usage = [
  "usage: bun-gofer adopt RUNSC [--output FILE] [--gofer PATH]",
  "       bun-gofer adopt --undo ADOPTED [--output FILE]",
];

const help = `${usage.join("\n")}

Writes a copy of RUNSC, a static runsc for x86-64 or arm64, that runs bun-gofer wherever runsc starts its own gofer.
Everything else in the copy works as in RUNSC, which is not changed.

  --output FILE  the file to write; an existing one is replaced in one step.
                 Default: RUNSC-bun-gofer, beside RUNSC, where runsc also looks for its gvisor-bin directory
                 (with --undo: ADOPTED-stock)
  --gofer PATH   the gofer that the copy runs: an absolute path of at most ${goferPathBytesMax} bytes.
                 Default: this executable
  --undo         write the byte-identical original of an adopted runsc
  --help         this text

When the gofer cannot be executed, the container does not start: the copy never falls back to runsc's own gofer.
Exit status: 0 done, 1 refused or failed, 2 wrong usage.`;

const goferNeeded = "not running as a compiled bun-gofer, so --gofer PATH is needed";

const methodText: Readonly<Record<AdoptionMethod, string>> = {
  padding: "entry stub in the padding after the code; length and build ID unchanged",
  segment: "entry stub in a segment of its own at the end of the file, in place of a note",
};

/** Largest executable that is read into memory; runsc has about 100 MB. */
const executableBytesMax = 2 ** 30;

interface Request {
  readonly input: string;
  readonly output: string;
  readonly gofer: string | undefined;
  readonly undo: boolean;
}

interface InputFile {
  readonly bytes: Uint8Array;
  readonly mode: number;
}

/** `bun-gofer adopt`, with the arguments after its name. Returns the exit status. */
export function adoptCommand(args: string[], io: CommandOutput): number {
  const request = parseRequest(args);
  if (!request.ok) {
    io.err(`bun-gofer adopt: ${request.reason}`);
    for (const line of usage) {
      io.err(line);
    }
    return 2;
  }
  if (request.value === "help") {
    io.out(help);
    return 0;
  }
  const lines = request.value.undo ? undo(request.value) : adopt(request.value, io);
  if (!lines.ok) {
    io.err(`bun-gofer adopt: ${lines.reason}`);
    return 1;
  }
  for (const line of lines.value) {
    io.out(line);
  }
  return 0;
}

function parseRequest(args: string[]): Outcome<Request | "help"> {
  const options = parseOptions(args);
  if (!options.ok) {
    return options;
  }
  const { values, positionals } = options.value;
  const { help: wantsHelp = false, undo: wantsUndo = false, output, gofer } = values;
  if (wantsHelp) {
    return accept("help");
  }
  const [input, ...others] = positionals;
  if (input === undefined || others.length > 0) {
    return refuse(`want one file, got ${positionals.length}`);
  }
  if ([input, output, gofer].includes("")) {
    return refuse("an empty file name");
  }
  if (wantsUndo && gofer !== undefined) {
    return refuse("--gofer has no meaning with --undo");
  }
  const defaultOutput = `${input}${wantsUndo ? "-stock" : "-bun-gofer"}`;
  return accept({ input, output: output ?? defaultOutput, gofer, undo: wantsUndo });
}

function parseOptions(args: string[]) {
  try {
    const options = {
      output: { type: "string" },
      gofer: { type: "string" },
      undo: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    } as const;
    return accept(parseArgs({ args, options, allowPositionals: true }));
  } catch (error) {
    const [firstSentence = "wrong usage"] = messageOf(error).split(". ");
    return refuse(firstSentence);
  }
}

function adopt(request: Request, io: CommandOutput): Outcome<string[]> {
  const gofer = request.gofer ?? runningExecutable();
  if (gofer === undefined) {
    return refuse(goferNeeded);
  }
  if (resolve(request.output) === gofer || isSameFile(request.output, gofer)) {
    return refuse(`${request.output} is the gofer itself; choose another --output`);
  }
  const input = readInput(request);
  if (!input.ok) {
    return input;
  }
  const adopted = adoptExecutable(input.value.bytes, gofer);
  if (!adopted.ok) {
    return refuse(`cannot adopt ${request.input}: ${adopted.reason}`);
  }
  const written = write(request.output, adopted.value.bytes, input.value.mode);
  if (!written.ok) {
    return written;
  }
  for (const warning of warningsAbout(request, gofer)) {
    io.err(`bun-gofer adopt: warning: ${warning}`);
  }
  const output = resolve(request.output);
  return accept([
    `adopted ${request.input} (${adopted.value.machine})`,
    `  output  ${output}`,
    `  gofer   ${gofer}`,
    `  method  ${methodText[adopted.value.method]}`,
    `Use ${output} in place of runsc. To try it: ${output} --network=none do echo hello`,
  ]);
}

function undo(request: Request): Outcome<string[]> {
  const input = readInput(request);
  if (!input.ok) {
    return input;
  }
  const original = undoAdoption(input.value.bytes);
  if (!original.ok) {
    return refuse(`cannot undo ${request.input}: ${original.reason}`);
  }
  const written = write(request.output, original.value, input.value.mode);
  return written.ok ? accept([`restored the original of ${request.input}`, `  output  ${written.value}`]) : written;
}

function readInput({ input, output }: Request): Outcome<InputFile> {
  if (isSameFile(input, output)) {
    return refuse(`${output} is the input itself, which is never changed; choose another --output`);
  }
  try {
    // Not to wait for a writer, should the name be that of a FIFO.
    const descriptor = openSync(input, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return readRegularFile(descriptor, input);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return refuse(`cannot read ${input}: ${messageOf(error)}`);
  }
}

function readRegularFile(descriptor: number, name: string): Outcome<InputFile> {
  const status = fstatSync(descriptor);
  if (!status.isFile()) {
    return refuse(`${name} is not a regular file`);
  }
  if (status.size > executableBytesMax) {
    return refuse(`${name} has ${status.size} bytes; at most ${executableBytesMax} are read`);
  }
  return accept({ bytes: readFileSync(descriptor), mode: executableMode(status.mode) });
}

/** The permission bits, and execution for whoever may read. Set-ID bits are not carried over to another owner's file. */
function executableMode(mode: number): number {
  return (mode & 0o777) | ((mode & 0o444) >> 2);
}

function write(output: string, bytes: Uint8Array, mode: number): Outcome<string> {
  const path = resolve(output);
  try {
    const existing = lstatSync(path, { throwIfNoEntry: false });
    if (existing !== undefined && !existing.isFile()) {
      return refuse(`${output} exists and is not a regular file; it is not replaced`);
    }
    replaceFile(path, bytes, mode);
    return accept(path);
  } catch (error) {
    return refuse(`cannot write ${output}: ${messageOf(error)}`);
  }
}

function warningsAbout(request: Request, gofer: string): string[] {
  const warnings: string[] = [];
  if (!isExecutableFile(gofer)) {
    warnings.push(`${gofer} is not an executable file here; no container starts until it is`);
  }
  const [from, to] = [request.input, request.output].map((path) => dirname(resolve(path)));
  const companions = "gvisor-bin";
  if (from !== undefined && to !== undefined && isPresent(join(from, companions)) && !isPresent(join(to, companions))) {
    warnings.push(`runsc looks for ${companions} beside itself, and ${to} has none; ${from} has`);
  }
  return warnings;
}

/** The path of this program when it is a compiled one; from source, the executable would be Bun's. */
function runningExecutable(): string | undefined {
  return Bun.main.startsWith("/$bunfs/") ? process.execPath : undefined;
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map(statusOf);
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

function isPresent(path: string): boolean {
  return statusOf(path) !== undefined;
}

/** Undefined for what is not there or cannot be looked at: opening it will tell why. */
function statusOf(path: string) {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return;
  }
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
