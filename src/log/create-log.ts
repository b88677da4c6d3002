import { pino } from "pino";
import type { Log } from "./log.ts";
import { writeAll } from "./log-file.ts";
import { formatEntry, type LogEntry, type LogFormat } from "./log-format.ts";

/** A descriptor that takes log lines; borrowed for as long as the log is used. */
export interface LogDestination {
  readonly descriptor: number;
  readonly format: LogFormat;
}

/** Fields that every entry has; what a caller calls the same gets another name. */
const levelNames: Readonly<Record<string, string>> = { warn: "warning" };

/** A log that writes each entry before it returns, to all destinations. Nothing it does throws. */
export function createLog(destinations: readonly LogDestination[], options: { readonly debug: boolean }): Log {
  const logger = pino(
    {
      base: null,
      level: destinations.length === 0 ? "silent" : options.debug ? "debug" : "info",
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: levelNames[label] ?? label }) },
      serializers: { error: pino.stdSerializers.err },
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
