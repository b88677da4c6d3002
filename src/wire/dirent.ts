import type { ByteString } from "../../ffi/byte-string.ts";
import type { Memory } from "../../ffi/memory.ts";
import { type Cursor, noRoom } from "./codec.ts";
import { struct } from "./composite.ts";
import type { Placed, PlacedCodec } from "./data.ts";
import { type U64, u8, u16, u32, u64, write64 } from "./integers.ts";
import { arrayElementsMax, stringBytesMax } from "./limits.ts";
import { byteString } from "./strings.ts";

/** A directory entry as a DirentWriter takes it. Source: getdents64(2). */
export interface DirentSource {
  readonly ino: U64;
  readonly devMinor: number;
  readonly devMajor: number;
  /** The kernel's position behind the entry: 64 opaque bits, passed on in two halves because a hash may use them all. */
  readonly offLow: number;
  readonly offHigh: number;
  /** DT_ constant. */
  readonly type: number;
  /** Where in the writer's memory the name stands, and its length in bytes, without the NUL. */
  readonly nameAt: number;
  readonly nameBytes: number;
}

/** A directory entry as it was decoded. */
export interface Dirent {
  readonly ino: U64;
  readonly devMinor: number;
  readonly devMajor: number;
  readonly off: U64;
  readonly type: number;
  readonly name: ByteString;
}

/** The body of a Getdents64 reply, in place: how many entries, and how many bytes they take. */
export interface PlacedDirents extends Placed {
  readonly entries: number;
}

const dirent = struct({ ino: u64, devMinor: u32, devMajor: u32, off: u64, type: u8, name: byteString });

/** Bytes of an entry whose name is empty. */
export const direntHeadBytes = dirent.bytesMin;

/** A count of entries in 16 bits, then the entries. Decoding checks each of them. */
export const placedDirents: PlacedCodec<PlacedDirents> = {
  prefixBytes: u16.bytes,
  bytesMin: u16.bytes,
  decode(cursor): PlacedDirents | undefined {
    const entries = u16.decode(cursor);
    if (entries === undefined) return undefined;
    const start = cursor.at;
    for (let entry = 0; entry < entries; entry++) {
      if (dirent.decode(cursor) === undefined) return undefined;
    }
    return { entries, placed: cursor.at - start };
  },
  encode(memory, at, end, { entries, placed }) {
    const start = at + u16.bytes;
    if (entries > arrayElementsMax || end - start < placed) return noRoom;
    u16.write(memory, at, entries);
    return start + placed;
  },
};

/** The entries of a decoded Getdents64 reply whose payload starts at `at`; undefined when they do not match `reply`. */
export function decodeDirents(memory: Memory, at: number, reply: PlacedDirents): readonly Dirent[] | undefined {
  const start = at + placedDirents.prefixBytes;
  const cursor: Cursor = { memory, at: start, end: start + reply.placed };
  const entries: Dirent[] = [];
  for (let index = 0; index < reply.entries; index++) {
    const entry = dirent.decode(cursor);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return entries;
}

/** Appends directory entries in place, from `start` (prefixBytes into the payload) to no further than `end`. */
export class DirentWriter {
  readonly #memory: Memory;
  readonly #start: number;
  readonly #end: number;
  #at: number;
  #entries = 0;

  constructor(memory: Memory, start: number, end: number) {
    this.#memory = memory;
    this.#start = start;
    this.#end = end;
    this.#at = start;
  }

  /** Appends an entry; false, with nothing written, when there is no room for it or the count is at its limit. */
  append(entry: DirentSource): boolean {
    const at = this.#at;
    const behind = at + direntHeadBytes + entry.nameBytes;
    if (behind > this.#end || entry.nameBytes > stringBytesMax || this.#entries === arrayElementsMax) return false;
    const { u8, view } = this.#memory;
    write64(this.#memory, at, entry.ino);
    view.setUint32(at + 8, entry.devMinor, true);
    view.setUint32(at + 12, entry.devMajor, true);
    view.setUint32(at + 16, entry.offLow, true);
    view.setUint32(at + 20, entry.offHigh, true);
    view.setUint8(at + 24, entry.type);
    view.setUint16(at + 25, entry.nameBytes, true);
    u8.copyWithin(at + direntHeadBytes, entry.nameAt, entry.nameAt + entry.nameBytes);
    this.#at = behind;
    this.#entries++;
    return true;
  }

  /** What was appended, as the reply says it. */
  get reply(): PlacedDirents {
    return { entries: this.#entries, placed: this.#at - this.#start };
  }
}
