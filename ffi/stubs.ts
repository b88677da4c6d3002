import type { Architecture } from "./machine.ts";

/**
 * The machine code of a C-callable function that makes system call `number` with its own arguments and returns what the
 * kernel returned: a value, or −errno. Going past libc means no shared `errno` that another thread or the runtime could
 * overwrite between call and read.
 *
 * The C and kernel conventions agree but for the call number and, on x86-64, the fourth argument (rcx against r10).
 * Source: syscall(2), "Architecture calling conventions".
 */
export function syscallStub(number: number, architecture: Architecture): Uint8Array {
  return architecture === "x64" ? x64SyscallStub(number) : arm64SyscallStub(number);
}

function x64SyscallStub(number: number): Uint8Array {
  return Uint8Array.of(
    ...[0xb8, ...littleEndian32(number)], // mov eax, number
    ...[0x49, 0x89, 0xca], //                mov r10, rcx
    ...[0x0f, 0x05], //                      syscall
    0xc3, //                                 ret
  );
}

function arm64SyscallStub(number: number): Uint8Array {
  return Uint8Array.of(
    ...littleEndian32(0xd2800008 | (number << 5)), // mov x8, #number
    ...littleEndian32(0xd4000001), //                 svc #0
    ...littleEndian32(0xd65f03c0), //                 ret
  );
}

/**
 * A signal handler that adds one to the 32-bit word at `wordAddress` and returns. It touches nothing else, so it may
 * interrupt anything.
 */
export function countingSignalHandlerStub(wordAddress: number, architecture: Architecture): Uint8Array {
  if (architecture === "x64") {
    return Uint8Array.of(
      ...[0x48, 0xb8, ...littleEndian64(wordAddress)], // mov rax, wordAddress
      ...[0xf0, 0xff, 0x00], //                           lock inc dword ptr [rax]
      0xc3, //                                            ret
    );
  }
  const [w0, w1, w2, w3] = halfWords(wordAddress);
  const retry = -3;
  return Uint8Array.of(
    ...littleEndian32(0xd2800000 | (w0 << 5)), //                        movz x0, #w0
    ...littleEndian32(0xf2a00000 | (w1 << 5)), //                        movk x0, #w1, lsl #16
    ...littleEndian32(0xf2c00000 | (w2 << 5)), //                        movk x0, #w2, lsl #32
    ...littleEndian32(0xf2e00000 | (w3 << 5)), //                        movk x0, #w3, lsl #48
    ...littleEndian32(0x885ffc01), //                             retry: ldaxr w1, [x0]
    ...littleEndian32(0x11000421), //                                    add w1, w1, #1
    ...littleEndian32(0x8802fc01), //                                    stlxr w2, w1, [x0]
    ...littleEndian32(0x35000002 | ((retry & 0x7ffff) << 5)), //         cbnz w2, retry
    ...littleEndian32(0xd65f03c0), //                                    ret
  );
}

export function littleEndian32(value: number): [number, number, number, number] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
}

export function littleEndian64(value: number): number[] {
  return [...littleEndian32(value % 0x1_0000_0000), ...littleEndian32(Math.floor(value / 0x1_0000_0000))];
}

export function halfWords(value: number): [number, number, number, number] {
  const high = Math.floor(value / 0x1_0000_0000);
  const low = value % 0x1_0000_0000;
  return [low & 0xffff, Math.floor(low / 0x10000), high & 0xffff, Math.floor(high / 0x10000)];
}
