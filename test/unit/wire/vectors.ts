import { readFileSync } from "node:fs";
import type { ByteString } from "../../../ffi/byte-string.ts";
import type { Codec } from "../../../src/wire/codec.ts";
import type { U64 } from "../../../src/wire/integers.ts";
import { type MessageName, messages } from "../../../src/wire/messages.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A message as gVisor encoded it, and what is in it. Made by the Go program in test/vectors. */
export interface Vector {
  readonly title: string;
  readonly message: MessageName;
  readonly direction: string;
  readonly bytes: Uint8Array;
  readonly fields: Fields;
  readonly codec: Codec<unknown>;
  /** Where a body in place starts; 0 when the message has none. */
  readonly prefixBytes: number;
}

interface VectorLine {
  readonly message: string;
  readonly direction: string;
  readonly case: string;
  readonly hex: string;
  readonly fields: Fields;
}

const lines: readonly VectorLine[] = JSON.parse(
  readFileSync(new URL("../../vectors/vectors.json", import.meta.url), "utf8"),
);

export const messageVectors: readonly Vector[] = lines.filter(({ message }) => isMessageName(message)).map(toVector);

/** The vectors for one of the headers. */
export function headerVectors(header: string): readonly { readonly hex: string; readonly fields: Fields }[] {
  return lines.filter(({ message }) => message === header);
}

function toVector({ message, direction, hex, fields, case: label }: VectorLine): Vector {
  if (!isMessageName(message)) throw new Error(`a vector for an unknown message: ${message}`);
  const { request, reply, prefixBytes } = messages[message];
  const isRequest = direction === "request";
  return {
    title: `${message} ${direction} (${label})`,
    message,
    direction,
    bytes: Uint8Array.fromHex(hex),
    fields: revive(fields) as Fields,
    codec: isRequest ? request : reply,
    prefixBytes: isRequest ? 0 : prefixBytes,
  };
}

function isMessageName(name: string): name is MessageName {
  return name in messages;
}

/** The values that the codecs use, from the forms that stand for them in JSON. */
function revive(value: unknown): unknown {
  if (typeof value === "string") return narrowest(BigInt(value));
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value;
  const record = value as Readonly<Record<string, unknown>>;
  if (typeof record["bytes"] === "string") return Buffer.from(record["bytes"], "hex").toString("latin1") as ByteString;
  if (typeof record["data"] === "string" && Object.keys(record).length === 1) {
    return Uint8Array.fromHex(record["data"]);
  }
  return Object.fromEntries(Object.entries(record).map(([name, member]) => [name, revive(member)]));
}

function narrowest(value: bigint): U64 {
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value;
}
