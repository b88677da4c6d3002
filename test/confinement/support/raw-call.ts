import { FFIType, linkSymbols, type Pointer } from "bun:ffi";
import { CodePage } from "../../../ffi/code-page.ts";
import { type Architecture, currentArchitecture } from "../../../ffi/machine.ts";

const argumentsMax = 6;

/**
 * A C function that makes the system call whose number is its first argument, with the others. The seventh is on the stack on x86-64.
 * Source: syscall(2), "Architecture calling conventions".
 */
const anyCallStubs: Readonly<Record<Architecture, Uint8Array>> = {
  x64: Uint8Array.of(
    ...[0x48, 0x89, 0xf8], //             mov rax, rdi
    ...[0x48, 0x89, 0xf7], //             mov rdi, rsi
    ...[0x48, 0x89, 0xd6], //             mov rsi, rdx
    ...[0x48, 0x89, 0xca], //             mov rdx, rcx
    ...[0x4d, 0x89, 0xc2], //             mov r10, r8
    ...[0x4d, 0x89, 0xc8], //             mov r8, r9
    ...[0x4c, 0x8b, 0x4c, 0x24, 0x08], // mov r9, [rsp+8]
    ...[0x0f, 0x05], //                   syscall
    0xc3, //                              ret
  ),
  arm64: new Uint8Array(
    Uint32Array.of(
      0xaa0003e8, // mov x8, x0
      0xaa0103e0, // mov x0, x1
      0xaa0203e1, // mov x1, x2
      0xaa0303e2, // mov x2, x3
      0xaa0403e3, // mov x3, x4
      0xaa0503e4, // mov x4, x5
      0xaa0603e5, // mov x5, x6
      0xd4000001, // svc #0
      0xd65f03c0, // ret
    ).buffer,
  ),
};

const { i64, i64_fast } = FFIType;

function link(): (number: number, ...args: readonly bigint[]) => number {
  const codePage = new CodePage();
  const ptr = codePage.emit(anyCallStubs[currentArchitecture()]) as Pointer;
  codePage.seal();
  const args = [i64_fast, ...Array.from({ length: argumentsMax }, () => i64)];
  // SAFETY: the code page is never unmapped, and the stub takes the number and six arguments.
  const { call } = linkSymbols({ call: { args, returns: i64_fast, ptr } }).symbols;
  return (number, ...given) => {
    const all = Array.from({ length: argumentsMax }, (_, index) => given[index] ?? 0n);
    return Number((call as unknown as (...all: readonly (number | bigint)[]) => number | bigint)(number, ...all));
  };
}

/** Makes any system call, by its number on this architecture, and gives what the kernel returned: −errno on failure. */
export const rawCall = link();
