import { expect, test } from "bun:test";
import { statx } from "../../../src/wire/statx.ts";
import { memoryFilled } from "./memory-of.ts";

test("statx takes 144 bytes, the first of the kernel's 256", () => {
  expect(statx.bytes).toBe(144);
});

test("statx writes zero into its gaps, whatever was there", () => {
  const memory = memoryFilled(144 + 8, 0xaa);
  const value = statx.read(memory, 0);
  statx.write(memory, 0, value);
  const gaps = [30, 31, 76, 77, 78, 79, 92, 93, 94, 95, 108, 109, 110, 111, 124, 125, 126, 127];
  for (let at = 0; at < 144; at++) expect(memory.u8[at], `byte ${at}`).toBe(gaps.includes(at) ? 0 : 0xaa);
  expect(memory.u8.subarray(144).every((byte) => byte === 0xaa)).toBe(true);
});

test("statx keeps attributes that a number cannot hold", () => {
  const memory = memoryFilled(144, 0xff);
  const value = statx.read(memory, 0);
  expect(value).toMatchObject({ ino: 2n ** 64n - 1n, size: 2n ** 64n - 1n, mode: 65_535, mtimeSec: -1 });
});

test("statx gives times before 1970 and after 2038", () => {
  const memory = memoryFilled(144, 0);
  const value = { ...statx.read(memory, 0), atimeSec: -2_208_988_800, mtimeSec: 4_102_444_800, mtimeNsec: 999_999_999 };
  statx.write(memory, 0, value);
  expect(statx.read(memory, 0)).toEqual(value);
});
