import { describe, expect, test } from "bun:test";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { noRoom } from "../../../src/wire/codec.ts";
import {
  type Dirent,
  type DirentSource,
  DirentWriter,
  decodeDirents,
  direntHeadBytes,
  placedDirents,
} from "../../../src/wire/dirent.ts";
import type { U64 } from "../../../src/wire/integers.ts";
import { arrayElementsMax } from "../../../src/wire/limits.ts";
import { memoryFilled } from "./memory-of.ts";
import { messageVectors } from "./vectors.ts";

const wordValues = 2n ** 32n;

/** What the writer takes for an entry whose name stands at `nameAt`. */
function sourceOf(entry: Dirent, nameAt: number): DirentSource {
  const off = BigInt(entry.off);
  return {
    ino: entry.ino,
    devMinor: entry.devMinor,
    devMajor: entry.devMajor,
    offLow: Number(off % wordValues),
    offHigh: Number(off / wordValues),
    type: entry.type,
    nameAt,
    nameBytes: entry.name.length,
  };
}

function plainEntry(name: string, off: U64 = 1): Dirent {
  return { ino: 1, devMinor: 2, devMajor: 3, off, type: 4, name: byteStringOf(name) };
}

describe("DirentWriter", () => {
  test("writes the replies that gVisor writes", () => {
    const replies = messageVectors.filter(({ title }) => title.startsWith("getdents64 reply"));
    expect(replies.length).toBeGreaterThan(0);
    for (const { bytes, fields } of replies) {
      const namesAt = bytes.length;
      const memory = memoryFilled(namesAt + 512, 0xaa);
      const writer = new DirentWriter(memory, placedDirents.prefixBytes, bytes.length);
      for (const entry of fields["entries"] as readonly Dirent[]) {
        Buffer.from(memory.u8.buffer).write(entry.name, namesAt, "latin1");
        expect(writer.append(sourceOf(entry, namesAt))).toBe(true);
      }
      expect(placedDirents.encode(memory, 0, bytes.length, writer.reply)).toBe(bytes.length);
      expect(memory.u8.subarray(0, bytes.length).toHex()).toBe(bytes.toHex());
    }
  });

  test("refuses an entry that does not fit, and leaves the rest of the space untouched", () => {
    const entry = plainEntry("name");
    const bytes = direntHeadBytes + 4;
    const memory = memoryFilled(2 * bytes + 8, 0xaa);
    const writer = new DirentWriter(memory, 0, 2 * bytes - 1);
    expect(writer.append(sourceOf(entry, memory.u8.length - 4))).toBe(true);
    expect(writer.append(sourceOf(entry, memory.u8.length - 4))).toBe(false);
    expect(writer.reply).toEqual({ entries: 1, placed: bytes });
    expect(memory.u8.subarray(bytes).every((byte) => byte === 0xaa)).toBe(true);
  });

  test("takes an entry that fits exactly, also after one that did not", () => {
    const memory = memoryFilled(256, 0);
    const writer = new DirentWriter(memory, 2, 2 + direntHeadBytes + 1);
    expect(writer.append(sourceOf(plainEntry("ab"), 200))).toBe(false);
    expect(writer.append(sourceOf(plainEntry("a"), 200))).toBe(true);
    expect(writer.reply).toEqual({ entries: 1, placed: direntHeadBytes + 1 });
  });

  test("refuses an entry beyond the count that the reply can say", () => {
    const memory = memoryFilled((arrayElementsMax + 1) * direntHeadBytes, 0);
    const writer = new DirentWriter(memory, 0, memory.u8.length);
    const source = sourceOf(plainEntry(""), 0);
    for (let entry = 0; entry < arrayElementsMax; entry++) writer.append(source);
    expect(writer.append(source)).toBe(false);
    expect(writer.reply.entries).toBe(arrayElementsMax);
  });

  test("carries all 64 bits of the kernel's offset", () => {
    const off = 2n ** 63n - 3n;
    const memory = memoryFilled(256, 0);
    const writer = new DirentWriter(memory, 2, 128);
    writer.append(sourceOf(plainEntry("", off), 200));
    expect(decodeDirents(memory, 0, writer.reply)).toEqual([plainEntry("", off)]);
  });
});

describe("placedDirents", () => {
  test("does not encode more entries than the count can say, or a body without room", () => {
    const memory = memoryFilled(16, 0);
    expect(placedDirents.encode(memory, 0, 16, { entries: arrayElementsMax + 1, placed: 0 })).toBe(noRoom);
    expect(placedDirents.encode(memory, 0, 16, { entries: 1, placed: 15 })).toBe(noRoom);
  });

  test("decodeDirents() refuses a count that the body does not bear out", () => {
    const memory = memoryFilled(64, 0);
    expect(decodeDirents(memory, 0, { entries: 2, placed: direntHeadBytes })).toBeUndefined();
  });
});
