import { describe, expect, test } from "bun:test";
import { type ByteString, byteStringOf, textOf } from "../../../ffi/byte-string.ts";
import { noRoom } from "../../../src/wire/codec.ts";
import { stringBytesMax } from "../../../src/wire/limits.ts";
import { byteString, isNulFree, isSafeComponent } from "../../../src/wire/strings.ts";
import { memoryFilled, memoryOf } from "./memory-of.ts";

describe("byteString", () => {
  test("keeps every byte, whatever it is", () => {
    const bytes = Uint8Array.from({ length: 258 }, (_, index) => (index < 2 ? index : index - 2));
    const memory = memoryOf(bytes);
    memory.view.setUint16(0, 256, true);
    const decoded = byteString.decode({ memory, at: 0, end: 258 });
    expect(decoded).toHaveLength(256);
    const again = memoryFilled(258, 0xaa);
    expect(byteString.encode(again, 0, 258, decoded as ByteString)).toBe(258);
    expect(again.u8.toHex()).toBe(memory.u8.toHex());
  });

  test("is one character a byte, not one a code point", () => {
    const memory = memoryOf(Uint8Array.fromHex("0300e29c93"));
    const decoded = byteString.decode({ memory, at: 0, end: 5 }) as ByteString;
    expect(decoded).toHaveLength(3);
    expect(textOf(decoded)).toBe("✓");
    expect(decoded).toBe(byteStringOf("✓"));
  });

  test("is a copy: later changes of the memory do not reach it", () => {
    const memory = memoryOf(Uint8Array.fromHex("02006162"));
    const decoded = byteString.decode({ memory, at: 0, end: 4 });
    memory.u8.fill(0);
    expect(decoded).toBe(byteStringOf("ab"));
  });

  test("encodes as many bytes as its length can say, and no more", () => {
    const memory = memoryFilled(2 + stringBytesMax + 1, 0xaa);
    const longest = "x".repeat(stringBytesMax) as ByteString;
    expect(byteString.encode(memory, 0, memory.u8.length, longest)).toBe(2 + stringBytesMax);
    expect(memory.u8[1 + stringBytesMax]).toBe("x".charCodeAt(0));
    expect(memory.u8.at(-1)).toBe(0xaa);
    expect(byteString.encode(memory, 0, memory.u8.length, `${longest}x` as ByteString)).toBe(noRoom);
  });
});

describe("isSafeComponent()", () => {
  test.each(["a", "...", ".hidden", "a b", "\xff\xfe", "-", "..a", "\n"])("takes %j", (name) => {
    expect(isSafeComponent(name as ByteString)).toBe(true);
  });

  test.each(["", ".", "..", "/", "a/", "/a", "a/b", "\0", "a\0", "a\0b"])("refuses %j", (name) => {
    expect(isSafeComponent(name as ByteString)).toBe(false);
  });
});

describe("isNulFree()", () => {
  test("refuses a NUL wherever it is, and nothing else", () => {
    expect(["", "../x", "/", "user.a"].map((text) => isNulFree(text as ByteString))).toEqual([true, true, true, true]);
    expect(["\0", "a\0", "\0a"].map((text) => isNulFree(text as ByteString))).toEqual([false, false, false]);
  });
});
