import { describe, expect, test } from "bun:test";
import { emptyHandlerStub, everyThreadHandlerStub } from "../../../ffi/every-thread-stub.ts";
import { disassemble, hasDisassembler } from "./support/disassembler.ts";

const calls = 0x7fab_cdef_0123;
const answers = 0x7edc_ba98_7654;

function hexOf(code: Uint8Array): string {
  return Buffer.from(code).toString("hex");
}

describe("everyThreadHandlerStub()", () => {
  test.skipIf(!hasDisassembler("x64"))("on x86-64 reads as intended in a disassembler", () => {
    expect(disassemble(everyThreadHandlerStub(calls, answers, "x64"), "x64")).toEqual([
      "movabs rbx,0x7fabcdef0123",
      "movabs rbp,0x7edcba987654",
      "xor r12d,r12d",
      "mov rax,QWORD PTR [rbx]",
      "cmp rax,0xffffffffffffffff",
      "je 0x47",
      "mov rdi,QWORD PTR [rbx+0x8]",
      "mov rsi,QWORD PTR [rbx+0x10]",
      "mov rdx,QWORD PTR [rbx+0x18]",
      "mov r10,QWORD PTR [rbx+0x20]",
      "mov r8,QWORD PTR [rbx+0x28]",
      "xor r9d,r9d",
      "syscall",
      "test rax,rax",
      "js 0x49",
      "add rbx,0x30",
      "inc r12d",
      "jmp 0x17",
      "xor eax,eax",
      "mov r13d,eax",
      "mov eax,0xba",
      "syscall",
      "mov ecx,0x1",
      "lock xadd DWORD PTR [rbp+0x0],ecx",
      "cmp ecx,0x400",
      "jae 0x93",
      "shl ecx,0x4",
      "lea rdx,[rbp+rcx*1+0x40]",
      "mov DWORD PTR [rdx+0x4],r13d",
      "mov DWORD PTR [rdx+0x8],r12d",
      "mov DWORD PTR [rdx],eax",
      "add rbp,0x4",
      "lock inc DWORD PTR [rbp+0x0]",
      "mov rdi,rbp",
      "mov esi,0x1",
      "mov edx,0x1",
      "mov eax,0xca",
      "syscall",
      "ret",
    ]);
  });

  test.skipIf(!hasDisassembler("arm64"))("on arm64 reads as intended in a disassembler", () => {
    expect(disassemble(everyThreadHandlerStub(calls, answers, "arm64"), "arm64")).toEqual([
      "mov x19, #0x123",
      "movk x19, #0xcdef, lsl #16",
      "movk x19, #0x7fab, lsl #32",
      "movk x19, #0x0, lsl #48",
      "mov x20, #0x7654",
      "movk x20, #0xba98, lsl #16",
      "movk x20, #0x7edc, lsl #32",
      "movk x20, #0x0, lsl #48",
      "mov w21, #0x0",
      "ldr x8, [x19]",
      "cmn x8, #0x1",
      "b.eq 0x54",
      "ldp x0, x1, [x19, #8]",
      "ldp x2, x3, [x19, #24]",
      "ldr x4, [x19, #40]",
      "mov x5, #0x0",
      "svc #0x0",
      "tbnz x0, #63, 0x58",
      "add x19, x19, #0x30",
      "add w21, w21, #0x1",
      "b 0x24",
      "mov x0, #0x0",
      "mov w22, w0",
      "mov x8, #0xb2",
      "svc #0x0",
      "ldaxr w1, [x20]",
      "add w2, w1, #0x1",
      "stlxr w3, w2, [x20]",
      "cbnz w3, 0x64",
      "cmp w1, #0x400",
      "b.cs 0xb0",
      "add x2, x20, x1, lsl #4",
      "stp w22, w21, [x2, #68]",
      "add x2, x2, #0x40",
      "stlr w0, [x2]",
      "add x0, x20, #0x4",
      "ldaxr w1, [x0]",
      "add w1, w1, #0x1",
      "stlxr w2, w1, [x0]",
      "cbnz w2, 0x90",
      "mov x1, #0x1",
      "mov x2, #0x1",
      "mov x8, #0x62",
      "svc #0x0",
      "ret",
    ]);
  });

  test("on arm64 is made of these words behind the two addresses", () => {
    const addressWords = 8;
    expect(hexOf(everyThreadHandlerStub(calls, answers, "arm64").slice(4 * addressWords))).toBe(
      [
        "15008052680240f91f0500b140010054608640a9628e41a9641640f9050080d2010000d4a000f8b773c20091b5060011",
        "f5ffff17000080d2f603002a481680d2010000d481fe5f882204001182fe0388a3ffff353f001071c20100548212018b",
        "56d408294200019140fc9f888012009101fc5f882104001101fc0288a2ffff35210080d2220080d2480c80d2010000d4",
        "c0035fd6",
      ].join(""),
    );
  });
});

describe("emptyHandlerStub()", () => {
  test("only returns", () => {
    expect(hexOf(emptyHandlerStub("x64"))).toBe("c3");
    expect(hexOf(emptyHandlerStub("arm64"))).toBe("c0035fd6");
  });
});
