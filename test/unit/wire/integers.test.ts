import { describe, expect, test } from "bun:test";
import type { FixedCodec } from "../../../src/wire/codec.ts";
import { fdId, i32, i64, type U64, u8, u16, u32, u64 } from "../../../src/wire/integers.ts";
import { memoryFilled, memoryOf } from "./memory-of.ts";

const largestSafe = Number.MAX_SAFE_INTEGER;

/** Little-endian bytes and the value they stand for. */
const rows: readonly (readonly [string, FixedCodec<U64>, string, U64])[] = [
  ["u8", u8, "00", 0],
  ["u8", u8, "ff", 255],
  ["u16", u16, "0102", 0x0201],
  ["u16", u16, "ffff", 65_535],
  ["u32", u32, "01020304", 0x0403_0201],
  ["u32", u32, "ffffffff", 2 ** 32 - 1],
  ["i32", i32, "ffffffff", -1],
  ["i32", i32, "00000080", -(2 ** 31)],
  ["u64", u64, "0102030400000000", 0x0403_0201],
  ["u64", u64, "0000000001000000", 2 ** 32],
  ["u64", u64, "ffffffffffff1f00", largestSafe],
  ["u64", u64, "0000000000002000", 2n ** 53n],
  ["u64", u64, "0100000000002000", 2n ** 53n + 1n],
  ["u64", u64, "0000000000000080", 2n ** 63n],
  ["u64", u64, "ffffffffffffffff", 2n ** 64n - 1n],
  ["i64", i64, "ffffffffffffffff", -1],
  ["i64", i64, "00000000ffffffff", -(2 ** 32)],
  ["i64", i64, "ffffffffffffff7f", 2n ** 63n - 1n],
  ["i64", i64, "0000000000000080", -(2n ** 63n)],
  ["i64", i64, "010000000000e0ff", -largestSafe],
  ["i64", i64, "000000000000e0ff", -(2n ** 53n)],
  ["i64", i64, "ffffffffffffdfff", -(2n ** 53n) - 1n],
  ["i64", i64, "0000000000002000", 2n ** 53n],
];

describe("integers", () => {
  test.each(rows)("%s reads and writes %3$s", (_name, codec, hex, value) => {
    expect(codec.read(memoryOf(Uint8Array.fromHex(hex)), 0)).toBe(value);
    const memory = memoryFilled(codec.bytes + 2, 0xaa);
    codec.write(memory, 1, value);
    expect(memory.u8.toHex()).toBe(`aa${hex}aa`);
  });

  test("a 64-bit value is a bigint only where a number would not be exact", () => {
    expect(typeof u64.read(memoryOf(Uint8Array.fromHex("ffffffffffff1f00")), 0)).toBe("number");
    expect(typeof u64.read(memoryOf(Uint8Array.fromHex("0000000000002000")), 0)).toBe("bigint");
    expect(typeof i64.read(memoryOf(Uint8Array.fromHex("010000000000e0ff")), 0)).toBe("number");
    expect(typeof i64.read(memoryOf(Uint8Array.fromHex("000000000000e0ff")), 0)).toBe("bigint");
  });

  test("a descriptor's id beyond 2^53 is rounded, never wrapped to a small one", () => {
    const id = fdId.read(memoryOf(Uint8Array.fromHex("ffffffffffffffff")), 0);
    expect<number>(id).toBe(2 ** 64);
    expect<number>(fdId.read(memoryOf(Uint8Array.fromHex("0100000000002000")), 0)).toBe(2 ** 53);
  });
});
