import { describe, expect, test } from "bun:test";
import { addressOf, memory } from "../../../ffi/arena.ts";
import type { ByteString } from "../../../ffi/byte-string.ts";
import {
  callsForCapabilities,
  capabilityMask,
  capabilitySetsOf,
  formatCapabilities,
  hasCapability,
} from "../../../ffi/capabilities.ts";
import { TaskStatus } from "../../../ffi/own-tasks.ts";

const capabilityBoundingSetDrop = 24;
const ambient = 47;
const raise = 2;
const clearAll = 4;

const sets = { bounding: 0x400dfn, effective: 0x400dfn, permitted: 0x2_0004_00dfn, inheritable: 0x4001fn, ambient: 5n };

/** The 32-bit words at an address that a call was given. */
function wordsAt(address: number | undefined, count: number): number[] {
  const at = (address ?? 0) - addressOf(0);
  return Array.from({ length: count }, (_, index) => memory.view.getUint32(at + 4 * index, true));
}

describe("masks of capabilities", () => {
  test("have a bit for each", () => {
    expect(capabilityMask([0, 18, 40])).toBe(0x100_0004_0001n);
    expect([0, 1, 40].map((number) => hasCapability(0x100_0000_0001n, number))).toEqual([true, false, true]);
  });

  test("are shown as the kernel shows them", () => {
    expect(formatCapabilities(0x4001fn)).toBe("000000000004001f");
  });

  test("are read from a thread's status", () => {
    const text = "CapInh:\t1\nCapPrm:\t2\nCapEff:\t4\nCapBnd:\t000001ffffffffff\nCapAmb:\t8\n";
    expect(capabilitySetsOf(new TaskStatus("1" as ByteString, text))).toEqual({
      inheritable: 1n,
      permitted: 2n,
      effective: 4n,
      bounding: 0x1ff_ffff_ffffn,
      ambient: 8n,
    });
  });
});

describe("callsForCapabilities()", () => {
  const calls = callsForCapabilities(sets, true);
  const capset = calls.findIndex(({ call }) => call === "capset");

  test("drops from the bounding set what is not in it, before anything is given up", () => {
    const dropped = calls.slice(0, capset).map(({ call, args: [operation, number] }) => {
      expect([call, operation]).toEqual(["prctl", capabilityBoundingSetDrop]);
      return number;
    });
    expect(dropped.slice(0, 14)).toEqual([5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21]);
    expect(dropped).toContain(37);
    expect(dropped).not.toContain(64);
  });

  test("leaves the bounding set alone where it cannot be changed", () => {
    expect(callsForCapabilities(sets, false)).toHaveLength(calls.length - capset);
    expect(callsForCapabilities(sets, false)[0]?.call).toBe("capset");
  });

  test("sets the calling thread's other sets, in two halves", () => {
    const [header, data] = calls[capset]?.args ?? [];
    expect(wordsAt(header, 2)).toEqual([0x20080522, 0]);
    expect(wordsAt(data, 6)).toEqual([0x400df, 0x400df, 0x4001f, 0, 2, 0]);
  });

  test("raises what is to be ambient after all else was cleared", () => {
    expect(calls.slice(capset + 1)).toEqual([
      { call: "prctl", args: [ambient, clearAll] },
      { call: "prctl", args: [ambient, raise, 0] },
      { call: "prctl", args: [ambient, raise, 2] },
    ]);
  });
});
