import { describe, expect, test } from "bun:test";
import {
  type EndingParts,
  endingSignalHandlerStub,
  type RingingParts,
  ringingSignalHandlerStub,
} from "../../../ffi/signal-stubs.ts";
import { arm64Instructions, canDisassembleArm64 } from "../support/arm64-instructions.ts";
import { whyNoFlatProgram } from "../support/flat-program.ts";
import { runEndingHandler } from "../support/handler-program.ts";

const ringing: RingingParts = {
  countWord: 0x7fab_cdef_0123,
  bellWord: 0x7fab_cdef_4567,
  bellFd: 5,
  one: 0x7fab_cdef_89ab,
};

const ending: EndingParts = {
  atOnceWord: 0x7fab_0000_0040,
  writes: [{ descriptor: 3, address: 0x7fab_0000_1000, bytes: 42 }],
  status: 143,
};

const x64Ring = [
  "48b82301efcdab7f0000", // mov rax, countWord
  "f0ff00", //               lock inc dword ptr [rax]
  "bf05000000", //           mov edi, 5
  "48beab89efcdab7f0000", // mov rsi, one
  "ba08000000", //           mov edx, 8
  "b8010000000f05", //       write
  "48bf6745efcdab7f0000", // mov rdi, bellWord
  "f0ff07", //               lock inc dword ptr [rdi]
  "be01000000", //           mov esi, FUTEX_WAKE
  "ba01000000", //           mov edx, 1
  "b8ca0000000f05", //       futex
  "c3", //                   ret
].join("");

const x64End = [
  "bf03000000", //           mov edi, 3
  "48be00100000ab7f0000", // mov rsi, address
  "ba2a000000", //           mov edx, 42
  "b8010000000f05", //       write
  "bf8f000000", //           mov edi, 143
  "b8e70000000f05", //       exit_group
].join("");

const countUp = (branch: string): string[] => ["ldaxr w1, [x0]", "add w1, w1, #0x1", "stlxr w2, w1, [x0]", branch];

function hexOf(code: Uint8Array): string {
  return Buffer.from(code).toString("hex");
}

describe("ringingSignalHandlerStub()", () => {
  test("on x86-64 counts, writes to the eventfd, counts the bell up and wakes its sleeper", () => {
    expect(hexOf(ringingSignalHandlerStub(ringing, "x64"))).toBe(x64Ring);
  });

  test.skipIf(!canDisassembleArm64)("on arm64 does the same", () => {
    expect(arm64Instructions(ringingSignalHandlerStub(ringing, "arm64"))).toEqual([
      ...["mov x0, #0x123", "movk x0, #0xcdef, lsl #16", "movk x0, #0x7fab, lsl #32"],
      ...countUp("cbnz w2, 0xc"),
      "mov x0, #0x5",
      ...["mov x1, #0x89ab", "movk x1, #0xcdef, lsl #16", "movk x1, #0x7fab, lsl #32"],
      "mov x2, #0x8",
      ...["mov x8, #0x40", "svc #0x0"],
      ...["mov x0, #0x4567", "movk x0, #0xcdef, lsl #16", "movk x0, #0x7fab, lsl #32"],
      ...countUp("cbnz w2, 0x44"),
      ...["mov x1, #0x1", "mov x2, #0x1"],
      ...["mov x8, #0x62", "svc #0x0"],
      "ret",
    ]);
  });
});

describe("endingSignalHandlerStub()", () => {
  test("on x86-64 takes the word, writes and exits where it held 1, and rings where it held 0", () => {
    const decision = [
      "48b840000000ab7f0000", // mov rax, atOnceWord
      "b901000000", //           mov ecx, 1
      "8708", //                 xchg [rax], ecx
      "85c9", //                 test ecx, ecx
      "0f8427000000", //         je past the end
    ].join("");
    expect(x64End).toHaveLength(0x27 * 2);
    expect(hexOf(endingSignalHandlerStub(ending, ringing, "x64"))).toBe(decision + x64End + x64Ring);
  });

  test.skipIf(!canDisassembleArm64)("on arm64 does the same", () => {
    const ring = arm64Instructions(ringingSignalHandlerStub(ringing, "arm64"));
    const instructions = arm64Instructions(endingSignalHandlerStub(ending, ringing, "arm64"));
    expect(instructions.slice(0, -ring.length)).toEqual([
      ...["mov x0, #0x40", "movk x0, #0x7fab, lsl #32"],
      "mov x2, #0x1",
      ...["ldaxr w1, [x0]", "stlxr w3, w2, [x0]", "cbnz w3, 0xc"],
      "cbz w1, 0x40",
      "mov x0, #0x3",
      ...["mov x1, #0x1000", "movk x1, #0x7fab, lsl #32"],
      "mov x2, #0x2a",
      ...["mov x8, #0x40", "svc #0x0"],
      "mov x0, #0x8f",
      ...["mov x8, #0x5e", "svc #0x0"],
    ]);
    expect(instructions.length - ring.length).toBe(0x40 / 4);
  });
});

describe.each(["x64", "arm64"] as const)("an ending handler that runs on %s", (architecture) => {
  const reason = whyNoFlatProgram(architecture);
  const title = (name: string): string => (reason === undefined ? name : `${name} (skipped: ${reason})`);

  test.skipIf(reason !== undefined)(title("ends the process when it is to"), () => {
    const { status, written } = runEndingHandler(architecture, { atOnce: 1, text: "last words", status: 143 });
    expect(Buffer.from(written).toString()).toBe("last words");
    expect(status).toBe(143);
  });

  test.skipIf(reason !== undefined)(title("rings and returns when it is not"), () => {
    const { status, written } = runEndingHandler(architecture, { atOnce: 0, text: "last words", status: 143 });
    expect([...written]).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    expect(status).toBe(1 + 16);
  });
});
