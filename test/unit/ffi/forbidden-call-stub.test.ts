import { describe, expect, test } from "bun:test";
import { forbiddenCallData, forbiddenCallDataBytes, forbiddenCallHandler } from "../../../ffi/forbidden-call-stub.ts";
import type { Architecture } from "../../../ffi/machine.ts";
import { flatProgram, flatProgramAddress, runFlatProgram, whyNoFlatProgram } from "../support/flat-program.ts";

const standardOutput = 1;
const exitStatus = 79;
const architectures: readonly Architecture[] = ["x64", "arm64"];

/** Where in the program things stand. */
const at = { entry: 0x100, handler: 0x200, ucontext: 0x800, data: 0x1000 } as const;

/** Offsets of the registers in struct ucontext, on each architecture: six arguments, and the number. */
const registers = {
  x64: [104, 112, 136, 56, 40, 48, 144],
  arm64: [184, 192, 200, 208, 216, 224, 248],
} as const;

/** Puts the address of the ucontext where a handler looks for it, and goes on to the handler. */
const callers: Readonly<Record<Architecture, Uint8Array>> = {
  x64: Uint8Array.of(
    ...[0xba, 0x00, 0x08, 0x40, 0x00], // mov edx, ucontext
    ...[0xe9, 0xf6, 0x00, 0x00, 0x00], // jmp handler
  ),
  arm64: new Uint8Array(
    Uint32Array.of(
      0xd2a00802, //                      movz x2, #0x40, lsl #16
      0x91200042, //                      add x2, x2, #0x800
      0x1400003e, //                      b handler
    ).buffer,
  ),
};

const names: ReadonlyMap<number, string> = new Map([
  [0, "read"],
  [59, "execve"],
  [511, "a_name_that_is_far_longer_than_the_one_of_any_call_there_is"],
]);

/** Runs the handler in a program of its own, as if a call with these registers had been stopped. */
function runHandler(architecture: Architecture, values: readonly bigint[], descriptors: readonly number[]) {
  const program = flatProgram(architecture, at.data + forbiddenCallDataBytes, at.entry);
  const view = new DataView(program.buffer);
  for (const [index, offset] of registers[architecture].entries()) {
    view.setBigUint64(at.ucontext + offset, values[index] ?? 0n, true);
  }
  const end = { descriptors, status: exitStatus };
  program.set(callers[architecture], at.entry);
  program.set(forbiddenCallHandler(flatProgramAddress + at.data, end, architecture), at.handler);
  program.set(
    forbiddenCallData((number) => names.get(number), architecture),
    at.data,
  );
  const { status, written } = runFlatProgram(architecture, program);
  return { status, text: Buffer.from(written).toString("latin1") };
}

for (const architecture of architectures) {
  const reason = whyNoFlatProgram(architecture);
  const title = reason === undefined ? architecture : `${architecture} (skipped: ${reason})`;
  describe.skipIf(reason !== undefined)(`the handler of forbidden calls on ${title}`, () => {
    test("names the call, writes its arguments and number, and exits", () => {
      const values = [0n, 1n, 0xffff_ffff_ffff_ffffn, 0xfedc_ba98_7654_3210n, 0x7fab_cdef_0123n, 9n, 59n];
      expect(runHandler(architecture, values, [standardOutput])).toEqual({
        status: exitStatus,
        text:
          "bun-gofer: the filter stopped execve (arguments 0x0000000000000000 0x0000000000000001 0xffffffffffffffff " +
          "0xfedcba9876543210 0x00007fabcdef0123 0x0000000000000009, number 0x000000000000003b)\n",
      });
    });

    test("writes to each descriptor, whether it is open or not", () => {
      const closed = 999;
      const { status, text } = runHandler(architecture, [], [standardOutput, closed, standardOutput]);
      expect(status).toBe(exitStatus);
      const [first = "", second = "", rest] = text.split("\n");
      expect(first).toStartWith("bun-gofer: the filter stopped read (");
      expect([second, rest]).toEqual([first, ""]);
    });

    test("knows the last call of the table, and cuts its name to fit", () => {
      const { text } = runHandler(architecture, [0n, 0n, 0n, 0n, 0n, 0n, 511n], [standardOutput]);
      expect(text).toStartWith("bun-gofer: the filter stopped a_name_that_is_far_longer_than_th (");
    });

    test("tells the number of a call without a name", () => {
      for (const number of [1n, 512n, 513n, 0x4000_0000n, 0xffff_ffffn]) {
        const { status, text } = runHandler(architecture, [0n, 0n, 0n, 0n, 0n, 0n, number], [standardOutput]);
        expect(status).toBe(exitStatus);
        expect(text).toStartWith("bun-gofer: the filter stopped an unknown call (");
        expect(text).toEndWith(`, number 0x${number.toString(16).padStart(16, "0")})\n`);
      }
    });
  });
}
