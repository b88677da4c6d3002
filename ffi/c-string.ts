import { addressOf, allocateStaticMemory, memory } from "./arena.ts";
import type { ByteString } from "./byte-string.ts";

/** Longest text that fits, in bytes without the NUL: what a lisafs string can hold. The kernel itself refuses beyond PATH_MAX. */
const textBytesMax = 65535;

const nativeWriteThreshold = 48;

/**
 * Places for two NUL-terminated strings, one system call's worth. Each write overwrites the last, so the address is good
 * for the very next call only; nothing here may be held across an await.
 */
const firstText = allocateStaticMemory(textBytesMax + 1);
const secondText = allocateStaticMemory(textBytesMax + 1);

/** The address of `text` as a C string, for the very next system call. */
export function cString(text: ByteString): number {
  return writeText(text, firstText);
}

/** As cString(), for the second string of a call that takes two. */
export function secondCString(text: ByteString): number {
  return writeText(text, secondText);
}

/** The address of the empty string. */
export const emptyCString = addressOf(allocateStaticMemory(1));

/**
 * A NUL would cut the text short and name another file. Callers refuse such names where they enter (see namesAreSafe in
 * the wire layer), so finding one here is a bug, not an input.
 */
function writeText(text: ByteString, at: number): number {
  const { length } = text;
  if (length > textBytesMax) throw new RangeError(`text of ${length} bytes: at most ${textBytesMax} fit`);
  if (length > nativeWriteThreshold) {
    if (text.includes("\0")) throw new RangeError("NUL inside a C string");
    memory.buffer.write(text, at, length, "latin1");
  } else {
    const { u8 } = memory;
    for (let index = 0; index < length; index++) {
      const byte = text.charCodeAt(index);
      if (byte === 0) throw new RangeError("NUL inside a C string");
      u8[at + index] = byte;
    }
  }
  memory.u8[at + length] = 0;
  return addressOf(at);
}
