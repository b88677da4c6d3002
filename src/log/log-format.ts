/** How entries are written: as glog does, as JSON, or as JSON with the names that Kubernetes expects. */
export const logFormats = ["text", "json", "json-k8s"] as const;

export type LogFormat = (typeof logFormats)[number];

/** Level names as runsc writes them, with its missing "error" added. */
export type LevelName = "debug" | "info" | "warning" | "error";

/** One entry as the logging library hands it on. */
export interface LogEntry {
  readonly level: LevelName;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Writes an entry as one line, with its line end. Source of the formats: pkg/log/{glog,json,json_k8s}.go of gVisor. */
export function formatEntry(entry: LogEntry, format: LogFormat): string {
  switch (format) {
    case "text":
      return formatText(entry);
    case "json":
      return `${JSON.stringify(entry)}\n`;
    case "json-k8s": {
      const { msg, ...rest } = entry;
      return `${JSON.stringify({ log: msg, ...rest })}\n`;
    }
  }
}

const levelLetters: Readonly<Record<LevelName, string>> = { debug: "D", info: "I", warning: "W", error: "E" };
const pidWidth = 7;

/** glog's line, in local time: `Lmmdd hh:mm:ss.uuuuuu pid source] message`, and the fields after it. */
function formatText({ level, time, msg, ...fields }: LogEntry): string {
  const at = new Date(time);
  const date = `${two(at.getMonth() + 1)}${two(at.getDate())}`;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const micros = String(at.getMilliseconds() * 1000).padStart(6, "0");
  const pid = String(process.pid).padStart(pidWidth);
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${formatValue(value)}`);
  return `${levelLetters[level]}${date} ${clock}.${micros} ${pid} bun-gofer] ${msg}${rest.join("")}\n`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

const plainText = /^[\w.:/-]+$/;

function formatValue(value: unknown): string {
  if (isError(value)) return `\n${value.stack}`;
  return typeof value === "string" && plainText.test(value) ? value : JSON.stringify(value);
}

function isError(value: unknown): value is { readonly stack: string } {
  return typeof value === "object" && value !== null && "stack" in value && typeof value.stack === "string";
}
