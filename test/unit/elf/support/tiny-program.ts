import { type Machine, pageBytesMax } from "../../../../src/elf/elf64.ts";

interface TinyProgramOptions {
  readonly machine?: Machine;
  /** Fill the text segment up to its last page, so that no padding is left. */
  readonly fillsPages?: boolean;
  readonly hasNote?: boolean;
  readonly hasInterpreter?: boolean;
}

/** What the program writes: its general registers as they were at the entry, then argc; 64-bit words each. */
export const registerNames: Readonly<Record<Machine, readonly string[]>> = {
  "x86-64": ["r15", "r14", "r13", "r12", "r11", "r10", "r9", "r8", "rdi", "rsi", "rbp", "rbx", "rdx", "rcx", "rax"],
  arm64: Array.from({ length: 31 }, (_, number) => `x${number}`),
};

const textAddress = 0x400000;
const codeOffset = 0x200;
const headerBytes = 56;
const noteOffset = 0x1e0;
const machineNumber: Readonly<Record<Machine, number>> = { "x86-64": 62, arm64: 183 };

/** A whole static ELF64 program without sections: a text segment, a data segment with .bss, and what is asked for. */
export function tinyProgram(options: TinyProgramOptions = {}): Uint8Array<ArrayBuffer> {
  const { machine = "x86-64", fillsPages = false, hasNote = true, hasInterpreter = false } = options;
  const page = pageBytesMax[machine];
  const code = machine === "x86-64" ? dumpRegistersX8664() : dumpRegistersArm64();
  const textBytes = fillsPages ? page : codeOffset + code.length;
  const dataOffset = page;
  const program = new Uint8Array(dataOffset + 32);
  const view = new DataView(program.buffer);
  const headers = [
    ...(hasNote ? [[4, 4, noteOffset, textAddress + noteOffset, 16, 16, 4]] : []),
    ...(hasInterpreter ? [[3, 4, noteOffset, textAddress + noteOffset, 16, 16, 1]] : []),
    [1, 5, 0, textAddress, textBytes, textBytes, page],
    [1, 6, dataOffset, textAddress + page, 32, 4096, page],
  ];
  program.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, machineNumber[machine], true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(textAddress + codeOffset), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, headerBytes, true);
  view.setUint16(56, headers.length, true);
  for (const [index, fields] of headers.entries()) {
    const [type = 0, flags = 0, offset = 0, address = 0, fileSize = 0, memorySize = 0, alignment = 0] = fields;
    const at = 64 + index * headerBytes;
    view.setUint32(at, type, true);
    view.setUint32(at + 4, flags, true);
    for (const [place, value] of [offset, address, address, fileSize, memorySize, alignment].entries()) {
      view.setBigUint64(at + 8 + place * 8, BigInt(value), true);
    }
  }
  program.set(new TextEncoder().encode("a note, 16 bytes"), noteOffset);
  program.set(code, codeOffset);
  if (fillsPages) {
    program.fill(0xcc, codeOffset + code.length, page);
  }
  program.fill(0xdd, dataOffset);
  return program;
}

function dumpRegistersX8664(): Uint8Array {
  return Uint8Array.of(
    ...[0x50, 0x51, 0x52, 0x53, 0x55, 0x56, 0x57], //                       push rax, rcx, rdx, rbx, rbp, rsi, rdi
    ...[0x41, 0x50, 0x41, 0x51, 0x41, 0x52, 0x41, 0x53], //                 push r8 … r11
    ...[0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57], //                 push r12 … r15
    ...[0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0], //                             mov eax, 1 (write); mov edi, 1
    ...[0x48, 0x89, 0xe6, 0xba, 128, 0, 0, 0, 0x0f, 0x05], //               mov rsi, rsp; mov edx, 128; syscall
    ...[0xb8, 231, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05], //                     mov eax, 231 (exit_group); xor edi, edi
  );
}

function dumpRegistersArm64(): Uint8Array {
  const store = Array.from({ length: 31 }, (_, number) => 0xf90003e0 | (number << 10) | number);
  const words = [
    ...[0xd103e3ff, ...store], //                                           sub sp, sp, #248; str xN, [sp, #8N]
    ...[0xd2800808, 0xd2800020, 0x910003e1, 0xd2802002, 0xd4000001], //     write(1, sp, 256)
    ...[0xd2800bc8, 0xd2800000, 0xd4000001], //                             exit_group(0)
  ];
  return new Uint8Array(Uint32Array.from(words).buffer);
}
