import type { HostFd } from "../../ffi/host-fd.ts";
import { nodeFs } from "../../ffi/node-fs.ts";
import { redirectStandardError } from "../../ffi/process.ts";
import { createLog, type LogDestination } from "../log/create-log.ts";
import type { Log } from "../log/log.ts";
import type { GlobalConfig } from "./global-flags.ts";
import { type Attempt, StartFailure } from "./start-failure.ts";

const standardError = 2;

/**
 * The log that runsc's flags ask for. Where these are no good it goes, as text, to `debugLogFd`, so that this can be read there.
 * Borrows the descriptors.
 */
export function openLog(config: Attempt<GlobalConfig>, debugLogFd: HostFd | undefined): Promise<Log> {
  // A crash of the runtime itself is told on standard error alone.
  if (debugLogFd !== undefined && standardErrorIsNull()) redirectStandardError(debugLogFd);
  if (config instanceof StartFailure) {
    return createLog(debugLogFd === undefined ? [] : [{ descriptor: debugLogFd, format: "text" }], { debug: false });
  }
  const { debugLogFormat: format, debug } = config;
  const destinations: LogDestination[] = [];
  if (config.debugLogFd !== undefined) destinations.push({ descriptor: config.debugLogFd, format });
  if (config.alsoLogToStderr && debugLogFd === undefined) destinations.push({ descriptor: standardError, format });
  return createLog(destinations, { debug });
}

function standardErrorIsNull(): boolean {
  const { fstatSync, statSync } = nodeFs();
  try {
    return fstatSync(standardError).rdev === statSync("/dev/null").rdev;
  } catch {
    return false;
  }
}
