import { describe, expect, test } from "bun:test";
import { noRoom } from "../../../src/wire/codec.ts";
import { copiedBytes, placedBytes, span } from "../../../src/wire/data.ts";
import { u16, u64 } from "../../../src/wire/integers.ts";
import { stringBytesMax } from "../../../src/wire/limits.ts";
import { memoryFilled, memoryOf } from "./memory-of.ts";

describe("span", () => {
  test("points into the message", () => {
    const memory = memoryOf(Uint8Array.fromHex("ff03000000616263ff"));
    expect(span.decode({ memory, at: 1, end: 8 })).toEqual({ at: 5, length: 3 });
  });

  test("refuses a length near 2^32 rather than wrapping round", () => {
    const memory = memoryOf(Uint8Array.fromHex("ffffffff61"));
    expect(span.decode({ memory, at: 0, end: 5 })).toBeUndefined();
  });

  test("encodes bytes from elsewhere, and overlapping ones", () => {
    const memory = memoryOf(Uint8Array.fromHex("0000000000006162630000"));
    expect(span.encode(memory, 1, 11, { at: 6, length: 3 })).toBe(8);
    expect(memory.u8.toHex()).toBe("0003000000616263630000");
    const underPrefix = memoryOf(Uint8Array.fromHex("0000006162630000"));
    expect(span.encode(underPrefix, 1, 8, { at: 3, length: 3 })).toBe(8);
    expect(underPrefix.u8.toHex()).toBe("0003000000616263");
  });
});

describe("copiedBytes", () => {
  test("is a copy: later changes of the memory do not reach it", () => {
    const memory = memoryOf(Uint8Array.fromHex("0200fe00"));
    const copy = copiedBytes.decode({ memory, at: 0, end: 4 });
    memory.u8.fill(7);
    expect(copy).toEqual(Uint8Array.of(0xfe, 0));
    expect(copy?.buffer.byteLength).toBe(2);
  });

  test("does not encode more bytes than its length can say", () => {
    const memory = memoryFilled(stringBytesMax + 3, 0);
    expect(copiedBytes.encode(memory, 0, memory.u8.length, new Uint8Array(stringBytesMax))).toBe(2 + stringBytesMax);
    expect(copiedBytes.encode(memory, 0, memory.u8.length, new Uint8Array(stringBytesMax + 1))).toBe(noRoom);
  });
});

describe("placedBytes()", () => {
  const short = placedBytes(u16, stringBytesMax);
  const long = placedBytes(u64, 2 ** 20);

  test("writes the length and leaves the body alone", () => {
    const memory = memoryOf(Uint8Array.fromHex("aaaa616263"));
    expect(short.encode(memory, 0, 5, { placed: 3 })).toBe(5);
    expect(memory.u8.toHex()).toBe("0300616263");
    expect(short.prefixBytes).toBe(2);
    expect(long.prefixBytes).toBe(8);
  });

  test("does not encode a body that is longer than the prefix can say", () => {
    const memory = memoryFilled(stringBytesMax + 3, 0);
    expect(short.encode(memory, 0, memory.u8.length, { placed: stringBytesMax + 1 })).toBe(noRoom);
    expect(long.encode(memory, 0, memory.u8.length, { placed: 2 ** 20 + 1 })).toBe(noRoom);
  });

  test("refuses a length that exceeds the bytes left, however large", () => {
    for (const length of [4, 2 ** 32, 2 ** 32 + 3, 2n ** 63n, 2n ** 64n - 1n]) {
      const memory = memoryFilled(8 + 3, 0);
      u64.write(memory, 0, length);
      expect(long.decode({ memory, at: 0, end: 11 })).toBeUndefined();
    }
  });
});
