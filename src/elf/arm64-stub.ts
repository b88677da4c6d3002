import type { CodeBuffer, StubLabel } from "./code-buffer.ts";
import { roundDown } from "./elf64.ts";

const pageBytes = 4096;

/**
 * The instructions of the entry stub for arm64. At a program's entry [sp] is argc, then come argv, a null pointer and
 * the environment; the general registers are zero. x16, which the procedure call standard leaves to code between
 * caller and callee, is the one that the original entry does not find at zero.
 * Sources: Arm Architecture Reference Manual (A64), AAPCS64, syscall(2).
 */
export function appendArm64Instructions(stub: CodeBuffer, failureLineBytes: number): void {
  stub.emitWord(0xf94007e0); //                    ldr x0, [sp, #8]       argv[0]
  branch(stub, 0xb4000000, "pass"); //             cbz x0, pass           no argv at all
  address(stub, 1, "goferName"); //                adr x1, goferName
  stub.label("compare");
  stub.emitWord(0x38401402); //                    ldrb w2, [x0], #1
  stub.emitWord(0x38401423); //                    ldrb w3, [x1], #1
  stub.emitWord(0x6b03005f); //                    cmp w2, w3
  branch(stub, 0x54000001, "pass"); //             b.ne pass
  branch(stub, 0x35000002, "compare"); //          cbnz w2, compare       until the NUL of both

  stub.emitWord(0x910023e1); //                    add x1, sp, #8         argv
  stub.emitWord(0xf94003e2); //                    ldr x2, [sp]           argc
  stub.emitWord(0x8b020c22); //                    add x2, x1, x2, lsl #3
  stub.emitWord(0x91002042); //                    add x2, x2, #8         environment
  appendEnvironmentFilter(stub);
  address(stub, 0, "goferPath"); //                adr x0, goferPath
  systemCall(stub, 221); //                        execve

  move(stub, 0, 2); //                             mov x0, #2             standard error
  address(stub, 1, "failureLine"); //              adr x1, failureLine
  move(stub, 2, failureLineBytes); //              mov x2, #failureLineBytes
  systemCall(stub, 64); //                         write
  move(stub, 0, 127); //                           mov x0, #127
  systemCall(stub, 94); //                         exit_group
  stub.emitWord(0xd4200000); //                    brk #0                 never reached

  stub.label("pass");
  move(stub, 0, 0); //                             mov x0, #0
  move(stub, 1, 0); //                             mov x1, #0
  move(stub, 2, 0); //                             mov x2, #0
  move(stub, 3, 0); //                             mov x3, #0
  pageAddress(stub, "originalEntry"); //           adrp x16, originalEntry; add x16, x16, #:lo12:originalEntry
  stub.emitWord(0xd61f0200); //                    br x16
}

