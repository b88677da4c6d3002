import { writeAll } from "../../ffi/descriptor-io.ts";
import { reportOf } from "./error-report.ts";
import type { Log } from "./log.ts";
import { formatEntry, formatTime, type LogEntry, type LogFormat } from "./log-format.ts";
import { wallClock } from "./wall-clock.ts";

/** A descriptor that takes log lines; borrowed for as long as the log is used. */
export interface LogDestination {
  readonly descriptor: number;
  readonly format: LogFormat;
}

/** Level names as runsc has them where pino has others. */
const levelNames: Readonly<Record<string, string>> = { warn: "warning" };

/** A log that nobody reads. */
export const silentLog: Log = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
};

/** A log that writes each entry before it returns, to all destinations. Nothing it does throws. */
export async function createLog(
  destinations: readonly LogDestination[],
  options: { readonly debug: boolean },
): Promise<Log> {
  if (destinations.length === 0) return silentLog;
  // Most gofers have no log, and start 1.5 ms sooner for not loading the library.
  const { pino } = await import("pino");
  const logger = pino(
    {
      base: null,
      level: options.debug ? "debug" : "info",
      timestamp: () => `,"time":"${formatTime(wallClock())}"`,
      formatters: { level: (label) => ({ level: levelNames[label] ?? label }) },
      serializers: { error: (error) => (error instanceof Error ? reportOf(error) : error) },
    },
    {
      write(line: string): void {
        const entry = JSON.parse(line) as LogEntry;
        for (const { descriptor, format } of destinations) writeAll(descriptor, formatEntry(entry, format));
      },
    },
  );
  return {
    debug: (message, fields) => logger.debug(fields, message),
    info: (message, fields) => logger.info(fields, message),
    warn: (message, fields) => logger.warn(fields, message),
    error: (message, fields) => logger.error(fields, message),
  };
}

function ignore(): void {
  // Nothing to do.
}
