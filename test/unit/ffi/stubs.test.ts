import { describe, expect, test } from "bun:test";
import { countingSignalHandlerStub, syscallStub } from "../../../ffi/stubs.ts";
import { arm64Instructions, canDisassembleArm64 } from "../support/arm64-instructions.ts";

function hexOf(code: Uint8Array): string {
  return Buffer.from(code).toString("hex");
}

describe("syscallStub()", () => {
  test("on x86-64 loads the number, moves the fourth argument and makes the call", () => {
    // mov eax, 0x101; mov r10, rcx; syscall; ret
    expect(hexOf(syscallStub(0x101, "x64"))).toBe("b8010100004989ca0f05c3");
  });

  test("on x86-64 holds numbers of more than one byte in little-endian order", () => {
    expect(hexOf(syscallStub(0x01020304, "x64"))).toBe("b8040302014989ca0f05c3");
  });

  test("on arm64 loads the number and makes the call", () => {
    // mov x8, #56; svc #0; ret
    expect(hexOf(syscallStub(56, "arm64"))).toBe("080780d2010000d4c0035fd6");
  });

  test.skipIf(!canDisassembleArm64)("on arm64 reads as intended in a disassembler", () => {
    expect(arm64Instructions(syscallStub(449, "arm64"))).toEqual(["mov x8, #0x1c1", "svc #0x0", "ret"]);
  });
});

describe("countingSignalHandlerStub()", () => {
  test("on x86-64 adds one to the word in one indivisible step", () => {
    // mov rax, 0x7fabcdef0123; lock inc dword ptr [rax]; ret
    expect(hexOf(countingSignalHandlerStub(0x7fabcdef0123, "x64"))).toBe("48b82301efcdab7f0000f0ff00c3");
  });

  test("on arm64 retries until nothing came between load and store", () => {
    expect(hexOf(countingSignalHandlerStub(0xfedc_ba98_7654, "arm64"))).toBe(
      ["80ca8ed2", "0053b7f2", "80dbdff2", "0000e0f2", "01fc5f88", "21040011", "01fc0288", "a2ffff35", "c0035fd6"].join(
        "",
      ),
    );
  });

  test.skipIf(!canDisassembleArm64)("on arm64 reads as intended in a disassembler", () => {
    expect(arm64Instructions(countingSignalHandlerStub(0xfedc_ba98_7654, "arm64"))).toEqual([
      "mov x0, #0x7654",
      "movk x0, #0xba98, lsl #16",
      "movk x0, #0xfedc, lsl #32",
      "movk x0, #0x0, lsl #48",
      "ldaxr w1, [x0]",
      "add w1, w1, #0x1",
      "stlxr w2, w1, [x0]",
      "cbnz w2, 0x10",
      "ret",
    ]);
  });
});
