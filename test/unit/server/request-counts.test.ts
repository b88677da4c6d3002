import { describe, expect, test } from "bun:test";
import { allocateStaticMemory, memory } from "../../../ffi/arena.ts";
import { RequestCounts, requestCountsBytes } from "../../../src/server/request-counts.ts";

const at = allocateStaticMemory(requestCountsBytes);

describe("RequestCounts", () => {
  test("counts each kind of message in 64 bits of its own", () => {
    const counts = new RequestCounts(at);
    for (const message of [0, 3, 3, 63, 3]) counts.add(message);
    const counted = Array.from({ length: 64 }, (_, message) => memory.view.getBigUint64(at + 8 * message, true));
    expect([counted[0], counted[1], counted[3], counted[63]]).toEqual([1n, 0n, 3n, 1n]);
  });

  test("carries over from the lower half", () => {
    const counts = new RequestCounts(at);
    memory.view.setBigUint64(at + 8 * 7, 0xffff_ffffn, true);
    counts.add(7);
    expect(memory.view.getBigUint64(at + 8 * 7, true)).toBe(0x1_0000_0000n);
  });

  test("gives the count of a kind, beyond 32 bits too", () => {
    const counts = new RequestCounts(at);
    memory.view.setBigUint64(at + 8 * 9, 0x1_0000_0000n, true);
    counts.add(9);
    expect(counts.count(9)).toBe(2 ** 32 + 1);
    expect(counts.count(10)).toBe(0);
  });

  test("passes over messages that it has no place for", () => {
    const behind = allocateStaticMemory(8);
    const counts = new RequestCounts(at);
    for (const message of [64, 0xffff]) counts.add(message);
    expect(memory.view.getBigUint64(behind, true)).toBe(0n);
  });
});
