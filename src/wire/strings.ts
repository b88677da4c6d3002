import type { ByteString } from "../../ffi/byte-string.ts";
import { type Codec, type Cursor, noRoom } from "./codec.ts";
import { u16 } from "./integers.ts";
import { stringBytesMax } from "./limits.ts";

/** They take any Uint8Array, and beat a loop over characters (bench/micro/codec.bench.ts). */
const { toString: readText, write: writeText } = Buffer.prototype;

/** Bytes of any kind, their number in 16 bits before them. */
export const byteString: Codec<ByteString> = sizedString();

/** A byteString() that a message uses as one component of a path; isSafeComponent() judges it after decoding. */
export const component: Codec<ByteString> = sizedString();

/** A byteString() that ends up as a C string and so may hold no NUL, which is judged after decoding. */
export const nulFreeString: Codec<ByteString> = sizedString();

/** Whether `name` names an entry of a directory and nothing else: not empty, `.` or `..`, without `/` and without NUL. */
export function isSafeComponent(name: ByteString): boolean {
  return name !== "" && name !== "." && name !== ".." && !name.includes("/") && isNulFree(name);
}

export function isNulFree(text: ByteString): boolean {
  return !text.includes("\0");
}

function sizedString(): Codec<ByteString> {
  return {
    bytesMin: u16.bytes,
    decode: decodeSizedString,
    encode(memory, at, end, value) {
      const { length } = value;
      if (length > stringBytesMax || end - at < u16.bytes + length) return noRoom;
      u16.write(memory, at, length);
      writeText.call(memory.u8, value, at + u16.bytes, length, "latin1");
      return at + u16.bytes + length;
    },
  };
}

function decodeSizedString(cursor: Cursor): ByteString | undefined {
  const length = u16.decode(cursor);
  if (length === undefined) return undefined;
  const start = cursor.at;
  const behind = start + length;
  if (behind > cursor.end) return undefined;
  cursor.at = behind;
  return readText.call(cursor.memory.u8, "latin1", start, behind) as ByteString;
}
