import type { Architecture } from "./machine.ts";

/**
 * The signal handler of the filter's debug mode, in machine code, and the data that it works with. It runs on whatever thread made
 * the forbidden call, in whatever state that is: it calls nothing, and its only system calls are write and exit_group.
 */

/** The data of the handler: all that it writes stands ready but for the name, the arguments and the number of the call. */
const forbiddenCallLayout = {
  /** The sixteen hexadecimal digits. */
  digits: 0,
  /** Pairs of 32-bit numbers: where in the ucontext a register is, and where in these data its last digit ends; 0 at the end. */
  registers: 16,
  /** Room for a slot, and right behind it the rest of the line. */
  line: 128,
  /** For each call, by its number, the beginning of the line, right-justified; in its first byte the length. */
  slots: 512,
} as const;

/** Calls with higher numbers have the last slot in common. */
const callsMax = 512;
const slotBytes = 64;
const slotCount = callsMax + 1;
export const forbiddenCallDataBytes = forbiddenCallLayout.slots + slotCount * slotBytes;

const hexDigits = "0123456789abcdef";
const registerDigits = 16;
const restOfLineAt = forbiddenCallLayout.line + slotBytes;
const hole = `0x${"_".repeat(registerDigits)}`;
const restOfLine = ` (arguments ${Array.from({ length: 6 }, () => hole).join(" ")}, number ${hole})\n`;

/**
 * Offsets in struct ucontext of the registers that hold a call's six arguments, and then its number.
 * Source: arch/x86/include/uapi/asm/sigcontext.h and arch/arm64/include/uapi/asm/sigcontext.h of the kernel.
 */
const registerOffsets: Readonly<Record<Architecture, readonly number[]>> = {
  x64: [104, 112, 136, 56, 40, 48, 144],
  arm64: [184, 192, 200, 208, 216, 224, 248],
};

/** The data in their first state; `nameOf` gives the name of a call, where it has one. */
export function forbiddenCallData(
  nameOf: (number: number) => string | undefined,
  architecture: Architecture,
): Uint8Array {
  const data = new Uint8Array(forbiddenCallDataBytes);
  const bytes = Buffer.from(data.buffer);
  bytes.write(hexDigits, forbiddenCallLayout.digits, "latin1");
  bytes.write(restOfLine, restOfLineAt, "latin1");
  let digitsEnd = restOfLineAt;
  let entry = forbiddenCallLayout.registers;
  for (const offset of registerOffsets[architecture]) {
    digitsEnd = bytes.indexOf(hole, digitsEnd, "latin1") + hole.length;
    bytes.writeUInt32LE(offset, entry);
    bytes.writeUInt32LE(digitsEnd, entry + 4);
    entry += 8;
  }
  for (let number = 0; number < slotCount; number++) {
    const name = number < callsMax ? nameOf(number) : undefined;
    const slot = forbiddenCallLayout.slots + number * slotBytes;
    const text = `bun-gofer: the filter stopped ${name ?? "an unknown call"}`.slice(0, slotBytes - 1);
    bytes.writeUInt8(text.length, slot);
    bytes.write(text, slot + slotBytes - text.length, "latin1");
  }
  return data;
}

/** What the handler does with the line. */
export interface ForbiddenCallEnd {
  /** Where the line is written to. */
  readonly descriptors: readonly number[];
  /** Exit status of the process. */
  readonly status: number;
}

/** The handler's code, for data at `dataAddress`. The arguments are those of a handler with SA_SIGINFO. */
export function forbiddenCallHandler(
  dataAddress: number,
  end: ForbiddenCallEnd,
  architecture: Architecture,
): Uint8Array {
  return architecture === "x64" ? x64Handler(dataAddress, end) : arm64Handler(dataAddress, end);
}

