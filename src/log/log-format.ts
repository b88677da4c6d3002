/** How entries are written: as glog does, as JSON, or as JSON with the names that Kubernetes expects. */
export const logFormats = ["text", "json", "json-k8s"] as const;

export type LogFormat = (typeof logFormats)[number];

/** Level names as runsc writes them, with its missing "error" added. */
export type LevelName = "debug" | "info" | "warning" | "error";

/** One entry as the logging library hands it on. */
export interface LogEntry {
  readonly level: LevelName;
  /** As formatTime() writes it. */
  readonly time: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Writes an entry as one line, with its line end. Source of the formats: pkg/log/{glog,json,json_k8s}.go of gVisor. */
export function formatEntry(entry: LogEntry, format: LogFormat): string {
  if (format === "text") return formatText(entry);
  const { msg, level, time, ...fields } = entry;
  const message = format === "json" ? { msg } : { log: msg };
  return `${printable({ ...message, level, time, ...fields })}\n`;
}

const minutesPerHour = 60;

/** A moment, in milliseconds since 1970, as RFC 3339 has it: local time with its distance from UTC, to the microsecond. */
export function formatTime(epochMillis: number): string {
  const at = new Date(epochMillis);
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const micros = String(Math.floor((epochMillis % 1000) * 1000)).padStart(6, "0");
  return `${date}T${clock}.${micros}${formatOffset(-at.getTimezoneOffset())}`;
}

function formatOffset(minutes: number): string {
  if (minutes === 0) return "Z";
  const distance = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(distance / minutesPerHour))}:${two(distance % minutesPerHour)}`;
}

const levelLetters: Readonly<Record<LevelName, string>> = { debug: "D", info: "I", warning: "W", error: "E" };
const pidWidth = 7;

/** In place of the file and line that glog writes; readers of the format want both, and 0 is no line. */
const origin = "bun-gofer:0";

/** glog's line, in local time: `Lmmdd hh:mm:ss.uuuuuu pid source] message`, and the fields after it. */
function formatText({ level, time, msg, ...fields }: LogEntry): string {
  const date = time.slice(5, 10).replace("-", "");
  const clock = time.slice(11, 26);
  const pid = ` ${process.pid}`.padStart(pidWidth);
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${formatValue(value)}`);
  return `${levelLetters[level]}${date} ${clock} ${pid} ${origin}] ${msg}${rest.join("")}\n`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

const plainText = /^[\w.:/-]+$/;

function formatValue(value: unknown): string {
  if (isError(value)) return value.stack.split("\n").map(formatStackLine).join("");
  return typeof value === "string" && plainText.test(value) ? value : printable(value);
}

/** Set off, so that what stands in an error's message cannot look like an entry. */
function formatStackLine(line: string): string {
  return `\n    ${printable(line).slice(1, -1)}`;
}

function isError(value: unknown): value is { readonly stack: string } {
  return typeof value === "object" && value !== null && "stack" in value && typeof value.stack === "string";
}

/** What JSON may hold unescaped but a terminal or a reader of lines may take for more than text. */
const unprintable = /[\x7f-\x9f\u2028\u2029]/g;

function printable(value: unknown): string {
  return (JSON.stringify(value) ?? "null").replace(unprintable, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
