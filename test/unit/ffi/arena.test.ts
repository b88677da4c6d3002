import { describe, expect, test } from "bun:test";
import {
  addressOf,
  allocateMemory,
  allocateStaticMemory,
  memory,
  pageBytes,
  recycleMemory,
} from "../../../ffi/arena.ts";
import { releaseMemory } from "../../../ffi/mappings.ts";

function allocated(bytes: number): number {
  const at = allocateMemory(bytes);
  if (at === undefined) throw new Error("the arena is exhausted");
  return at;
}

describe("allocateMemory()", () => {
  test("gives whole zeroed pages, and never offset 0", () => {
    const at = allocated(10);
    expect(at).toBeGreaterThan(0);
    expect(at % pageBytes).toBe(0);
    expect(memory.u8.subarray(at, at + pageBytes).every((byte) => byte === 0)).toBe(true);
    recycleMemory(at, 10);
  });

  test("gives the memory of one owner to no other", () => {
    const first = allocated(3 * pageBytes);
    const second = allocated(3 * pageBytes);
    expect(Math.abs(first - second)).toBeGreaterThanOrEqual(3 * pageBytes);
    releaseMemory(first, 3 * pageBytes);
    releaseMemory(second, 3 * pageBytes);
  });

  test("takes up memory of the same size that was given back, counted in pages", () => {
    const first = allocated(4 * pageBytes);
    releaseMemory(first, 4 * pageBytes);
    expect(allocated(4 * pageBytes - 1)).toBe(first);
    releaseMemory(first, 4 * pageBytes);
  });

  test("has nothing larger than the arena, and goes on after it was asked", () => {
    expect(allocateMemory(2 ** 31)).toBeUndefined();
    recycleMemory(allocated(1), 1);
  });
});

describe("releaseMemory()", () => {
  test("throws when memory is given back twice", () => {
    const at = allocated(6 * pageBytes);
    releaseMemory(at, 6 * pageBytes);
    expect(() => releaseMemory(at, 6 * pageBytes)).toThrow("twice");
  });

  test("gives zeroed memory to the next owner", () => {
    const at = allocated(5 * pageBytes);
    memory.u8.fill(0xaa, at, at + 5 * pageBytes);
    releaseMemory(at, 5 * pageBytes);
    expect(allocated(5 * pageBytes)).toBe(at);
    expect(memory.u8.subarray(at, at + 5 * pageBytes).every((byte) => byte === 0)).toBe(true);
    releaseMemory(at, 5 * pageBytes);
  });
});

describe("allocateStaticMemory()", () => {
  test("begins each allocation on a cache line of its own", () => {
    const first = allocateStaticMemory(1);
    const second = allocateStaticMemory(65);
    const third = allocateStaticMemory(1);
    expect([first, second, third].map((at) => at % 64)).toEqual([0, 0, 0]);
    expect(second - first).toBe(64);
    expect(third - second).toBe(128);
  });

  test("throws rather than run over its end", () => {
    expect(() => allocateStaticMemory(2 ** 20)).toThrow("for good");
  });
});

describe("memory", () => {
  test("shows the same bytes through each of its views", () => {
    const at = allocateStaticMemory(8);
    memory.view.setUint32(at, 0x0403_0201, true);
    expect([...memory.u8.subarray(at, at + 4)]).toEqual([1, 2, 3, 4]);
    expect(memory.i32[at >> 2]).toBe(0x0403_0201);
    expect(memory.buffer.readUInt32LE(at)).toBe(0x0403_0201);
  });

  test("has addresses that go up with the offsets", () => {
    expect(addressOf(pageBytes) - addressOf(0)).toBe(pageBytes);
    expect(Number.isSafeInteger(addressOf(0))).toBe(true);
  });
});
