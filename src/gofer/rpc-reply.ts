import * as z from "zod/mini";
import { type Attempt, StartFailure } from "./start-failure.ts";

/** Longest reply that is read. What comes is a few dozen bytes, or the text of an error. */
export const replyBytesMax = 65536;

const replySchema = z.looseObject({ success: z.boolean(), err: z.string() });

/** What runsc answers. */
export interface RpcReply {
  readonly success: boolean;
  /** Why not, for people. */
  readonly err: string;
}

const quote = 0x22;
const backslash = 0x5c;
const openingBrace = 0x7b;
const closingBrace = 0x7d;

/**
 * Reads a reply from the bytes that have come so far; undefined while it is not whole. Replies have no frame: one JSON object says
 * itself where it ends, and nothing may follow. Source: pkg/urpc of gVisor.
 */
export function readRpcReply(bytes: Uint8Array): Attempt<RpcReply | undefined> {
  if (bytes.length === 0) return undefined;
  if (bytes[0] !== openingBrace) return unexpected("not a JSON object");
  const end = endOfObject(bytes);
  if (end === undefined) return bytes.length < replyBytesMax ? undefined : unexpected(`over ${replyBytesMax} bytes`);
  if (end < bytes.length) return unexpected("more than one JSON object");
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return unexpected("not JSON");
  }
  const parsed = replySchema.safeParse(json);
  return parsed.success ? parsed.data : unexpected("not a result of a call");
}

/** Where the object that begins with the first byte ends: braces in strings do not count. */
function endOfObject(bytes: Uint8Array): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === backslash) at++;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === openingBrace) depth++;
    else if (byte === closingBrace && --depth === 0) return at + 1;
  }
  return undefined;
}

function unexpected(what: string): StartFailure {
  return new StartFailure("peer", `unexpected reply from runsc: ${what}`);
}
