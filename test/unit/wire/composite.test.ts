import { describe, expect, test } from "bun:test";
import { byteStringOf } from "../../../ffi/byte-string.ts";
import { noRoom } from "../../../src/wire/codec.ts";
import { array, pad, struct } from "../../../src/wire/composite.ts";
import { u8, u16, u32, u64 } from "../../../src/wire/integers.ts";
import { arrayElementsMax } from "../../../src/wire/limits.ts";
import { byteString } from "../../../src/wire/strings.ts";
import { memoryFilled, memoryOf } from "./memory-of.ts";

describe("struct()", () => {
  const packed = struct({ kind: u8, padding: pad(3), size: u32 });

  test("puts fields one behind the other without alignment", () => {
    const unaligned = struct({ kind: u8, size: u64, count: u16 });
    expect(unaligned.bytes).toBe(11);
    const memory = memoryFilled(11, 0);
    unaligned.write(memory, 0, { kind: 1, size: 2, count: 3 });
    expect(memory.u8.toHex()).toBe("0102000000000000000300");
  });

  test("ignores what is in pads, and writes zero there", () => {
    const memory = memoryOf(Uint8Array.fromHex("07ffffff01000000"));
    const value = packed.read(memory, 0);
    expect(value).toEqual({ kind: 7, size: 1 });
    expect(Object.keys(value)).toEqual(["kind", "size"]);
    packed.write(memory, 0, value);
    expect(memory.u8.toHex()).toBe("0700000001000000");
  });

  test("takes fixed fields behind variable ones", () => {
    const codec = struct({ id: u16, name: byteString, flags: u32 });
    expect(codec.bytesMin).toBe(8);
    const memory = memoryOf(Uint8Array.fromHex("05000200616204000000"));
    expect(codec.decode({ memory, at: 0, end: 10 })).toEqual({ id: 5, name: byteStringOf("ab"), flags: 4 });
  });

  test("refuses a pad behind a variable field, which no message has", () => {
    expect(() => struct({ name: byteString, padding: pad(4) })).toThrow("padding");
  });
});

describe("array()", () => {
  test("refuses a count that the bytes left cannot hold, before it takes an element", () => {
    let elements = 0;
    const counting = array({
      ...u64,
      decode: (cursor) => {
        elements++;
        return u64.decode(cursor);
      },
    });
    const memory = memoryFilled(2 + 15, 0);
    u16.write(memory, 0, 2);
    expect(counting.decode({ memory, at: 0, end: 17 })).toBeUndefined();
    expect(elements).toBe(0);
    u16.write(memory, 0, 1);
    expect(counting.decode({ memory, at: 0, end: 17 })).toEqual([0]);
    expect(elements).toBe(1);
  });

  test("judges elements of variable size by the fewest bytes that each takes", () => {
    const memory = memoryFilled(2 + 7, 0);
    u16.write(memory, 0, 4);
    expect(array(byteString).decode({ memory, at: 0, end: 9 })).toBeUndefined();
    u16.write(memory, 0, 3);
    expect(array(byteString).decode({ memory, at: 0, end: 9 })).toHaveLength(3);
  });

  test("does not encode more elements than its count can say", () => {
    const memory = memoryFilled(2 + arrayElementsMax + 1, 0);
    const elements = new Array<number>(arrayElementsMax).fill(7);
    expect(array(u8).encode(memory, 0, memory.u8.length, elements)).toBe(2 + arrayElementsMax);
    expect(array(u8).encode(memory, 0, memory.u8.length, [...elements, 7])).toBe(noRoom);
  });
});
