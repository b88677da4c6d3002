import { describe, expect, test } from "bun:test";
import { adoptExecutable, goferPathBytesMax, readAdoption, undoAdoption } from "../../../src/elf/adoption.ts";
import type { Machine } from "../../../src/elf/elf64.ts";
import type { AdoptionMethod } from "../../../src/elf/placement.ts";
import { acceptedValue, refusalReason } from "./support/expect-outcome.ts";
import { tinyProgram } from "./support/tiny-program.ts";

const gofer = "/opt/bun-gofer";
const machines: readonly Machine[] = ["x86-64", "arm64"];
const methods: readonly AdoptionMethod[] = ["padding", "segment"];
const cases = machines.flatMap((machine) => methods.map((method) => ({ machine, method })));

const firstHeader = 64;
const headerBytes = 56;

/** Its text and data segments in the wrong order. */
function withSwappedSegments(): Uint8Array {
  const program = tinyProgram();
  const [text, data] = [firstHeader + headerBytes, firstHeader + 2 * headerBytes];
  const saved = program.slice(text, data);
  program.copyWithin(text, data, data + headerBytes);
  program.set(saved, data);
  return program;
}

/** Its header table begins 8 bytes early; all but the first header, which nobody needs, are still right. */
function withTableInFileHeader(): Uint8Array {
  const program = tinyProgram();
  program.copyWithin(firstHeader - 8 + headerBytes, firstHeader + headerBytes, firstHeader + 3 * headerBytes);
  return withField(32, [firstHeader - 8], program);
}

/** The program with one of its fields changed. */
function withField(offset: number, bytes: readonly number[], program = tinyProgram()): Uint8Array {
  program.set(bytes, offset);
  return program;
}

describe.each(cases)("adoption of a program for $machine by $method", ({ machine, method }) => {
  test("undoAdoption() gives the byte-identical original", () => {
    const original = tinyProgram({ machine });
    const adopted = acceptedValue(adoptExecutable(original, gofer, [method]));
    expect(adopted.bytes).not.toEqual(original);
    expect(acceptedValue(undoAdoption(adopted.bytes))).toEqual(original);
  });

  test("neither direction changes its input, be it a Buffer", () => {
    const original = Buffer.from(tinyProgram({ machine }));
    const adopted = Buffer.from(acceptedValue(adoptExecutable(original, gofer, [method])).bytes);
    const untouched = Buffer.from(adopted);
    acceptedValue(undoAdoption(adopted));
    expect(Buffer.compare(original, tinyProgram({ machine }))).toBe(0);
    expect(Buffer.compare(adopted, untouched)).toBe(0);
  });

  test("readAdoption() tells how it was adopted", () => {
    const adopted = acceptedValue(adoptExecutable(tinyProgram({ machine }), gofer, [method]));
    expect(acceptedValue(readAdoption(adopted.bytes))).toEqual({ machine, method, goferPath: gofer });
  });

  test("an adopted program is not adopted again", () => {
    const adopted = acceptedValue(adoptExecutable(tinyProgram({ machine }), gofer, [method]));
    expect(refusalReason(adoptExecutable(adopted.bytes, gofer))).toContain(`already adopted (its gofer is ${gofer})`);
  });

  test("undoAdoption() refuses a copy that was changed afterwards", () => {
    const adopted = acceptedValue(adoptExecutable(tinyProgram({ machine }), gofer, [method]));
    const last = tinyProgram({ machine }).length - 1;
    adopted.bytes.set([1], last);
    expect(refusalReason(undoAdoption(adopted.bytes))).toContain("changed after it was adopted");
  });
});