function x64Handler(dataAddress: number, { descriptors, status }: ForbiddenCallEnd): Uint8Array {
  const code = [
    [0x48, 0xbb, ...littleEndian(dataAddress, 8)], //           mov rbx, dataAddress
    [0x48, 0x89, 0xd5], //                                      mov rbp, rdx (the ucontext)
    [0x48, 0x8d, 0x73, forbiddenCallLayout.registers], //       lea rsi, [rbx+registers]
    [0xad], //                                        register: lodsd
    [0x85, 0xc0], //                                            test eax, eax
    [0x74, 0x24], //                                            je name
    [0x48, 0x8b, 0x54, 0x05, 0x00], //                          mov rdx, [rbp+rax]
    [0xad], //                                                  lodsd
    [0x48, 0x8d, 0x3c, 0x03], //                                lea rdi, [rbx+rax]
    [0xb9, ...littleEndian(registerDigits, 4)], //              mov ecx, registerDigits
    [0x89, 0xd0], //                                     digit: mov eax, edx
    [0x83, 0xe0, 0x0f], //                                      and eax, 15
    [0x8a, 0x04, 0x03], //                                      mov al, [rbx+rax]
    [0x48, 0xff, 0xcf], //                                      dec rdi
    [0x88, 0x07], //                                            mov [rdi], al
    [0x48, 0xc1, 0xea, 0x04], //                                shr rdx, 4
    [0xe2, 0xed], //                                            loop digit
    [0xeb, 0xd7], //                                            jmp register
    [0x8b, 0x85, ...littleEndian(numberOffset("x64"), 4)], //   name: mov eax, [rbp+number]
    [0xb9, ...littleEndian(callsMax, 4)], //                    mov ecx, callsMax
    [0x39, 0xc8], //                                            cmp eax, ecx
    [0x0f, 0x47, 0xc1], //                                      cmova eax, ecx
    [0xc1, 0xe0, 0x06], //                                      shl eax, 6 (slotBytes)
    [0x48, 0x8d, 0xb4, 0x03, ...littleEndian(forbiddenCallLayout.slots, 4)], // lea rsi, [rbx+rax+slots]
    [0x0f, 0xb6, 0x16], //                                      movzx edx, byte [rsi]
    [0x48, 0x8d, 0xbb, ...littleEndian(forbiddenCallLayout.line, 4)], // lea rdi, [rbx+line]
    [0xb9, ...littleEndian(slotBytes / 8, 4)], //               mov ecx, slotBytes / 8
    [0xf3, 0x48, 0xa5], //                                      rep movsq
    [0x48, 0x29, 0xd7], //                                      sub rdi, rdx
    [0x48, 0x89, 0xfe], //                                      mov rsi, rdi
    [0x81, 0xc2, ...littleEndian(restOfLine.length, 4)], //     add edx, restOfLine.length
    ...descriptors.flatMap((descriptor) => [
      [0xbf, ...littleEndian(descriptor, 4)], //                mov edi, descriptor
      [0xb8, 0x01, 0x00, 0x00, 0x00], //                        mov eax, 1 (write)
      [0x0f, 0x05], //                                          syscall
    ]),
    [0xbf, ...littleEndian(status, 4)], //                      mov edi, status
    [0xb8, 0xe7, 0x00, 0x00, 0x00], //                          mov eax, 231 (exit_group)
    [0x0f, 0x05], //                                            syscall
  ];
  return Uint8Array.from(code.flat());
}

function arm64Handler(dataAddress: number, { descriptors, status }: ForbiddenCallEnd): Uint8Array {
  const [a0 = 0, a1 = 0, a2 = 0, a3 = 0] = [0, 1, 2, 3].map(
    (half) => Math.floor(dataAddress / 2 ** (16 * half)) & 0xffff,
  );
  const code = [
    0xd2800013 | (a0 << 5), //                                  movz x19, #a0
    0xf2a00013 | (a1 << 5), //                                  movk x19, #a1, lsl #16
    0xf2c00013 | (a2 << 5), //                                  movk x19, #a2, lsl #32
    0xf2e00013 | (a3 << 5), //                                  movk x19, #a3, lsl #48
    0xaa0203f4, //                                              mov x20, x2 (the ucontext)
    0x91000261 | (forbiddenCallLayout.registers << 10), //      add x1, x19, #registers
    0xb8404423, //                                    register: ldr w3, [x1], #4
    0x34000183, //                                              cbz w3, name
    0xf8636a84, //                                              ldr x4, [x20, x3]
    0xb8404425, //                                              ldr w5, [x1], #4
    0x8b050265, //                                              add x5, x19, x5
    0x52800006 | (registerDigits << 5), //                      mov w6, #registerDigits
    0x92400c87, //                                       digit: and x7, x4, #15
    0x38676a67, //                                              ldrb w7, [x19, x7]
    0x381ffca7, //                                              strb w7, [x5, #-1]!
    0xd344fc84, //                                              lsr x4, x4, #4
    0x710004c6, //                                              subs w6, w6, #1
    0x54ffff61, //                                              b.ne digit
    0x17fffff4, //                                              b register
    0xb9400283 | ((numberOffset("arm64") / 4) << 10), //  name: ldr w3, [x20, #number]
    0x52800004 | (callsMax << 5), //                            mov w4, #callsMax
    0x6b04007f, //                                              cmp w3, w4
    0x1a843063, //                                              csel w3, w3, w4, lo
    0x91000264 | (forbiddenCallLayout.slots << 10), //          add x4, x19, #slots
    0x8b031883, //                                              add x3, x4, x3, lsl #6 (slotBytes)
    0x39400062, //                                              ldrb w2, [x3]
    0x91000265 | (forbiddenCallLayout.line << 10), //           add x5, x19, #line
    0x52800006 | ((slotBytes / 8) << 5), //                     mov w6, #slotBytes / 8
    0xf8408467, //                                        copy: ldr x7, [x3], #8
    0xf80084a7, //                                              str x7, [x5], #8
    0x710004c6, //                                              subs w6, w6, #1
    0x54ffffa1, //                                              b.ne copy
    0xcb0200b3, //                                              sub x19, x5, x2
    0x91000054 | (restOfLine.length << 10), //                  add x20, x2, #restOfLine.length
    ...descriptors.flatMap((descriptor) => [
      0xd2800000 | (descriptor << 5), //                        mov x0, #descriptor
      0xaa1303e1, //                                            mov x1, x19
      0xaa1403e2, //                                            mov x2, x20
      0xd2800808, //                                            mov x8, #64 (write)
      0xd4000001, //                                            svc #0
    ]),
    0xd2800000 | (status << 5), //                              mov x0, #status
    0xd2800bc8, //                                              mov x8, #94 (exit_group)
    0xd4000001, //                                              svc #0
  ];
  return new Uint8Array(Uint32Array.from(code).buffer);
}

function numberOffset(architecture: Architecture): number {
  return registerOffsets[architecture].at(-1) ?? 0;
}

function littleEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => Math.floor(value / 2 ** (8 * index)) & 0xff);
}
