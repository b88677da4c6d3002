import { describe, expect, test } from "bun:test";
import { addressOf, memory } from "../../../ffi/arena.ts";
import { type ByteString, byteStringOf, textOf } from "../../../ffi/byte-string.ts";
import { cString, emptyCString, secondCString } from "../../../ffi/c-string.ts";

const base = addressOf(0);

/** The bytes at an address of the arena up to the first NUL. */
function bytesAt(address: number): string {
  const at = address - base;
  return memory.buffer.toString("latin1", at, memory.u8.indexOf(0, at));
}

/** Each byte but NUL once. */
const allBytes = String.fromCharCode(...Array.from({ length: 255 }, (_, index) => index + 1)) as ByteString;

describe("cString()", () => {
  test("puts each byte as it is, and a NUL behind", () => {
    expect(bytesAt(cString(allBytes))).toBe(allBytes);
  });

  test.each([0, 1, 47, 48, 49, 50, 255, 4096, 65535])("takes a text of %p bytes", (length) => {
    expect(bytesAt(cString("x".repeat(length) as ByteString))).toHaveLength(length);
  });

  test("leaves nothing of a longer text behind a shorter one", () => {
    cString("a long text".repeat(20) as ByteString);
    expect(bytesAt(cString("ab" as ByteString))).toBe("ab");
  });

  test.each(["\0", "a\0", "a\0b", `${"x".repeat(100)}\0`, `\0${"x".repeat(100)}`])(
    "throws at a NUL, which would name another file: %j",
    (text) => {
      expect(() => cString(text as ByteString)).toThrow("NUL");
    },
  );

  test("throws at a text that no message could hold", () => {
    expect(() => cString("x".repeat(65536) as ByteString)).toThrow("65535");
  });
});

describe("secondCString()", () => {
  test("stands beside the first", () => {
    const first = cString("first" as ByteString);
    const second = secondCString("second" as ByteString);
    expect([bytesAt(first), bytesAt(second)]).toEqual(["first", "second"]);
  });
});

test("emptyCString is the empty string", () => {
  expect(bytesAt(emptyCString)).toBe("");
});

describe("byte strings", () => {
  test("hold the UTF-8 bytes of a text, one a character", () => {
    expect(byteStringOf("é")).toBe("\xc3\xa9" as ByteString);
    expect(byteStringOf("plain")).toBe("plain" as ByteString);
  });

  test("are shown as text where they are UTF-8, else with U+FFFD", () => {
    expect(textOf("\xc3\xa9" as ByteString)).toBe("é");
    expect(textOf("a\xffb" as ByteString)).toBe("a\ufffdb");
  });
});
