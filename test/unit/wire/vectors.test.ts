import { describe, expect, test } from "bun:test";
import type { Memory } from "../../../ffi/memory.ts";
import { type Cursor, noRoom } from "../../../src/wire/codec.ts";
import { decodeDirents, type PlacedDirents } from "../../../src/wire/dirent.ts";
import { messageNames } from "../../../src/wire/messages.ts";
import { LoadCounter, memoryFilled } from "./memory-of.ts";
import { messageVectors, type Vector } from "./vectors.ts";

const margin = 16;

describe("every vector", () => {
  test("decodes to its fields, and the cursor stops behind it", () => {
    for (const vector of messageVectors) {
      const memory = withMargins(vector.bytes);
      const end = margin + vector.bytes.length;
      const cursor: Cursor = { memory, at: margin, end };
      expect(withBody(vector, memory, vector.codec.decode(cursor)), vector.title).toEqual(vector.fields);
      expect(cursor.at, vector.title).toBe(end);
    }
  });

  test("decodes to its fields when other bytes follow", () => {
    for (const vector of messageVectors) {
      const memory = withMargins(vector.bytes);
      const cursor: Cursor = { memory, at: margin, end: memory.u8.length };
      expect(withBody(vector, memory, vector.codec.decode(cursor)), vector.title).toEqual(vector.fields);
      expect(cursor.at, vector.title).toBe(margin + vector.bytes.length);
    }
  });

  test("encodes to the same bytes and touches no others", () => {
    for (const vector of messageVectors) {
      const { bytes, codec, title } = vector;
      const end = margin + bytes.length;
      const source = withMargins(bytes);
      const value = codec.decode({ memory: source, at: margin, end });
      const memory = memoryFilled(end + margin, 0xaa);
      if (vector.prefixBytes > 0) memory.u8.set(bytes.subarray(vector.prefixBytes), margin + vector.prefixBytes);
      const moved = withDataBehind(memory, end + margin, source, value);
      expect(codec.encode(moved.memory, margin, end, moved.value), title).toBe(end);
      expect(moved.memory.u8.subarray(margin, end).toHex(), title).toBe(bytes.toHex());
      expect(moved.memory.u8.subarray(0, margin).toHex(), title).toBe("aa".repeat(margin));
      expect(moved.memory.u8.subarray(end, end + margin).toHex(), title).toBe("aa".repeat(margin));
    }
  });

  test("is refused when it is cut short anywhere", () => {
    for (const { bytes, codec, title } of messageVectors) {
      const memory = withMargins(bytes);
      for (let length = 0; length < bytes.length; length++) {
        expect(codec.decode({ memory, at: margin, end: margin + length }), `${title} cut to ${length}`).toBeUndefined();
      }
    }
  });

  test("is not encoded into less space than it takes", () => {
    for (const { bytes, codec, title } of messageVectors) {
      const memory = withMargins(bytes);
      const value = codec.decode({ memory, at: margin, end: margin + bytes.length });
      for (let length = 0; length < bytes.length; length++) {
        expect(codec.encode(memory, margin, margin + length, value), `${title} into ${length}`).toBe(noRoom);
      }
    }
  });

  test("is loaded only once", () => {
    for (const { bytes, codec, title } of messageVectors) {
      const { u8, view: whole } = withMargins(bytes);
      const view = new LoadCounter(whole.buffer as ArrayBuffer);
      codec.decode({ memory: { u8, view }, at: margin, end: margin + bytes.length });
      expect([...view.loadedTwice], title).toEqual([]);
    }
  });
});

test("every message has vectors for its request and its reply", () => {
  const covered = new Set(messageVectors.map(({ message, direction }) => `${message} ${direction}`));
  const missing = messageNames
    .flatMap((name) => [`${name} request`, `${name} reply`])
    .filter((half) => !covered.has(half));
  expect(missing).toEqual([]);
});

test("LoadCounter notices a second load", () => {
  const view = new LoadCounter(new ArrayBuffer(8));
  view.getUint32(0, true);
  view.getUint16(3, true);
  expect([...view.loadedTwice]).toEqual([3]);
});

function withMargins(bytes: Uint8Array): Memory {
  const memory = memoryFilled(margin + bytes.length + margin, 0x55);
  memory.u8.set(bytes, margin);
  return memory;
}

/** The decoded value with what it says is in the memory in place of where it is. */
function withBody({ message, prefixBytes }: Vector, memory: Memory, value: unknown): unknown {
  if (message === "pWrite" && isObject(value) && isObject(value["data"])) {
    const { at, length } = value["data"];
    return { ...value, data: memory.u8.slice(Number(at), Number(at) + Number(length)) };
  }
  if (prefixBytes === 0 || !isObject(value)) return value;
  if (message === "getdents64") return { entries: decodeDirents(memory, margin, value as unknown as PlacedDirents) };
  return { body: memory.u8.slice(margin + prefixBytes, margin + prefixBytes + Number(value["placed"])) };
}

/** The value, with its data, if any, put behind the rest of the memory that it shall be encoded into. */
function withDataBehind(
  memory: Memory,
  at: number,
  source: Memory,
  value: unknown,
): { memory: Memory; value: unknown } {
  if (!isObject(value) || !isObject(value["data"])) return { memory, value };
  const { at: from, length } = value["data"];
  const extended = memoryFilled(at + Number(length), 0xaa);
  extended.u8.set(memory.u8);
  extended.u8.set(source.u8.subarray(Number(from), Number(from) + Number(length)), at);
  return { memory: extended, value: { ...value, data: { at, length } } };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