describe("adoptExecutable()", () => {
  test("keeps the length of the file where there is padding", () => {
    const original = tinyProgram();
    const adopted = acceptedValue(adoptExecutable(original, gofer));
    expect(adopted.method).toBe("padding");
    expect(adopted.bytes.length).toBe(original.length);
  });

  test("replaces a note where there is no padding", () => {
    const adopted = acceptedValue(adoptExecutable(tinyProgram({ fillsPages: true }), gofer));
    expect(adopted.method).toBe("segment");
  });

  test("does not take padding that holds something", () => {
    const program = tinyProgram();
    program[700] = 1;
    expect(acceptedValue(adoptExecutable(program, gofer)).method).toBe("segment");
  });

  test("does not take padding that a section claims", () => {
    const program = new Uint8Array(8192);
    program.set(tinyProgram());
    const view = new DataView(program.buffer);
    const sections = 6000;
    view.setBigUint64(40, BigInt(sections), true);
    view.setUint16(58, 64, true);
    view.setUint16(60, 2, true);
    expect(acceptedValue(adoptExecutable(program, gofer)).method).toBe("padding");
    view.setUint32(sections + 64 + 4, 1, true);
    view.setBigUint64(sections + 64 + 24, 800n, true);
    view.setBigUint64(sections + 64 + 32, 8n, true);
    expect(acceptedValue(adoptExecutable(program, gofer)).method).toBe("segment");
  });

  test("does not take padding whose memory another segment has", () => {
    const program = tinyProgram({ machine: "arm64" });
    const view = new DataView(program.buffer);
    const [text, data] = [firstHeader + headerBytes, firstHeader + 2 * headerBytes];
    view.setBigUint64(text + 32, 0xf00n, true);
    view.setBigUint64(text + 40, 0xf00n, true);
    expect(acceptedValue(adoptExecutable(program, gofer)).method).toBe("padding");
    view.setBigUint64(data + 16, 0x401000n, true);
    view.setBigUint64(data + 48, 0x1000n, true);
    expect(acceptedValue(adoptExecutable(program, gofer)).method).toBe("segment");
  });

  test("does not take padding when the sections cannot be read", () => {
    const program = withField(40, [0xff, 0xff, 0xff]);
    expect(acceptedValue(adoptExecutable(program, gofer)).method).toBe("segment");
  });

  test("takes a path of the greatest length, but none longer", () => {
    const longest = `/${"p".repeat(goferPathBytesMax - 1)}`;
    expect(acceptedValue(adoptExecutable(tinyProgram(), longest)).goferPath).toBe(longest);
    expect(refusalReason(adoptExecutable(tinyProgram(), `${longest}p`))).toContain("1025 bytes; at most 1024");
    expect(refusalReason(adoptExecutable(tinyProgram(), `${longest.slice(0, -1)}é`))).toContain("1025 bytes");
  });

  test.each([
    ["a relative path of the gofer", tinyProgram(), "bun-gofer", "must be absolute"],
    ["an empty path of the gofer", tinyProgram(), "", "must be absolute"],
    ["a NUL in the path of the gofer", tinyProgram(), "/a\0b", "NUL"],
    ["an empty file", new Uint8Array(), gofer, "not an ELF file"],
    ["a script", new TextEncoder().encode("#!/bin/sh\n"), gofer, "not an ELF file"],
    ["a file that ends in its header", tinyProgram().subarray(0, 63), gofer, "damaged"],
    ["a 32-bit file", withField(4, [1]), gofer, "not an ELF64"],
    ["a big-endian file", withField(5, [2]), gofer, "little-endian"],
    ["another system's program", withField(7, [9]), gofer, "not a Linux program"],
    ["an object file", withField(16, [1]), gofer, "not an executable (ELF type 1)"],
    ["a core dump", withField(16, [4]), gofer, "not an executable (ELF type 4)"],
    ["another machine", withField(18, [243]), gofer, "ELF machine 243"],
    ["a dynamically linked program", tinyProgram({ hasInterpreter: true }), gofer, "dynamically linked"],
    ["a library without an entry", withField(24, [0, 0, 0]), gofer, "not in an executable segment"],
    ["program headers beyond the end", withField(32, [0, 0, 0xff]), gofer, "damaged"],
    ["program headers within the file header", withTableInFileHeader(), gofer, "damaged"],
    ["segments that do not rise in address", withSwappedSegments(), gofer, "damaged"],
    ["program headers of another size", withField(54, [32]), gofer, "damaged"],
    ["more program headers than are counted", withField(56, [0xff, 0xff]), gofer, "damaged"],
    ["segments beyond the end", tinyProgram().subarray(0, 4096), gofer, "damaged"],
    ["no room", tinyProgram({ fillsPages: true, hasNote: false }), gofer, "no room"],
  ])("refuses %s", (_, program, path, reason) => {
    expect(refusalReason(adoptExecutable(program, path))).toContain(reason);
  });
});

describe("undoAdoption()", () => {
  // Offsets within the record, which begins 72 bytes before the entry.
  test.each([
    ["an original longer than the file", 48, [0xff, 0xff]],
    ["a block of no length", 56, [0, 0]],
    ["a block longer than the file", 56, [0xff, 0xff]],
    ["a path outside of the block", 60, [0xff, 0xff]],
    ["saved bytes outside of the block", 64, [0xff, 0xff]],
    ["more saved bytes than there are", 68, [0xff, 0xff]],
  ])("refuses a record with %s", (_, field, bytes) => {
    const adopted = acceptedValue(adoptExecutable(tinyProgram(), gofer)).bytes;
    const entry = Number(new DataView(adopted.buffer).getBigUint64(24, true)) - 0x400000;
    adopted.set(bytes, entry - 72 + field);
    expect(refusalReason(undoAdoption(adopted))).toContain("record of how is damaged");
  });

  test("refuses a program that was not adopted", () => {
    expect(refusalReason(undoAdoption(tinyProgram()))).toContain("not adopted");
  });
});

describe("readAdoption()", () => {
  test("gives undefined for a program that was not adopted", () => {
    expect(acceptedValue(readAdoption(tinyProgram()))).toBeUndefined();
  });
});
