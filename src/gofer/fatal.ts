import { writeAll } from "../../ffi/descriptor-io.ts";
import { assumeOpen, type HostFd } from "../../ffi/host-fd.ts";
import { reportOf } from "../log/error-report.ts";
import type { Log } from "../log/log.ts";
import { exitCodes } from "./exit-codes.ts";
import type { MountsPipe } from "./mounts-pipe.ts";
import { messageOf } from "./start-failure.ts";

const standardError = 2;

/** Where people may hear of it. All borrowed. */
export interface FatalChannels {
  /** runsc's own log, which container managers read. */
  readonly logFd: HostFd | undefined;
  readonly log: Log;
  readonly mountsPipe: MountsPipe;
}

/**
 * Tells people why the gofer ends. runsc gives a gofer /dev/null for standard error and logs only where it was asked to, so
 * everything that may be read is written to: its log, its debug log, standard error, and the error that the sandbox shows. Of an
 * `error` the stack is told too.
 */
export function reportFatal(reason: string, channels: FatalChannels, error?: unknown): void {
  const message = `bun-gofer: ${reason}`;
  const stack = error instanceof Error ? reportOf(error).stack : undefined;
  channels.log.error(`FATAL: ${reason}`, error === undefined ? {} : { error });
  writeAll(standardError, stack === undefined ? `${message}\n` : `${message}\n${stack}\n`);
  // The form that container managers look for. Source: jsonError in runsc/cmd/util/util.go.
  const entry = { msg: message, level: "error", time: new Date().toISOString(), stack };
  if (channels.logFd !== undefined) writeAll(channels.logFd, `${JSON.stringify(entry)}\n`);
  channels.mountsPipe.complain(message);
}

/** Tells of a bug, and gives the exit status that goes with it. */
export function reportBug(error: unknown, channels: FatalChannels): number {
  reportFatal(`a bug: ${messageOf(error)}`, channels, error);
  return exitCodes.bug;
}

/** Ends the process, with the reason told, when anything is thrown, or rejected, that nobody catches. */
export function endOnBugs(channels: FatalChannels): void {
  const end = (error: unknown): void => process.exit(reportBug(error, channels));
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}

const decimal = /^\d{1,9}$/;

/**
 * The descriptor that flag `name` gives, found in the bare words, so that it is known even where these cannot be read as flags.
 * The last one counts.
 */
export function findDescriptor(words: readonly string[], name: string): HostFd | undefined {
  let found: HostFd | undefined;
  for (const [index, word] of words.entries()) {
    const [flag, value = words[index + 1] ?? ""] = word.split("=", 2);
    if ((flag === `--${name}` || flag === `-${name}`) && decimal.test(value)) found = assumeOpen(Number(value));
  }
  return found;
}
