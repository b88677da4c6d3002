import type { Memory } from "../../ffi/memory.ts";

/**
 * Where decoding stands: the next byte, and the end of what may be read. The memory may be shared with a peer that changes
 * it meanwhile, so every decoder loads each byte once, into a local, and checks and uses that local only.
 */
export interface Cursor {
  readonly memory: Memory;
  at: number;
  readonly end: number;
}

/** What encoding gives when the value does not fit: into the space, or into its own length or count prefix. */
export const noRoom = -1;

/** Turns bytes into values and back. All integers are little-endian. */
export interface Codec<T> {
  /** The fewest bytes that a value takes, so that a count can be judged before anything is allocated for it. */
  readonly bytesMin: number;
  /** Decodes the value at the cursor and moves the cursor behind it; undefined when the bytes end too early. */
  decode(cursor: Cursor): T | undefined;
  /** Encodes from `at`, never past `end`, and gives the offset behind the value, or noRoom. */
  encode(memory: Memory, at: number, end: number, value: T): number;
}

/** A codec whose values all take the same number of bytes. */
export interface FixedCodec<T> extends Codec<T> {
  readonly bytes: number;
  /** As decode(); the caller has made sure that `bytes` bytes are there. */
  read(memory: Memory, at: number): T;
  /** As encode(); the caller has made sure that `bytes` bytes are there. */
  write(memory: Memory, at: number, value: T): void;
}

/** The type of a codec's values. */
export type ValueOf<C> = C extends Codec<infer T> ? T : never;

/** A fixed codec from its unchecked halves. */
export function fixed<T>(
  bytes: number,
  read: (memory: Memory, at: number) => T,
  write: (memory: Memory, at: number, value: T) => void,
): FixedCodec<T> {
  return {
    bytes,
    bytesMin: bytes,
    read,
    write,
    decode(cursor): T | undefined {
      const { memory, at } = cursor;
      if (cursor.end - at < bytes) return undefined;
      cursor.at = at + bytes;
      return read(memory, at);
    },
    encode(memory, at, end, value) {
      if (end - at < bytes) return noRoom;
      write(memory, at, value);
      return at + bytes;
    },
  };
}

export function isFixed<T>(codec: Codec<T>): codec is FixedCodec<T> {
  return "bytes" in codec;
}
