import { type Codec, type FixedCodec, noRoom } from "./codec.ts";
import { type U64, u16, u32 } from "./integers.ts";
import { stringBytesMax } from "./limits.ts";

/** Bytes that stay where they are: `length` bytes from offset `at` of the memory that the message is in. */
export interface Span {
  readonly at: number;
  readonly length: number;
}

/**
 * Data, its length in 32 bits before it. Decoding copies nothing: the span is good as long as the message stays in place,
 * and a hostile peer may change its bytes meanwhile. Encoding moves the span's bytes here, unless here is where they are.
 */
export const span: Codec<Span> = {
  bytesMin: u32.bytes,
  decode(cursor): Span | undefined {
    const length = u32.decode(cursor);
    if (length === undefined || length > cursor.end - cursor.at) return undefined;
    const { at } = cursor;
    cursor.at = at + length;
    return { at, length };
  },
  encode(memory, at, end, value) {
    const start = at + u32.bytes;
    if (end - start < value.length) return noRoom;
    if (start !== value.at) memory.u8.copyWithin(start, value.at, value.at + value.length);
    u32.write(memory, at, value.length);
    return start + value.length;
  },
};

/** Bytes copied out of the message, their number in 16 bits before them. */
export const copiedBytes: Codec<Uint8Array> = {
  bytesMin: u16.bytes,
  decode(cursor): Uint8Array | undefined {
    const length = u16.decode(cursor);
    if (length === undefined || length > cursor.end - cursor.at) return undefined;
    const { at } = cursor;
    cursor.at = at + length;
    const copy = new Uint8Array(length);
    copy.set(cursor.memory.u8.subarray(at, at + length));
    return copy;
  },
  encode(memory, at, end, value) {
    const start = at + u16.bytes;
    if (value.length > stringBytesMax || end - start < value.length) return noRoom;
    u16.write(memory, at, value.length);
    memory.u8.set(value, start);
    return start + value.length;
  },
};

/** The reply of a handler that has put the body in place, `prefixBytes` into the payload: how many bytes there are. */
export interface Placed {
  readonly placed: number;
}

/** A codec that reads and writes what stands before a body in place, and checks that the body fits, but leaves it alone. */
export interface PlacedCodec<T extends Placed> extends Codec<T> {
  readonly prefixBytes: number;
}

/** A body in place behind its length; `prefixMax` is the largest length that the prefix can say. */
export function placedBytes(prefix: FixedCodec<U64>, prefixMax: number): PlacedCodec<Placed> {
  const prefixBytes = prefix.bytes;
  return {
    prefixBytes,
    bytesMin: prefixBytes,
    decode(cursor): Placed | undefined {
      const placed = prefix.decode(cursor);
      if (placed === undefined || placed > cursor.end - cursor.at) return undefined;
      cursor.at += Number(placed);
      return { placed: Number(placed) };
    },
    encode(memory, at, end, { placed }) {
      const start = at + prefixBytes;
      if (placed > prefixMax || end - start < placed) return noRoom;
      prefix.write(memory, at, placed);
      return start + placed;
    },
  };
}
