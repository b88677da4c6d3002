import type { ByteString } from "../../ffi/byte-string.ts";
import type { Span } from "./data.ts";
import { traceCharactersMax } from "./limits.ts";
import type { MessageDefinition } from "./message.ts";
import { messageNames } from "./messages.ts";
import type { Statx } from "./statx.ts";

const stringBytesShown = 80;
const elementsShown = 8;

const octalFields: ReadonlySet<string> = new Set(["mode"]);
const hexadecimalFields: ReadonlySet<string> = new Set(["mask", "flags", "failureMask"]);

/**
 * A request as one line for a log, of at most traceCharactersMax characters. Names are shown escaped, file contents and
 * attribute values only by their length. `request` is what the message's request codec decoded.
 */
export function traceRequest(message: MessageDefinition, request: unknown): string {
  return line(`${messageName(message.id)}(${membersOf(request)})`);
}

/** A reply, as traceRequest() does it. `reply` is what the message's reply codec encodes. */
export function traceReply(message: MessageDefinition, reply: unknown): string {
  return line(`${messageName(message.id)} -> ${membersOf(reply)}`.trimEnd());
}

/** What to call a message of this ID, which may be unknown. */
export function messageName(id: number): string {
  return messageNames[id] ?? `message ${id}`;
}

function line(text: string): string {
  return text.length <= traceCharactersMax ? text : `${text.slice(0, traceCharactersMax - 1)}…`;
}

function membersOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  return Object.entries(isStatx(value) ? essenceOf(value) : value)
    .map(([field, member]) => `${field}=${show(field, member)}`)
    .join(" ");
}

function show(field: string, value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint") return showInteger(field, value);
  if (typeof value === "string") return quote(value as ByteString);
  if (value instanceof Uint8Array) return showLength(value);
  if (Array.isArray(value)) return showList(field, value);
  if (isSpan(value)) return showLength(value);
  return `{${membersOf(value)}}`;
}

function showInteger(field: string, value: number | bigint): string {
  if (octalFields.has(field)) return `0o${value.toString(8)}`;
  if (hexadecimalFields.has(field)) return `0x${value.toString(16)}`;
  return value.toString();
}

function showLength({ length }: { readonly length: number }): string {
  return `<${length} bytes>`;
}

function showList(field: string, values: readonly unknown[]): string {
  const shown = values.slice(0, elementsShown).map((value) => show(field, value));
  if (values.length > elementsShown) shown.push(`and ${values.length - elementsShown} more`);
  return `[${shown.join(" ")}]`;
}

const unprintable = /[^\x20-\x7e]|["\\]/g;

/** Bytes of any kind in quotes, escaped so that they break neither a line nor a terminal, and cut. */
export function quote(text: ByteString): string {
  const shown = text.slice(0, stringBytesShown).replace(unprintable, escapeByte);
  return text.length > stringBytesShown ? `"${shown}"… (${text.length} bytes)` : `"${shown}"`;
}

function escapeByte(byte: string): string {
  if (byte === '"' || byte === "\\") return `\\${byte}`;
  return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

function isSpan(value: unknown): value is Span {
  return typeof value === "object" && value !== null && "at" in value && "length" in value;
}

function isStatx(value: object): value is Statx {
  return "attributesMask" in value;
}

/** What of the 23 attributes tells files apart in a log. */
function essenceOf({ mode, uid, gid, ino, size, nlink }: Statx): Partial<Statx> {
  return { mode, uid, gid, ino, size, nlink };
}
