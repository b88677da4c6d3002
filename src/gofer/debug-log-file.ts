import { dirname } from "node:path/posix";
import { assumeOpen } from "../../ffi/host-fd.ts";
import { nodeFs } from "../../ffi/node-fs.ts";
import { formatTime } from "../log/log-format.ts";
import type { GlobalConfig } from "./global-flags.ts";
import { type Attempt, messageOf, StartFailure } from "./start-failure.ts";

const directoryMode = 0o755;
const fileMode = 0o644;

const nameInDirectory = "runsc.log.%TIMESTAMP%.%COMMAND%.txt";

/**
 * Opens the file that --debug-log names where nobody has passed on its descriptor: runsc always does, so this is for a gofer
 * that is started by hand. Source: OpenDebugLogFile in runsc/specutils/specutils.go.
 */
export function withDebugLog(config: Attempt<GlobalConfig>, containerId: string): Attempt<GlobalConfig> {
  if (config instanceof StartFailure || config.debugLogFd !== undefined || config.debugLog === "") return config;
  const path = debugLogPath(config.debugLog, containerId, Date.now());
  const { mkdirSync, openSync } = nodeFs();
  try {
    mkdirSync(dirname(path), { recursive: true, mode: directoryMode });
    return { ...config, debugLogFd: assumeOpen(openSync(path, "a", fileMode)) };
  } catch (error) {
    return new StartFailure("system", `cannot open the debug log ${path}: ${messageOf(error)}`);
  }
}

/** The path that `pattern` stands for; one that ends in a slash is a directory. */
export function debugLogPath(pattern: string, containerId: string, epochMillis: number): string {
  const whole = pattern.endsWith("/") ? `${pattern}${nameInDirectory}` : pattern;
  return whole
    .replaceAll("%TIMESTAMP%", timestamp(epochMillis))
    .replaceAll("%COMMAND%", "gofer")
    .replaceAll("%TEST%", "")
    .replaceAll("%ID%", () => containerId)
    .replaceAll("%CID%", () => containerId);
}

/** yyyymmdd-hhmmss.uuuuuu in local time. */
function timestamp(epochMillis: number): string {
  const time = formatTime(epochMillis);
  return `${time.slice(0, 10).replaceAll("-", "")}-${time.slice(11, 26).replaceAll(":", "")}`;
}