/** Leaves in the null-terminated array at x2, whose entries move up, only what may pass. Changes x3 to x11. */
function appendEnvironmentFilter(stub: CodeBuffer): void {
  stub.emitWord(0xaa0203e3); //                    mov x3, x2             the entry to look at
  stub.emitWord(0xaa0203e4); //                    mov x4, x2             the end of those kept
  stub.label("nextVariable");
  stub.emitWord(0xf8408465); //                    ldr x5, [x3], #8
  branch(stub, 0xb4000005, "endOfEnvironment"); // cbz x5, endOfEnvironment

  address(stub, 6, "passedVariables"); //          adr x6, passedVariables
  stub.label("tryBeginning");
  stub.emitWord(0xaa0503e7); //                    mov x7, x5
  stub.label("compareBeginning");
  stub.emitWord(0x384014c9); //                    ldrb w9, [x6], #1
  branch(stub, 0x34000009, "beginsRight"); //      cbz w9, beginsRight
  stub.emitWord(0x384014ea); //                    ldrb w10, [x7], #1
  stub.emitWord(0x6b0a013f); //                    cmp w9, w10
  branch(stub, 0x54000000, "compareBeginning"); // b.eq compareBeginning
  stub.label("skipBeginning");
  stub.emitWord(0x384014c9); //                    ldrb w9, [x6], #1
  branch(stub, 0x35000009, "skipBeginning"); //    cbnz w9, skipBeginning
  stub.emitWord(0x394000c9); //                    ldrb w9, [x6]          the list ends with an empty one
  branch(stub, 0x35000009, "tryBeginning"); //     cbnz w9, tryBeginning
  branch(stub, 0x5400000e, "nextVariable"); //     b.al nextVariable

  stub.label("beginsRight");
  stub.emitWord(0xaa0503e7); //                    mov x7, x5
  stub.label("findEquals");
  stub.emitWord(0x384014e9); //                    ldrb w9, [x7], #1
  branch(stub, 0x34000009, "nextVariable"); //     cbz w9, nextVariable   not a variable
  stub.emitWord(0x7100f53f); //                    cmp w9, #'='
  branch(stub, 0x54000001, "findEquals"); //       b.ne findEquals

  stub.emitWord(0xaa0203e6); //                    mov x6, x2             the kept entry to compare with
  stub.label("nextKept");
  stub.emitWord(0xeb0400df); //                    cmp x6, x4
  branch(stub, 0x54000000, "keep"); //             b.eq keep
  stub.emitWord(0xf84084c7); //                    ldr x7, [x6], #8
  stub.emitWord(0xaa0503eb); //                    mov x11, x5
  stub.label("compareName");
  stub.emitWord(0x38401569); //                    ldrb w9, [x11], #1
  stub.emitWord(0x384014ea); //                    ldrb w10, [x7], #1
  stub.emitWord(0x6b0a013f); //                    cmp w9, w10
  branch(stub, 0x54000001, "nextKept"); //         b.ne nextKept
  stub.emitWord(0x7100f53f); //                    cmp w9, #'='
  branch(stub, 0x54000001, "compareName"); //      b.ne compareName
  branch(stub, 0x5400000e, "nextVariable"); //     b.al nextVariable      the second of this name

  stub.label("keep");
  stub.emitWord(0xf8008485); //                    str x5, [x4], #8
  branch(stub, 0x5400000e, "nextVariable"); //     b.al nextVariable
  stub.label("endOfEnvironment");
  stub.emitWord(0xf900009f); //                    str xzr, [x4]
}

/** `mov x8, #number; svc #0` */
function systemCall(stub: CodeBuffer, number: number): void {
  move(stub, 8, number);
  stub.emitWord(0xd4000001);
}

/** `mov xN, #value` for a value of 16 bits. */
function move(stub: CodeBuffer, register: number, value: number): void {
  stub.emitWord(0xd2800000 | (value << 5) | register);
}

/** A conditional branch, whose distance in words stands in bits 5 to 23. */
function branch(stub: CodeBuffer, instruction: number, label: StubLabel): void {
  stub.refer(label, (code, offset, at, target) => {
    complete(code, offset, (((target - at) / 4) & 0x7ffff) << 5);
  });
  stub.emitWord(instruction);
}

/** `adr xN, label` */
function address(stub: CodeBuffer, register: number, label: StubLabel): void {
  stub.refer(label, (code, offset, at, target) => {
    complete(code, offset, splitImmediate(target - at));
  });
  stub.emitWord(0x10000000 | register);
}

/** `adrp x16, label; add x16, x16, #:lo12:label`: reaches 4 GiB, where a branch reaches 128 MiB. */
function pageAddress(stub: CodeBuffer, label: StubLabel): void {
  stub.refer(label, (code, offset, at, target) => {
    const pages = (roundDown(target, pageBytes) - roundDown(at, pageBytes)) / pageBytes;
    complete(code, offset, splitImmediate(pages));
    complete(code, offset + 4, (target % pageBytes) << 10);
  });
  stub.emitWord(0x90000010);
  stub.emitWord(0x91000210);
}

/** The 21-bit immediate of adr and adrp: two low bits at 29, the others at 5. */
function splitImmediate(value: number): number {
  return ((value & 3) << 29) | (((value >> 2) & 0x7ffff) << 5);
}

function complete(code: DataView, offset: number, field: number): void {
  code.setUint32(offset, (code.getUint32(offset, true) | field) >>> 0, true);
}
